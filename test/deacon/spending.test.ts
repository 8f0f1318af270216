/** What the plan does about budgets that are used up. */
import { expect, test } from 'vitest'
import type { Run } from '../../src/beads/facts.ts'
import type { Rules } from '../../src/costs/budget.ts'
import { refusalOf } from '../../src/costs/refusal.ts'
import type { Action } from '../../src/deacon/actions.ts'
import { plan } from '../../src/deacon/plan.ts'
import type { Doing } from '../../src/witness/evaluate.ts'
import { aBead, aMerge, at, beadWith, stateOf } from '../kernel/support.ts'
import type { Scene } from './support.ts'
import { budgets, evidence, inState, needs, now, observed, POLICY, purse, slung, todo } from './support.ts'

const over = budgets(purse('day', 'over'))
const claude = (more: Partial<Run> = {}, state: Run['state'] = 'working') =>
  inState(state, { preset: 'claude', conversation: 'c1', ...more })

/** What is done about one worker. */
function done(run: Run, doing: Doing, scene: Scene = {}, gt = {}): Action[] {
  const seen = evidence(run, {})
  seen[run.fence]!.doing = doing
  const found = plan(observed(stateOf(beadWith(run, gt)), { evidence: seen, budgets: over, ...scene }), POLICY, now)
  return found
}
const busy: Doing = { is: 'busy', since: now.getTime() - 60_000, by: 'hook' }
const idle = (ms: number): Doing => ({ is: 'idle', since: now.getTime() - ms, by: 'hook' })

test('nothing starts, comes back or goes on where its budget is used up; what uses nothing does', () => {
  const parked = inState('parked', {
    preset: 'claude',
    parked: { gates: [], at: at(0), budget: { purse: 'day', resume: true } },
  })
  const returnedRun = inState('submitted', { preset: 'claude', merge_request: 'gp-m' })
  const scenes = [
    [stateOf(aBead('gp-a', {}, slung())), 'dispatch gp-a', 'bead:gp-a'],
    [stateOf(beadWith({ ...parked, process: undefined } as never)), 'unpark r1', 'run:r1'],
    [
      stateOf(beadWith(returnedRun, slung()), aMerge('gp-m', returnedRun, { state: 'red' }).bead),
      'rework r1',
      'rig:gp',
    ],
  ] as const
  for (const [state, action, id] of scenes) {
    expect(todo(state, { budgets: budgets(purse('day', 'warn')) })).toContain(action)
    for (const one of ['day', id])
      for (const stands of ['over', 'stop'] as const)
        expect(todo(state, { budgets: budgets(purse(one, stands)) })).not.toContain(action)
    expect(todo(state, { budgets: budgets(purse('rig:other', 'stop'), purse('bead:gp-b', 'stop')) })).toContain(action)
  }
  const [fresh] = scenes
  expect(todo(fresh[0], { budgets: { ...over, presetOf: () => 'script' } })).toContain('dispatch gp-a')
})

test('an agent that does not tell what it uses is not started under a budget, and the words say what to do', () => {
  const state = stateOf(aBead('gp-a', {}, slung()))
  const untold = { ...budgets(purse('day', 'within')), presetOf: () => 'codex' }
  expect(todo(state, { budgets: untold })).not.toContain('dispatch gp-a')
  expect(refusalOf(untold, state, state.beads.get('gp-a')!, 'gp')?.why).toMatch(
    /agent codex does not tell .* budget\.day .*gt config set budget\.exempt '\["codex"\]'/,
  )
  const unlimited = {
    ...untold,
    rules: { town: { warn: 80, stop: 120, exempt: [] as string[], day: 'none' } as Rules['town'], rigs: new Map() },
  }
  expect(todo(state, { budgets: unlimited })).toContain('dispatch gp-a')
})

test('a worker over its budget is told once, parked when its turn is over, and stopped where it went too far', () => {
  const [told] = done(claude(), busy)
  expect(told).toMatchObject({ do: 'budget-tell', told: 'day 10', text: expect.stringContaining('gt handoff') })
  expect(done(claude({ told_budget: 'day 10' }), busy)).toEqual([])
  expect(done(claude({ told_budget: 'day 9' }), busy)).toMatchObject([{ do: 'budget-tell' }])
  // Claude Code may go on with a message at the end of a turn: not over at once.
  expect(done(claude(), idle(1_000))).toEqual([])
  const park = (resume: boolean, why: RegExp) => [
    { do: 'budget-park', budget: { purse: 'day', resume }, why: expect.stringMatching(why) },
  ]
  expect(done(claude(), idle(60_000))).toMatchObject(park(true, /its turn is over/))
  expect(done(claude({ cycle: 'asked', notes: { text: 'n', at: at(59) } }), busy)).toMatchObject(park(false, /over/))
  expect(done(claude({ told_budget: 'day 10' }), busy, { budgets: budgets(purse('day', 'stop')) })).toMatchObject(
    park(true, /stopped where it stood.*\$12\.00 of \$10\.00/),
  )
  // The narrower purse decides where it is the graver one.
  const both = budgets(purse('day', 'over'), purse('run:r1', 'stop'))
  expect(done(claude(), busy, { budgets: both })).toMatchObject([{ budget: { purse: 'run:r1' } }])
})

test('a worker hears in time of its own budget and its bead’s, once; a day’s is the person’s to hear of', () => {
  for (const id of ['run:r1', 'bead:gp-a']) {
    const near = { budgets: budgets(purse('day', 'within'), purse(id, 'warn')) }
    expect(done(claude(), busy, near)).toMatchObject([
      { do: 'budget-tell', told: `${id} warn 10`, text: expect.stringContaining('$8.00 of $10.00') },
    ])
    expect(done(claude({ told_budget: `${id} warn 10` }), busy, near)).toEqual([])
  }
  expect(done(claude(), busy, { budgets: budgets(purse('day', 'warn'), purse('rig:gp', 'warn')) })).toEqual([])
})

test('nobody is stopped by what is not known, while it waits for a person, or without using anything', () => {
  const unknown = budgets(purse('day', 'over', { spent: 0, unknown: [{ name: 'r9', who: 'gp/x', why: 'gone' }] }))
  expect(done(claude(), busy, { budgets: unknown })).toMatchObject([
    { do: 'budget-tell', text: expect.not.stringContaining('session is ended wherever') },
  ])
  expect(done(claude(), idle(60_000), {}, { needs })).toEqual([])
  // Nor does mail begin a turn of it.
  const wakes = [{ to: { address: 'gp/polecats/r1', run: 'r1' }, is: 'idle' as const }]
  expect(done(claude(), idle(60_000), { wakes }, { needs })).toEqual([])
  expect(done(claude(), idle(60_000), { wakes, budgets: undefined }, { needs })).toMatchObject([{ do: 'wake' }])
  expect(done(claude({ preset: 'script' }), busy, { budgets: budgets(purse('day', 'stop')) })).toEqual([])
  const limited = claude(
    { since: at(60), limit: { is: 'usage', until: at(0), text: '', times: 1 } as never },
    'rate_limited',
  )
  expect(done(limited, idle(60_000), { budgets: undefined })).toMatchObject([{ do: 'go-on' }])
  expect(done(limited, idle(60_000))).toEqual([])
})
