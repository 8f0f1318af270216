import { expect, test } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { State } from '../../src/beads/fold.ts'
import {
  advance,
  backoffAfter,
  claim,
  comeBack,
  decline,
  findRun,
  giveBack,
  liveRun,
  needsHuman,
  newFence,
  runsOf,
  shelve,
  stop,
} from '../../src/kernel/runs.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf, write } from './support.ts'

const beadOf = (state: State, id = 'gp-a') => state.beads.get(id)!
const runOf = (state: State, fence = 'r1') => facts(beadOf(state)).runs![fence]!
const POLICY = { attempts: 3, backoffMs: 30_000 }
const end = { to: 'lost', reason: 'process 1 is gone', cause: 'crash', at: new Date(at(100)), by: 'deacon' } as const
const slung = { rig: 'gp', by: 'person', at: at(0) }

test('a claim hooks the bead, names its worker and counts the attempt', () => {
  const state = stateOf(aBead('gp-a'))
  const run = aRun('r1', 'gp-a', { state: 'claimed', attempt: 2 })
  expect(write(state, claim(run, 1, 'deacon')).applied).toBe(true)
  expect(beadOf(state)).toMatchObject({ status: 'hooked', assignee: run.agent })
  expect(facts(beadOf(state))).toMatchObject({ attempts: 2, runs: { r1: run } })
})

test.each([
  ['it is closed', 'in', stateOf(aBead('gp-a', { status: 'closed' }))],
  ['it needs a person', 'in', stateOf(aBead('gp-a', {}, { needs: { cause: 'ask', text: '?', at: at(0) } }))],
  ['somebody has it', 'no-live-run', stateOf(beadWith(aRun('r0', 'gp-a'), {}, { status: 'open' }))],
  ['the name is taken', 'agent-free', stateOf(aBead('gp-a'), beadWith(aRun('r1', 'gp-b', { state: 'submitted' })))],
  ['the cap is reached', 'active-runs-below', stateOf(aBead('gp-a'), beadWith(aRun('r2', 'gp-b')))],
])('a claim is refused when %s', (_why, unmet, state) => {
  const verdict = write(state, claim(aRun('r1', 'gp-a', { state: 'claimed' }), 1, 'deacon'))
  expect(verdict).toMatchObject({ applied: false, unmet: { if: unmet } })
})

test('a submitted run uses no slot: its worker is done', () => {
  const state = stateOf(aBead('gp-a'), beadWith(aRun('r2', 'gp-b', { state: 'submitted' })))
  expect(write(state, claim(aRun('r1', 'gp-a', { state: 'claimed' }), 1, 'deacon')).applied).toBe(true)
})

test('a lost run gives its bead back to rest, longer each time and ten minutes at most', () => {
  expect([1, 2, 3, 4, 5, 6, 30].map((n) => backoffAfter(n, POLICY) / 1000)).toEqual([30, 60, 120, 240, 480, 600, 600])
  const run = aRun('r1', 'gp-a', { attempt: 2 })
  const bead = beadWith(run, { slung }, { assignee: run.agent })
  const state = stateOf(bead)
  write(state, giveBack(bead, run, { ...end, archive: 'refs/gt/archive/r1' }, POLICY))
  expect(beadOf(state).status).toBe('open')
  expect(beadOf(state).assignee).toBeUndefined()
  expect(facts(beadOf(state)).slung).toEqual({ ...slung, not_before: at(160) })
  expect(facts(beadOf(state)).needs).toBeUndefined()
  expect(runOf(state)).toMatchObject({ state: 'lost', reason: end.reason, archive: 'refs/gt/archive/r1' })
})

test('after the last attempt a person is asked, and the bead does not rest', () => {
  const run = aRun('r1', 'gp-a', { attempt: 3 })
  const bead = beadWith(run, { slung })
  const state = stateOf(bead)
  write(state, giveBack(bead, run, { ...end, to: 'failed' }, POLICY))
  expect(facts(beadOf(state))).toMatchObject({ slung, needs: { cause: 'attempts' } })
  expect(facts(beadOf(state)).needs?.text).toContain(end.reason)
})

