/** What the plan does about workers that limits stop, that are interrupted, that hand off, and in a town that is held or frozen. */
import { expect, test } from 'vitest'
import type { Trouble } from '../../src/agents/trouble.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { Action } from '../../src/deacon/actions.ts'
import { nextDue, plan } from '../../src/deacon/plan.ts'
import { MOST_REVIVED } from '../../src/kernel/sessions.ts'
import { empty, ok } from '../../src/result.ts'
import type { Evidence } from '../../src/witness/evaluate.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import type { Scene } from './support.ts'
import { evidence, inState, now, observed, POLICY, slung, todo } from './support.ts'

const actions = (run: Run, scene: Scene, when = now): Action[] =>
  plan(observed(stateOf(beadWith(run)), scene), POLICY, when)
const claude = (more: Partial<Run> = {}): Run => aRun('r1', 'gp-a', { preset: 'claude', ...more })
const alive = (run: Run, more: Partial<Evidence> = {}): Scene => {
  const [fence, seen] = Object.entries(evidence(run, {}))[0]!
  return { evidence: { [fence]: { ...seen, ...more } } }
}
const trouble = (is: 'throttled' | 'auth' | 'context' | 'model' | 'other', seconds = 30): Record<string, Trouble> => ({
  r1: { is, at: Date.parse(at(seconds)), text: 'said the provider' } as Trouble,
})

test.each([
  [
    'quota',
    { is: 'quota', at: Date.parse(at(30)), text: 'You’ve hit your limit', resets: Date.parse(at(600)) },
    at(600),
  ],
  ['throttled', trouble('throttled').r1, at(60)],
])('%s: the run is limited until its time, and nothing is typed before', (_is, said, until) => {
  const run = claude()
  const scene = { ...alive(run), trouble: { r1: said as Trouble } }
  expect(actions(run, scene)).toMatchObject([{ do: 'limit', limit: { until, times: 1 } }])
  const waits = claude({ state: 'rate_limited', since: at(40), limit: { is: 'quota', until, times: 1, text: '' } })
  const before = new Date(Date.parse(until) - 1)
  expect(actions(waits, scene, before)).toEqual([])
  expect(nextDue(stateOf(beadWith(waits)), POLICY, before)).toBe(Date.parse(until))
  expect(actions(waits, scene, new Date(until)).map((action) => action.do)).toEqual(['go-on'])
})

test('who goes on by itself is at work again; the next in line waits its turn', () => {
  const limit = { is: 'quota' as const, until: at(50), times: 1, text: '' }
  const run = claude({ state: 'rate_limited', since: at(40), limit })
  // A sign that is newer than the limit, and no failure that stands.
  expect(actions(run, alive(run)).map((action) => action.do)).toEqual(['alive'])
  const other = aRun('r2', 'gp-b', { preset: 'claude', state: 'rate_limited', since: at(41), limit })
  const scene: Scene = {
    evidence: { ...alive(run).evidence, ...alive(other).evidence },
    trouble: { r1: trouble('throttled').r1!, r2: trouble('throttled').r1! },
  }
  const turns = (seconds: number) =>
    plan(observed(stateOf(beadWith(run), beadWith(other)), scene), POLICY, new Date(at(seconds)))
      .filter((action) => action.do === 'go-on')
      .map((action) => action.run.fence)
  expect(turns(50)).toEqual(['r1'])
  expect(turns(50 + POLICY.staggerMs / 1000)).toEqual(['r1', 'r2'])
})

test('a login that is refused is told to a person once, whoever of its workers met it', () => {
  const run = claude()
  const scene = { ...alive(run), trouble: trouble('auth') }
  expect(actions(run, scene)).toMatchObject([{ do: 'limit', asks: expect.stringContaining('gp/polecats/r1') }])
  const limit = { is: 'auth' as const, until: at(900), times: 1, text: '' }
  const first = aRun('r2', 'gp-b', { preset: 'claude', state: 'rate_limited', limit })
  const told = beadWith(first, { needs: { cause: 'auth', text: '', at: at(0) } })
  const [action] = plan(observed(stateOf(told, beadWith(run)), scene), POLICY, now)
  expect(action).toMatchObject({ do: 'limit', run: { fence: 'r1' } })
  expect(action).not.toHaveProperty('asks')
})

