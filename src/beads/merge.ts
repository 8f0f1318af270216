/**
 * One record, three sides: the base that both began from, and what each side made of it. The same function serves git's
 * merge driver, `gt bead sync` and an edit of issues.jsonl by another program.
 *
 * First every key by itself: what only one side changed stands as that side has it (a key that was taken out, a close or
 * a reopening too). Only where both changed the same key do rules decide. They look at values and
 * times, never at which side is "left", so that both towns come to the same bytes. A value that loses and lives on
 * nowhere else is a conflict; it is kept in the record, under `metadata.gt.conflicts`.
 */
import { bytewise, ordered, sorted } from './canonical.ts'
import { equal, least, mergeComments, mergeEdges, mergeTexts } from './merge-lists.ts'

/** A record as a file gives it: keys that we do not know stay. */
export type Raw = Record<string, unknown>

export interface Conflict {
  id: string
  /** Path of the key, with dots: `title`, `metadata.x`. */
  field: string
  kept: unknown
  lost: unknown
}

export interface MergedRecord {
  record: Raw
  conflicts: Conflict[]
}

/** Go with the status: where both sides changed one of them, the side whose status stands is believed. */
const WITH_STATUS = new Set([
  'closed_at',
  'close_reason',
  'closed_by_session',
  'deleted_at',
  'deleted_by',
  'delete_reason',
  'original_type',
])
const SETS = new Set(['labels', 'waiters'])

const isTree = (value: unknown): value is Raw => value !== null && typeof value === 'object' && !Array.isArray(value)
/** Both objects, or one and nothing: a side that has no object has one without keys. */
const areTrees = (l: unknown, r: unknown): boolean =>
  (isTree(l) && (isTree(r) || r === undefined)) || (isTree(r) && l === undefined)
const treeOf = (value: unknown): Raw => (isTree(value) ? value : {})
const time = (value: unknown): number => (typeof value === 'string' && Date.parse(value)) || 0
const text = (value: unknown): string => JSON.stringify(value) ?? ''

/** Equal as records: neither the order of keys nor that of labels, nor how a time is written, makes a difference. */
export function sameRecord(a: Raw, b: Raw): boolean {
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) if (!equal(key, a[key], b[key])) return false
  return true
}

/**
 * Merges two sides of one record. Symmetric in `left` and `right`; a side that did not change gives way whole, so that
 * `mergeRecord(b, b, r)` is `r` itself. Without a base (both sides created it) every difference counts as changed twice.
 *
 * @returns the record (keys in canonical order where anything was merged), and what was lost in it
 */
export function mergeRecord(base: Raw | undefined, left: Raw, right: Raw): MergedRecord {
  const whole = unchangedSide(base, left, right)
  if (whole) return { record: whole, conflicts: [] }
  return new Merge(base ?? {}, left, right).run()
}

/** The side that stands as it is, when only one changed or both did the same. */
function unchangedSide(base: Raw | undefined, left: Raw, right: Raw): Raw | null {
  if (sameRecord(left, right)) return text(left) <= text(right) ? left : right
  if (base && sameRecord(left, base)) return right
  if (base && sameRecord(right, base)) return left
  return null
}

class Merge {
  readonly #id: string
  readonly #base: Raw
  readonly #left: Raw
  readonly #right: Raw
  readonly #conflicts: Conflict[] = []
  /** The side to which a double edit of a scalar goes: the younger record; null when both are of the same time. */
  readonly #younger: Raw | null

  constructor(base: Raw, left: Raw, right: Raw) {
    this.#id = String(left.id)
    this.#base = base
    this.#left = left
    this.#right = right
    const [l, r] = [time(left.updated_at), time(right.updated_at)]
    this.#younger = l === r ? null : l > r ? left : right
  }

