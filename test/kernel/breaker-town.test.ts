/** Rigs that stay broken, rigs that work, and rigs that nobody knows about, over three hours (breaker-town.ts). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Breaker } from '../../src/kernel/intensity.ts'
import type { RigPlan, Seen } from './breaker-town.ts'
import { LOOK_S, simulate } from './breaker-town.ts'

const HOUR = 3600
const BROKEN: RigPlan = { crashes: () => 1, crashAfter: [5, 90], worksFor: [120, 900] }
const WORKS: RigPlan = { ...BROKEN, crashes: () => 0 }
const breaksAt = (from: number, to = Number.POSITIVE_INFINITY): RigPlan => ({
  ...BROKEN,
  crashes: (seconds) => (seconds >= from && seconds < to ? 1 : 0),
})

const town = (all: Breaker[]): Breaker | undefined =>
  all.find(({ node, state }) => node === 'town' && state !== 'closed')
const share = ({ looksAfter, refusedAfter }: Seen): number => refusedAfter / looksAfter
const aSeed = fc.integer({ min: 1, max: 1_000_000 })

/** How a rig may work: how long its runs go on, and how many at a time. */
const aHealthy = fc.record({
  worksFor: fc.constantFrom<[number, number]>([60, 300], [120, 900], [1200, 5400]),
  cap: fc.integer({ min: 1, max: 3 }),
})

test('a rig that works is not held by two that stay broken: refused at under 5 % of looks after its first proof', () => {
  fc.assert(
    fc.property(aSeed, aHealthy, (seed, healthy) => {
      let openings = 0
      let was = false
      const watch = (all: Breaker[]): void => {
        const is = town(all) !== undefined
        if (is && !was) openings++
        was = is
      }
      const { a, b, c } = simulate({ a: BROKEN, b: BROKEN, c: { ...WORKS, ...healthy } }, { hours: 3, seed, watch })
      expect(share(c!)).toBeLessThan(0.05)
      // It is the same trouble all the time, and a person is asked about it once or a few times, not each time one tries.
      expect(openings).toBeGreaterThan(0)
      expect(openings).toBeLessThanOrEqual(5)
      // The broken ones try now and then: each a few times while its breaker opens, then about every ten minutes.
      for (const broken of [a!, b!]) expect(broken.crashed.length).toBeLessThan(12 + 3 * 6 + 10)
    }),
    { numRuns: 6 },
  )
}, 60_000)

test('nor is one of whose workers one in twenty crashes', () => {
  const slips = { ...WORKS, crashes: () => 0.05 }
  const seen = [1, 2, 3, 4].map((seed) => simulate({ a: BROKEN, b: BROKEN, c: slips }, { hours: 3, seed }).c!)
  const sum = (of: (one: Seen) => number): number => seen.reduce((all, one) => all + of(one), 0)
  expect(sum(({ crashed }) => crashed.length)).toBeGreaterThan(4)
  expect(sum(({ refusedAfter }) => refusedAfter) / sum(({ looksAfter }) => looksAfter)).toBeLessThan(0.05)
}, 60_000)

test('one that nobody knows about yet tries alone, soon, and then goes on', () => {
  fc.assert(
    fc.property(aSeed, (seed) => {
      const plans = { a: BROKEN, b: BROKEN, c: WORKS, d: { ...WORKS, from: HOUR } }
      const { d } = simulate(plans, { hours: 2, seed })
      expect(share(d!)).toBeLessThan(0.05)
      expect(d!.proven! - HOUR).toBeLessThan(20 * 60)
    }),
    { numRuns: 4 },
  )
  // And when it is broken as well, that costs what one breaker costs.
  const { d } = simulate({ a: BROKEN, b: BROKEN, c: WORKS, d: { ...BROKEN, from: HOUR } }, { hours: 2, seed: 1 })
  expect(d!.crashed.filter((seconds) => seconds < HOUR + 15 * 60).length).toBeLessThanOrEqual(11)
}, 60_000)

test('what all of them have is the town’s: it opens for all, few try, and it is over soon after it is mended', () => {
  fc.assert(
    fc.property(aSeed, (seed) => {
      const one = breaksAt(HOUR, 2 * HOUR)
      let held = 0
      const watch = (all: Breaker[], seconds: number): void => {
        const open = town(all)
        if (seconds < HOUR + 20 * 60 || seconds >= 2 * HOUR) return
        expect(open).toBeDefined()
        if (open?.beside === undefined) held++
      }
      const seen = Object.values(simulate({ a: one, b: one, c: one, d: one }, { hours: 3, seed, watch }))
      // For all of them nearly all of the time, and in all not many more than their own breakers and one at a time allow.
      expect((held * LOOK_S) / (40 * 60)).toBeGreaterThan(0.95)
      expect(seen.flatMap(({ crashed }) => crashed).length).toBeLessThanOrEqual(4 * 11)
      for (const { refused } of seen) expect(refused * LOOK_S).toBeLessThan(HOUR + 30 * 60)
    }),
    { numRuns: 4 },
  )
}, 60_000)
