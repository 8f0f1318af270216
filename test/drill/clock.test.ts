import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { moveClock } from '../../src/drill/clock.ts'
import { realTime, TownClock } from '../../src/drill/town-clock.ts'

const HOUR = 3_600_000
const Real = globalThis.Date
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gt-clock-'))
})
afterEach(() => {
  globalThis.Date = Real
  rmSync(dir, { recursive: true })
})

/** Whether a time is `offset` ahead of ours, within what a slow test may take. */
const ahead = (time: number, offset: number): boolean => Math.abs(time - Real.now() - offset) < 10_000

/** Waits until the clock's file was read again; by no clock that the test itself moves. */
async function reads(look: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !look(); await delay(5)) {
    if (performance.now() > end) throw new Error('the clock was never read again')
  }
}

test('a process that was given a clock goes by it in every way of asking, and by the real one without it', async () => {
  const clock = new TownClock(join(dir, 'clock'))
  moveClock(clock.file)
  clock.setWrong(HOUR)
  await reads(() => ahead(Date.now(), HOUR))
  expect(ahead(Real.parse(new Date().toISOString()), HOUR)).toBe(true)
  expect(ahead(Real.parse(Date()), HOUR)).toBe(true)
  // What names an instant is that instant.
  expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z')
  expect(Date.parse('2026-01-01T00:00:00Z')).toBe(Real.UTC(2026, 0, 1))
  expect(new Date() instanceof Date && new Real() instanceof Date).toBe(true)
  clock.setWrong(-HOUR)
  await reads(() => ahead(Date.now(), -HOUR))
  writeFileSync(clock.file, 'no number')
  await reads(() => ahead(Date.now(), 0))
  rmSync(clock.file)
  expect(ahead(Date.now(), 0)).toBe(true)
})

test('a clock that is set right again shows the time that has passed', () => {
  const clock = new TownClock(join(dir, 'clock'))
  clock.pass(30_000)
  clock.setWrong(-HOUR)
  expect(ahead(clock.now(), 30_000 - HOUR)).toBe(true)
  clock.pass(60_000)
  clock.setWrong(0)
  expect(ahead(clock.now(), 90_000)).toBe(true)
  expect(clock.passed).toBe(90_000)
  expect(clock.stands.map(({ offset }) => offset)).toEqual([0, 30_000, 30_000 - HOUR, 90_000 - HOUR, 90_000])
})

test('the real instant of a record is found, whatever the clock showed then', () => {
  const stands = [
    { at: 1_000, offset: 0 },
    { at: 5_000, offset: HOUR },
    { at: 7_000, offset: 0 },
    { at: 9_000, offset: 30_000 },
    { at: 12_000, offset: 30_000 - HOUR },
  ]
  const shownAt = (real: number): number => real + (stands.findLast(({ at }) => at <= real)?.offset ?? 0)
  for (const real of [1_500, 4_999, 5_000, 6_500, 8_000, 9_001, 11_999, 12_500]) {
    expect(realTime(shownAt(real), stands, 13_000), String(real)).toBe(real)
  }
  // Read a moment before the clock was set, written a moment after; also when it would fit the last stand exactly.
  expect(realTime(5_020, stands, 13_000)).toBe(5_020)
  expect(realTime(9_040, stands, 13_000)).toBe(9_040)
})
