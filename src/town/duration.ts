/** Durations and times as people write them in settings and options, and as they read them. */

const UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A hundred years: what is longer names no day of a calendar any more. */
const LONGEST = 36_525 * UNIT.d

/** Most that a timer takes, 24 days: a longer one fires at once. */
const TIMER = 2 ** 31 - 1

/** What to give a timer that has to wait so many milliseconds. One that waits for months waits for 24 days. */
export const timerMs = (ms: number): number => Math.min(ms, TIMER)

/**
 * Milliseconds of `90s`, `5m`, `2h`, `1d`, `250ms`, `1.5h`; `undefined` for anything else, a bare number and more than a hundred
 * years included.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim())
  if (match === null) return undefined
  const ms = Math.round(Number(match[1]) * UNIT[match[2] as keyof typeof UNIT])
  return ms > LONGEST ? undefined : ms
}

/** "3 s", "12 min", "5 h", "2 d". */
export function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** The same in few columns, and steady for a minute at least: "<1m", "12m", "5h", "2d". */
export function shortAge(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000)
  if (minutes < 1) return '<1m'
  if (minutes < 90) return `${minutes}m`
  if (minutes < 2160) return `${Math.round(minutes / 60)}h`
  return `${Math.round(minutes / 1440)}d`
}

/** `2026-11-26T09:00:00.123Z` as `2026-11-26 09:00:00Z`. */
export const shortTime = (time: string): string => time.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
