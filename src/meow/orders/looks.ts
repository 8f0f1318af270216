/**
 * When each order was looked at, and what came of it: `.gt/orders.json`. Not in the ledger, because "its condition does not hold"
 * is no fact about anything and would be written every few minutes for ever (design section 5). Safe to lose at the price of a
 * look too early: what was slung or failed is in the ledger as well (books.ts).
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OrderTurn } from '../../beads/facts.ts'
import type { Result } from '../../result.ts'
import { writeFileAtomic } from '../../town/atomic.ts'
import type { Seen } from './timetable.ts'

export interface OrderLook extends Seen {
  /** What came of it the last time that it was carried out; absent when it never was. */
  last?: OrderTurn
}

const fileOf = (runtime: string): string => join(runtime, 'orders.json')
/** What could not be written: a full disk must not make a circle of it. */
const unwritten = new Map<string, Map<string, OrderLook>>()

/** The last looks by order. `runtime`: the town's `.gt`. What is lost or torn was never looked at. */
export function readLooks(runtime: string): Map<string, OrderLook> {
  return new Map([...readFile(runtime), ...(unwritten.get(runtime) ?? [])])
}

function readFile(runtime: string): [string, OrderLook][] {
  try {
    const read = JSON.parse(readFileSync(fileOf(runtime), 'utf8')) as Record<string, Partial<OrderLook> | null>
    return Object.entries(read).filter((entry): entry is [string, OrderLook] => isLook(entry[1]))
  } catch {
    return []
  }
}

const isLook = (look: Partial<OrderLook> | null): boolean =>
  typeof look?.at === 'number' && (look.day === undefined || /^\d{4}-\d\d-\d\d$/.test(look.day))

/**
 * Remembers looks, and forgets orders that `keep` does not name any more. Two who write at once: one look is forgotten. Error:
 * E_WRITE; this process remembers them all the same.
 */
export function noteLooks(
  runtime: string,
  looks: ReadonlyMap<string, OrderLook>,
  keep: (name: string) => boolean = () => true,
): Result<void> {
  const all = new Map([...readLooks(runtime), ...looks].filter(([name]) => keep(name)))
  try {
    mkdirSync(runtime, { recursive: true })
  } catch {
    // What follows says so.
  }
  const written = writeFileAtomic(fileOf(runtime), `${JSON.stringify(Object.fromEntries(all))}\n`)
  if (written.kind === 'error') unwritten.set(runtime, all)
  else unwritten.delete(runtime)
  return written
}
