import { expect, test } from 'vitest'
import type { RedRun, RedSet, Standing } from '../../src/refinery/suspects.ts'
import { innocence, openReds, suspectPrefix } from '../../src/refinery/suspects.ts'

const red = (run: string, at: number, ...ids: string[]): RedRun => ({
  run,
  at,
  members: ids.map((id) => ({ id, head: `${id}1` })),
})
const waiting = (...ids: string[]): Map<string, Standing> =>
  new Map(ids.map((id) => [id, { head: `${id}1`, since: 0 }]))
const none = (): boolean => false
const set = (...ids: string[]): RedSet => ({ run: ids.join(''), at: 10, ids })

test('a red group suspects all of its members', () => {
  expect(openReds([red('r1', 5, 'a', 'b', 'c')], waiting('a', 'b', 'c', 'd'), none)).toEqual([
    { run: 'r1', at: 5, ids: ['a', 'b', 'c'] },
  ])
})

test('it goes on suspecting those that are left when others of it have landed', () => {
  const landed = (id: string, head: string): boolean => id === 'a' && head === 'a1'
  expect(openReds([red('r1', 5, 'a', 'b', 'c')], waiting('b', 'c'), landed)).toEqual([
    { run: 'r1', at: 5, ids: ['b', 'c'] },
  ])
  expect(openReds([red('r1', 5, 'a')], waiting('b'), landed), 'all have landed').toEqual([])
})

test('a member that was sent back or withdrawn explains it', () => {
  expect(openReds([red('r1', 5, 'a', 'b'), red('r2', 6, 'b', 'c')], waiting('b', 'c'), none)).toEqual([
    { run: 'r2', at: 6, ids: ['b', 'c'] },
  ])
})

test('so does one that came back mended, or was handed in again', () => {
  const mended = waiting('a', 'b').set('a', { head: 'a2', since: 7 })
  expect(openReds([red('r1', 5, 'a', 'b')], mended, none)).toEqual([])
  const again = waiting('a', 'b').set('a', { head: 'a1', since: 6 })
  expect(openReds([red('r1', 5, 'a', 'b')], again, none), 'a red from before it was handed in').toEqual([])
  expect(openReds([red('r1', 6, 'a', 'b')], again, none), 'from the very instant').toHaveLength(1)
})

test('that another head of an entry has landed says nothing of this one', () => {
  const landed = (id: string, head: string): boolean => id === 'a' && head === 'a0'
  expect(openReds([red('r1', 5, 'a', 'b')], waiting('b'), landed)).toEqual([])
})

test('the shortest prefix that holds a whole red group', () => {
  const row = ['a', 'b', 'c', 'd', 'e']
  expect(suspectPrefix(row, [])).toBe(0)
  expect(suspectPrefix(row, [set('a')])).toBe(1)
  expect(suspectPrefix(row, [set('b', 'd')])).toBe(4)
  expect(suspectPrefix(row, [set('a', 'e'), set('c', 'b'), set('a', 'b', 'c', 'd')])).toBe(3)
})

test('a group with a member outside the row covers nothing', () => {
  expect(suspectPrefix(['a', 'b'], [set('b', 'x')])).toBe(0)
  expect(suspectPrefix(['a', 'b'], [set('b', 'x'), set('a', 'b')])).toBe(2)
  expect(suspectPrefix([], [set('a')])).toBe(0)
})

test('how likely it is that a suspect is good', () => {
  expect(innocence(0.05, 0, 1), 'nothing is red for nothing').toBe(0)
  expect(innocence(0.05, 0.02, 0), 'before any red').toBeCloseTo(0.95)
  expect(innocence(0.05, 0.02, 1)).toBeCloseTo(0.275, 3)
  expect(innocence(0.05, 0.02, 2)).toBeCloseTo(0.0075, 3)
  expect(innocence(0.4, 0.001, 1)).toBeLessThan(1 / 500)
})
