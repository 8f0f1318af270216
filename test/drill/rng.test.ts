import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fork, rngOf } from '../../src/drill/rng.ts'

const draws = (seed: number, count = 20): number[] => {
  const rng = rngOf(seed)
  return Array.from({ length: count }, () => rng.next())
}

test('a seed gives the same draws again, and another one others', () => {
  expect(draws(7)).toEqual(draws(7))
  expect(draws(7)).not.toEqual(draws(8))
})

test('draws stay within what was asked for, ends included', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.integer({ min: -50, max: 50 }), fc.nat(20), (seed, from, width) => {
      const rng = rngOf(seed)
      for (let n = 0; n < 50; n++) {
        const drawn = rng.int(from, from + width)
        expect(Number.isInteger(drawn) && drawn >= from && drawn <= from + width).toBe(true)
      }
    }),
  )
  const seen = new Set(
    Array.from(
      { length: 200 },
      (
        (rng) => () =>
          rng.int(1, 3)
      )(rngOf(1)),
    ),
  )
  expect(seen).toEqual(new Set([1, 2, 3]))
  expect(rngOf(1).pick([])).toBeUndefined()
  expect(rngOf(1).chance(0)).toBe(false)
  expect(rngOf(1).chance(1)).toBe(true)
})

test('the draws of one fault do not depend on what others drew', () => {
  const [a, again, b] = [fork(7, 3), fork(7, 3), fork(7, 4)]
  for (let n = 0; n < 100; n++) b.next()
  const first = [a.next(), a.next()]
  expect([again.next(), again.next()]).toEqual(first)
  expect([fork(7, 4).next(), fork(7, 5).next()]).not.toContain(first[0])
})
