/** The audit trail: every change of every journal that is still there, with its verdict. */
import { closeSync, existsSync } from 'node:fs'
import type { Change, Verdict } from './change.ts'
import type { Journal } from './journal.ts'
import { basePath, numbers, openJournal } from './journal.ts'

/**
 * Changes from the oldest journal on that has a base and all its successors. A journal that cannot be read ends the
 * trail: what follows could not be judged.
 *
 * @param id only changes with an operation on this bead
 */
export function* history(dir: string, id?: string): Generator<{ change: Change; applied: boolean }> {
  let before: Journal | undefined
  try {
    for (const n of readable(dir)) {
      const page: { change: Change; applied: boolean }[] = []
      const onChange = (change: Change, verdict: Verdict): void => {
        if (id === undefined || touches(change, id)) page.push({ change, applied: verdict.applied })
      }
      const journal = openJournal(dir, n, before, onChange)
      if (journal.kind !== 'ok') return
      before = journal.value
      yield* page
    }
  } finally {
    if (before) closeSync(before.fd)
  }
}

function touches(change: Change, id: string): boolean {
  return change.ops.some((op) => (op.op === 'create' ? op.bead.id === id : op.op !== 'lease' && op.id === id))
}

/** The longest unbroken run of journals up to the newest that begins at one with a base. */
function readable(dir: string): number[] {
  const all = numbers(dir, 'log')
  let from = all.length - 1
  let start = from
  for (; from >= 0; from--) {
    if (from < all.length - 1 && all[from]! + 1 !== all[from + 1]) break
    if (existsSync(basePath(dir, all[from]!))) start = from
  }
  return all.slice(Math.max(0, start))
}
