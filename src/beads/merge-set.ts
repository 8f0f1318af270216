/**
 * A whole set of records, three sides. What a side does not have is not deleted (other programs do not know all our
 * beads; deleting is a tombstone), two records that were given the same id stay two, and a side that has lost a large
 * part of what it began from is refused: that is a torn file or the wrong one, not an edit.
 */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { sha256 } from './disk.ts'
import type { Conflict, Raw } from './merge.ts'
import { mergeRecord, sameRecord, versionOf, withVersion } from './merge.ts'

export type Side = ReadonlyMap<string, Raw>

export interface MergedSet {
  records: Map<string, Raw>
  conflicts: Conflict[]
  /** Ids that both sides had minted for different beads: the younger one got a new id. */
  renamed: { from: string; to: string }[]
}

/** A side may lack this many of its base's records without a tombstone, or a quarter of them, whichever is more. */
const FEW = 5
const SHARE = 1 / 4

/**
 * Merges two sides of a set. Symmetric in `left` and `right`.
 *
 * @param elsewhere ids that stand in an archive file: for those, absence says that they were moved
 * @returns the records by id (in no order); E_SHRINK when a side lacks a large part of the base without a word
 */
export function mergeSets(base: Side, left: Side, right: Side, elsewhere?: ReadonlySet<string>): Result<MergedSet> {
  for (const side of [left, right]) {
    const shrunk = shrinkage(base, side, elsewhere)
    if (shrunk) return shrunk
  }
  const merged: MergedSet = { records: new Map(), conflicts: [], renamed: [] }
  const [l, r] = parted(base, left, right, merged)
  for (const id of new Set([...base.keys(), ...l.keys(), ...r.keys()])) {
    const [b, mine, theirs] = [base.get(id), l.get(id), r.get(id)]
    if (mine && theirs) {
      const { record, conflicts } = mergeRecord(b, mine, theirs)
      merged.records.set(id, record)
      merged.conflicts.push(...conflicts)
    } else {
      const only = mine ?? theirs
      // Gone on both sides; or moved to the archive by one and left alone by the other.
      if (only === undefined || (b && elsewhere?.has(id) && sameRecord(only, b))) continue
      merged.records.set(id, only)
    }
  }
  return ok(merged)
}

/** E_SHRINK when the side lacks too much. A tombstone may be pruned, a record may have moved to the archive. */
function shrinkage(base: Side, side: Side, elsewhere?: ReadonlySet<string>): Result<never> | null {
  const lost = [...base].filter(
    ([id, record]) => !side.has(id) && record.status !== 'tombstone' && !record.deleted_at && !elsewhere?.has(id),
  )
  if (lost.length <= Math.max(FEW, base.size * SHARE)) return null
  const named = lost
    .slice(0, 3)
    .map(([id]) => id)
    .join(', ')
  return fail(
    'E_SHRINK',
    `One side lacks ${lost.length} of ${base.size} beads that it began from, and no tombstone says why (${named} …).`,
    {
      kept: 'Nothing was changed.',
      hint: 'Look whether the file is cut off or the wrong one. Beads are deleted by tombstones, not by leaving them out.',
      details: lost.map(([id]) => id),
    },
  )
}

/** Both sides with every id that was minted twice parted in two: the older bead keeps it on both sides. */
function parted(base: Side, left: Side, right: Side, merged: MergedSet): [Side, Side] {
  const [l, r] = [new Map<string, string>(), new Map<string, string>()]
  const kept = new Map<string, Raw>()
  for (const [id, mine] of left) {
    const theirs = right.get(id)
    if (theirs === undefined || base.has(id) || !areDifferent(mine, theirs)) continue
    const names = isYounger(mine, theirs) ? l : r
    const [younger, older] = names === l ? [mine, theirs] : [theirs, mine]
    const to = freshId(id, younger)
    names.set(id, to)
    merged.renamed.push({ from: id, to })
    kept.set(id, above(older, younger))
  }
  return [left, right].map((side, i) => {
    const names = i === 0 ? l : r
    return kept.size === 0 ? side : new Map([...renamed(side, names, base), ...kept])
  }) as [Side, Side]
}

const time = (record: Raw): number => Date.parse(String(record.created_at)) || 0

/** Made at another time, by another hand or with another title. Less than a second apart is a question of digits. */
export function areDifferent(a: Raw, b: Raw): boolean {
  if (Math.abs(time(a) - time(b)) < 1000) return false
  return a.created_by !== b.created_by || a.title !== b.title
}

function isYounger(a: Raw, b: Raw): boolean {
  if (time(a) !== time(b)) return time(a) > time(b)
  return JSON.stringify(a) > JSON.stringify(b)
}

/** The bead that keeps the id stands now where another one did, so its version must be one that was not there yet. */
function above(older: Raw, younger: Raw): Raw {
  const [held, other] = [versionOf(older), versionOf(younger)]
  return held < 0 || held > other ? older : withVersion(older, other + 1)
}

/** The new id follows from who made the bead when, so that every clone that meets the two comes to the same one. */
export function freshId(id: string, record: Raw): string {
  const prefix = id.slice(0, id.lastIndexOf('-') + 1) || 'x-'
  const hash = sha256(`${id}|${time(record)}|${record.created_by ?? ''}`)
  return (
    prefix +
    BigInt(`0x${hash.slice(0, 16)}`)
      .toString(36)
      .padStart(8, '0')
      .slice(-8)
  )
}

/** A side under its new names; what points to a renamed bead on this side meant that one. */
function renamed(side: Side, names: Map<string, string>, base: Side): Side {
  if (names.size === 0) return side
  const swap = (value: unknown): unknown => {
    if (typeof value === 'string') return names.get(value) ?? value
    if (Array.isArray(value)) return value.map(swap)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, swap(item)]))
  }
  const result = new Map<string, Raw>()
  for (const [id, record] of side) {
    const to = names.get(id)
    const next: Raw = { ...record, ...(to ? { id: to } : {}) }
    const touched = to !== undefined || base.get(id) !== record
    for (const key of touched ? ['dependencies', 'comments', 'metadata'] : []) {
      if (key in record) next[key] = key === 'comments' ? commentsOf(record[key], to) : swap(record[key])
    }
    result.set(to ?? id, next)
  }
  return result
}

const commentsOf = (comments: unknown, to: string | undefined): unknown =>
  to !== undefined && Array.isArray(comments) ? comments.map((said) => ({ ...said, issue_id: to })) : comments
