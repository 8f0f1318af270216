/**
 * When a usage limit ends, from the client's words. Written by Claude Code 2.1.330 (measured): `6:09pm (UTC)`, `3am
 * (Europe/Berlin)` within 24 hours, `Nov 29, 2pm (America/New_York)` later, `Jan 5, 2027, 6:08pm (UTC)` in another year.
 * Seconds are cut off, so the minute that it names has to be over. Other spellings are read where they are plain.
 */

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** A time of day that was over this shortly before it was said means just now, not tomorrow. */
const JUST_NOW_MS = 5 * MINUTE_MS

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const DATE = String.raw`(?<month>[A-Za-z]{3,9})\.? (?<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?<year>\d{4}))?,?(?: at)? `
const CLOCK = String.raw`(?<hour>\d{1,2})(?::(?<minute>\d{2}))? ?(?<half>[ap])?\.?m?\.?`
const RESET = new RegExp(
  String.raw`\bresets?:? (?:at |on )?(?:${DATE})?${CLOCK}(?![\w:])(?: ?\((?<zone>[^)]+)\))?`,
  'i',
)

/** A date and a time of day as a calendar and a clock in some place show them; `month` from 0. */
interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
}

/**
 * The end of the minute that `message` names after "resets", in epoch milliseconds. `saidAt` (epoch milliseconds) is when
 * it was said: a time of day is the next one after it, a date without a year the next such day. Without a zone it is this
 * process's own. `undefined`: there is no time in it that can be read.
 */
export function resetTime(message: string, saidAt: number): number | undefined {
  const found = RESET.exec(message.replace(/\s+/g, ' '))?.groups
  if (found === undefined) return undefined
  const zone = found.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const clock = clockOf(found)
  const said = wallAt(saidAt, zone)
  if (clock === undefined || said === undefined) return undefined
  const month = found.month === undefined ? undefined : MONTHS.indexOf(found.month.slice(0, 3).toLowerCase())
  const day = Number(found.day)
  if (month === -1 || day < 1 || day > 31) return undefined
  if (month === undefined) {
    const today = instantOf({ ...said, ...clock }, zone)
    if (today >= saidAt - JUST_NOW_MS) return today + MINUTE_MS
    return instantOf({ ...said, day: said.day + 1, ...clock }, zone) + MINUTE_MS
  }
  const date = { year: Number(found.year ?? said.year), month, day, ...clock }
  const instant = instantOf(date, zone)
  const passed = found.year === undefined && instant < saidAt - DAY_MS
  return (passed ? instantOf({ ...date, year: date.year + 1 }, zone) : instant) + MINUTE_MS
}

/** `3am`, `12:20pm`, `15:30`; a bare number is no time. */
function clockOf(found: Record<string, string | undefined>): Pick<Wall, 'hour' | 'minute'> | undefined {
  const hour = Number(found.hour)
  const minute = Number(found.minute ?? 0)
  if (minute > 59) return undefined
  if (found.half === undefined) return found.minute === undefined || hour > 23 ? undefined : { hour, minute }
  if (hour < 1 || hour > 12) return undefined
  return { hour: (hour % 12) + (found.half.toLowerCase() === 'p' ? 12 : 0), minute }
}

/** What clocks in a time zone show at an instant; `undefined`: there is no such zone. */
function wallAt(instant: number, zone: string): Wall | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    })
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]))
    const { year, month, day, hour, minute } = parts as Record<keyof Wall, number>
    return { year, month: month - 1, day, hour, minute }
  } catch {
    return undefined
  }
}

const asUtc = ({ year, month, day, hour, minute }: Wall): number => Date.UTC(year, month, day, hour, minute)

/**
 * The instant at which clocks in a (known) zone show this. The hour that a change of clocks shows twice means its second
 * time, and one that it leaves out the later reading: never too early.
 */
function instantOf(wall: Wall, zone: string): number {
  const utc = asUtc(wall)
  const shown = (instant: number): number => asUtc(wallAt(instant, zone)!)
  const readings = [utc - DAY_MS, utc + DAY_MS].map((near) => utc - (shown(near) - near))
  const exact = readings.filter((instant) => shown(instant) === utc)
  return Math.max(...(exact.length > 0 ? exact : readings))
}
