/**
 * A person's word that a budget may be exceeded: by purse, in the town's runtime state. Safe to lose: without it the budget is
 * what the settings say.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import type { Purse, Raise } from './budget.ts'

type Raises = Record<string, Raise>

/** Days and runs go; a file of all of them does not grow for ever. */
const KEPT = 200

const fileOf = (runtime: string): string => join(runtime, 'raises.json')

/** None where there is no file, or none that we understand. */
export function readRaises(runtime: string): Raises {
  try {
    const read: unknown = JSON.parse(readFileSync(fileOf(runtime), 'utf8'))
    return typeof read === 'object' && read !== null ? (read as Raises) : {}
  } catch {
    return {}
  }
}

/** Adds these to what was said before. Error: E_WRITE. */
export function writeRaises(runtime: string, more: Raises): Result<void> {
  const all = Object.entries({ ...readRaises(runtime), ...more })
  const kept = all.sort(([, a], [, b]) => (a.at < b.at ? -1 : 1)).slice(-KEPT)
  return writeFileAtomic(fileOf(runtime), JSON.stringify(Object.fromEntries(kept)))
}

/**
 * The word that lets a purse go on: its amount once more, counted from what is spent by now, or `to`; and what is unknown in it
 * passes. Where that alone uses it up, the amount stays.
 */
export function raiseFor(
  { cap, base, scope, spent, unknown }: Purse,
  how: { to?: number | undefined; before?: Raise | undefined; today: string; by: string; at: string },
): Raise {
  const { to, before, today, by, at } = how
  const more = unknown.length > 0 && spent < cap.count ? 0 : base
  return {
    cap: { ...cap, count: to ?? Math.max(cap.count, spent) + more },
    accepts: [...new Set([...(before?.accepts ?? []), ...unknown.map(({ name }) => name)])],
    ...((scope === 'day' || scope === 'rig') && { day: today }),
    by,
    at,
  }
}