  run(): MergedRecord {
    const [base, left, right] = [this.#base, this.#left, this.#right]
    const status = this.#status()
    const merged: Raw = {}
    for (const key of union(base, left, right)) {
      const value = key === 'status' ? status.value : this.#key(key, status.winner)
      if (value !== undefined) merged[key] = value
    }
    this.#settleStatus(merged, status.winner)
    this.#keepConflicts(merged)
    countVersion(merged, left, right)
    return { record: ordered(merged), conflicts: this.#conflicts }
  }

  #key(key: string, statusWinner: Raw | null): unknown {
    const [b, l, r] = [this.#base[key], this.#left[key], this.#right[key]]
    if (SETS.has(key)) return mergeTexts(b, l, r)
    if (key === 'dependencies') return mergeEdges(b, l, r)
    if (key === 'comments') return mergeComments(b, l, r)
    const clear = oneSided(key, b, l, r)
    if (clear) return clear.value
    if (areTrees(l, r)) return this.#tree(key, treeOf(b), treeOf(l), treeOf(r))
    switch (key) {
      case 'updated_at':
        return time(l) === time(r) ? least(l, r) : time(l) > time(r) ? l : r
      case 'created_at':
        return time(l) === time(r) ? least(l, r) : time(l) < time(r) ? l : r
      case 'priority':
        // The more urgent word stands; the format reads an absent one as 0.
        return Math.min(Number(l ?? 0), Number(r ?? 0))
      case 'notes':
        return joined(l, r, this.#younger ? this.#younger === this.#left : bytewise(text(l), text(r)) > 0)
    }
    if (WITH_STATUS.has(key) && statusWinner) {
      const [kept, lost] = statusWinner === this.#left ? [l, r] : [r, l]
      return this.#conflict(key, kept, lost)
    }
    return this.#scalar(key, l, r)
  }

  /** A key that both changed: the younger record is believed, at the same time the greater text. */
  #scalar(field: string, l: unknown, r: unknown): unknown {
    const leftWins = this.#younger ? this.#younger === this.#left : bytewise(text(l), text(r)) > 0
    return leftWins ? this.#conflict(field, l, r) : this.#conflict(field, r, l)
  }

  #conflict(field: string, kept: unknown, lost: unknown): unknown {
    const isTime = WITH_STATUS.has(field) && field.endsWith('_at')
    if (!isTime && lost !== undefined && lost !== null && lost !== '')
      this.#conflicts.push({ id: this.#id, field, kept: kept ?? null, lost: sorted(lost) })
    return kept
  }

  /** Objects are merged key by key, all the way down. */
  #tree(path: string, base: Raw, left: Raw, right: Raw): Raw | undefined {
    const merged: Raw = {}
    for (const key of union(base, left, right).sort(bytewise)) {
      const [b, l, r] = [base[key], left[key], right[key]]
      const at = `${path}.${key}`
      const clear = oneSided(key, b, l, r)
      let value: unknown
      if (clear) value = clear.value
      else if (at === 'metadata.gt.conflicts') value = mergeTexts(b, l, r)
      else if (at === 'metadata.gt.version') value = Math.max(Number(l) || 0, Number(r) || 0)
      else if (areTrees(l, r)) value = this.#tree(at, treeOf(b), treeOf(l), treeOf(r))
      else value = this.#scalar(at, l, r)
      if (value !== undefined) merged[key] = value
    }
    return Object.keys(merged).length > 0 ? merged : undefined
  }

