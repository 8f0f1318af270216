/** A bead that is here already and comes in with a file: the rules of every merge (merge.ts), without a base. */
import type { Bead } from './bead.ts'
import { same } from './canonical.ts'
import { withoutVersion } from './export.ts'
import type { State } from './fold.ts'
import { mergeRecord, sameRecord } from './merge.ts'
import { equal } from './merge-lists.ts'
import { UNDONE } from './remove.ts'
import { complete } from './snapshot.ts'

/**
 * Our bead with what the file knows of it; null when that is nothing new.
 *
 * @param past what our bead once said; a line that says the same is only old
 */
export function mergedWith(
  state: State,
  ours: Bead,
  given: Partial<Bead>,
  past: Iterable<Bead>,
  note: (text: string) => void,
): Bead | null {
  const theirs = { ...given }
  // What the kernel knows of a bead that is here, it knows better than a file.
  if (theirs.metadata !== undefined) {
    const { gt: _gt, ...metadata } = theirs.metadata
    theirs.metadata = metadata
  }
  if (ours.status === 'tombstone' && theirs.status !== 'tombstone' && !isAfter(theirs.updated_at, ours.deleted_at)) {
    // Taken back, and now wanted after all; or deleted for some reason, which stands.
    if (ours.delete_reason === UNDONE) return revived(ours, theirs)
    note(`it was deleted here (${short(ours.delete_reason)}) and stays deleted`)
    return null
  }
  if (says(ours, theirs)) return null
  for (const before of past) if (says(before, theirs)) return null
  if (state.live.has(ours.id) && theirs.status !== undefined && theirs.status !== ours.status) {
    note(`a worker is on it; it stays ${ours.status}`)
    theirs.status = ours.status
  }
  const { record, conflicts } = mergeRecord(undefined, ours, theirs)
  const merged = complete(record as Partial<Bead>)
  if (sameRecord(withoutVersion(merged), withoutVersion(ours))) return null
  for (const { field, kept, lost } of conflicts) {
    note(`its ${field} is ${short(kept)} now; ${short(lost)} is kept under metadata.gt.conflicts`)
  }
  return merged
}

const isAfter = (time: unknown, other: unknown): boolean => Date.parse(String(time)) > Date.parse(String(other))

/** A bead whose creation was undone, created again. */
function revived(ours: Bead, theirs: Partial<Bead>): Bead {
  const gt = ours.metadata?.gt
  return complete({ ...theirs, metadata: { ...theirs.metadata, ...(gt && { gt }) } })
}

/** Whether a bead says everything that is given here. */
function says(bead: Bead, given: Partial<Bead>): boolean {
  return Object.entries(given).every(([key, value]) => {
    if (key !== 'metadata') return equal(key, bead[key], value) || (bead[key] === undefined && isNothing(value))
    return Object.entries(value as object).every(([name, fact]) => same(bead.metadata?.[name], fact))
  })
}

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** What the format takes for not there. */
export const isNothing = (value: unknown): boolean =>
  value === null || value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0)
