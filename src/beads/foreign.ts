/**
 * What somebody else did to `issues.jsonl`, as operations. Three sides: the base they began from, what we hold
 * now, and their file; merged by the same function as everything else (merge.ts).
 *
 * Besides: absence is never deletion (another program does not know all our beads and keys), and `metadata.gt` is the
 * kernel's own, unless a gt wrote the file: after a person's `git merge` its versions have counted up.
 */
import { readFileSync } from 'node:fs'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { recheckArchive } from './archive-read.ts'
import type { Bead, Comment, Dependency } from './bead.ts'
import { same } from './canonical.ts'
import type { Change, Op } from './change.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'
import type { Journal } from './journal.ts'
import { basePath, numbers } from './journal.ts'
import type { Raw } from './merge.ts'
import { mergeRecord, sameRecord, versionOf } from './merge.ts'
import { parseRecords } from './merge-files.ts'
import { equal } from './merge-lists.ts'
import { areDifferent, freshId } from './merge-set.ts'
import type { Writer } from './merge-writer.ts'
import { asMeant, writerOf } from './merge-writer.ts'
import { keyOf } from './paths.ts'
import { foreignId, issuesPath } from './publish.ts'
import { complete, readForeignSnapshot, readOwnSnapshot } from './snapshot.ts'

type Theirs = Partial<Bead>

/** Not edits: identity, and what the fold keeps itself. */
const NEVER = new Set(['id', 'created_at', 'created_by', 'updated_at'])

/** How far a file is from a base: the number of beads that differ. The nearest base is the one it was edited from. */
export function distance(base: ReadonlyMap<string, Bead>, theirs: Theirs[]): number {
  return theirs.filter((bead) => {
    const old = base.get(bead.id!)
    return !old || Object.keys(bead).some((key) => !same(bead[key], old[key]))
  }).length
}

/**
 * The operations that bring their edits into our state. Empty when they changed nothing that we would keep.
 *
 * @param writer who wrote their file: what it cannot know, it did not edit
 */
export function foreignOps(
  base: ReadonlyMap<string, Bead>,
  theirs: Theirs[],
  state: State,
  writer: Writer = 'whole',
): Op[] {
  const sides = [base, new Map(theirs.map((bead) => [bead.id!, bead]))] as ReadonlyMap<string, Raw>[]
  return [...asMeant(sides[1]!, sides[0]!, writer).values()].flatMap((record) => {
    const bead = record as Theirs
    const old = base.get(bead.id!)
    const ours = state.beads.get(bead.id!)
    if (!ours) return newOps(old, bead, lookUp(state, bead.id!))
    // Created on our side since the base: the same bead come back to us, or an id that was minted twice.
    if (!old) {
      const to = freshId(ours.id, record)
      const known = !areDifferent(ours, record) || lookUp(state, to) !== undefined
      return known ? [] : [{ op: 'create', bead: complete({ ...bead, id: to }) } satisfies Op]
    }
    return beadOps(ours, mergeRecord(old, ours, byItsWriter(bead, old)).record as Bead)
  })
}

/** A bead that is not among the living: a new one, or one from the archive, alive again when they changed it. */
function newOps(old: Bead | undefined, theirs: Theirs, archived: Bead | undefined): Op[] {
  if (!archived) return [{ op: 'create', bead: complete(theirs) }]
  const base = old ?? archived
  const merged = mergeRecord(base, archived, byItsWriter(theirs, base)).record
  return sameRecord(merged, archived) ? [] : [{ op: 'create', bead: complete(merged as Theirs) }]
}

/** No bead is without these: a line that leaves one out does not speak of it. */
const EVERY = ['title', 'status', 'priority', 'issue_type', 'created_at', 'updated_at']

/** Only a gt counts versions up; what others write under `metadata.gt` is not theirs to write. */
function byItsWriter(given: Theirs, old: Bead): Raw {
  const theirs: Theirs = { ...Object.fromEntries(EVERY.map((key) => [key, old[key]])), ...given }
  if (versionOf(theirs) > versionOf(old)) return theirs
  const { gt: _theirs, ...rest } = theirs.metadata ?? {}
  const gt = old.metadata?.gt
  return { ...theirs, metadata: { ...rest, ...(gt === undefined ? {} : { gt }) } }
}

