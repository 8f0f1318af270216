/** What the end of a run counts as. */
import { expect, test } from 'vitest'
import { roleOf, witnessAddress } from '../../src/agents/roles.ts'
import type { Run } from '../../src/beads/facts.ts'
import { mergeOf, step, submit } from '../../src/kernel/merges.ts'
import {
  causeOf,
  causeOfUnwound,
  failuresAt,
  isWithin,
  nodeOf,
  outcomes,
  outcomesOf,
  parentOf,
} from '../../src/kernel/outcomes.ts'
import { handOver, runsOf } from '../../src/kernel/runs.ts'
import { aMerge, aRun, at, beadWith, stateOf, write } from './support.ts'

const MIN = 60
const ms = (seconds: number): number => Date.parse(at(seconds))

test.each([
  ['a session that could not be made', { spoke: false }, 'start'],
  ['an agent that ended before it said anything', { spoke: false, exitCode: 1 }, 'start'],
  ['one that ended by itself', { spoke: true, exitCode: 1 }, 'exit'],
  ['one that thought it was done', { spoke: true, exitCode: 0 }, 'exit'],
  ['one that was killed', { spoke: true }, 'crash'],
  ['one whose wrapper tells of SIGKILL', { spoke: true, exitCode: 137 }, 'crash'],
  ['one whose wrapper tells of a segmentation fault', { spoke: true, exitCode: 139 }, 'crash'],
  ['one that the kernel killed', { spoke: true, outOfMemory: true }, 'memory'],
  ['one that the kernel killed under a wrapper', { spoke: true, exitCode: 137, outOfMemory: true }, 'memory'],
  ['one that the kernel killed at its start', { spoke: false, outOfMemory: true }, 'memory'],
  ['one that ended by itself while the kernel killed others', { spoke: true, exitCode: 1, outOfMemory: true }, 'exit'],
  ['everybody, with the runtime', { spoke: true, runtimeGone: true }, undefined],
])('%s', (_what, end, cause) => {
  expect(causeOf(end)).toBe(cause)
})

test('a run whose starter was killed is nobody’s failure, unless its starter had one to tell or its agent never spoke', () => {
  expect(causeOfUnwound(aRun('r1', 'gp-a', { state: 'provisioning' }))).toBeUndefined()
  expect(causeOfUnwound(aRun('r1', 'gp-a', { state: 'provisioning', cause: 'start' }))).toBe('start')
  expect(causeOfUnwound(aRun('r1', 'gp-a', { state: 'starting' }))).toBe('start')
})

test('the tree: roles below rigs, rigs below the town', () => {
  expect([nodeOf('gp', 'polecat'), nodeOf('gp', 'refinery'), nodeOf('gp', 'witness')]).toEqual([
    'gp/polecats',
    'gp/refinery',
    'gp/witness',
  ])
  expect(['gp/polecats', 'gp', 'town'].map(parentOf)).toEqual(['gp', 'town', undefined])
  expect(isWithin('gp/polecats', 'town') && isWithin('gp/polecats', 'gp') && isWithin('gp', 'gp')).toBe(true)
  expect(isWithin('gp2/polecats', 'gp') || isWithin('gp', 'gp/polecats')).toBe(false)
  const agents = ['gp/polecats/toast', 'gp/refinery', witnessAddress('gp'), 'gp/polecats/witness']
  expect(agents.map((agent) => roleOf({ agent, rig: 'gp' }))).toEqual(['polecat', 'refinery', 'witness', 'polecat'])
})

/** In short: `start@0` proves starts, `lasts@600` that agents last, `!crash@5` is a failure; seconds since noon. */
function said(run: Run, ...others: Parameters<typeof stateOf>): string[] {
  return outcomesOf(stateOf(beadWith(run), ...others), run).map(({ at, failed, proves }) => {
    const seconds = (at - ms(0)) / 1000
    return failed === undefined ? `${proves[0] === 'start' ? 'start' : 'lasts'}@${seconds}` : `!${failed}@${seconds}`
  })
}

