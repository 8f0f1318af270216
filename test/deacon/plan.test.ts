/** The plan of the town: one row per reason to act, and one per reason not to. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { GtFacts, MergeState, Run, Slung } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import type { Action } from '../../src/deacon/actions.ts'
import { keyOf } from '../../src/deacon/actions.ts'
import { nextDue as dueBy, plan } from '../../src/deacon/plan.ts'
import { LAST_WORDS_MS } from '../../src/deacon/supervise.ts'
import { empty, fail, ok, unknown } from '../../src/result.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import type { Scene } from './support.ts'
import { evidence, handover, inState, needs, now, observed, POLICY, slung, todo } from './support.ts'

test('an idle town: nothing to do', () => {
  const cleared = inState('finished', { cleared: true })
  const handedIn = aRun('r2', 'gp-b', { state: 'submitted', merge_request: 'gp-m1' })
  const working = aRun('r3', 'gp-c')
  const state = stateOf(
    aBead('gp-o'),
    beadWith(cleared, {}, { status: 'closed' }),
    beadWith(handedIn),
    aMerge('gp-m1', handedIn, { state: 'held', held_for: 'policy' }).bead,
    beadWith(working),
  )
  expect(todo(state, { evidence: evidence(working, {}) })).toEqual([])
  expect(todo(stateOf())).toEqual([])
})

test('an order at its turn is carried out, but not while nothing new may start', () => {
  expect(todo(stateOf(), { order: 'docs' })).toEqual(['order docs'])
  expect(todo(stateOf(), { order: 'docs', closed: 'on hold' })).toEqual([])
  expect(todo(stateOf(), { order: 'docs', frozen: true })).toEqual(['freeze'])
  expect(keyOf({ do: 'order', name: 'docs' })).not.toBe(keyOf({ do: 'order', name: 'deps' }))
})

test('mail wakes whoever sits idle, and nobody while all stand still', () => {
  const is = (kind: 'idle' | 'busy' | 'later' | 'away') => [{ to: { address: 'mayor' }, is: kind }]
  expect(todo(stateOf(), { wakes: is('idle') })).toEqual(['wake'])
  expect(todo(stateOf(), { wakes: is('idle'), sessions: null })).toEqual(['wake'])
  expect(todo(stateOf(), { wakes: is('idle'), frozen: true })).toEqual(['freeze'])
  for (const kind of ['busy', 'later', 'away'] as const) expect(todo(stateOf(), { wakes: is(kind) })).toEqual([])
  const run = { address: 'gp/polecats/toast', run: 'f1' }
  expect(keyOf({ do: 'wake', to: run })).not.toBe(keyOf({ do: 'wake', to: { ...run, run: 'f2' } }))
})

test.each<[string, Run, Scene, string[]]>([
  ['its starter ended before the worktree stood', inState('claimed'), { gone: true }, ['unwind r1']],
  ['its starter ended in the worktree', inState('provisioning'), { gone: true }, ['unwind r1']],
  [
    'its starter ended before the session',
    aRun('r1', 'gp-a', { state: 'starting', process: undefined as never }),
    { gone: true },
    ['unwind r1'],
  ],
  ['its starter is at work', inState('claimed'), {}, []],
  ['its starter waits for a sign of life', inState('starting'), { evidence: evidence(inState('starting'), {}) }, []],
  [
    'its starter sees the death itself',
    inState('starting'),
    { evidence: evidence(inState('starting'), { alive: false }) },
    [],
  ],
  [
    'starter and agent are dead',
    inState('starting'),
    { gone: true, evidence: evidence(inState('starting'), { alive: false }) },
    ['lose r1'],
  ],
  [
    'the agent spoke, its starter is dead',
    inState('starting'),
    { gone: true, evidence: evidence(inState('starting'), {}) },
    ['alive r1'],
  ],
  ['it works', inState('working'), { evidence: evidence(inState('working'), {}) }, []],
  [
    'it said nothing for long',
    inState('working', { since: at(-601) }),
    { evidence: evidence(inState('working'), { beat: ok(now.getTime() - 600_001) }) },
    ['quiet r1', 'help r1 note'],
  ],
  ['it is quiet still', inState('quiet'), { evidence: evidence(inState('quiet'), { beat: ok(0) }) }, ['help r1 note']],
  ['it speaks again', inState('quiet'), { evidence: evidence(inState('quiet'), {}) }, ['alive r1']],
  [
    'its process is gone',
    inState('working'),
    { evidence: evidence(inState('working'), { session: empty, process: ok(false) }) },
    ['lose r1'],
  ],
  ['nothing was looked at', inState('working'), {}, []],
  [
    'it handed in and says its last words',
    inState('submitted', { since: now.toISOString() }),
    { sessions: { r1: true } },
    [],
  ],
  ['it handed in a while ago', inState('submitted'), { sessions: { r1: true } }, ['end-session r1']],
  [
    'it handed in and ended',
    inState('submitted', { since: now.toISOString() }),
    { sessions: { r1: false } },
    ['end-session r1'],
  ],
  ['it handed in and its session is gone', inState('submitted'), { sessions: {} }, []],
  ['it handed in and nobody can see its session', inState('submitted'), { sessions: null }, []],
  ['it is over', inState('finished'), {}, ['clear r1']],
  ['it was lost', inState('lost'), {}, ['clear r1']],
  ['it failed', inState('failed'), {}, ['clear r1']],
  ['it was stopped', inState('stopped'), {}, ['clear r1']],
  ['it is over and cleared', inState('lost', { cleared: true }), {}, []],
])('a run: %s', (_why, run, scene, keys) => {
  expect(todo(stateOf(beadWith(run)), scene)).toEqual(keys)
})

test('a run without a sign of life gets as long as the policy says, once its starter is dead', () => {
  const run = inState('starting')
  const seen = { gone: true, evidence: evidence(run, { session: unknown('tmux is silent'), beat: empty }) }
  const after = (ms: number) => todo(stateOf(beadWith(run)), seen, {}, new Date(Date.parse(run.since) + ms))
  expect(after(POLICY.startTimeoutMs)).toEqual([])
  expect(after(POLICY.startTimeoutMs + 1)).toEqual(['unwind r1'])
})

test('an agent that gave up has failed; one that vanished is lost', () => {
  const run = inState('working')
  const ends = (facts: Parameters<typeof evidence>[1]) =>
    plan(observed(stateOf(beadWith(run)), { evidence: evidence(run, facts) }), POLICY, now)
  expect(ends({ alive: false, exit: 1 })).toMatchObject([
    { do: 'lose', to: 'failed', reason: expect.stringContaining('exit code 1') },
  ])
  expect(ends({ alive: false })).toMatchObject([{ do: 'lose', to: 'lost' }])
  expect(ends({ session: empty, process: ok(false) })).toMatchObject([
    { do: 'lose', to: 'lost', reason: expect.stringContaining('4242') },
  ])
})

test.each<[string, Parameters<typeof evidence>[1]]>([
  ['the process table does not answer', { session: empty, process: unknown('ps failed') }],
  ['the process table fails', { process: fail('E_PS', 'ps failed') }],
  ['no process was recorded', { session: empty, process: empty }],
  [
    'the session is another run’s, and dead',
    {
      session: ok({ name: 'x', labels: { run: 'r0' }, process: { pid: 1, started: 's' }, alive: false }),
      process: unknown('?'),
    },
  ],
])('unknown evidence plans nothing: %s', (_what, facts) => {
  for (const state of ['starting', 'working', 'quiet', 'rate_limited'] as const) {
    const run = inState(state)
    for (const gone of [true, false])
      expect(todo(stateOf(beadWith(run)), { gone, evidence: evidence(run, facts) }), state).toEqual([])
  }
})

test('what contradicts itself is written down, so that its clock runs, and ends nothing', () => {
  const run = inState('working')
  const facts = { session: empty, process: ok(true) }
  expect(todo(stateOf(beadWith(run)), { gone: true, evidence: evidence(run, facts) })).toEqual(['help r1 note'])
  const start = inState('starting')
  expect(todo(stateOf(beadWith(start)), { gone: true, evidence: evidence(start, facts) })).toEqual([])
})

test('while the runtime does not answer nothing is started; what needs no session goes on', () => {
  const back = aRun('r2', 'gp-b', { state: 'submitted', merge_request: 'gp-m1' })
  const state = stateOf(
    aBead('gp-n', {}, slung()),
    beadWith(back),
    aMerge('gp-m1', back, { state: 'red' }).bead,
    beadWith(inState('lost')),
  )
  expect(todo(state, { movable: ['gp'], sessions: null })).toEqual(['clear r1', 'refine gp'])
  expect(todo(state, { movable: ['gp'] })).toEqual(['clear r1', 'refine gp', 'rework r2', 'dispatch gp-n'])
})

test.each<[string, Partial<Bead>, Slung | undefined, boolean]>([
  ['slung and open', {}, slung().slung, true],
  ['not slung', {}, undefined, false],
  ['hooked', { status: 'hooked' }, slung().slung, false],
  ['closed', { status: 'closed' }, slung().slung, false],
  ['deferred', { defer_until: at(61) }, slung().slung, false],
  ['rests', {}, slung({ not_before: at(61) }).slung, false],
  ['has rested', {}, slung({ not_before: at(60) }).slung, true],
  ['rests longer than anybody is told to: the clock was set back', {}, slung({ not_before: at(3_660) }).slung, true],
  [
    'needs an open bead',
    { dependencies: [{ issue_id: 'gp-a', depends_on_id: 'gp-z', type: 'blocks', created_at: at(0) }] },
    slung().slung,
    false,
  ],
  [
    'needs a closed bead',
    { dependencies: [{ issue_id: 'gp-a', depends_on_id: 'gp-y', type: 'blocks', created_at: at(0) }] },
    slung().slung,
    true,
  ],
  [
    'needs a bead that is not there',
    { dependencies: [{ issue_id: 'gp-a', depends_on_id: 'gp-x', type: 'blocks', created_at: at(0) }] },
    slung().slung,
    false,
  ],
])('a bead that is %s: %#', (_why, more, order, starts) => {
  const state = stateOf(
    aBead('gp-a', more, order && { slung: order }),
    aBead('gp-z'),
    aBead('gp-y', { status: 'closed' }),
  )
  expect(todo(state)).toEqual(starts ? ['dispatch gp-a'] : [])
})

test('a bead that needs a person is not started', () => {
  expect(todo(stateOf(aBead('gp-a', {}, { ...slung(), needs })))).toEqual([])
})

test('fresh beads: urgent first, then in the order of the sling, then by id, as many as there are slots', () => {
  const beads = [
    aBead('gp-d', {}, slung({ at: at(2) })),
    aBead('gp-c', {}, slung({ at: at(1) })),
    aBead('gp-b', {}, slung({ at: at(1) })),
    aBead('gp-e', { priority: 0 }, slung({ at: at(9) })),
  ]
  const wanted = ['gp-e', 'gp-b', 'gp-c', 'gp-d'].map((id) => `dispatch ${id}`)
  expect(todo(stateOf(...beads))).toEqual(wanted)
  expect(todo(stateOf(...beads.reverse()))).toEqual(wanted)
  expect(todo(stateOf(...beads), {}, { cap: 2 })).toEqual(wanted.slice(0, 2))
})

test.each(['claimed', 'provisioning', 'starting', 'working', 'quiet', 'rate_limited'] as const)(
  'a run that is %s uses a slot',
  (state) => {
    const bead = aBead('gp-n', {}, slung())
    const scene = { sessions: {} }
    expect(todo(stateOf(beadWith(inState(state)), bead), scene, { cap: 1 })).toEqual([])
    expect(todo(stateOf(beadWith(inState(state)), bead), scene, { cap: 2 })).toEqual(['dispatch gp-n'])
    expect(todo(stateOf(beadWith(inState('submitted')), bead), scene, { cap: 1 })).toEqual(['dispatch gp-n'])
  },
)

test('a lowered cap starts nothing and plans nothing odd', () => {
  const runs = ['a', 'b', 'c'].map((id) => beadWith(aRun(`r${id}`, `gp-${id}`)))
  expect(todo(stateOf(...runs, aBead('gp-n', {}, slung())), {}, { cap: 1 })).toEqual([])
})

test('beads for one certain worker wait for it, one by one, and take no slot from the others', () => {
  const agent = 'gp/polecats/toast'
  const queue = ['gp-a', 'gp-b', 'gp-c'].map((id) => aBead(id, { priority: 0 }, slung({ agent })))
  const other = aBead('gp-o', { priority: 4 }, slung())
  expect(todo(stateOf(...queue, other), {}, { cap: 2 })).toEqual(['dispatch gp-a', 'dispatch gp-o'])
  const busy = beadWith(aRun('r1', 'gp-r', { agent }))
  expect(todo(stateOf(...queue, other, busy), {}, { cap: 2 })).toEqual(['dispatch gp-o'])
})

test('what failed lately and rests does not hold back what stands behind it', () => {
  const [a, b] = [aBead('gp-a', { priority: 0 }, slung()), aBead('gp-b', {}, slung())]
  expect(todo(stateOf(a, b), { resting: ['dispatch:gp-a'] }, { cap: 1 })).toEqual(['dispatch gp-b'])
  const back = (n: number) => aRun(`r${n}`, `gp-${n}`, { state: 'submitted', merge_request: `gp-m${n}` })
  const requests = [1, 2].flatMap((n) => [beadWith(back(n)), aMerge(`gp-m${n}`, back(n), { state: 'red' }).bead])
  expect(todo(stateOf(...requests), {}, { cap: 1 })).toEqual(['rework r1'])
  expect(todo(stateOf(...requests), { resting: ['run:r1'] }, { cap: 1 })).toEqual(['rework r2'])
})

/** A run that handed in, its bead and its merge request. */
function handedIn(merge: MergeState, more: Partial<Run> = {}, gt: Partial<GtFacts> = {}): State {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1', ...more })
  return stateOf(beadWith(run, gt), aMerge('gp-m1', run, { state: merge, reason: 'gate "gate" failed' }).bead)
}

