import { array, assert, boolean, property } from 'fast-check'
import { expect, test } from 'vitest'
import { estimate } from '../../src/refinery/estimate.ts'

const NOTHING = { verdicts: [], goodRuns: [] }
/** `count` observations of which every `nth` is a hit. */
const every = (nth: number, count: number): boolean[] => Array.from({ length: count }, (_, i) => i % nth === nth - 1)

test('before anything was seen', () => {
  expect(estimate(NOTHING).p).toBeCloseTo(0.05)
  expect(estimate(NOTHING).f).toBeCloseTo(0.01)
})

test('each is learned from its own observations', () => {
  const bad = estimate({ ...NOTHING, verdicts: every(3, 300) })
  expect(bad.p).toBeGreaterThan(0.28)
  expect(bad.f).toBe(estimate(NOTHING).f)
  const flaky = estimate({ ...NOTHING, goodRuns: every(10, 300) })
  expect(flaky.f).toBeGreaterThan(0.07)
  expect(flaky.p).toBe(estimate(NOTHING).p)
})

test('one day of luck does not make p nothing, nor a bad hour everything', () => {
  const lucky = estimate({ ...NOTHING, verdicts: every(Number.POSITIVE_INFINITY, 10) }).p
  expect(lucky).toBeGreaterThan(0.03)
  const unlucky = estimate({ ...NOTHING, verdicts: [true, true, true] }).p
  expect(unlucky).toBeLessThan(0.2)
})

test('a rig that mended its tests is believed: what is old counts for less', () => {
  const before = Array.from({ length: 150 }, () => true)
  const since = Array.from({ length: 300 }, () => false)
  const mended = estimate({ ...NOTHING, verdicts: [...before, ...since] }).p
  const broken = estimate({ ...NOTHING, verdicts: [...since, ...before] }).p
  expect(mended).toBeLessThan(0.2)
  expect(broken).toBeGreaterThan(0.45)
})

test('always a probability, never certain, and a hit never lowers it', () => {
  assert(
    property(array(boolean(), { maxLength: 400 }), (seen) => {
      for (const key of ['verdicts', 'goodRuns'] as const) {
        const of = (list: boolean[]): number => estimate({ ...NOTHING, [key]: list })[key === 'verdicts' ? 'p' : 'f']
        expect(of(seen)).toBeGreaterThan(0)
        expect(of(seen)).toBeLessThan(1)
        expect(of([...seen, true])).toBeGreaterThan(of([...seen, false]))
      }
    }),
    { seed: 21, numRuns: 100 },
  )
})