test('a bead that nobody ordered any more gets no order by being given back', () => {
  const run = aRun('r1', 'gp-a')
  const state = stateOf(beadWith(run))
  write(state, giveBack(beadOf(state), run, end, POLICY))
  expect(facts(beadOf(state)).slung).toBeUndefined()
})

test.each(['lost', 'failed'] as const)('a run in its second round that is %s takes its merge request along', (to) => {
  const run = aRun('r1', 'gp-a', { round: 2, merge_request: 'gp-m1' })
  const state = stateOf(beadWith(run), aMerge('gp-m1', run, { state: 'red' }).bead)
  write(state, giveBack(beadOf(state), run, { ...end, to }, POLICY))
  expect(beadOf(state, 'gp-m1')).toMatchObject({ status: 'closed', metadata: { gt: { merge: { state: 'rejected' } } } })
})

test('stopping forgets the order; going down keeps it and does not count the attempt; declining leaves it to a person', () => {
  const run = aRun('r1', 'gp-a', { attempt: 2 })
  const bead = beadWith(run, { slung, attempts: 2 })
  const after = (change: ReturnType<typeof stop>) => {
    const state = stateOf(bead)
    expect(write(state, change).applied).toBe(true)
    expect(runOf(state).state).toBe('stopped')
    expect(beadOf(state).status).toBe('open')
    const { slung, attempts, needs } = facts(beadOf(state))
    return { slung, attempts, cause: needs?.cause }
  }
  expect(after(stop(bead, run, 'enough', at(1), 'person'))).toEqual({ attempts: 2 })
  expect(after(shelve(bead, run, at(1), 'deacon'))).toEqual({ slung, attempts: 1 })
  expect(after(decline(bead, run, 'not mine', at(1)))).toEqual({ slung, attempts: 2, cause: 'declined' })
})

test('with a worker that stood still the question about it is over; one that is about the work stays', () => {
  const run = aRun('r1', 'gp-a')
  const left = (cause: string) => {
    const bead = beadWith(run, { slung, needs: { cause, text: '?', at: at(0) } })
    const ends = [
      giveBack(bead, run, end, POLICY),
      stop(bead, run, 'enough', at(1), 'person'),
      shelve(bead, run, at(1), 'deacon'),
    ]
    return ends.map((change) => {
      const state = stateOf(bead)
      expect(write(state, change).applied).toBe(true)
      return facts(beadOf(state)).needs?.cause
    })
  }
  for (const cause of ['stuck', 'dialog', 'contradiction', 'auth', 'billing'])
    expect(left(cause)).toEqual([undefined, undefined, undefined])
  expect(left('ask')).toEqual(['ask', 'ask', 'ask'])
})

test.each(['building', 'testing'] as const)('a run can be stopped while its merge request is %s', (state) => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1' })
  const town = stateOf(beadWith(run), aMerge('gp-m1', run, { state }).bead)
  expect(write(town, stop(beadOf(town), run, 'enough', at(1), 'person')).applied).toBe(true)
  expect(facts(town.beads.get('gp-m1')!).merge?.state).toBe('rejected')
})

test('nobody stops a run while its merge request is landing', () => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1' })
  const town = stateOf(beadWith(run), aMerge('gp-m1', run, { state: 'landing' }).bead)
  for (const change of [
    stop(beadOf(town), run, 'enough', at(1), 'person'),
    shelve(beadOf(town), run, at(1), 'deacon'),
    decline(beadOf(town), run, 'no', at(1)),
  ]) {
    expect(write(town, change)).toMatchObject({ applied: false, unmet: { id: 'gp-m1' } })
  }
})