test.each<[MergeState, boolean]>([
  ['conflict', true],
  ['red', true],
  ['queued', false],
  ['building', false],
  ['testing', false],
  ['landing', false],
  ['could_not_run', false],
  ['held', false],
])('a merge request that is %s goes back to its worker: %s', (merge, back) => {
  expect(todo(handedIn(merge))).toEqual(back ? ['rework r1'] : [])
})

test('work goes back as often as the policy says; then a person is asked, once', () => {
  expect(todo(handedIn('red', { round: 3 }))).toEqual(['rework r1'])
  expect(todo(handedIn('red', { round: 1 }), {}, { rounds: 0 })).toEqual(['ask-person gp-a'])
  const [asked] = plan(observed(handedIn('conflict', { round: 4 })), POLICY, now)
  expect(asked).toMatchObject({ do: 'ask-person', bead: 'gp-a', cause: 'conflict' })
  expect(asked?.do === 'ask-person' && asked.text).toMatch(/came back 4 times.*gate "gate" failed.*gt mq retry gp-m1/s)
  expect(todo(handedIn('red', { round: 4 }, { needs }))).toEqual([])
  expect(todo(handedIn('red', { round: 4 }), {}, { cap: 0 })).toEqual(['ask-person gp-a'])
})

test('an agent with judgement hands over instead: to a fresh worker, to the Refinery’s session, and that one to a person', () => {
  const claude = { preset: 'claude', round: 4 }
  const at = (more: Partial<Run>, gt: Partial<GtFacts> = {}): unknown[] =>
    plan(observed(handedIn('red', { ...claude, ...more }, { ...slung(), ...gt })), POLICY, now)
  expect(at({ round: 3 })).toMatchObject([{ do: 'rework' }])
  expect(at({})).toMatchObject([{ do: 'hand-over', bead: 'gp-a', to: 'fresh-worker' }])
  expect(at({}, { handover })).toMatchObject([{ do: 'hand-over', to: 'refinery' }])
  expect(at({ agent: 'gp/refinery', round: 1 }, { handover })).toMatchObject([{ do: 'hand-over', to: 'person' }])
  expect(at({}, { handover, needs })).toEqual([])
  expect(todo(handedIn('red', claude, slung()), {}, { cap: 0 }), 'no slot is needed for it').toEqual(['hand-over r1'])
  expect(todo(handedIn('red', claude, slung()), { sessions: null }), 'a session has to be ended').toEqual([])
})

