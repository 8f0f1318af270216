/**
 * The one way a bead is written: fixed order of keys, sorted sets, nothing empty. Two processes that hold the same
 * bead write the same bytes; that is what makes a snapshot reproducible (design section 5) and diffs in git small.
 */
import type { Bead, Comment, Dependency } from './bead.ts'

/** Keys in the struct order of bd (reference: JSONL format). Keys not listed follow sorted; `metadata` comes last. */
const ORDER = [
  'id',
  'title',
  'description',
  'design',
  'acceptance_criteria',
  'notes',
  'spec_id',
  'status',
  'priority',
  'issue_type',
  'assignee',
  'owner',
  'estimated_minutes',
  'created_at',
  'created_by',
  'updated_at',
  'started_at',
  'closed_at',
  'close_reason',
  'closed_by_session',
  'due_at',
  'defer_until',
  'external_ref',
  'source_system',
  'compaction_level',
  'compacted_at',
  'compacted_at_commit',
  'original_size',
  'labels',
  'dependencies',
  'comments',
  'deleted_at',
  'deleted_by',
  'delete_reason',
  'original_type',
  'sender',
  'ephemeral',
  'no_history',
  'wisp_type',
  'pinned',
  'is_template',
  'bonded_from',
  'await_type',
  'await_id',
  'timeout',
  'waiters',
  'holder',
  'source_formula',
  'source_location',
  'hook_bead',
  'role_bead',
  'agent_state',
  'last_activity',
  'role_type',
  'rig',
  'mol_type',
  'work_type',
  'event_kind',
  'actor',
  'target',
  'payload',
  'metadata',
]
const PLACE = new Map(ORDER.map((key, place) => [key, place]))
/** Written even when empty or zero. */
const ALWAYS = new Set(['id', 'title', 'status', 'priority', 'issue_type', 'created_at', 'updated_at'])
/** Zero means "not set" for these (br writes them on every bead). */
const ZERO_IS_EMPTY = new Set(['compaction_level', 'original_size', 'timeout'])

/** Order of the UTF-8 bytes of two texts (code units would put surrogates before U+E000 to U+FFFF). */
export function bytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

const codePointRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

function isEmpty(key: string, value: unknown): boolean {
  if (ALWAYS.has(key) || !PLACE.has(key)) return false
  if (value === null || value === undefined || value === '' || value === false) return true
  if (value === 0) return ZERO_IS_EMPTY.has(key)
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** Edges that decide readiness come before those that only inform, when two name the same target. */
const EDGE_RANK = ['blocks', 'parent-child', 'conditional-blocks', 'waits-for']

function rank(edge: Dependency): number {
  const place = EDGE_RANK.indexOf(edge.type)
  return place < 0 ? EDGE_RANK.length : place
}

function sortedEdges(edges: Dependency[]): Dependency[] {
  // One edge per target: other tools refuse a second one.
  const byTarget = new Map<string, Dependency>()
  for (const edge of edges) {
    const held = byTarget.get(edge.depends_on_id)
    if (!held || rank(edge) < rank(held)) byTarget.set(edge.depends_on_id, edge)
  }
  return [...byTarget.values()].sort((a, b) => bytewise(a.depends_on_id, b.depends_on_id))
}

function sortedComments(comments: Comment[]): Comment[] {
  const time = (comment: Comment): number => Date.parse(comment.created_at) || 0
  return [...comments].sort((a, b) => time(a) - time(b) || bytewise(String(a.id), String(b.id)))
}

/** Whether `sorted` would give the same: most often it would, and then nothing is copied. */
function isSorted(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true
  if (Array.isArray(value)) return value.every(isSorted)
  let before: string | undefined
  for (const key in value) {
    if (before !== undefined && bytewise(before, key) > 0) return false
    if (!isSorted((value as Record<string, unknown>)[key])) return false
    before = key
  }
  return true
}

/** An object with its keys sorted, all the way down; lists keep their order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const object = value as Record<string, unknown>
  return Object.fromEntries(
    Object.keys(object)
      .sort(bytewise)
      .map((key) => [key, sorted(object[key])]),
  )
}

/**
 * The normal form of a bead: same facts, empties gone, sets sorted, keys in their fixed order. Every bead in a
 * `State` has it, so that a reader who followed the journal and one who loaded the snapshot hold the same thing.
 */
export function normal(bead: Bead): Bead {
  if (isNormal(bead)) return bead
  const keys = Object.keys(bead).filter((key) => !isEmpty(key, bead[key]))
  keys.sort((a, b) => placeOf(a) - placeOf(b) || bytewise(a, b))
  // fromEntries, because assigning a key named `__proto__` would do something else.
  return Object.fromEntries(keys.map((key) => [key, normalValue(key, bead[key])])) as Bead
}

/** The same record with its keys in their fixed order, and every value left as it is. */
export function ordered(record: Record<string, unknown>): Record<string, unknown> {
  const keys = Object.keys(record).sort((a, b) => placeOf(a) - placeOf(b) || bytewise(a, b))
  return Object.fromEntries(keys.map((key) => [key, key === 'metadata' ? sorted(record[key]) : record[key]]))
}

/** Keys that the format does not have come just before `metadata`. */
const UNKNOWN_PLACE = ORDER.length - 1.5
const placeOf = (key: string): number => PLACE.get(key) ?? UNKNOWN_PLACE

/** A quick look that saves the work for most beads; false also when it would take a longer one to tell. */
function isNormal(bead: Bead): boolean {
  let before = -1
  for (const key in bead) {
    const place = placeOf(key)
    const value = bead[key]
    if (place <= before) return false
    // Most values are texts that say something: this runs for every change of every writer.
    if ((typeof value !== 'string' || value === '') && isEmpty(key, value)) return false
    if (key === 'metadata' ? !isSorted(value) : Array.isArray(value) && !isOrderly(key, value)) return false
    before = place
  }
  return true
}

/** Whether a list is certainly as `normalValue` would have it. */
function isOrderly(key: string, list: unknown[]): boolean {
  if (list.length < 2) return true
  if (key === 'labels') return ascending(list as string[])
  return key === 'dependencies' && ascending((list as Dependency[]).map((edge) => edge.depends_on_id))
}

const ascending = (texts: string[]): boolean => texts.every((text, i) => i === 0 || bytewise(texts[i - 1]!, text) < 0)

function normalValue(key: string, value: unknown): unknown {
  if (key === 'metadata') return sorted(value)
  if (!Array.isArray(value)) return value
  if (key === 'labels') return [...new Set(value as string[])].sort(bytewise)
  if (key === 'dependencies') return sortedEdges(value as Dependency[])
  if (key === 'comments') return sortedComments(value as Comment[])
  return value
}

/** Beads never change once they are in a state, so their text is worth remembering: a roll writes only what is new. */
const lines = new WeakMap<Bead, string>()

/** The canonical line of a bead in normal form, without a newline. */
export function lineOf(bead: Bead): string {
  let line = lines.get(bead)
  if (line === undefined) {
    line = JSON.stringify(bead)
    lines.set(bead, line)
  }
  return line
}

/** Remembers the text that a bead was read from, when that text is known to be canonical. */
export function rememberLine(bead: Bead, line: string): void {
  lines.set(bead, line)
}

/** Equal as JSON: the order of keys does not matter, the order of lists does. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => same(item, b[i]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
}
