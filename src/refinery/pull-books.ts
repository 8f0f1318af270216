/** The entries of pull requests in the ledger: held with a reason, sent home, and the word to a person about them. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Condition, Op } from '../beads/change.ts'
import { applied } from '../beads/change.ts'
import type { MergeNote, MergeRequest } from '../kernel/merges.ts'
import { noteMerge, step } from '../kernel/merges.ts'
import { gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { GateLog } from './log.ts'
import { endOf } from './log.ts'

/** A merge request with the work that it is for. */
export interface Entry {
  request: MergeRequest
  bead: Bead
}

/**
 * Holds the entry for its pull request, or notes what changed about it; false when nothing did, or when somebody else
 * changed it first. `cause`: a person is told; null: what a person was told before has been settled.
 */
export function hold(
  town: OpenTown,
  entry: Entry,
  said: { reason: string; cause: string | null | undefined; note?: MergeNote },
): Result<boolean> {
  const { request, bead } = entry
  const { merge } = request
  const { reason, cause, note = {} } = said
  const at = town.now().toISOString()
  const needs = needsOps(bead, cause, reason, at)
  const held = merge.state === 'held'
  if (held && merge.reason === reason && needs.length === 0 && Object.keys(note).length === 0) return ok(false)
  const all = { ...note, reason, held_for: 'pr' as const }
  const change = held ? noteMerge(request, all, reason) : step(request, 'held', at, reason, all)
  change.when?.push(...unchanged(request))
  change.ops.push(...needs)
  if (note.pr !== undefined) change.ops.push({ op: 'set', id: bead.id, path: gtPath('pr'), value: note.pr })
  return applied(town.ledger.write(change))
}

/** Back to its worker, with what it has to mend. */
export function sendHome(
  town: OpenTown,
  log: GateLog,
  { request, bead }: Entry,
  to: 'red' | 'conflict',
  note: MergeNote,
): Result<boolean> {
  const now = town.now()
  const at = now.toISOString()
  const settled = { held_for: undefined, executor: undefined, candidate: undefined }
  const change = step(request, to, at, note.reason ?? to, { ...note, ...settled })
  change.when?.push(...unchanged(request))
  change.ops.push(...needsOps(bead, null, '', at))
  const written = town.ledger.write(change)
  if (written.kind === 'error' || !written.value.applied) return written.kind === 'error' ? written : ok(false)
  const logged = log.append(endOf(request, to, now))
  return logged.kind === 'error' ? logged : ok(true)
}

/** A look at the forge takes seconds: what a person decided meanwhile wins. */
const unchanged = ({ bead: { id }, merge }: MergeRequest): Condition[] => [
  { if: 'in', id, path: gtPath('merge', 'state'), values: [merge.state] },
  { if: 'in', id, path: gtPath('merge', 'head'), values: [merge.head] },
]

/** Tells a person, replaces what was told about the pull request before, or takes it back; an older question stays. */
function needsOps(bead: Bead, cause: string | null | undefined, text: string, at: string): Op[] {
  const { needs } = facts(bead)
  const path = gtPath('needs')
  const about = needs?.cause.startsWith('pr-') === true
  if (cause === undefined || (needs !== undefined && !about)) return []
  if (cause === null) return about ? [{ op: 'unset', id: bead.id, path }] : []
  if (needs?.cause === cause && needs.text === text) return []
  return [{ op: 'set', id: bead.id, path, value: { cause, text, at } }]
}