test('beads for the Refinery’s session wait for it, one by one, and take no slot from the others', () => {
  const queue = ['gp-a', 'gp-b'].map((id) =>
    aBead(id, { priority: 0 }, { ...slung({ agent: 'gp/polecats/toast' }), handover: { ...handover, to: 'refinery' } }),
  )
  const other = aBead('gp-o', { priority: 4 }, slung({ agent: 'gp/polecats/toast' }))
  expect(todo(stateOf(...queue, other), {}, { cap: 2 })).toEqual(['dispatch gp-a', 'dispatch gp-o'])
  const busy = beadWith(aRun('r1', 'gp-r', { agent: 'gp/refinery', state: 'submitted' }))
  expect(todo(stateOf(...queue, other, busy), { sessions: {} }, { cap: 2 })).toEqual(['dispatch gp-o'])
})

test('work that came back waits while every slot is taken, while a person is asked, and while its worker is at it', () => {
  expect(todo(handedIn('red'), {}, { cap: 0 })).toEqual([])
  expect(todo(handedIn('red', {}, { needs }))).toEqual([])
  expect(todo(handedIn('red', { state: 'working' }))).toEqual([])
})

test('a merge request of a run that does not hold the bead any more goes back to nobody', () => {
  const old = aRun('r0', 'gp-a', { state: 'submitted', merge_request: 'gp-m0' })
  const run = aRun('r1', 'gp-a', { state: 'submitted', claimed_at: at(-9) })
  const bead = aBead(
    'gp-a',
    { status: 'in_progress' },
    { runs: { r1: run, r0: { ...old, state: 'lost', cleared: true } } },
  )
  expect(todo(stateOf(bead, aMerge('gp-m0', old, { state: 'red' }).bead))).toEqual([])
})

