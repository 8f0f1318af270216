/**
 * How long a run waits when its provider does not let it go on: until the instant that the provider named, else by a
 * back-off of its own kind. Nothing here counts against the worker, its bead or its restarts.
 */
import type { Limit } from '../beads/facts.ts'
import type { Limiting } from './trouble.ts'

const MINUTE_MS = 60_000

/** First pause and longest pause of each kind, in ms; each time in a row it doubles. */
const PAUSES: Record<Limit['is'], [first: number, longest: number]> = {
  // Counts only where the provider's own instant is over already.
  quota: [MINUTE_MS, 10 * MINUTE_MS],
  throttled: [MINUTE_MS / 2, 10 * MINUTE_MS],
  overloaded: [MINUTE_MS, 10 * MINUTE_MS],
  // A person has to do something, and is slower.
  auth: [10 * MINUTE_MS, 60 * MINUTE_MS],
  billing: [10 * MINUTE_MS, 60 * MINUTE_MS],
}

/** The same kind within this long of the end of the last pause comes in a row: waking takes its turn, and fails slowly. */
const IN_A_ROW_MS = 30 * MINUTE_MS

/**
 * The limit to note for a trouble, with the one noted before. The same failure seen again gives the very same limit, so
 * it can be asked at every look.
 */
export function limitFor(trouble: Limiting, before: Limit | undefined): Limit {
  const { is, at } = trouble
  if (before?.is === is && before.until === untilOf(trouble, before.times)) return before
  const inARow = before?.is === is && at - Date.parse(before.until) < IN_A_ROW_MS
  const times = inARow ? before.times + 1 : 1
  const guess = is === 'quota' && trouble.guessed ? ' (no time that can be read: an hour is assumed)' : ''
  return { is, until: untilOf(trouble, times), times, text: trouble.text + guess }
}

/** A limit that is over before its time, because the run went on: it pauses nobody any more, but counts in a row. */
export function limitOver(limit: Limit, now: Date): Limit {
  return Date.parse(limit.until) <= now.getTime() ? limit : { ...limit, until: now.toISOString() }
}

function untilOf(trouble: Limiting, times: number): string {
  const [first, longest] = PAUSES[trouble.is]
  const pause = trouble.at + Math.min(longest, first * 2 ** Math.min(times - 1, 30))
  return new Date(trouble.is === 'quota' ? Math.max(trouble.resets, pause) : pause).toISOString()
}
