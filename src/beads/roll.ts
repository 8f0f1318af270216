/**
 * The rollover: a sealed journal gets its successor. Every step is durable before the next, and whoever meets a sealed
 * journal without a successor may take the steps again, for everybody makes the same bytes:
 *
 *   1  N+1.base   the snapshot, linked under its final name (first one wins)
 *   2  N+1.log    a journal whose header continues that snapshot (first one wins): from here on it is the newest
 *      N+1.index  what readers of `ready` need of it; only a cache
 *   3  issues.jsonl  a copy of the base, renamed over what was there (publish.ts)
 *   4  bases older than the newest eight go; the first and every journal stay (the audit trail)
 */
import { existsSync, fdatasyncSync, readFileSync } from 'node:fs'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { appendDurably, discard, diskFailure, linkNew, reapTemporary, sha256 } from './disk.ts'
import { hotBeads, writeIndex } from './index-file.ts'
import type { Journal } from './journal.ts'
import { basePath, indexPath, journalFolder, KEPT, logPath, nextHeader, numbers } from './journal.ts'
import { encode, newRecordId } from './record.ts'
import { snapshotText } from './snapshot.ts'
import { stepTables } from './step-tables.ts'

/** Ends a journal. The id tells the sealer whether its seal was the first. */
export function appendSeal(fd: number, path: string): Result<string> {
  const id = newRecordId()
  const appended = appendDurably(fd, encode({ kind: 'seal', id, at: new Date().toISOString() }), path)
  return appended.kind === 'ok' ? ok(id) : appended
}

/** Makes the successor of a journal that was folded to its seal (steps 1, 2 and 4). */
export function succeed(journal: Journal): Result<void> {
  const { dir, n, fd, state } = journal
  const base = basePath(dir, n + 1)
  const log = logPath(dir, n + 1)
  try {
    if (existsSync(log)) return ok(undefined)
    // What we fold may still be in the page cache only; the snapshot must not be more durable than its records.
    fdatasyncSync(fd)
    const text = snapshotText(state.beads.values())
    const first = linkNew(text, base)
    // Another version of gt may have written it: the journal continues what stands there.
    const continues = sha256(first ? text : readFileSync(base))
    if (existsSync(log)) return ok(undefined)
    linkNew(encode(nextHeader(journal, continues)), log)
    // Made from the very text: what stands in the base when another process was first is for readers to index.
    if (first) {
      const steps = stepTables(state.beads.values())
      writeIndex(dir, n + 1, { continues, base: Buffer.byteLength(text), hot: hotBeads(state.beads), steps })
    }
    pruneBases(dir)
    reapTemporary(journalFolder(dir))
    return ok(undefined)
  } catch (error) {
    return diskFailure(error, 'begin a new journal', log)
  }
}

/** The first journal of a ledger: continues the beads that are there already. */
export function beginFirst(dir: string, text: string): Result<void> {
  const base = basePath(dir, 1)
  try {
    linkNew(text, base)
    const continues = sha256(readFileSync(base))
    const header = { kind: 'header', v: 1, n: 1, continues, leases: {}, carry: { wisps: [], foreign: [] } } as const
    linkNew(encode({ ...header, carry: { wisps: [], foreign: [] } }), logPath(dir, 1))
    return ok(undefined)
  } catch (error) {
    return diskFailure(error, 'begin the first journal', base)
  }
}

/** The newest bases serve readers that opened a moment ago and merges of foreign edits; the first one, the history. */
function pruneBases(dir: string): void {
  for (const n of numbers(dir, 'base').slice(1, -KEPT)) discard(basePath(dir, n))
  for (const n of numbers(dir, 'index').slice(0, -1)) discard(indexPath(dir, n))
}
