/** Turns of orders over hours, days, changes of the clock's offset and of the clock itself. */
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import type { Orders, Seen } from '../../../src/meow/orders/timetable.ts'
import { laterSeen, nextOrder, ordersDue, seenAt, turnOf, unmarked } from '../../../src/meow/orders/timetable.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const own = process.env.TZ
afterEach(() => zone(own))

/** Node takes over a changed TZ at once. */
function zone(name: string | undefined): void {
  if (name === undefined) delete process.env.TZ
  else process.env.TZ = name
}

const order = (every: number, at?: string, paused = false) => ({ every, paused, ...(at !== undefined && { at }) })
const ms = (text: string): number => Date.parse(text)
const iso = (at: number | undefined): string => (at === undefined ? 'never' : new Date(at).toISOString())

/** Plays a daemon that looks at these instants: the instants at which it carries the order out, in order. */
function played(one: ReturnType<typeof order>, instants: number[], seen: Map<string, Seen> = new Map()): number[] {
  const orders: Orders = { o: one }
  const ran: number[] = []
  for (const now of instants) {
    for (const [name, mark] of unmarked(orders, seen, now)) seen.set(name, mark)
    if (!ordersDue(orders, seen, now).includes('o')) continue
    ran.push(now)
    seen.set('o', seenAt(turnOf(one, seen.get('o'), now), seen.get('o'), now))
  }
  return ran
}

const every = (step: number, from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step)

it('without a time of day it is due at once, then that long after its last turn', () => {
  const one = order(HOUR)
  expect(turnOf(one, undefined, 5000)).toEqual({ at: 5000 })
  expect(played(one, every(10 * MINUTE, 0, 3 * HOUR))).toEqual([0, HOUR, 2 * HOUR, 3 * HOUR])
})

it('what was slept through is one turn', () => {
  zone('UTC')
  const seen = new Map([['o', { at: ms('2026-11-01T03:00:01Z'), day: '2026-11-01' }]])
  const late = ms('2026-11-20T12:00:00Z')
  expect(played(order(DAY, '03:00'), every(MINUTE, late, late + 2 * HOUR), seen)).toEqual([late])
  expect(seen.get('o')).toEqual({ at: late, day: '2026-11-20' })
  expect(played(order(HOUR), every(MINUTE, 9 * HOUR, 9.5 * HOUR), new Map([['o', { at: 0 }]]))).toEqual([9 * HOUR])
})

it('with a time of day its turns begin after it was first seen, and a week keeps its day', () => {
  zone('UTC')
  const ran = played(order(7 * DAY, '03:00'), every(HOUR, ms('2026-11-04T12:00:00Z'), ms('2026-11-20T00:00:00Z')))
  expect(ran.map(iso)).toEqual(['2026-11-05T03:00:00.000Z', '2026-11-12T03:00:00.000Z', '2026-11-19T03:00:00.000Z'])
  // Late by two days: the next one is on its day again.
  const seen = new Map([['o', { at: 0, day: '2026-11-05' }]])
  const late = played(
    order(7 * DAY, '03:00'),
    every(HOUR, ms('2026-11-14T12:00:00Z'), ms('2026-11-20T00:00:00Z')),
    seen,
  )
  expect(late.map(iso)).toEqual(['2026-11-14T12:00:00.000Z', '2026-11-19T03:00:00.000Z'])
})

it.each([
  // An hour that comes twice, and one that is left out; at midnight; a whole day that was left out.
  ['Europe/Berlin', '02:30', '2026-10-24T12:00:00Z', ['2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30']],
  ['Europe/Berlin', '02:30', '2026-03-28T12:00:00Z', ['2026-03-29T01:30', '2026-03-30T00:30', '2026-03-31T00:30']],
  ['America/Havana', '00:00', '2026-03-07T12:00:00Z', ['2026-03-08T05:00', '2026-03-09T04:00', '2026-03-10T04:00']],
  ['America/Nuuk', '23:30', '2026-03-28T12:00:00Z', ['2026-03-29T01:30', '2026-03-30T00:30', '2026-03-31T00:30']],
  ['Pacific/Apia', '03:00', '2011-12-29T02:00:00Z', ['2011-12-29T13:00', '2011-12-30T13:00', '2011-12-31T13:00']],
])('%s at %s, from %s: once a day', (name, at, from, expected) => {
  zone(name)
  const ran = played(order(DAY, at), every(10 * MINUTE, ms(from), ms(from) + 3 * DAY))
  expect(ran.map((one) => iso(one).slice(0, 16))).toEqual(expected)
})

it('a clock that is set back gives no second turn', () => {
  zone('Europe/Berlin')
  const one = order(DAY, '03:00')
  const seen = new Map([['o', { at: ms('2026-11-10T02:00:10Z'), day: '2026-11-10' }]])
  const again = every(MINUTE, ms('2026-11-09T20:00:00Z'), ms('2026-11-11T03:00:00Z'))
  expect(played(one, again, seen).map(iso)).toEqual(['2026-11-11T02:00:00.000Z'])
})