test('a full context is cycled, a missing model is a person’s, anything else is an idle worker', () => {
  const run = claude()
  const by = (is: 'context' | 'model' | 'other') => actions(run, { ...alive(run), trouble: trouble(is) })
  expect(by('context')).toMatchObject([{ do: 'bring-back', mode: 'fresh' }])
  expect(by('model')).toMatchObject([{ do: 'ask-person', cause: 'model' }])
  // What is to be changed is where it was chosen.
  const next = (model_by?: string) => {
    const one = { ...run, ...(model_by !== undefined && { model: 'm', model_by }) }
    const [action] = actions(one, { ...alive(one), trouble: trouble('model') })
    return action?.do === 'ask-person' ? action.text.replace(/^.* Next: /, '') : ''
  }
  const again = 'gt run stop r1, gt sling gp-a gp'
  expect(next()).toBe(`gt config set models.polecat NAME, ${again}`)
  expect(next('rig.gp.models.label.docs')).toBe(`gt config set rig.gp.models.label.docs NAME, ${again}`)
  expect(next('models.label."a b"')).toBe(`gt config set 'models.label."a b"' NAME, ${again}`)
  expect(next('gt sling --model')).toBe(`${again} --model NAME`)
  expect(by('other')).toEqual([])
})

test('what was interrupted is brought back, unless it cannot go on where it was, or was too often', () => {
  const dead: Partial<Evidence> = { session: empty, process: ok(false), runtime: ok(false) }
  const of = (run: Run, more: Scene = {}) => actions(run, { ...alive(run, dead), ...more }).map((action) => action.do)
  for (const state of ['working', 'quiet', 'rate_limited'] as const)
    expect(of(claude({ state })), state).toEqual(['bring-back'])
  expect(of(inState('working', { preset: 'script' }))).toEqual(['shelve'])
  expect(of(claude({ revived: MOST_REVIVED }))).toEqual(['lose'])
  expect(of(claude(), { closed: 'held' }), 'nothing starts while the town is held').toEqual([])
  // The runtime did not answer: whether the whole of it is gone, the next pass will tell.
  const unseen = { session: empty, process: ok(false), runtime: { kind: 'unknown' as const, why: '?' } }
  expect(actions(claude(), alive(claude(), unseen))).toEqual([])
})

test('a driver that died while it brought a run back is followed by one that does', () => {
  const { process: _none, ...run } = claude({ state: 'starting', sessions: 2 })
  expect(actions(run as Run, { gone: true })).toMatchObject([{ do: 'bring-back', mode: 'resume' }])
  expect(actions(run as Run, {})).toEqual([])
  const { process: _never, ...first } = claude({ state: 'starting' })
  expect(actions(first as Run, { gone: true })).toMatchObject([{ do: 'unwind' }])
})

test('a hand-off begins after the last sentence; a context that is nearly full is told once', () => {
  const asked = claude({ cycle: 'asked', notes: { text: 'x', at: at(58) } })
  expect(actions(asked, alive(asked))).toEqual([])
  expect(nextDue(stateOf(beadWith(asked)), POLICY, now)).toBe(Date.parse(at(61)))
  const [action] = actions(asked, alive(asked), new Date(at(61)))
  expect(action).toMatchObject({ do: 'bring-back', mode: 'fresh' })
  const full = claude()
  const scene = { ...alive(full), context: { r1: POLICY.contextPercent } }
  expect(actions(full, scene)).toMatchObject([{ do: 'ask-hand-off', percent: POLICY.contextPercent }])
  const told = claude({ asked_to_hand_off: at(0) })
  expect(actions(told, { ...scene, ...alive(told) })).toEqual([])
})

test('a frozen town: the dead are given back, what is over is cleared, and nothing else moves', () => {
  const back = aRun('r2', 'gp-b', { state: 'submitted', merge_request: 'gp-m1' })
  const silent = claude({ claimed_at: at(-3_600), since: at(-3_600) })
  const state = stateOf(
    aBead('gp-n', {}, slung()),
    beadWith(back),
    aMerge('gp-m1', back, { state: 'red' }).bead,
    beadWith(silent),
    beadWith(aRun('r3', 'gp-c', { state: 'lost' })),
  )
  const scene: Scene = { ...alive(silent, { hook: ok(0) }), movable: ['gp'], radarAt: null }
  expect(todo(state, { ...scene, frozen: true, closed: 'held' })).toEqual(['clear r3', 'freeze'])
  expect(todo(state, { ...scene, closed: 'held' })).toEqual([
    'quiet r1',
    'help r1 remind',
    'clear r3',
    'refine gp',
    'radar gp',
  ])
})

test('a day without work: not one launch, prompt or line, at any heartbeat (law 7)', () => {
  const done = aRun('r1', 'gp-a', { state: 'finished', cleared: true })
  const held = aRun('r2', 'gp-b', { state: 'submitted', merge_request: 'gp-m1' })
  const state = stateOf(
    beadWith(done, {}, { status: 'closed' }),
    beadWith(held),
    aMerge('gp-m1', held, { state: 'held', held_for: 'policy' }).bead,
    aBead('gp-open'),
    aBead('gp-asks', {}, { ...slung(), needs: { cause: 'poison', text: '', at: at(0) } }),
  )
  const did = new Set<string>()
  for (let minutes = 0; minutes < 24 * 60; minutes += 2) {
    for (const key of todo(state, {}, {}, new Date(now.getTime() + minutes * 60_000))) did.add(key)
  }
  expect([...did]).toEqual([])
})