  /**
   * One-sided is honoured, a reopening too. Deleted against edited: the later one. Otherwise closed stands, and between
   * two other states the younger record. `winner`: the side that has it; null when both or neither say it.
   */
  #status(): { value: unknown; winner: Raw | null } {
    const [b, l, r] = [this.#base.status, this.#left.status, this.#right.status]
    const won = (side: Raw): { value: unknown; winner: Raw } => ({ value: side.status, winner: side })
    const dead = [this.#left, this.#right].filter((side) => side.status === 'tombstone')
    if (dead.length === 1 && b !== 'tombstone') {
      const [grave] = dead as [Raw]
      const other = grave === this.#left ? this.#right : this.#left
      if (isUntouched(this.#base, other) || diedAt(grave) >= time(other.updated_at)) return won(grave)
      this.#conflict('status', other.status, 'tombstone')
      return won(other)
    }
    if (l === r) {
      if (l !== 'closed' && l !== 'tombstone') return { value: l, winner: null }
      const key = l === 'closed' ? 'closed_at' : 'deleted_at'
      const [lt, rt] = [time(this.#left[key]), time(this.#right[key])]
      return lt === rt ? { value: l, winner: null } : won(lt > rt ? this.#left : this.#right)
    }
    if (l === b) return won(this.#right)
    if (r === b) return won(this.#left)
    for (const side of [this.#left, this.#right]) if (side.status === 'closed') return won(side)
    const value = this.#scalar('status', l, r)
    return won(value === l ? this.#left : this.#right)
  }

  /** Closed says when; what is not closed says nothing of the kind, unless the side that was believed did. */
  #settleStatus(merged: Raw, winner: Raw | null): void {
    if (merged.status === 'closed' && !merged.closed_at) {
      const known = winner?.closed_at ?? this.#left.closed_at ?? this.#right.closed_at
      if (known) merged.closed_at = known
    }
    if (winner === null) return
    for (const key of WITH_STATUS) {
      const other = merged.status === 'closed' || merged.status === 'tombstone'
      if (!other && key in merged && !(key in winner)) {
        this.#conflict(key, null, merged[key])
        delete merged[key]
      }
    }
  }

  /** What lost stays in the record, for people to look at. */
  #keepConflicts(merged: Raw): void {
    if (this.#conflicts.length === 0) return
    const metadata = isTree(merged.metadata) ? merged.metadata : {}
    const gt = isTree(metadata.gt) ? metadata.gt : {}
    const at = String(merged.updated_at ?? '')
    const held = Array.isArray(gt.conflicts) ? gt.conflicts : []
    const known = new Set(held.map((one) => text([one?.field, one?.lost])))
    const fresh = this.#conflicts
      .map(({ field, lost }) => ({ at, field, lost }))
      .filter(({ field, lost }) => !known.has(text([field, lost])))
    const all = [...held, ...fresh].sort((a, b) => bytewise(text(a), text(b)))
    merged.metadata = { ...metadata, gt: { ...gt, conflicts: all } }
  }
}

function union(...records: Raw[]): string[] {
  // `__proto__` as a key of JSON would not be set but reach the prototype; no format has it.
  return [...new Set(records.flatMap((record) => Object.keys(record)))].filter((key) => key !== '__proto__')
}

/** The value when at most one side changed it, or both to the same. */
function oneSided(key: string, b: unknown, l: unknown, r: unknown): { value: unknown } | null {
  if (equal(key, l, r)) return { value: least(l, r) }
  if (equal(key, l, b)) return { value: r }
  if (equal(key, r, b)) return { value: l }
  return null
}

/** Both texts, the older first; one that is part of the other adds nothing. */
function joined(l: unknown, r: unknown, leftIsYounger: boolean): unknown {
  const [a, b] = [String(l ?? ''), String(r ?? '')]
  if (a.includes(b)) return l
  if (b.includes(a)) return r
  const inOrder = leftIsYounger ? [b, a] : [a, b]
  return inOrder.join('\n\n---\n\n')
}

const diedAt = (grave: Raw): number => time(grave.deleted_at) || time(grave.updated_at)

/** Nothing but the time was changed. */
function isUntouched(base: Raw, side: Raw): boolean {
  return sameRecord({ ...base, updated_at: '' }, { ...side, updated_at: '' })
}

/** Versions count up: the result is younger than every side that says something else. Others keep what they came with. */
function countVersion(merged: Raw, left: Raw, right: Raw): void {
  const content = (record: Raw): Raw => withVersion(record, 0)
  const wanted = [left, right].map((side) => {
    const version = versionOf(side)
    return version < 0 || sameRecord(content(side), content(merged)) ? version : version + 1
  })
  const version = Math.max(...wanted)
  if (version >= 0) Object.assign(merged, withVersion(merged, version))
}

/** -1 when the record was not written by gt. */
export function versionOf(record: Raw): number {
  const gt = isTree(record.metadata) ? record.metadata.gt : undefined
  return isTree(gt) && Number.isInteger(gt.version) ? (gt.version as number) : -1
}

/** The record at another version. */
export function withVersion(record: Raw, version: number): Raw {
  const metadata = isTree(record.metadata) ? record.metadata : {}
  const gt = isTree(metadata.gt) ? metadata.gt : {}
  return { ...record, metadata: { ...metadata, gt: { ...gt, version } } }
}
