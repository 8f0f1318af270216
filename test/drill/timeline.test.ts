import { expect, test } from 'vitest'
import type { ChangeInput } from '../../src/beads/change.ts'
import { readTimeline } from '../../src/drill/timeline.ts'
import { advance, claim, gtPath, needsHuman, runPath } from '../../src/kernel/runs.ts'
import { aBead, aRun, at, stateOf } from '../kernel/support.ts'
import { ms, stepsOf } from './support.ts'

const STANDS = [{ at: ms(-60), offset: 0 }]
const read = (inputs: ChangeInput[], ...beads: string[]) =>
  readTimeline(stepsOf(stateOf(...beads.map((id) => aBead(id))), inputs), STANDS, ms(600))
const begun = (fence: string, bead: string) => aRun(fence, bead, { state: 'claimed' })
/** What no builder of ours would ask for. */
const byHand = (id: string, path: string[], value: unknown): ChangeInput => ({
  by: 'x',
  why: 'x',
  ops: [{ op: 'set', id, path, value }],
})

test('tells every step of every run, in order, and who did something when', () => {
  const run = begun('r1', 'gp-a')
  const line = read(
    [
      claim(run, 4, 'deacon'),
      { by: 'deacon', why: 'x', ops: [{ op: 'lease', name: 'deacon', holder: { pid: 7, started: 's', token: 't' } }] },
      advance(run, 'provisioning', at(2), 'deacon', 'x'),
      advance(run, 'lost', at(3), 'deacon', 'x', { reason: 'gone' }),
      needsHuman(aBead('gp-a'), 'attempts', 'x', at(4), 'deacon'),
      // Refused: it is no step from `lost`.
      advance(run, 'working', at(5), 'deacon', 'x'),
    ],
    'gp-a',
  )
  expect(line.moves.map(({ at: when, run: fence, from, to, reason }) => [when, fence, from, to, reason])).toEqual([
    [ms(0), 'r1', null, 'claimed', ''],
    [ms(2), 'r1', 'claimed', 'provisioning', ''],
    [ms(3), 'r1', 'provisioning', 'lost', 'gone'],
  ])
  expect(line.leases).toEqual([{ at: ms(1), name: 'deacon', pid: 7 }])
  expect(line.done.map(({ at: when, lease }) => [when, lease])).toEqual([
    [ms(0), false],
    [ms(1), true],
    [ms(2), false],
    [ms(3), false],
    [ms(4), false],
  ])
  expect(line.asked).toEqual([{ at: ms(4), bead: 'gp-a', cause: 'attempts' }])
  expect([line.twice, line.mostActive]).toEqual([[], 1])
})

test('counts how many were active at one moment, not how many there were', () => {
  const [one, two] = [begun('r1', 'gp-a'), begun('r2', 'gp-b')]
  const lose = (run: typeof one) => advance(run, 'lost', at(9), 'deacon', 'x')
  expect(read([claim(one, 4, 'd'), lose(one), claim(two, 4, 'd')], 'gp-a', 'gp-b').mostActive).toBe(1)
  expect(read([claim(one, 4, 'd'), claim(two, 4, 'd'), lose(one)], 'gp-a', 'gp-b').mostActive).toBe(2)
})

test('sees a bead with two live runs, however short', () => {
  const line = read(
    [
      claim(begun('r1', 'gp-a'), 4, 'deacon'),
      byHand('gp-a', runPath('r2'), begun('r2', 'gp-a')),
      byHand('gp-a', runPath('r2', 'state'), 'lost'),
    ],
    'gp-a',
  )
  expect(line.twice).toEqual(['gp-a had the live runs r1 and r2'])
})

test('remembers every commit that a bead was called landed as', () => {
  const landed = (commit: string) => byHand('gp-a', gtPath('landed'), { commit, target: 'main' })
  expect(read([landed('c1'), byHand('gp-a', ['title'], 'x'), landed('c2')], 'gp-a').landed).toEqual(
    new Map([['gp-a', ['c1', 'c2']]]),
  )
})

test('dates records by our clock when the town’s was wrong', () => {
  const steps = stepsOf(stateOf(aBead('gp-a')), [claim(begun('r1', 'gp-a'), 4, 'deacon')])
  const wrong = [
    { at: ms(-60), offset: 0 },
    { at: ms(-3_605), offset: 3_600_000 },
  ]
  expect(readTimeline(steps, wrong, ms(-3_590)).moves[0]?.at).toBe(ms(-3_600))
})
