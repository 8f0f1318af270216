/** What a change did to a bead, the trail of a bead, and a bead as it was at some time. */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Bead } from './bead.ts'
import { same } from './canonical.ts'
import type { Change, Condition } from './change.ts'
import { replay, type Step, touched } from './history.ts'
import { keyOf } from './paths.ts'

/** One value that is not what it was. For an element of a set, `key` says which one. */
export interface Difference {
  path: string[]
  key?: string
  before?: unknown
  after?: unknown
}

/** Lists whose elements have keys. */
const SETS = new Set(['labels', 'dependencies', 'comments', 'waiters'])
/** Kept by the fold with every change; they say nothing of their own. */
const ALWAYS = new Set(['updated_at', 'metadata.gt.version'])

type Tree = Record<string, unknown>
const isTree = (value: unknown): value is Tree => value !== null && typeof value === 'object' && !Array.isArray(value)

/** What differs between two states of a bead, value by value; sets element by element. */
export function differences(before: Bead | undefined, after: Bead | undefined): Difference[] {
  const found: Difference[] = []
  walk([], before ?? {}, after ?? {}, found)
  return found
}

function walk(path: string[], before: Tree, after: Tree, found: Difference[]): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = [...path, name]
    const [was, is] = [own(before, name), own(after, name)]
    if (same(was, is) || ALWAYS.has(at.join('.'))) continue
    if (path.length === 0 && SETS.has(name)) elements(at, was, is, found)
    else if (isTree(was) && isTree(is)) walk(at, was, is, found)
    else if (name === 'metadata' || at.join('.') === 'metadata.gt') {
      // Made or gone as a whole, but other facts may join it later: each of its values counts by itself.
      walk(at, isTree(was) ? was : {}, isTree(is) ? is : {}, found)
    } else found.push({ path: at, ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }) })
  }
}

const own = (tree: Tree, name: string): unknown => (Object.hasOwn(tree, name) ? tree[name] : undefined)

function elements(path: string[], was: unknown, is: unknown, found: Difference[]): void {
  const byKey = (list: unknown) => new Map((Array.isArray(list) ? list : []).map((one) => [keyOf(one), one as unknown]))
  const [before, after] = [byKey(was), byKey(is)]
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(key), after.get(key)]
    if (same(old, now)) continue
    found.push({ path, key, ...(old !== undefined && { before: old }), ...(now !== undefined && { after: now }) })
  }
}

export interface TrailEntry {
  id: string
  at: string
  by: string
  fence?: string
  why: string
  rule?: string
  evidence?: string[]
  applied: boolean
  /** Of a change that did not apply: what was not as it wanted. */
  unmet?: Condition
  undoes?: string
  /** Ids of the beads it was about. */
  beads: string[]
  /** What became different, of the bead that was asked for. */
  changes?: Difference[]
}

/** A step as an entry of a trail; with what it did to this bead. */
export function entryOf({ change, verdict, before, after }: Step, bead?: string): TrailEntry {
  const { id, at, by, fence, why, rule, evidence, undoes } = change
  // To the archive and back: the bead says what it said.
  const moved =
    bead !== undefined && (before.get(bead) === undefined) !== (after.get(bead) === undefined) && !isNew(change, bead)
  return {
    id,
    at,
    by,
    ...(fence !== undefined && { fence }),
    why,
    ...(rule !== undefined && { rule }),
    ...(evidence !== undefined && { evidence }),
    applied: verdict.applied,
    ...(!verdict.applied && { unmet: verdict.unmet }),
    ...(undoes !== undefined && { undoes }),
    beads: touched(change),
    ...(bead !== undefined &&
      verdict.applied && { changes: moved ? [] : differences(before.get(bead), after.get(bead)) }),
  }
}

const isNew = (change: Change, bead: string): boolean =>
  change.ops.some((op) => op.op === 'create' && op.bead.id === bead)

/** Everything that was done to a bead, or tried, oldest first. */
export function trailOf(dir: string, bead: string): TrailEntry[] {
  const found: TrailEntry[] = []
  for (const step of replay(dir)) if (step.before.has(bead)) found.push(entryOf(step, bead))
  return found
}

/** Everything that was said under a run's fence, and whatever else touched its record, oldest first. */
export function trailUnder(dir: string, fence: string): TrailEntry[] {
  const found: TrailEntry[] = []
  for (const step of replay(dir)) if (isUnder(step.change, fence)) found.push(entryOf(step))
  return found
}

const isUnder = (change: Change, fence: string): boolean =>
  change.fence === fence || change.ops.some((op) => 'path' in op && op.path[2] === 'runs' && op.path[3] === fence)

/** The newest changes, newest first; those that are only about leases (who holds which duty) when `all`. */
export function newestChanges(
  dir: string,
  query: { limit: number; by?: string; since?: number; all?: boolean },
): TrailEntry[] {
  const found: TrailEntry[] = []
  for (const step of replay(dir)) {
    const { change } = step
    if (query.by !== undefined && change.by !== query.by) continue
    if (query.since !== undefined && !(Date.parse(change.at) >= query.since)) continue
    if (!query.all && step.before.size === 0) continue
    found.push(entryOf(step))
    if (found.length > query.limit * 2 + 100) found.splice(0, found.length - query.limit)
  }
  return found.slice(-query.limit).reverse()
}

/**
 * A bead as it stood at a time: after the last change, in the order of the journal, that was made at that time or before.
 *
 * @param time milliseconds since 1970
 * @returns the bead and the time of the change that made it so; E_NOT_YET when it did not exist; E_BEFORE_TRAIL when the
 * journals do not reach back that far
 */
export function beadAt(dir: string, id: string, time: number): Result<{ bead: Bead; since: string }> {
  let found: { bead: Bead; since: string } | undefined
  let base: Bead | undefined
  let first: string | undefined
  const steps = replay(dir, (state) => {
    base = state.beads.get(id)
  })
  for (const { change, verdict, before, after } of steps) {
    if (!verdict.applied || !before.has(id)) continue
    first ??= change.at
    const bead = after.get(id)
    if (bead && Date.parse(change.at) <= time) found = { bead, since: change.at }
  }
  if (found) return ok(found)
  // From before our journals: what stood there since its last change.
  if (base && Date.parse(base.updated_at) <= time) return ok({ bead: base, since: base.updated_at })
  if (base) {
    return fail(
      'E_BEFORE_TRAIL',
      `The journals do not say how ${id} stood then: they begin with it as of ${base.updated_at}.`,
      {
        hint: `Older states are in the ledger's git history: git log -p -- issues.jsonl`,
      },
    )
  }
  return fail(
    'E_NOT_YET',
    first ? `${id} did not exist then; it was created at ${first}.` : `There is no trace of ${id}.`,
    {
      hint: `gt trail ${id}`,
    },
  )
}
