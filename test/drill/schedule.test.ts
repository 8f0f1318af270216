import { expect, test } from 'vitest'
import type { Kind, Planned } from '../../src/drill/schedule.ts'
import { KINDS, schedule } from '../../src/drill/schedule.ts'

function planned(seed: number, count: number, kinds: readonly Kind[] = KINDS, everyMs = 100): Planned[] {
  const row: Planned[] = []
  for (const one of schedule(seed, kinds, everyMs)) if (row.push(one) === count) break
  return row
}
const kindsOf = (row: Planned[]): Kind[] => row.map(({ kind }) => kind)

test('a seed gives the same faults after the same pauses, and another one others', () => {
  const plain = (seed: number) => planned(seed, 50).map(({ n, kind, waitMs }) => [n, kind, waitMs])
  expect(plain(7)).toEqual(plain(7))
  expect(plain(7)).not.toEqual(plain(8))
})

test('what a fault draws changes no other', () => {
  const row: Kind[] = []
  for (const { kind, rng } of schedule(7, KINDS, 100)) {
    for (let n = 0; n < row.length; n++) rng.next()
    if (row.push(kind) === 50) break
  }
  expect(row).toEqual(kindsOf(planned(7, 50)))
})

test('every kind comes once before any comes twice, and all of them again afterwards', () => {
  for (const seed of [1, 2, 3]) {
    const row = kindsOf(planned(seed, 5_000))
    expect(new Set(row.slice(0, KINDS.length))).toEqual(new Set(KINDS))
    expect(new Set(row.slice(KINDS.length))).toEqual(new Set(KINDS))
  }
})

test('what cannot be tried is not planned; with nothing to try there is no row', () => {
  expect(new Set(kindsOf(planned(7, 100, ['stop', 'torn'])))).toEqual(new Set(['stop', 'torn']))
  expect(planned(7, 5, [])).toEqual([])
})

test('pauses are about as long as asked for', () => {
  const waits = planned(7, 400).map(({ waitMs }) => waitMs)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(50)
  expect(Math.max(...waits)).toBeLessThanOrEqual(150)
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  expect(mean).toBeGreaterThan(90)
  expect(mean).toBeLessThan(110)
})
