/** The audit trail: every change of every journal that is still there, with its verdict. */
import { existsSync, readFileSync } from 'node:fs'
import type { Bead } from './bead.ts'
import type { Change, Verdict } from './change.ts'
import type { State } from './fold.ts'
import { apply, emptyState, put } from './fold.ts'
import { basePath, begin, KEPT } from './journal.ts'
import { journalNumbers, journalReader } from './packs.ts'
import { scan } from './record.ts'
import { readOwnSnapshot } from './snapshot.ts'

/** One change, and the beads that it touched as they were before and after it; undefined where there was none. */
export interface Step {
  change: Change
  verdict: Verdict
  before: Map<string, Bead | undefined>
  after: Map<string, Bead | undefined>
}

/** Ids of the beads that a change has operations on. */
export function touched(change: Change): string[] {
  const ids = change.ops.flatMap((op) => ('bead' in op ? [op.bead.id] : 'id' in op ? [op.id] : []))
  return [...new Set(ids)]
}

/**
 * Folds the journals again, change by change, from the oldest on that has a base and all its successors. A journal that
 * cannot be read ends it: what follows could not be judged.
 *
 * @param start called once with the state that the oldest journal continues
 */
export function* replay(dir: string, start?: (state: State) => void): Generator<Step> {
  let state: State | undefined
  const read = journalReader(dir)
  for (const n of readable(dir)) {
    const page = readPage(dir, n, read, state)
    if (page === null) return
    if (state === undefined) start?.(page.state)
    state = page.state
    for (const change of page.changes) {
      const ids = touched(change)
      const now = (): Map<string, Bead | undefined> => new Map(ids.map((id) => [id, state!.beads.get(id)]))
      const before = now()
      const verdict = apply(state, change)
      yield { change, verdict, before, after: now() }
    }
  }
}

/**
 * Changes with their verdicts, oldest first.
 *
 * @param id only changes with an operation on this bead
 */
export function* history(dir: string, id?: string): Generator<{ change: Change; applied: boolean }> {
  for (const { change, verdict } of replay(dir)) {
    if (id === undefined || touched(change).includes(id)) yield { change, applied: verdict.applied }
  }
}

/** The changes of a journal up to its seal, and the state they begin from; null when it cannot be read. */
function readPage(
  dir: string,
  n: number,
  read: (n: number) => Buffer,
  before: State | undefined,
): { state: State; changes: Change[] } | null {
  try {
    const state = before ?? baseState(dir, n)
    const changes: Change[] = []
    let begun = false
    for (const { record } of scan(read(n), 0).records) {
      if (record.kind === 'seal') break
      if (record.kind === 'header') {
        begin(state, record)
        begun = true
      } else if (record.kind === 'change') {
        const { kind: _kind, ...change } = record
        changes.push(change)
      } else return null
    }
    // A damaged header says what the journal before it says, too: only the ids of older records are forgotten.
    if (!begun) {
      const foreign = [...state.decided].filter((id) => id.startsWith('foreign-')).slice(-KEPT)
      state.decided.clear()
      for (const id of foreign) state.decided.add(id)
    }
    return { state, changes }
  } catch {
    return null
  }
}

/** The state that a base holds. Throws. */
function baseState(dir: string, n: number): State {
  const beads = readOwnSnapshot(readFileSync(basePath(dir, n), 'utf8'), basePath(dir, n))
  if (beads.kind !== 'ok') throw new Error(beads.failure.message)
  const state = emptyState()
  for (const bead of beads.value) put(state, bead)
  return state
}

/** The longest unbroken run of journals up to the newest that begins at one with a base. */
function readable(dir: string): number[] {
  const all = journalNumbers(dir)
  let from = all.length - 1
  let start = from
  for (; from >= 0; from--) {
    if (from < all.length - 1 && all[from]! + 1 !== all[from + 1]) break
    if (existsSync(basePath(dir, all[from]!))) start = from
  }
  return all.slice(Math.max(0, start))
}
