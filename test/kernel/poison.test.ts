/** When the attempts of a bead are used up: whose fault it looks like, and what a person reads. */
import { expect, test } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { Cause, Run } from '../../src/beads/facts.ts'
import { attemptsOf, parking } from '../../src/kernel/poison.ts'
import { giveBack } from '../../src/kernel/runs.ts'
import { aBead, aRun, at, stateOf, write } from './support.ts'

const POLICY = { attempts: 3, backoffMs: 30_000 }

const failed = (n: number, cause?: Cause, more: Partial<Run> = {}): Run =>
  aRun(`r${n}`, 'gp-a', {
    attempt: n,
    claimed_at: at(n),
    state: 'failed',
    reason: `exit code ${n}\nand more`,
    ...(cause !== undefined && { cause }),
    ...more,
  })
const causeOf = (...runs: Run[]) => parking(runs).cause

test('three different workers that it ended: poison, with what became of each', () => {
  const runs = [failed(1, 'exit', { archive: 'refs/gt/archive/r1' }), failed(2, 'crash'), failed(3, 'memory')]
  const { cause, text } = parking(runs)
  expect(cause).toBe('poison')
  expect(text).toContain('It ended 3 different workers')
  expect(text).toContain('gp/polecats/r1: exit code 1 and more (gt restore r1)')
  expect(text).toContain('gp/polecats/r3: exit code 3 and more (gt run show r3)')
})

test.each<[string, Run[]]>([
  ['one did not start', [failed(1, 'exit'), failed(2, 'start'), failed(3, 'crash')]],
  ['none started', [failed(1, 'start'), failed(2, 'start'), failed(3, 'start')]],
  ['one was handed over by the Refinery', [failed(1), failed(2, 'exit'), failed(3, 'exit')]],
  ['it was one worker each time', [1, 2, 3].map((n) => failed(n, 'exit', { agent: 'gp/polecats/toast' }))],
  ['two of three were the same', [1, 2, 3].map((n) => failed(n, 'exit', { agent: `gp/polecats/${n % 2}` }))],
  ['there was only one', [failed(1, 'exit')]],
])('no poison when %s', (_what, runs) => {
  expect(causeOf(...runs)).toBe('attempts')
})

test('with fewer attempts allowed, all there were count; with more, three different ones', () => {
  expect(causeOf(failed(1, 'exit'), failed(2, 'exit'))).toBe('poison')
  const four = [1, 2, 3, 4].map((n) => failed(n, 'exit', { agent: `gp/polecats/${n % 3}` }))
  expect(causeOf(...four)).toBe('poison')
})

test('only the attempts since a person ordered it again count; stopped ones between do not', () => {
  const old = [failed(1, 'start'), failed(2, 'start'), failed(3, 'start')].map((run, n) => ({ ...run, fence: `o${n}` }))
  const shelved = failed(1, undefined, { fence: 's', state: 'stopped' })
  const runs = [...old, shelved, failed(1, 'exit'), failed(2, 'exit'), failed(3, 'exit')]
  expect(attemptsOf(runs).map(({ fence }) => fence)).toEqual(['s', 'r1', 'r2', 'r3'])
  expect(causeOf(...runs)).toBe('poison')
})

test('giving back the last attempt parks the bead, and the change says why', () => {
  const live = failed(3, undefined, { state: 'working' })
  const runs = { r1: failed(1, 'exit'), r2: failed(2, 'crash'), r3: live }
  const bead = aBead('gp-a', { status: 'in_progress' }, { runs, slung: { rig: 'gp', by: 'person', at: at(0) } })
  const state = stateOf(bead)
  const end = { to: 'lost', reason: 'process 1 is gone', cause: 'crash', at: new Date(at(100)), by: 'deacon' } as const
  const change = giveBack(bead, live, { ...end, evidence: ['no session'] }, POLICY)
  expect(change).toMatchObject({
    rule: 'dead-process',
    evidence: ['no session', 'attempt 3 of 3: parked for a person (poison)'],
  })
  expect(write(state, change).applied).toBe(true)
  const gt = facts(state.beads.get('gp-a')!)
  expect(gt.needs).toMatchObject({ cause: 'poison', at: at(100) })
  expect(gt.runs?.r3).toMatchObject({ state: 'lost', cause: 'crash' })
})

test('what is nobody’s failure is written without a cause and a rule', () => {
  const live = failed(1, undefined, { state: 'starting' })
  const bead = aBead('gp-a', {}, { runs: { r1: live } })
  const change = giveBack(
    bead,
    live,
    { to: 'failed', reason: 'gt was ended', cause: undefined, at: new Date(at(9)), by: 'deacon' },
    POLICY,
  )
  expect(change).not.toHaveProperty('rule')
  expect(JSON.stringify(change.ops)).not.toContain('cause')
})
