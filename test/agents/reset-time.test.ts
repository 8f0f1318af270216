import fc from 'fast-check'
import { expect, test } from 'vitest'
import { resetTime } from '../../src/agents/reset-time.ts'

/** A Thursday. */
const said = Date.parse('2026-11-26T18:08:19Z')

const end = (message: string, at = said): string | undefined => {
  const reset = resetTime(message, at)
  return reset === undefined ? undefined : new Date(reset).toISOString().slice(0, 16)
}

// The first five as written by Claude Code 2.1.330 for a reset at a known instant (measured); the minute has to be over.
test.each([
  ["You've hit your 5-hour limit · resets 8:08pm (UTC)", '2026-11-26T20:09'],
  ["You've hit your 5-hour limit · resets 9pm (Europe/Berlin)", '2026-11-26T20:01'],
  ["You've hit your 5-hour limit · resets 7:38pm (Asia/Kolkata)", '2026-11-27T14:09'],
  ["You've hit your weekly limit · resets Nov 28, 2pm (America/New_York)", '2026-11-28T19:01'],
  ["You've hit your weekly limit · resets Jan 5, 2027, 6:08pm (UTC)", '2027-01-05T18:09'],
  ["You've hit your limit · resets 12:20pm (UTC)", '2026-11-27T12:21'],
  ["You've hit your limit · resets 12am (UTC)", '2026-11-27T00:01'],
  ['Limit reached · resets 3am (Europe/Berlin)', '2026-11-27T02:01'],
  ['Limit reached ∙ resets Dec 2 at 3am (UTC)', '2026-12-02T03:01'],
  ['Usage limit. Resets at 15:30 (UTC).', '2026-11-27T15:31'],
  ['resets\n  November 28th,  3 a.m. (UTC)', '2026-11-28T03:01'],
  ['resets Jan 2, 3am (UTC)', '2027-01-02T03:01'],
])('%s', (message, expected) => {
  expect(end(message)).toBe(expected)
})

test.each([
  "You've hit your 5-hour limit",
  'resets soon',
  'resets 8',
  'resets 13pm (UTC)',
  'resets 8:99pm (UTC)',
  'resets 8:08pm (Nowhere/At_All)',
  'resets Foo 3, 8pm (UTC)',
  'resets Nov 41, 8pm (UTC)',
  'presets 8pm (UTC)',
])('nothing that can be read: %s', (message) => {
  expect(end(message)).toBeUndefined()
})

test('a time of day that was just over means just now; one that was over for longer means tomorrow', () => {
  expect(end('resets 6:06pm (UTC)')).toBe('2026-11-26T18:07')
  expect(end('resets 5:58pm (UTC)')).toBe('2026-11-27T17:59')
})

test('tomorrow is the next day of the named zone, over the end of a month and a change of clocks', () => {
  expect(end('resets 3am (UTC)', Date.parse('2026-12-31T23:00:00Z'))).toBe('2027-01-01T03:01')
  // Already the 28th in Kiritimati.
  expect(end('resets 9am (Pacific/Kiritimati)', Date.parse('2026-11-27T18:00:00Z'))).toBe('2026-11-27T19:01')
  // Berlin leaves summer time that night.
  expect(end('resets 9am (Europe/Berlin)', Date.parse('2026-10-24T10:00:00Z'))).toBe('2026-10-25T08:01')
})

test('without a zone it is this process’s own', () => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  expect(end('resets 8:08pm')).toBe(end(`resets 8:08pm (${zone})`))
})

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo']

/** As the client writes an instant. */
function written(instant: number, zone: string, far: boolean): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hour: 'numeric',
    minute: '2-digit',
    hour12: true,
    ...(far && { month: 'short', day: 'numeric', year: 'numeric' }),
  })
    .format(instant)
    .replace(/\s*([AP])M/, (_, half) => `${half.toLowerCase()}m`)
    .replace(':00', '')
  return `resets ${parts} (${zone})`
}

test('whatever instant the client writes, in any zone: never too early, and exact but for an hour shown twice', () => {
  const instants = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2028-01-01') })
  const ahead = fc.integer({ min: 0, max: 60 * 24 * 60 })
  fc.assert(
    fc.property(instants, ahead, fc.constantFrom(...ZONES), (at, minutes, zone) => {
      const reset = at + minutes * 60_000
      const message = written(reset, zone, minutes >= 23 * 60)
      const minute = Math.floor(reset / 60_000) * 60_000
      const read = resetTime(message, at)!
      expect(read).toBeGreaterThan(reset)
      expect(read - 60_000 - minute).toBeLessThanOrEqual(3_600_000)
      if (read - 60_000 !== minute) expect(written(read - 60_000, zone, true)).toBe(written(minute, zone, true))
    }),
    { numRuns: 300 },
  )
})