/** The operations that make `merged` of `ours`. */
function beadOps(ours: Bead, merged: Bead): Op[] {
  const { id } = ours
  const ops: Op[] = []
  for (const key of new Set([...Object.keys(ours), ...Object.keys(merged)])) {
    if (NEVER.has(key) || equal(key, ours[key], merged[key])) continue
    if (key === 'labels') ops.push(...listOps(id, key, ours.labels, merged.labels))
    else if (key === 'dependencies') ops.push(...listOps(id, key, ours.dependencies, dated(merged)))
    else if (key === 'comments') ops.push(...listOps(id, key, ours.comments, said(merged)))
    else if (key === 'metadata') ops.push(...treeOps(id, ['metadata'], ours.metadata, merged.metadata))
    else
      ops.push(
        merged[key] === undefined
          ? { op: 'unset', id, path: [key] }
          : { op: 'set', id, path: [key], value: merged[key] },
      )
  }
  return ops
}

/** Elements by their key; one that became another under the same key goes out first. */
function listOps(id: string, field: string, ours: unknown[] = [], merged: unknown[] = []): Op[] {
  const path = [field]
  const before = new Map(ours.map((item) => [keyOf(item), item]))
  const after = new Map(merged.map((item) => [keyOf(item), item]))
  const gone = [...before].filter(([key, item]) => !same(after.get(key), item))
  const come = [...after].filter(([key, item]) => !same(before.get(key), item))
  return [
    ...gone.map(([key]): Op => ({ op: 'remove', id, path, key })),
    ...come.map(([, value]): Op => ({ op: 'add', id, path, value })),
  ]
}

const dated = (bead: Bead): Dependency[] =>
  (bead.dependencies ?? []).map((edge) => ({ ...edge, created_at: edge.created_at ?? bead.updated_at }))
const said = (bead: Bead): Comment[] => (bead.comments ?? []).map((one) => ({ ...one, issue_id: bead.id }))

/** `metadata` key by key, and our own facts one by one: others may write them at the same time. */
function treeOps(id: string, path: string[], ours: Raw = {}, merged: Raw = {}): Op[] {
  return [...new Set([...Object.keys(ours), ...Object.keys(merged)])].flatMap((key): Op[] => {
    const at = [...path, key]
    if (key === '__proto__' || at.join('.') === 'metadata.gt.version' || same(ours[key], merged[key])) return []
    if (at.length === 2 && key === 'gt')
      return treeOps(id, at, ours.gt as Raw | undefined, merged.gt as Raw | undefined)
    return merged[key] === undefined
      ? [{ op: 'unset', id, path: at }]
      : [{ op: 'set', id, path: at, value: merged[key] }]
  })
}

/**
 * The foreign file as one change, against the base that it was edited from: of those kept, the one it is nearest to.
 * The id comes from the content, so that two processes which meet the same file merge it once.
 *
 * @returns null when the file holds nothing that we do not hold; E_LEDGER_PARSE when it is no beads file
 */
export function foreignEdit(journal: Journal, found: { bytes: Buffer; sha256: string }): Result<Change | null> {
  const path = issuesPath(journal.dir)
  const theirs = readForeignSnapshot(found.bytes, path)
  if (theirs.kind !== 'ok') return theirs
  let best: { base: Map<string, Bead>; far: number } | undefined
  for (const n of numbers(journal.dir, 'base').reverse()) {
    const base = readBase(journal.dir, n)
    if (base === null) continue
    const far = distance(base, theirs.value)
    if (!best || far < best.far) best = { base, far }
  }
  const base = best?.base ?? new Map<string, Bead>()
  const raw = parseRecords(found.bytes, path)
  const writer = raw.kind === 'ok' ? writerOf(raw.value.records, base as ReadonlyMap<string, Raw>) : 'whole'
  const ops = foreignOps(base, theirs.value, journal.state, writer)
  // Should one of them come out of the archive, the next commit has to notice.
  if (ops.some((op) => op.op === 'create')) recheckArchive(journal.dir)
  if (ops.length === 0) return ok(null)
  const why = `issues.jsonl was edited by another program: ${ops.length} edits merged`
  return ok({ id: foreignId(found.sha256), at: new Date().toISOString(), by: 'foreign', why, ops })
}

/** Null when it was pruned while we looked. */
function readBase(dir: string, n: number): Map<string, Bead> | null {
  try {
    const beads = readOwnSnapshot(readFileSync(basePath(dir, n), 'utf8'), basePath(dir, n))
    return beads.kind === 'ok' ? new Map(beads.value.map((bead) => [bead.id, bead])) : null
  } catch {
    return null
  }
}
