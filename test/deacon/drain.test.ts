/** What has to be over before a town goes down in order. */
import { expect, test } from 'vitest'
import type { MergeState, RunState } from '../../src/beads/facts.ts'
import { undrained } from '../../src/deacon/drain.ts'
import { aBead, aMerge, aRun, beadWith, stateOf } from '../kernel/support.ts'
import { slung } from './support.ts'

test('a town in which nobody works and nothing waits to land is drained, whatever is slung', () => {
  expect(undrained(stateOf())).toEqual({ runs: [], queue: [] })
  expect(undrained(stateOf(aBead('gp-a', {}, slung())))).toEqual({ runs: [], queue: [] })
})

test.each<[RunState, boolean]>([
  ['claimed', true],
  ['provisioning', true],
  ['starting', true],
  ['working', true],
  ['quiet', true],
  ['rate_limited', true],
  ['parked', false],
  ['submitted', false],
  ['finished', false],
  ['lost', false],
  ['failed', false],
  ['stopped', false],
])('a run that is %s is waited for: %s', (state, waited) => {
  const run = aRun('r1', 'gp-a', { state })
  expect(undrained(stateOf(beadWith(run))).runs).toEqual(waited ? [run] : [])
})

test.each<[MergeState, boolean]>([
  ['queued', true],
  ['building', true],
  ['testing', true],
  ['landing', true],
  ['conflict', false],
  ['red', false],
  ['could_not_run', false],
  ['held', false],
])('a change that is %s is waited for: %s', (state, waited) => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m' })
  const queue = undrained(stateOf(beadWith(run), aMerge('gp-m', run, { state }).bead)).queue
  expect(queue.map(({ bead }) => bead.id)).toEqual(waited ? ['gp-m'] : [])
})