test('the order of urgency: runs, queues, returned work, fresh work', () => {
  const dead = aRun('r1', 'gp-a')
  const ended = aRun('r2', 'gp-b', { state: 'lost' })
  const back = aRun('r3', 'gp-c', { state: 'submitted', merge_request: 'gp-m1' })
  const state = stateOf(
    aBead('gp-n', { priority: 0 }, slung()),
    aMerge('gp-m1', back, { state: 'red' }).bead,
    beadWith(back),
    beadWith(ended),
    beadWith(dead),
  )
  const scene = { evidence: evidence(dead, { alive: false }), sessions: { r3: true }, movable: ['gp', 'other'] }
  expect(todo(state, scene)).toEqual([
    'end-session r3',
    'clear r2',
    'lose r1',
    'refine gp',
    'refine other',
    'rework r3',
    'dispatch gp-n',
  ])
})

test('one hand at a time on one run: whatever ends, clears or restarts it bears one key', () => {
  const run = inState('working')
  const request = aMerge('gp-m1', run)
  const keys: Action[] = [
    { do: 'lose', bead: 'gp-a', run, to: 'lost', reason: '', cause: 'crash', grounds: { rule: '', evidence: [] } },
    { do: 'unwind', bead: 'gp-a', run, reason: '' },
    { do: 'end-session', run },
    { do: 'clear', run },
    { do: 'rework', bead: 'gp-a', run, request },
    { do: 'hand-over', bead: 'gp-a', run, to: 'refinery' },
  ]
  expect(new Set(keys.map(keyOf))).toEqual(new Set(['run:r1']))
  const others: Action[] = [
    { do: 'dispatch', bead: 'gp-a' },
    { do: 'ask-person', bead: 'gp-a', cause: '', text: '' },
    { do: 'alive', run, why: '' },
    { do: 'quiet', run, sinceMs: 1, grounds: { rule: '', evidence: [] } },
    { do: 'refine', rig: 'gp', mark: '' },
    { do: 'clear', run },
  ]
  expect(new Set(others.map(keyOf)).size).toBe(others.length)
})

