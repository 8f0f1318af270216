import { describe, expect, test } from 'vitest'
import type { Seen } from '../../src/refinery/estimate.ts'
import type { Outcome, Setup } from '../bench/refinery/simulate.ts'
import { simulate } from '../bench/refinery/simulate.ts'

const QUEUES = 300
/** Gates during which changes come. */
const HORIZON = 250
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const share = (values: number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)]!

/** Queues of thirty that are all there; the same queues for every policy. */
function waiting(setup: Partial<Setup>, queues = QUEUES): { runs: number; wall: number; outcomes: Outcome[] } {
  const outcomes = Array.from({ length: queues }, (_, seed) =>
    simulate({
      ...{ arrivals: { waiting: 30 }, p: 0.05, f: 0, slots: 1, policy: 'prefixes', estimates: 'known', seed },
      ...setup,
    }),
  )
  return { runs: mean(outcomes.map(({ runs }) => runs)), wall: mean(outcomes.map(({ wall }) => wall)), outcomes }
}

/** Queues into which changes come at random, `rate` a gate. */
function coming(rate: number, setup: Partial<Setup> = {}): Outcome[] {
  return Array.from({ length: 8 }, (_, seed) =>
    simulate({
      ...{
        arrivals: { rate, horizon: HORIZON },
        p: 0.05,
        f: 0.02,
        slots: 1,
        policy: 'prefixes',
        estimates: 'known',
        seed,
      },
      ...setup,
    }),
  )
}

test('the same seed is the same queue, another is another', () => {
  const setup: Setup = {
    ...{ arrivals: { rate: 2, horizon: 50 }, p: 0.1, f: 0.02, slots: 2, policy: 'prefixes', estimates: 'learned' },
    ...{ spread: 0.5, seed: 7 },
  }
  expect(simulate(setup)).toEqual(simulate(setup))
  expect(simulate({ ...setup, seed: 8 }).waits).not.toEqual(simulate(setup).waits)
})

test('every entry leaves once: good ones land, bad ones go back', () => {
  for (const policy of ['serial', 'halving', 'nested', 'prefixes'] as const) {
    for (const { landed, returned, goodReturned, badLanded, waits } of waiting({ policy, p: 0.2 }, 60).outcomes) {
      expect([landed + returned, goodReturned, badLanded, waits.length]).toEqual([30, 0, 0, landed])
    }
  }
})

describe('thirty changes waiting, one slot', () => {
  test('5 % bad: at most 9.3 runs, fewer than halving, which needs fewer than one by one', () => {
    const [serial, halving, nested, ours] = (['serial', 'halving', 'nested', 'prefixes'] as const).map(
      (policy) => waiting({ policy }).runs,
    ) as [number, number, number, number]
    expect(ours).toBeLessThan(9.1)
    expect(ours).toBe(nested)
    expect(nested).toBeLessThan(halving * 0.98)
    expect(halving).toBeLessThan(serial)
    expect(serial).toBe(30)
  })

  test('10 % bad: at most 15 runs', () => {
    expect(waiting({ p: 0.1 }).runs).toBeLessThan(15)
    expect(waiting({ p: 0.1, policy: 'halving' }).runs).toBeGreaterThan(15.5)
  })

  test('40 % bad: one by one, and no more than that', () => {
    expect(waiting({ p: 0.4 }, 100).runs).toBe(30)
  })

  test('none bad: very few runs', () => {
    expect(waiting({ p: 0 }, 1).runs).toBe(1)
  })
})

test('two slots: at most 6 gates of wall time at 5 %, and four are quicker still', () => {
  const two = waiting({ slots: 2 })
  expect(two.wall).toBeLessThan(6)
  expect(two.runs, 'paid for with runs, within reason').toBeLessThan(12.5)
  expect(waiting({ slots: 4 }).wall).toBeLessThan(4.5)
})

describe('2 % of runs on good code are red', () => {
  test.each([
    [0.05, 1, 11.2],
    [0.05, 2, 13.4],
    [0.2, 1, 30],
  ])('p = %s, %s slots: no more than a thousandth of good changes goes back', (p, slots, most) => {
    const { runs, outcomes } = waiting({ p, slots, f: 0.02 })
    const rejected = outcomes.reduce((sum, { goodReturned }) => sum + goodReturned, 0)
    const good = outcomes.reduce((sum, { landed, goodReturned }) => sum + landed + goodReturned, 0)
    expect(rejected / good).toBeLessThan(1 / 1000)
    expect(runs).toBeLessThan(most)
  })
})

test('p and f that are learned cost little once they are', () => {
  let taught: Seen = { verdicts: [], goodRuns: [] }
  const learning = { p: 0.2, f: 0.02, estimates: 'learned' } as const
  for (let seed = 900; seed < 920; seed++) {
    taught = simulate({ arrivals: { waiting: 30 }, slots: 1, policy: 'prefixes', ...learning, taught, seed }).taught
  }
  const told = waiting({ ...learning, estimates: 'known' }, 150).runs
  expect(waiting({ ...learning, taught }, 150).runs).toBeLessThan(told * 1.03)
  expect(waiting(learning, 150).runs, 'from nothing').toBeLessThan(told * 1.15)
})

describe('changes that come while others are tested', () => {
  test('more than one slot can take: 28 land in an hour of five-minute gates, with 0.45 runs each', () => {
    const outcomes = coming(4)
    expect(mean(outcomes.map(({ landedInTime }) => landedInTime / HORIZON)) * 12).toBeGreaterThan(28)
    expect(mean(outcomes.map(({ runs, landed }) => runs / landed))).toBeLessThan(0.45)
  })

  test('one a gate: a search in one slot keeps newcomers for two gates, and few for four', () => {
    const newcomers = coming(1).flatMap((one) => one.newcomers)
    expect(share(newcomers, 0.5)).toBeLessThan(2)
    expect(share(newcomers, 0.95)).toBeLessThan(4.2)
    const two = coming(1, { slots: 2 }).flatMap((one) => one.newcomers)
    expect(share(two, 0.95)).toBeLessThan(3)
  })

  test('nobody is kept for long while there is room: two a gate, two slots', () => {
    const waits = coming(2, { slots: 2 }).flatMap((one) => one.waits)
    expect(share(waits, 0.5)).toBeLessThan(1.7)
    expect(share(waits, 0.95)).toBeLessThan(4.5)
    expect(Math.max(...waits)).toBeLessThan(20)
  })

  test('in one slot nothing is started that the next look stops', () => {
    for (const { stopped } of coming(2)) expect(stopped).toBe(0)
  })

  test.each([1, 2, 3, 4])('gates that take from a half to one and a half: %s slots', (slots) => {
    for (const rate of [1, 3]) {
      for (const one of coming(rate, { slots, p: 0.1, spread: 0.5 })) {
        expect(one.badLanded).toBe(0)
        expect(one.landed + one.returned).toBeGreaterThan(100)
      }
    }
  })
})
