import { array, assert, constantFrom, double, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { prefixes } from '../../src/refinery/search.ts'

/** As far as a search can go in these tests; the queue's own default is 30. */
const arbitrary = {
  n: integer({ min: 0, max: 24 }),
  part: double({ min: 0, max: 1, noNaN: true }),
  slots: integer({ min: 1, max: 4 }),
  p: constantFrom(0, 0.004, 0.05, 0.1, 0.2, 0.4, 0.7, 1),
}

test.each([
  [0.05, [14], [9, 30]],
  [0.1, [7], [3, 10]],
  [0.2, [3], [1, 4]],
  [0.4, [1], [1, 2]],
])('thirty of which nothing is known, p = %s', (p, one, two) => {
  expect(prefixes({ n: 30, m: 0, slots: 1, p })).toEqual(one)
  expect(prefixes({ n: 30, m: 0, slots: 2, p })).toEqual(two)
})

test('one slot follows nested group testing', () => {
  for (const p of [0.05, 0.1, 0.2, 0.4]) {
    for (const m of [0, 2, 7, 30]) {
      const search = { n: 30, m, slots: 1, p }
      expect(prefixes(search)).toEqual(prefixes(search, 'nested'))
      expect(prefixes({ ...search, slots: 3 }, 'nested'), 'whatever the slots').toEqual(prefixes(search))
    }
  }
})

test('the fewer are bad, the longer the first prefix', () => {
  const sizes = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4].map((p) => prefixes({ n: 30, m: 0, slots: 1, p })[0]!)
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
  expect(sizes[0]).toBe(30)
})

test('a red pair costs one test: the second is judged by the first', () => {
  for (const slots of [1, 2, 4]) expect(prefixes({ n: 9, m: 2, slots, p: 0.05 })).toEqual([1])
})

test('where next to nothing is bad, a second slot stays idle', () => {
  expect(prefixes({ n: 2, m: 0, slots: 4, p: 0 })).toEqual([2])
})

test('nothing to learn', () => {
  for (const policy of ['serial', 'halving', 'nested', 'prefixes'] as const) {
    expect(prefixes({ n: 0, m: 0, slots: 2, p: 0.1 }, policy)).toEqual([])
    expect(prefixes({ n: 5, m: 1, slots: 2, p: 0.1 }, policy), 'a lone suspect').toEqual([])
  }
})

test('what it is compared with', () => {
  expect(prefixes({ n: 30, m: 0, slots: 2, p: 0.1 }, 'serial')).toEqual([1])
  expect(prefixes({ n: 30, m: 0, slots: 2, p: 0.1 }, 'halving')).toEqual([30])
  expect(prefixes({ n: 30, m: 11, slots: 2, p: 0.1 }, 'halving')).toEqual([5])
})

test('ascending sizes that can teach something, at most one a slot, and always one', () => {
  assert(
    property(arbitrary.n, arbitrary.part, arbitrary.slots, arbitrary.p, (n, part, slots, p) => {
      const m = Math.round(part * n)
      const sizes = prefixes({ n, m, slots, p })
      expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b))
      expect(sizes.length).toBeLessThanOrEqual(slots)
      expect(sizes.length > 0, 'there is something to learn').toBe(n > 0 && m !== 1)
      for (const size of sizes) {
        expect(size).toBeGreaterThanOrEqual(1)
        expect(size).toBeLessThanOrEqual(m > 0 ? m - 1 : n)
      }
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('it finds every bad entry, whichever they are', () => {
  assert(
    property(array(constantFrom(true, false, false, false), { maxLength: 20 }), arbitrary.slots, (bad, slots) => {
      let row = bad.map((is, id) => ({ id, is }))
      const found: number[] = []
      let m = 0
      for (let rounds = 0; row.length > 0; rounds++) {
        expect(rounds).toBeLessThan(60)
        const sizes = m === 1 ? [1] : prefixes({ n: row.length, m, slots, p: 0.25 })
        const isRed = (size: number): boolean => row.slice(0, size).some(({ is }) => is)
        const green = Math.max(0, ...sizes.filter((size) => !isRed(size)))
        const red = sizes.find(isRed) ?? m
        row = row.slice(green)
        m = Math.max(0, red - green)
        if (m !== 1) continue
        found.push(row[0]!.id)
        row = row.slice(1)
        m = 0
      }
      expect(found).toEqual(bad.flatMap((is, id) => (is ? [id] : [])))
    }),
    { seed: 12, numRuns: 200 },
  )
})