const nextDue = (state: State, when: Date): number | undefined => dueBy(state, POLICY, when)

test('the next instant that matters: the end of a rest or of a last sentence, whichever comes first', () => {
  const rests = (seconds: number, more: Partial<Bead> = {}) => aBead('gp-a', more, slung({ not_before: at(seconds) }))
  const spoke = beadWith(aRun('r1', 'gp-b', { state: 'submitted', since: at(59) }))
  expect(nextDue(stateOf(), now)).toBeUndefined()
  expect(nextDue(stateOf(rests(90)), now)).toBe(Date.parse(at(90)))
  expect(nextDue(stateOf(rests(90), spoke), now)).toBe(Date.parse(at(59)) + LAST_WORDS_MS)
  expect(nextDue(stateOf(rests(61), spoke), now)).toBe(Date.parse(at(61)))
  expect(nextDue(stateOf(rests(60)), now), 'what is past needs no alarm').toBeUndefined()
  expect(nextDue(stateOf(rests(90, { status: 'closed' })), now)).toBeUndefined()
})

test('at the instant that was announced, the plan has something to do', () => {
  const rest = stateOf(aBead('gp-a', {}, slung({ not_before: at(90) })))
  const spoke = stateOf(beadWith(aRun('r1', 'gp-b', { state: 'submitted', since: at(59) })))
  for (const state of [rest, spoke]) {
    const due = nextDue(state, now)!
    const scene = { sessions: { r1: true } }
    expect(todo(state, scene, {}, new Date(due - 1))).toEqual([])
    expect(todo(state, scene, {}, new Date(due))).toHaveLength(1)
  }
})
