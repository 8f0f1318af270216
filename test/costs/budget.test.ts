/** What may be spent, what was, and what that means: pure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tokens } from '../../src/beads/facts.ts'
import type { Purse, Raise, Rules } from '../../src/costs/budget.ts'
import { isSpent, pursesOf, STANDS } from '../../src/costs/budget.ts'
import { raiseFor } from '../../src/costs/raises.ts'
import type { Item } from '../../src/costs/rows.ts'
import type { Spender } from '../../src/costs/spent.ts'
import { NOTHING } from '../../src/costs/tokens.ts'
import { amountWords, parseAmount } from '../../src/town/amount.ts'
import { aBead, aRun, at, beadWith, stateOf } from '../kernel/support.ts'

const child = { dependencies: [{ issue_id: 'gp-e.1', depends_on_id: 'gp-e', type: 'parent-child' }] as never }
const state = stateOf(
  aBead('gp-e', { issue_type: 'epic' }),
  beadWith(aRun('r1', 'gp-e.1'), {}, child),
  beadWith(aRun('r2', 'gp-z', { rig: 'app', state: 'failed' })),
  beadWith(aRun('r3', 'gp-y', { state: 'finished' }), {}, { status: 'closed' }),
)
const TODAY = '2026-01-01'
const runIn = (bead: string): Spender => {
  const found = state.beads.get(bead)!
  const [run] = Object.values((found.metadata as any).gt.runs) as any[]
  return { address: run.agent, role: 'polecat', rig: run.rig, bead: found, run, sessions: {} }
}
const mayor: Spender = { address: 'mayor', role: 'mayor', sessions: {} }
const item = (spender: Spender, usd: number | null, more: Partial<Item> = {}): Item => ({
  spender,
  day: TODAY,
  model: 'claude-opus-5-5',
  tokens: { ...NOTHING, output: 1000 } as Tokens,
  usd,
  ...(usd === null && { unknown: 'no price' }),
  ...more,
})
const shares = { warn: 80, stop: 120 }
const rules = (town: Partial<Rules['town']>, rigs: Record<string, object> = {}): Rules => ({
  town: { ...shares, ...town } as Rules['town'],
  rigs: new Map(Object.entries(rigs)) as Rules['rigs'],
})
const look = (items: Item[], given: Rules, raises: Record<string, Raise> = {}): Map<string, Purse> =>
  pursesOf({ items, rules: given, raises, state, today: TODAY })
const brief = (purses: Map<string, Purse>) => [...purses.values()].map(({ id, spent, stands }) => [id, spent, stands])

test('each purse pays for what is its own: the day, a rig, an epic with all under it, a bead, a run at work', () => {
  const items = [
    item(runIn('gp-e.1'), 5),
    item(runIn('gp-e.1'), 7, { day: '2025-12-31' }),
    item(runIn('gp-z'), 2),
    item(runIn('gp-y'), 1),
    item(mayor, 3),
  ]
  const given = rules({ day: 100, convoy: 100, bead: 100, run: 14 }, { gp: { day: 7 }, app: { bead: 'none', day: 50 } })
  expect(brief(look(items, given))).toEqual([
    ['day', 11, 'within'],
    ['rig:gp', 6, 'warn'],
    ['rig:app', 2, 'within'],
    ['convoy:gp-e', 12, 'within'],
    ['bead:gp-e.1', 12, 'within'],
    ['run:r1', 12, 'warn'],
  ])
  // Nothing is limited where nobody said so, and a purse of the day is there before anything was used.
  expect(brief(look(items, rules({})))).toEqual([])
  expect(brief(look([], given))).toHaveLength(3)
})

test('unknown use counts as all of it, and is never a reason to stop somebody; tokens without a price are known', () => {
  const items = [
    item(runIn('gp-z'), null),
    item(runIn('gp-e.1'), null, { model: undefined, tokens: NOTHING, unknown: 'gone' }),
  ]
  expect(look(items, rules({ day: 100 })).get('day')).toMatchObject({ spent: 0, stands: 'over', unknown: [{}, {}] })
  const tokens = look(items, rules({ day: '1M tokens' })).get('day')
  expect(tokens).toMatchObject({ spent: 1000, stands: 'over', unknown: [{ name: 'r1', why: 'gone' }] })
  expect(look(items.slice(0, 1), rules({ day: '1M tokens' })).get('day')).toMatchObject({
    stands: 'within',
    unknown: [],
  })
})

test('a raise is its amount once more, lets the unknown pass, and is over with its day', () => {
  const items = [item(runIn('gp-e.1'), 12), item(runIn('gp-z'), null)]
  const given = rules({ day: 10, run: 10 })
  const raised = (id: string, more = {}) =>
    raiseFor(look(items, given).get(id)!, { today: TODAY, by: 'person', at: at(0), ...more })
  const day = raised('day')
  expect(day).toEqual({ cap: { count: 22, unit: 'usd' }, accepts: ['r2'], day: TODAY, by: 'person', at: at(0) })
  expect(look(items, given, { day }).get('day')).toMatchObject({
    stands: 'within',
    cap: { count: 22 },
    base: 10,
    unknown: [],
  })
  expect(look(items, given, { day: { ...day, day: '2025-12-31' } }).get('day')).toMatchObject({
    stands: 'stop',
    cap: { count: 10 },
  })
  expect(raised('run:r1', { to: 15 })).toMatchObject({ cap: { count: 15 }, accepts: [] })
  // Where nothing but the unknown used it up, the amount stays.
  const unknown = look(items.slice(1), given).get('day')!
  expect(raiseFor(unknown, { today: TODAY, by: 'person', at: at(0) })).toMatchObject({
    cap: { count: 10 },
    accepts: ['r2'],
  })
})

test('amounts are dollars or tokens, and read back as they are told', () => {
  expect(parseAmount(12.5)).toEqual({ count: 12.5, unit: 'usd' })
  expect(parseAmount('20')).toEqual({ count: 20, unit: 'usd' })
  expect(parseAmount('1.5M tokens')).toEqual({ count: 1_500_000, unit: 'tokens' })
  expect(parseAmount('none')).toBeNull()
  for (const wrong of [0, -1, '$5', '5 EUR', '5Mtokens', '', Number.NaN, true, '0 tokens'])
    expect(parseAmount(wrong)).toBeUndefined()
  expect([999, 1500, 12_345_678].map((count) => amountWords({ count, unit: 'tokens' }))).toEqual([
    '999 tokens',
    '1.5k tokens',
    '12.35M tokens',
  ])
})

const anItem = fc
  .record({
    who: fc.constantFrom<Spender>(runIn('gp-e.1'), runIn('gp-z'), runIn('gp-y'), mayor),
    usd: fc.option(fc.double({ min: 0, max: 20, noNaN: true })),
    day: fc.constantFrom(TODAY, '2025-12-31', undefined),
  })
  .map(({ who, usd, day }) => item(who, usd, { day }))

test('more use never makes a purse milder, a greater budget never graver; what stands is by the shares alone', () => {
  const grade = (purse: Purse | undefined): number => STANDS.indexOf(purse?.stands ?? 'within')
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 12 }), anItem, fc.integer({ min: 1, max: 40 }), (items, one, cap) => {
      const given = (count: number) =>
        rules({ day: count, convoy: count, bead: count, run: count }, { gp: { day: count } })
      const before = look(items, given(cap))
      const after = look([...items, one], given(cap))
      const wider = look(items, given(2 * cap))
      for (const [id, purse] of before) {
        expect(grade(after.get(id))).toBeGreaterThanOrEqual(grade(purse))
        expect(grade(wider.get(id))).toBeLessThanOrEqual(grade(purse))
        const share = purse.spent / cap
        expect(purse.stands === 'stop').toBe((100 * purse.spent) / cap >= 120)
        expect(isSpent(purse)).toBe(share >= 1 || purse.unknown.length > 0)
      }
    }),
  )
})
