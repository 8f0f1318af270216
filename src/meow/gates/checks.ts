/**
 * How gates were looked at, and when each is looked at next: `.gt/gates.json`. Not in the ledger, because a look that finds
 * nothing new is no fact about the gate and would be written every few seconds for ever (design section 5); not in the driver's
 * memory, because a command may look as well, people want to see when the next look is due, and a driver that was ended should
 * not ask the forge about everything again. Safe to lose, at the price of a look too early.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../../result.ts'
import { writeFileAtomic } from '../../town/atomic.ts'
import type { Checked } from './evaluate.ts'

const fileOf = (runtime: string): string => join(runtime, 'gates.json')

/** The last looks by gate. `runtime`: the town's `.gt`. What is lost or torn was never looked at. */
export function readChecks(runtime: string): Map<string, Checked> {
  try {
    const read = JSON.parse(readFileSync(fileOf(runtime), 'utf8')) as Record<string, Partial<Checked>>
    return new Map(Object.entries(read).filter((entry): entry is [string, Checked] => isChecked(entry[1])))
  } catch {
    return new Map()
  }
}

const isChecked = (one: Partial<Checked> | null): boolean =>
  [one?.at, one?.times, one?.next, one?.unknown].every((value) => typeof value === 'number') &&
  typeof one?.said === 'string'

/**
 * Remembers a look, or with null forgets the gate; and those that `keep` does not name any more. Two who write at once: one look
 * is forgotten. Errors: E_WRITE.
 */
export function noteCheck(
  runtime: string,
  gate: string,
  checked: Checked | null,
  keep: (gate: string) => boolean = () => true,
): Result<void> {
  const all = readChecks(runtime)
  if (checked === null) all.delete(gate)
  else all.set(gate, checked)
  const kept = Object.fromEntries([...all].filter(([id]) => id === gate || keep(id)))
  mkdirSync(runtime, { recursive: true })
  return writeFileAtomic(fileOf(runtime), `${JSON.stringify(kept)}\n`)
}
