/**
 * What somebody else did to `issues.jsonl`, as operations. Three sides: the base they began from, what we hold
 * now, and their file.
 *
 * The rules: absence is never deletion (another program does not know all our beads and keys); sets merge element by
 * element; where both sides changed the same key the younger bead wins; `metadata.gt` is the kernel's own.
 */
import { readFileSync } from 'node:fs'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Bead, Comment, Dependency } from './bead.ts'
import { same } from './canonical.ts'
import type { Change, Op } from './change.ts'
import type { State } from './fold.ts'
import type { Journal } from './journal.ts'
import { basePath, numbers } from './journal.ts'
import { keyOf } from './paths.ts'
import { foreignId, issuesPath } from './publish.ts'
import { complete, readForeignSnapshot, readOwnSnapshot } from './snapshot.ts'

type Theirs = Partial<Bead>

/** Keys that every beads program knows, so that leaving one out means that it was cleared. */
const CLEARABLE = [
  'description',
  'design',
  'acceptance_criteria',
  'notes',
  'assignee',
  'close_reason',
  'external_ref',
  'labels',
]
/** Not edits: identity, and what the fold keeps itself. */
const NEVER = new Set([
  'id',
  'created_at',
  'created_by',
  'updated_at',
  'metadata',
  'dependencies',
  'labels',
  'comments',
])

/** How far a file is from a base: the number of beads that differ. The nearest base is the one it was edited from. */
export function distance(base: ReadonlyMap<string, Bead>, theirs: Theirs[]): number {
  return theirs.filter((bead) => {
    const old = base.get(bead.id!)
    return !old || Object.keys(bead).some((key) => !same(bead[key], old[key]))
  }).length
}

/** The operations that bring their edits into our state. Empty when they changed nothing that we would keep. */
export function foreignOps(base: ReadonlyMap<string, Bead>, theirs: Theirs[], state: State): Op[] {
  return theirs.flatMap((bead) => {
    const old = base.get(bead.id!)
    const ours = state.beads.get(bead.id!)
    if (!ours) return [{ op: 'create', bead: complete(bead) } satisfies Op]
    // Created on our side since the base: the same bead come back to us, or an id that was minted twice.
    if (!old)
      return ours.created_at === bead.created_at ? [] : [{ op: 'create', bead: complete(renamed(bead, state)) } as Op]
    return beadOps(old, bead, ours)
  })
}

function renamed(bead: Theirs, state: State): Theirs {
  let n = 2
  while (state.beads.has(`${bead.id}.${n}`)) n += 1
  return { ...bead, id: `${bead.id}.${n}` }
}

function beadOps(old: Bead, theirs: Theirs, ours: Bead): Op[] {
  const { id } = ours
  const ops: Op[] = []
  const theyAreYounger = Date.parse(theirs.updated_at ?? '') > Date.parse(ours.updated_at)
  const mayEdit = (key: string): boolean => same(ours[key], old[key]) || theyAreYounger
  for (const key of Object.keys(theirs)) {
    if (NEVER.has(key) || same(theirs[key], old[key]) || same(theirs[key], ours[key])) continue
    if (mayEdit(key)) ops.push({ op: 'set', id, path: [key], value: theirs[key] })
  }
  for (const key of CLEARABLE) {
    if (key in theirs || !(key in old) || key === 'labels') continue
    if (mayEdit(key)) ops.push({ op: 'unset', id, path: [key] })
  }
  return [
    ...ops,
    ...labelOps(old, theirs, id),
    ...edgeOps(old, theirs, id),
    ...commentOps(old, theirs, ours),
    ...dataOps(old, theirs, ours),
  ]
}

function labelOps(old: Bead, theirs: Theirs, id: string): Op[] {
  const before = new Set(old.labels)
  const after = new Set(theirs.labels)
  return [
    ...[...after]
      .filter((label) => !before.has(label))
      .map((value): Op => ({ op: 'add', id, path: ['labels'], value })),
    ...[...before].filter((key) => !after.has(key)).map((key): Op => ({ op: 'remove', id, path: ['labels'], key })),
  ]
}

function edgeOps(old: Bead, theirs: Theirs, id: string): Op[] {
  // Some programs leave out what they cannot resolve; a lost edge would start work too early.
  if (!theirs.dependencies) return []
  const path = ['dependencies']
  const before = new Map((old.dependencies ?? []).map((edge) => [keyOf(edge), edge]))
  const after = new Map(theirs.dependencies.map((edge) => [keyOf(edge), edge]))
  const ops: Op[] = []
  for (const [key, edge] of before) {
    if (after.get(key)?.type !== edge.type) ops.push({ op: 'remove', id, path, key })
  }
  for (const [key, edge] of after) {
    if (before.get(key)?.type !== edge.type) ops.push({ op: 'add', id, path, value: dated(edge, theirs, old) })
  }
  return ops
}

const dated = (edge: Dependency, theirs: Theirs, old: Bead): Dependency => ({
  ...edge,
  created_at: edge.created_at ?? theirs.updated_at ?? old.updated_at,
})

/** Other programs number comments anew: what tells two apart is who said what when. */
function commentOps(old: Bead, theirs: Theirs, ours: Bead): Op[] {
  const said = (comment: Comment): string =>
    JSON.stringify([comment.author, comment.text, Date.parse(comment.created_at)])
  const known = new Set([...(old.comments ?? []), ...(ours.comments ?? [])].map(said))
  let next = Math.max(0, ...(ours.comments ?? []).map((comment) => Number(comment.id) || 0))
  return (theirs.comments ?? [])
    .filter((comment) => !known.has(said(comment)))
    .map((comment): Op => {
      next += 1
      return { op: 'add', id: ours.id, path: ['comments'], value: { ...comment, id: next, issue_id: ours.id } }
    })
}

function dataOps(old: Bead, theirs: Theirs, ours: Bead): Op[] {
  const { metadata } = theirs
  if (!metadata || typeof metadata !== 'object') return []
  return Object.keys(metadata)
    .filter((key) => key !== 'gt' && key !== '__proto__' && !same(metadata[key], old.metadata?.[key]))
    .map((key): Op => ({ op: 'set', id: ours.id, path: ['metadata', key], value: metadata[key] }))
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
  const ops = foreignOps(best?.base ?? new Map(), theirs.value, journal.state)
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
