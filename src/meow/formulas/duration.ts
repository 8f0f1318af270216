/** Durations as formulas have them: besides `30m` also several parts, `1h30m` (the format's spelling is Go's). */
import { parseDuration } from '../../town/duration.ts'

/** Milliseconds of `30m`, `1h30m`, `1.5h`; `undefined` for anything else, a bare number included. */
export function formulaDuration(text: string): number | undefined {
  const parts = /^(?:[\d.]+[a-z]+)+$/.test(text.trim()) ? text.match(/[\d.]+[a-z]+/g) : null
  let sum = 0
  for (const part of parts ?? ['']) {
    const ms = parseDuration(part)
    if (ms === undefined) return undefined
    sum += ms
  }
  return sum
}