test.each<[string, Partial<Run>, string[]]>([
  ['a run on its way', { state: 'starting' }, []],
  ['one at work: its start worked, and it will have lasted', { state: 'working' }, ['start@0', 'lasts@600']],
  ['one that waits for a limit does live', { state: 'rate_limited', since: at(30) }, ['start@0', 'lasts@600']],
  ['one that parked has shown that it starts', { state: 'parked', since: at(30) }, ['start@0']],
  ['one that handed in a report', { state: 'finished', since: at(90) }, ['start@0', 'lasts@90']],
  ['one that did not start', { state: 'failed', cause: 'start', since: at(9) }, ['!start@9']],
  ['one that crashed soon', { state: 'lost', cause: 'crash', since: at(9) }, ['start@0', '!crash@9']],
  [
    'one that crashed late had lasted',
    { state: 'lost', cause: 'crash', since: at(11 * MIN) },
    ['start@0', 'lasts@600', '!crash@660'],
  ],
  ['one that failed without a cause', { state: 'failed', since: at(9) }, []],
  ['one that a person stopped', { state: 'stopped', since: at(9), cause: 'start' }, []],
  ['one that had spoken and was stopped', { state: 'stopped', spoke: at(4), since: at(9) }, ['start@0']],
  ['one that had lasted and was stopped', { state: 'stopped', spoke: at(4), since: at(700) }, ['start@0', 'lasts@600']],
  [
    'one that handed in and was stopped',
    { state: 'stopped', handed_in: at(50), spoke: at(4) },
    ['start@0', 'lasts@50'],
  ],
  ['one that is brought back after a reboot', { state: 'starting', spoke: at(4) }, ['start@0', 'lasts@600']],
  [
    'one that could not be brought back',
    { state: 'failed', cause: 'start', spoke: at(4), since: at(9) },
    ['start@0', '!start@9'],
  ],
])('%s', (_what, more, expected) => {
  expect(said(aRun('r1', 'gp-a', more))).toEqual(expected)
})

test('when a run handed in is kept by its merge request, whatever became of the run', () => {
  for (const more of [
    { state: 'submitted', since: at(50) },
    { state: 'finished', since: at(500) },
    { state: 'failed', since: at(400) },
  ] as const) {
    const run = aRun('r1', 'gp-a', { merge_request: 'gp-m1', ...more })
    expect(said(run, aMerge('gp-m1', run, { queued_at: at(50) }).bead)).toEqual(['start@0', 'lasts@50'])
  }
})

test('one that was called lost by mistake, handed in and was handed over has failed at nothing', () => {
  const lost = aRun('r1', 'gp-a', { state: 'lost', cause: 'crash', spoke: at(4), since: at(9) })
  const state = stateOf(beadWith(lost, {}, { status: 'open' }))
  const bead = () => state.beads.get('gp-a')!
  const run = () => runsOf(bead())[0]!
  const work = { head: 'c'.repeat(40), at: at(20), id: 'gp-m1' }
  expect(write(state, submit(bead(), lost, undefined, work)).applied).toBe(true)
  write(state, step(mergeOf(state.beads.get('gp-m1'))!, 'building', at(30), 'test'))
  write(state, step(mergeOf(state.beads.get('gp-m1'))!, 'conflict', at(31), 'test'))
  const over = {
    to: 'worker' as const,
    ref: 'refs/x',
    evidence: 'red',
    reason: 'rounds used up',
    at: at(40),
    by: 'test',
  }
  expect(write(state, handOver(bead(), run(), over)).applied).toBe(true)
  expect(run().state).toBe('failed')
  expect(outcomesOf(state, run()).map(({ failed, proves }) => failed ?? proves[0])).toEqual(['start', 'exit'])
})

test('only what happened lately counts, farther back while trouble reaches farther, and nothing that is still to come', () => {
  const failed = (n: number, seconds: number) =>
    beadWith(
      aRun(`r${n}`, `gp-${n}`, { state: 'lost', cause: 'crash', claimed_at: at(seconds - 1), since: at(seconds) }),
      {},
      { status: 'open', updated_at: at(seconds) },
    )
  const fences = (state: ReturnType<typeof stateOf>, seconds: number) =>
    outcomes(state, ms(seconds)).flatMap(({ failed, run }) => (failed === undefined ? [] : run.fence))
  const HOURS = 60 * MIN
  const state = stateOf(failed(1, 0), failed(2, 2 * HOURS), failed(3, 5 * HOURS))
  expect(fences(state, 5 * HOURS)).toEqual(['r3'])
  expect(fences(state, 4 * HOURS - 10)).toEqual(['r1', 'r2'])
  expect(fences(state, HOURS)).toEqual(['r1'])
  expect(fences(state, 12 * HOURS)).toEqual([])
  const chain = stateOf(...Array.from({ length: 20 }, (_, n) => failed(n, n * 25 * MIN)))
  expect(fences(chain, 19 * 25 * MIN)).toHaveLength(20)
})

test('failures of a node are found however long ago, in order', () => {
  const failed = (fence: string, agent: string, seconds: number) =>
    beadWith(aRun(fence, `gp-${fence}`, { agent, state: 'lost', cause: 'crash', since: at(seconds) }))
  const state = stateOf(
    failed('b', 'gp/polecats/x', 2),
    failed('a', 'gp/polecats/y', 1),
    failed('c', 'gp/refinery', 3),
    failed('d', 'gp/polecats/x', 9),
  )
  const at9 = (node: string) => failuresAt(state, node, 'crash', at(1), at(8)).map(({ run }) => run.fence)
  expect([at9('gp/polecats'), at9('gp'), at9('town'), at9('gp/witness')]).toEqual([
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    [],
  ])
  expect(failuresAt(state, 'town', 'exit', at(0), at(99))).toEqual([])
})