test('a worker that hands in while it is being stopped has handed in', () => {
  const asRead = aRun('r1', 'gp-a')
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1' })
  const state = stateOf(beadWith(run), aMerge('gp-m1', run, { state: 'building' }).bead)
  expect(write(state, stop(beadWith(asRead), asRead, 'enough', at(1), 'person')).applied).toBe(false)
  expect(runOf(state).state).toBe('submitted')
})

test.each([
  ['red', true],
  ['conflict', true],
  ['queued', false],
  ['testing', false],
  ['held', false],
  ['landed', false],
] as const)('work whose merge request is %s comes back to its worker: %s', (state, comes) => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1', round: 2 })
  const town = stateOf(beadWith(run), aMerge('gp-m1', run, { state }).bead)
  const { applied } = write(town, comeBack(run, 1, { pid: 7, started: 's' }, at(1), 'deacon', 'red'))
  expect(applied).toBe(comes)
  expect(runOf(town)).toMatchObject(
    comes ? { state: 'starting', round: 3, fence: 'r1' } : { state: 'submitted', round: 2 },
  )
})

test('work comes back only to a free slot', () => {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1' })
  const state = stateOf(beadWith(run), beadWith(aRun('r2', 'gp-b')), aMerge('gp-m1', run, { state: 'red' }).bead)
  const verdict = write(state, comeBack(run, 1, { pid: 7, started: 's' }, at(1), 'deacon', 'red'))
  expect(verdict).toMatchObject({ applied: false, unmet: { if: 'active-runs-below' } })
})

test('the first sign of life puts the bead in progress', () => {
  const run = aRun('r1', 'gp-a', { state: 'starting' })
  const state = stateOf(beadWith(run, {}, { status: 'hooked' }))
  write(state, advance(run, 'working', at(5), 'deacon', 'spoke'))
  expect(beadOf(state).status).toBe('in_progress')
  expect(runOf(state)).toMatchObject({ state: 'working', since: at(5) })
})

test('the first question to a person stays until it is answered', () => {
  const state = stateOf(aBead('gp-a'))
  expect(write(state, needsHuman(beadOf(state), 'ask', 'first', at(1), 'x')).applied).toBe(true)
  expect(write(state, needsHuman(aBead('gp-a'), 'red', 'second', at(2), 'x')).applied).toBe(false)
  expect(facts(beadOf(state)).needs).toEqual({ cause: 'ask', text: 'first', at: at(1) })
})

test('fences are unique, sort by time, and are fit for a ref and a folder', () => {
  const fences = Array.from({ length: 2000 }, () => newFence(1_790_000_000_000))
  // Two of 2,000 in the same millisecond agree in 1 of 30 trials; two hundred would be a broken source of chance.
  expect(new Set(fences).size).toBeGreaterThan(1990)
  expect(fences.filter((fence) => !/^[0-9a-z]{13}$/.test(fence))).toEqual([])
  expect(newFence(1_790_000_000_000) < newFence(1_790_000_000_001)).toBe(true)
})

test('a run is found by its fence and by nothing else', () => {
  const run = aRun('r1', 'gp-a')
  const beads = [aBead('gp-b'), beadWith(run)]
  expect(findRun(beads, 'r1')).toEqual({ bead: beads[1], run })
  expect(['r', 'r2', '', 'constructor', '__proto__'].map((fence) => findRun(beads, fence))).toEqual(
    Array(5).fill(undefined),
  )
})

test('runs are told oldest first; the live one holds the bead', () => {
  const old = aRun('z', 'gp-a', { state: 'lost', claimed_at: at(1) })
  const now = aRun('a', 'gp-a', { claimed_at: at(2) })
  const bead = aBead('gp-a', {}, { runs: { a: now, z: old } })
  expect(runsOf(bead).map((run) => run.fence)).toEqual(['z', 'a'])
  expect(liveRun(bead)?.fence).toBe('a')
  expect(liveRun(beadWith(old))).toBeUndefined()
})
