/**
 * When each chore was last looked at, and what came of it: `.gt/dogs.json`. Runtime state, safe to lose at the price of a
 * look too many. This process keeps a copy, so that an idle daemon reads nothing.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import type { ChoreName } from './schedule.ts'
import { CHORES } from './schedule.ts'

export interface Look {
  /** When it began, in ms since the epoch. */
  at: number
  /** `nothing`: looked, and there was nothing to do. */
  outcome: 'nothing' | 'done' | 'failed'
  /** How many things were done. */
  did: number
  ms: number
  lines: string[]
}

const fileOf = (runtime: string): string => join(runtime, 'dogs.json')
const held = new Map<string, Map<ChoreName, Look>>()

/** The last looks as this process knows them; from the file at the first call. `runtime` is the town's `.gt`. */
export function lastLooks(runtime: string): ReadonlyMap<ChoreName, Look> {
  const known = held.get(runtime)
  if (known !== undefined) return known
  const read = readLooks(runtime)
  held.set(runtime, read)
  return read
}

/** For choresDue and nextChore: the time of each last look. */
export function lastTimes(runtime: string): Map<string, number> {
  return new Map([...lastLooks(runtime)].map(([name, { at }]) => [name, at]))
}

/** What the file says now, also of what other processes did. What is not there, or no look, was never looked at. */
export function readLooks(runtime: string): Map<ChoreName, Look> {
  const found = new Map<ChoreName, Look>()
  try {
    const read = JSON.parse(readFileSync(fileOf(runtime), 'utf8')) as Record<string, Partial<Look> | undefined>
    for (const name of CHORES) {
      const look = read[name]
      if (typeof look?.at === 'number' && Array.isArray(look.lines)) found.set(name, look as Look)
    }
  } catch {
    // Lost or torn: everything is due.
  }
  return found
}

/** Remembers a look; in memory whatever becomes of the file, so that a full disk makes no circle. Errors: E_WRITE. */
export function noteLook(runtime: string, name: ChoreName, look: Look): Result<void> {
  const all = new Map([...lastLooks(runtime), ...newer(readLooks(runtime), lastLooks(runtime)), [name, look]])
  held.set(runtime, all)
  return writeFileAtomic(fileOf(runtime), `${JSON.stringify(Object.fromEntries(all))}\n`)
}

/** Remembers only here that a chore is somebody else's at the moment. */
export function noteBusy(runtime: string, name: ChoreName, at: number): void {
  const before = lastLooks(runtime).get(name)
  const look: Look = before ? { ...before, at } : { at, outcome: 'nothing', did: 0, ms: 0, lines: [] }
  held.set(runtime, new Map([...lastLooks(runtime), [name, look]]))
}

const newer = (read: Map<ChoreName, Look>, own: ReadonlyMap<ChoreName, Look>): [ChoreName, Look][] =>
  [...read].filter(([name, { at }]) => at > (own.get(name)?.at ?? Number.NEGATIVE_INFINITY))
