/**
 * Instants of a town that processes have to know of each other and that are no history: when it last went down, when what
 * was frozen last went on. Each is the time of an empty file under `.gt`, safe to lose.
 */
import { closeSync, futimesSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, messageOf, ok, unknown } from '../result.ts'
import { paths } from './paths.ts'

export type Moment =
  /** `gt down` began: who drove the town before it stops by himself. */
  | 'down'
  /** `gt thaw`: a frozen agent gave no sign of life, so nobody's silence is counted from before. */
  | 'thawed'

const fileOf = (root: string, which: Moment): string => join(paths({ root }).runtime, which)

/** Notes that it is now. A note that cannot be written (a full disk) is dropped: each has another guard behind it. */
export function noteMoment(root: string, which: Moment): void {
  try {
    const file = openSync(fileOf(root, which), 'a')
    const now = new Date()
    futimesSync(file, now, now)
    closeSync(file)
  } catch {
    // See above.
  }
}

/** When it was last, in ms since the epoch; `empty`: never. One system call. */
export function lastMoment(root: string, which: Moment): Read<number> {
  try {
    const stat = statSync(fileOf(root, which), { throwIfNoEntry: false })
    // File systems keep microseconds as a fraction that may fall short of the millisecond that was written.
    return stat === undefined ? empty : ok(Math.round(stat.mtimeMs))
  } catch (error) {
    return unknown(messageOf(error))
  }
}

/** Whether it was after that instant (ms since the epoch), as far as is known. */
export function happenedSince(root: string, which: Moment, since: number): boolean {
  const last = lastMoment(root, which)
  return last.kind === 'ok' && last.value > since
}
