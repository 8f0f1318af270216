/** Since when a budget is used up: when somebody first saw it so. Runtime state, safe to lose. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../town/atomic.ts'
import type { Purse } from './budget.ts'
import { isSpent } from './budget.ts'

const fileOf = (runtime: string): string => join(runtime, 'spent.json')

/** Dates the purses that are used up; what is not any more is forgotten. `today`: of purses of a day. */
export function dateSpent(runtime: string, purses: Iterable<Purse>, today: string, now: Date): void {
  const spent = [...purses].filter(isSpent)
  const before = read(runtime)
  const dated: Record<string, string> = {}
  for (const purse of spent) {
    const key = `${purse.id} ${purse.cap.count} ${purse.scope === 'day' || purse.scope === 'rig' ? today : ''}`
    purse.since = dated[key] = before[key] ?? now.toISOString()
  }
  const [old, fresh] = [before, dated].map((one) => Object.keys(one).sort().join())
  // What cannot be kept is dated anew by whoever looks next.
  if (old !== fresh) writeFileAtomic(fileOf(runtime), JSON.stringify(dated))
}

function read(runtime: string): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(readFileSync(fileOf(runtime), 'utf8'))
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, string>) : {}
  } catch {
    return {}
  }
}
