/**
 * A clock that a drill can move. Every `gt` of a drill's town (and no other) finds a file's name in GT_DRILL_CLOCK; what
 * stands in that file, in ms, is added to every "now" of its process: `new Date()` and `Date.now()`, as if somebody had
 * set the machine's clock. Times of files, start times of processes and timers stay as they are: of those the first two
 * come from the kernel, and the last never went by the clock.
 */
import { readFileSync } from 'node:fs'

/** The variable that src/cli/main.ts looks for. */
export const CLOCK_VARIABLE = 'GT_DRILL_CLOCK'

/** So long a value that was read may be used again, in real ms: loops ask for the time thousands of times. */
const FRESH_MS = 20

const RealDate = globalThis.Date

/** Replaces this process's `Date` by one that goes by the file. A file that cannot be read means the real time. */
export function moveClock(file: string): void {
  let read = Number.NEGATIVE_INFINITY
  let offset = 0
  const now = (): number => {
    const real = RealDate.now()
    if (Math.abs(real - read) > FRESH_MS) {
      read = real
      offset = offsetIn(file)
    }
    return real + offset
  }
  const moved = new Proxy(RealDate, {
    construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, self) => (name === 'now' ? now : Reflect.get(target, name, self)),
  })
  globalThis.Date = moved
}

function offsetIn(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0
  } catch {
    return 0
  }
}
