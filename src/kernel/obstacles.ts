/**
 * What keeps a driver from going on: something it tries again and again without success, such as a queue whose remote is
 * gone. It is no bead's fault, so no bead says so. Lies in `.gt/obstacles.json`, safe to lose: the next driver meets it too.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'

export interface Obstacle {
  rig: string
  /** The beads that stand still for it; none: all that the rig has under way. */
  beads: string[]
  /** RFC 3339: when it was met first. */
  since: string
  /** The code of the failure: what it is, however its words change from one try to the next. */
  code: string
  message: string
  /** What to type; absent where nothing is known to help but time. */
  hint?: string
}

/** As one sees it from a failure. */
export function obstacleOf(rig: string, beads: string[], since: string, failure: Failure): Obstacle {
  const { code, message, hint } = failure
  return { rig, beads, since, code, message, ...(hint !== undefined && { hint }) }
}

/** One for each rig and reason, with all that stand still for it: none of them means everything of the rig. */
export function together(obstacles: readonly Obstacle[]): Obstacle[] {
  const found = new Map<string, Obstacle>()
  for (const one of obstacles) {
    const key = `${one.rig} ${one.code}`
    const other = found.get(key)
    if (other === undefined) found.set(key, one)
    else {
      const whole = one.beads.length === 0 || other.beads.length === 0
      const beads = whole ? [] : [...new Set([...other.beads, ...one.beads])].sort()
      found.set(key, { ...other, beads, since: one.since < other.since ? one.since : other.since })
    }
  }
  return [...found.values()]
}

const fileOf = (runtime: string): string => join(runtime, 'obstacles.json')

/** What cannot be written now is written when it changes next. */
export function writeObstacles(runtime: string, obstacles: readonly Obstacle[]): void {
  if (obstacles.length === 0) rmSync(fileOf(runtime), { force: true })
  else writeFileAtomic(fileOf(runtime), `${JSON.stringify(obstacles)}\n`)
}

/** Those that the driver met last; none when there is no such file, or not a whole one. */
export function readObstacles(runtime: string): Obstacle[] {
  try {
    return JSON.parse(readFileSync(fileOf(runtime), 'utf8')) as Obstacle[]
  } catch {
    return []
  }
}