it('a look from a clock that was years ahead does not put it off for years', () => {
  zone('UTC')
  const now = ms('2026-11-10T12:00:00Z')
  const wrong: Seen = { at: ms('2031-01-01T00:00:00Z'), day: '2031-01-01' }
  const ran = played(order(DAY, '03:00'), every(HOUR, now, now + 2 * DAY), new Map([['o', wrong]]))
  expect(ran.map(iso)).toEqual(['2026-11-11T03:00:00.000Z', '2026-11-12T03:00:00.000Z'])
  expect(ordersDue({ o: order(HOUR) }, new Map([['o', wrong]]), now)).toEqual(['o'])
  expect(laterSeen(order(HOUR), wrong, { at: now - 1 }, now)).toEqual({ at: now - 1 })
})

it('a look that was no turn takes none away; one while it is due is its turn', () => {
  zone('UTC')
  const one = order(DAY, '03:00')
  const before = { at: ms('2026-11-10T03:00:00Z'), day: '2026-11-10' }
  const noon = ms('2026-11-10T12:00:00Z')
  const byHand = seenAt(turnOf(one, before, noon), before, noon)
  expect(iso(turnOf(one, byHand, noon)?.at)).toBe('2026-11-11T03:00:00.000Z')
  const due = ms('2026-11-11T04:00:00Z')
  expect(seenAt(turnOf(one, byHand, due), byHand, due)).toEqual({ at: due, day: '2026-11-11' })
})

it('paused, its turns pass; afterwards none is made up for', () => {
  zone('UTC')
  const seen = new Map([['o', { at: ms('2026-11-10T03:00:00Z'), day: '2026-11-10' }]])
  const pause = every(HOUR, ms('2026-11-10T12:00:00Z'), ms('2026-11-14T12:00:00Z'))
  expect(played(order(DAY, '03:00', true), pause, seen)).toEqual([])
  const ran = played(order(DAY, '03:00'), every(HOUR, ms('2026-11-14T13:00:00Z'), ms('2026-11-15T12:00:00Z')), seen)
  expect(ran.map(iso)).toEqual(['2026-11-15T03:00:00.000Z'])
})

it('the longest overdue comes first, and nothing that is paused', () => {
  const orders = { a: order(HOUR), b: order(HOUR), c: order(HOUR, undefined, true) }
  const seen = new Map([
    ['a', { at: 2000 }],
    ['b', { at: 1000 }],
    ['c', { at: 0 }],
  ])
  expect(ordersDue(orders, seen, 2 * HOUR)).toEqual(['b', 'a'])
  expect(nextOrder(orders, seen, 2 * HOUR)).toBeUndefined()
  expect(nextOrder(orders, seen, HOUR + 1500)).toBe(HOUR + 2000)
})

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Nuuk', 'Pacific/Apia']
const anyOrder = fc.record({
  every: fc.integer({ min: 1, max: 9 }).map((days) => days * DAY),
  at: fc
    .record({ h: fc.integer({ min: 0, max: 23 }), m: fc.integer({ min: 0, max: 59 }) })
    .map(({ h, m }) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`),
  paused: fc.constant(false),
})
const anyNow = fc.integer({ min: ms('2024-01-01'), max: ms('2028-01-01') })

it('the next turn is ahead, never more than a turn and a day away, and then it is due and not a moment before', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      anyOrder,
      anyNow,
      fc.integer({ min: 0, max: 40 * DAY }),
      (name, one, at, later) => {
        zone(name)
        const first = turnOf(one, { at }, at)!.at
        const ran = Math.max(first, at + later)
        const seen = seenAt(turnOf(one, { at }, ran), { at }, ran)
        const { at: now } = seen
        const next = turnOf(one, seen, now)!
        expect(next.at).toBeGreaterThan(now)
        expect(next.at - now).toBeLessThanOrEqual(one.every + DAY + 2 * HOUR)
        const orders = { o: one }
        const all = new Map([['o', seen]])
        expect(nextOrder(orders, all, now)).toBe(next.at)
        expect(ordersDue(orders, all, next.at)).toEqual(['o'])
        expect(ordersDue(orders, all, next.at - 1)).toEqual([])
      },
    ),
  )
})

it('whatever the clock does between looks: no day has two turns, and a day after it runs well there is one again', () => {
  const jump = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 10 * HOUR }) },
    fc.integer({ min: -20 * HOUR, max: 5 * DAY }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      anyOrder,
      anyNow,
      fc.array(jump, { maxLength: 30 }),
      (name, one, begin, jumps) => {
        zone(name)
        const daily = { ...one, every: DAY }
        const seen = new Map<string, Seen>()
        const days: string[] = []
        let now = begin
        for (const by of [0, ...jumps]) {
          now += by
          if (played(daily, [now], seen).length > 0) days.push(seen.get('o')!.day!)
        }
        // A clock may go back over a day that is done, by less than a turn each time.
        const back = jumps.filter((by) => by < 0).reduce((sum, by) => sum - by, 0)
        if (back < DAY) expect(days).toEqual([...new Set(days)].sort())
        expect(played(daily, every(HOUR, now, now + 3 * DAY), seen).length).toBeGreaterThan(0)
      },
    ),
  )
})
