/**
 * When each order has its turn. Pure: settings and last looks in, names and instants out.
 *
 * An order without a time of day has a turn `every` after its last one. One with a time of day has a turn for a *day*, which is
 * remembered by its date: an hour that the clock goes through twice, or that is set back to, is no second turn, and an hour that
 * the clock leaps over is the first instant behind it (as JavaScript reads such a time). Several turns that nobody was there for
 * are one.
 */
import type { OrderSettings } from '../../town/settings.ts'

/** The last look at an order. */
export interface Seen {
  /** ms since the epoch. */
  at: number
  /** The day that it stood for (`2026-11-26`); none when that was no turn by a time of day. */
  day?: string
}

export interface Turn {
  /** ms since the epoch; in the past while it is due. */
  at: number
  day?: string
}

type Timing = Pick<OrderSettings, 'every' | 'at' | 'paused'>
export type Orders = Readonly<Record<string, Timing>>
type AllSeen = ReadonlyMap<string, Seen>

const DAY_MS = 86_400_000

/**
 * The turn that is due, else the next one. Undefined for an order with a time of day that was never looked at: its turns begin
 * with the first look (`unmarked`). Any other order that was never looked at is due.
 */
export function turnOf(order: Timing, seen: Seen | undefined, now: number): Turn | undefined {
  const last = honest(order, seen, now)
  if (order.at === undefined) return { at: last === undefined ? now : last.at + order.every }
  if (last === undefined) return undefined
  const { at } = order
  const step = order.every / DAY_MS
  let day = last.day === undefined ? firstAfter(last.at, at) : dayNumber(last.day) + step
  // Where a zone leaves out a whole day, two days are one instant.
  while (last.day !== undefined && instant(day, at) <= instant(dayNumber(last.day), at)) day += step
  const missed = Math.floor((dayOf(now) - day) / step)
  if (missed > 0) day += instant(day + missed * step, at) <= now ? missed * step : (missed - 1) * step
  return { at: instant(day, at), day: dayName(day) }
}

/**
 * Orders whose turn it is, the longest overdue first.
 *
 * @param seen the last look at each (looks.ts, books.ts)
 */
export function ordersDue(orders: Orders, seen: AllSeen, now: number): string[] {
  const due: [string, number][] = []
  for (const [name, order] of Object.entries(orders)) {
    const turn = order.paused ? undefined : turnOf(order, seen.get(name), now)
    if (turn !== undefined && turn.at <= now) due.push([name, turn.at])
  }
  return due.sort((a, b) => a[1] - b[1]).map(([name]) => name)
}

/** The first instant after `now` at which an order that is not due becomes due, in ms since the epoch. */
export function nextOrder(orders: Orders, seen: AllSeen, now: number): number | undefined {
  const ahead = Object.entries(orders).flatMap(([name, order]) => {
    const turn = order.paused ? undefined : turnOf(order, seen.get(name), now)
    return turn !== undefined && turn.at > now ? [turn.at] : []
  })
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}

/**
 * What has to be remembered without doing anything: that an order with a time of day is there from now on, and that the turn of a
 * paused one has passed (it is not made up for).
 */
export function unmarked(orders: Orders, seen: AllSeen, now: number): Map<string, Seen> {
  const marks = new Map<string, Seen>()
  for (const [name, order] of Object.entries(orders)) {
    const turn = turnOf(order, seen.get(name), now)
    if (turn === undefined) marks.set(name, { at: now })
    else if (order.paused && turn.at <= now) marks.set(name, seenAt(turn, seen.get(name), now))
  }
  return marks
}

/** What is remembered of a look now. One that is no turn by the timetable (a person asked for it) stands for no day. */
export function seenAt(turn: Turn | undefined, before: Seen | undefined, now: number): Seen {
  const day = turn !== undefined && turn.at <= now ? turn.day : before?.day
  return { at: now, ...(day !== undefined && { day }) }
}

/** A look from further ahead than one turn is of a clock that was wrong, and counts as none. */
function honest({ every }: Timing, seen: Seen | undefined, now: number): Seen | undefined {
  return seen === undefined || seen.at > now + every ? undefined : seen
}

/** The later of two looks that a clock can have meant. */
export function laterSeen<S extends Seen>(
  order: Timing,
  a: S | undefined,
  b: S | undefined,
  now: number,
): S | undefined {
  const found = [a, b].filter((one) => one !== undefined && honest(order, one, now) !== undefined) as S[]
  return found.sort((one, other) => other.at - one.at)[0]
}

function firstAfter(after: number, at: string): number {
  let day = dayOf(after)
  while (instant(day, at) <= after) day++
  return day
}

/** Days since the epoch of the local date. */
function dayOf(ms: number): number {
  const date = new Date(ms)
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS
}

const dayNumber = (name: string): number => Date.parse(`${name}T00:00:00Z`) / DAY_MS
const dayName = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** When the local clock says HH:MM on that day. Of an hour that comes twice, the first; of one that is left out, what follows. */
function instant(day: number, at: string): number {
  const date = new Date(day * DAY_MS)
  const [hours, minutes] = at.split(':').map(Number)
  return new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), hours, minutes).getTime()
}
