import { expect, test } from 'vitest'
import { timesOf } from '../../src/drill/times.ts'
import { aHit, aMove, aTimeline, ms } from './support.ts'

const done = (seconds: number, by = 'deacon', lease = false) => ({ at: ms(seconds), by, fence: undefined, lease })
const NOTHING = { noticed: null, recovered: null, settled: true }
const OPEN = { noticed: null, recovered: null, settled: false }

test('a killed agent is noticed with the record that says so, and made good when its bead is worked on again', () => {
  const hit = aHit(10, 'agent', { killed: ['r1'] })
  const before = [aMove(5, 'r1', 'working', { from: 'starting' })]
  const lost = aMove(11, 'r1', 'lost')
  const again = [aMove(12, 'r2', 'claimed', { from: null }), aMove(13, 'r2', 'working', { from: 'starting' })]
  expect(timesOf(hit, aTimeline({ moves: before }))).toEqual(OPEN)
  expect(timesOf(hit, aTimeline({ moves: [...before, lost] }))).toEqual({ ...OPEN, noticed: 1_000 })
  expect(timesOf(hit, aTimeline({ moves: [...before, lost, ...again] }))).toEqual({
    noticed: 1_000,
    recovered: 3_000,
    settled: true,
  })
  // Another bead's worker makes nothing good here.
  const others = again.map((move) => ({ ...move, bead: 'gp-b' }))
  expect(timesOf(hit, aTimeline({ moves: [...before, lost, ...others] })).settled).toBe(false)
  const asked = [{ at: ms(14), bead: 'gp-a', cause: 'attempts' }]
  expect(timesOf(hit, aTimeline({ moves: [...before, lost], asked })).recovered).toBe(4_000)
})

test('a run that is brought back counts like a new one, one that had handed in needs nothing', () => {
  const hit = aHit(10, 'commit', { killed: ['r1'] })
  const back = [aMove(11, 'r1', 'starting'), aMove(12, 'r1', 'working', { from: 'starting' })]
  expect(timesOf(hit, aTimeline({ moves: back }))).toEqual({ noticed: 1_000, recovered: 2_000, settled: true })
  const handedIn = [aMove(10, 'r1', 'submitted')]
  expect(timesOf(hit, aTimeline({ moves: handedIn }))).toEqual({ noticed: 0, recovered: 0, settled: true })
})

test('the end of tmux’s server is made good when the last of its runs is', () => {
  const hit = aHit(10, 'tmux', { killed: ['r1', 'r2'] })
  const one = [aMove(11, 'r1', 'starting'), aMove(12, 'r1', 'working', { from: 'starting' })]
  const two = [
    aMove(14, 'r2', 'lost', { bead: 'gp-b' }),
    aMove(19, 'r3', 'working', { bead: 'gp-b', from: 'starting' }),
  ]
  expect(timesOf(hit, aTimeline({ moves: one })).settled).toBe(false)
  expect(timesOf(hit, aTimeline({ moves: [...one, ...two] }))).toEqual({
    noticed: 4_000,
    recovered: 9_000,
    settled: true,
  })
  expect(timesOf(aHit(10, 'tmux', { killed: [] }), aTimeline())).toEqual(NOTHING)
})

test('a killed driver is noticed by the next one, which then does something', () => {
  const hit = aHit(10, 'driver', { driver: 7 })
  const leases = [
    { at: ms(9), name: 'deacon', pid: 7 },
    { at: ms(11), name: 'refinery:gp', pid: 8 },
    { at: ms(12), name: 'deacon', pid: 8 },
  ]
  expect(timesOf(hit, aTimeline({ leases: leases.slice(0, 2), done: [done(11, 'gp/polecats/toast')] }))).toEqual(OPEN)
  const acts = [done(12, 'deacon', true), done(13, 'gp/polecats/toast'), done(14, 'gp/refinery')]
  expect(timesOf(hit, aTimeline({ leases, done: acts }))).toEqual({ noticed: 2_000, recovered: 4_000, settled: true })
})

test('a killed gt done is made good when the run hands in, or had before', () => {
  const hit = aHit(10, 'done', { run: 'r1' })
  expect(timesOf(hit, aTimeline({ moves: [aMove(12, 'r1', 'submitted')] })).recovered).toBe(2_000)
  expect(timesOf(hit, aTimeline({ moves: [aMove(9, 'r1', 'submitted')] }))).toEqual({ ...NOTHING, recovered: 0 })
  expect(timesOf(hit, aTimeline({ moves: [aMove(12, 'r2', 'submitted')] }))).toEqual(OPEN)
})

test('after a full disk or a torn record the next record counts; what costs nothing has no times', () => {
  const line = aTimeline({ done: [done(9), done(11), done(14)] })
  expect(timesOf(aHit(10, 'torn'), line).recovered).toBe(1_000)
  expect(timesOf(aHit(10, 'disk', { until: ms(12) }), line).recovered).toBe(2_000)
  expect(timesOf(aHit(15, 'torn'), line)).toEqual(OPEN)
  for (const kind of ['stop', 'clock', 'runtime', 'stale'] as const)
    expect(timesOf(aHit(10, kind), line)).toEqual(NOTHING)
})
