/**
 * What an exported file amounts to in this ledger. Pure: a plan with one change that applies whole or not at all.
 *
 * A bead that is not here is created as it is. One that is here keeps what its newer side says; labels, edges and
 * comments are added, never taken away, and a key that the file leaves out is no edit: its writer may not know it.
 */
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import { same } from './canonical.ts'
import type { Change, ChangeInput, Op } from './change.ts'
import type { Author } from './edit.ts'
import type { GtFacts } from './facts.ts'
import { LIVE_RUN } from './facts.ts'
import type { State } from './fold.ts'
import { apply } from './fold.ts'
import { findCycles } from './graph.ts'
import type { ExportedBead, ExportedFile, Remark } from './import-lines.ts'
import { complete } from './snapshot.ts'

export interface ImportPlan {
  created: string[]
  updated: string[]
  unchanged: string[]
  skipped: Remark[]
  notes: Remark[]
  /** Any of these stops the import; then there is no change. */
  problems: Remark[]
  /** Circles of beads that would hold each other back, with beads of the file in them. They are imported as they are. */
  cycles: string[][]
  input: ChangeInput | null
}

/**
 * @param options `rig`: the project of created beads that name none. `source`: the file's name, for the trail
 */
export function planImport(
  state: State,
  file: ExportedFile,
  author: Author,
  options: { rig?: string; source: string },
): ImportPlan {
  const plan: ImportPlan = {
    created: [],
    updated: [],
    unchanged: [],
    skipped: file.skipped,
    notes: [...file.notes],
    problems: [...file.problems],
    cycles: [],
    input: null,
  }
  const ops = file.beads.flatMap((line) => opsFor(state, line, plan, options.rig))
  if (plan.problems.length > 0) return plan
  const at = author.at ?? new Date().toISOString()
  const why = `imported ${plan.created.length + plan.updated.length} beads from ${options.source}`
  const input: ChangeInput = { by: author.by, ...(author.fence ? { fence: author.fence } : {}), why, ops }
  const after = preview(state, { ...input, id: 'preview', at })
  const ids = new Set(file.beads.map(({ bead }) => bead.id))
  plan.cycles = findCycles(after).filter((circle) => circle.some((id) => ids.has(id)))
  const created = new Set(plan.created)
  for (const line of file.beads) {
    const kept = after.beads.get(line.bead.id)
    if (kept && created.has(kept.id)) plan.notes.push(...dropped(line, kept))
  }
  plan.notes.sort((a, b) => a.line - b.line)
  if (ops.length > 0) plan.input = input
  return plan
}

/** The state as it would be afterwards; the given one stays as it is. */
function preview(state: State, change: Change): State {
  const copy: State = { ...state, beads: new Map(state.beads), live: new Map(state.live), decided: new Set() }
  if (change.ops.length > 0) apply(copy, change)
  return copy
}

function opsFor(state: State, line: ExportedBead, plan: ImportPlan, rig: string | undefined): Op[] {
  const { bead, line: number } = line
  const ours = state.beads.get(bead.id)
  const remark = (text: string): Remark => ({ line: number, id: bead.id, text })
  if (ours === undefined) {
    plan.created.push(bead.id)
    const made = complete(bead)
    const gt = settled(facts(made), (text) => plan.notes.push(remark(text)))
    if (rig !== undefined) gt.rig ??= rig
    return [{ op: 'create', bead: { ...made, metadata: { ...made.metadata, gt } } }]
  }
  if (isAnother(ours, bead)) {
    plan.problems.push(
      remark(`${bead.id} is another bead here (“${ours.title}”, of ${ours.created_at}); the two would be mixed`),
    )
    return []
  }
  const ops = updates(ours, bead, (text) => plan.notes.push(remark(text)))
  ;(ops.length > 0 ? plan.updated : plan.unchanged).push(bead.id)
  return ops
}

/** Two beads that were given the same id by chance. */
function isAnother(ours: Bead, theirs: Partial<Bead>): boolean {
  if (theirs.created_at === undefined || ours.title === theirs.title) return false
  return Date.parse(theirs.created_at) !== Date.parse(ours.created_at)
}

/** Facts about sessions and queues of the town that wrote the file must not start anything in this one. */
function settled(given: GtFacts, note: (text: string) => void): GtFacts {
  const gt: GtFacts = { ...given, version: 0 }
  if (gt.slung !== undefined) {
    delete gt.slung
    note('it was slung there; here it waits to be slung again')
  }
  const runs = Object.entries(gt.runs ?? {})
  if (runs.some(([, run]) => LIVE_RUN.has(run.state))) {
    const ended = runs.map(([fence, run]) =>
      LIVE_RUN.has(run.state)
        ? [fence, { ...run, state: 'stopped', reason: 'imported from another town' }]
        : [fence, run],
    )
    gt.runs = Object.fromEntries(ended)
    note('a worker of another town was on it; here that run counts as stopped')
  }
  if (gt.merge !== undefined && gt.merge.state !== 'landed' && gt.merge.state !== 'rejected') {
    gt.merge = { ...gt.merge, state: 'rejected', reason: 'imported from another town' }
    note('it was in a merge queue there; here it counts as rejected')
  }
  return gt
}

/** Identity, what the fold keeps itself, and what has rules of its own below. */
const SPECIAL = new Set([
  'id',
  'created_at',
  'created_by',
  'updated_at',
  'metadata',
  'labels',
  'dependencies',
  'comments',
])

/** What the file knows of a bead that is here already. */
function updates(ours: Bead, theirs: Partial<Bead>, note: (text: string) => void): Op[] {
  const { id } = ours
  const ops: Op[] = []
  const theirTime = Date.parse(theirs.updated_at ?? '') || 0
  const younger = theirTime > Date.parse(ours.updated_at)
  const kept: string[] = []
  const set = (path: string[], mine: unknown, value: unknown): void => {
    if (value === undefined || same(mine, value) || (mine === undefined && isNothing(value))) return
    if (younger) ops.push({ op: 'set', id, path, value })
    else kept.push(path.join('.'))
  }
  for (const key of Object.keys(theirs)) if (!SPECIAL.has(key)) set([key], ours[key], theirs[key])
  for (const [key, value] of Object.entries(theirs.metadata ?? {})) {
    if (key !== 'gt' && key !== '__proto__') set(['metadata', key], ours.metadata?.[key], value)
  }
  if (kept.length > 0) note(`${id} is newer here and keeps its ${kept.join(', ')}`)
  // What was taken away here since would come back: sets grow only from a younger bead, comments always.
  if (younger) {
    const labels = new Set(ours.labels)
    for (const value of theirs.labels ?? [])
      if (!labels.has(value)) ops.push({ op: 'add', id, path: ['labels'], value })
    const targets = new Set(ours.dependencies?.map((edge) => edge.depends_on_id))
    for (const edge of theirs.dependencies ?? []) {
      if (targets.has(edge.depends_on_id)) continue
      const value = { ...edge, created_at: edge.created_at ?? theirs.updated_at }
      ops.push({ op: 'add', id, path: ['dependencies'], value })
    }
  }
  const said = (comment: { author: string; text: string; created_at: string }): string =>
    JSON.stringify([comment.author, comment.text, Date.parse(comment.created_at)])
  const known = new Set(ours.comments?.map(said))
  const taken = new Set(ours.comments?.map((comment) => String(comment.id)))
  for (const comment of theirs.comments ?? []) {
    if (known.has(said(comment))) continue
    let number = Number(comment.id) || 1
    while (taken.has(String(number))) number += 1
    taken.add(String(number))
    ops.push({ op: 'add', id, path: ['comments'], value: { ...comment, id: number, issue_id: id } })
  }
  return ops
}

const isNothing = (value: unknown): boolean =>
  value === null || value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0)

/** Derived by their writers, or another spelling of what is kept. */
const NOT_KEPT = new Set([
  '_type',
  'dependency_count',
  'dependent_count',
  'comment_count',
  'parent',
  'content_hash',
  'source_repo',
  'wisp',
  'metadata',
])

/** What of a created bead is not as the line says, beyond spelling: the format has no place for it. */
function dropped(line: ExportedBead, kept: Bead): Remark[] {
  const remarks: Remark[] = []
  for (const [key, value] of Object.entries(line.raw)) {
    if (NOT_KEPT.has(key) || isNothing(value) || same(value, kept[key])) continue
    if (key === 'dependencies' || key === 'labels' || key === 'comments') {
      const before = new Set((value as unknown[]).map((one) => (key === 'labels' ? one : JSON.stringify(one)))).size
      const after = (kept[key] as unknown[] | undefined)?.length ?? 0
      if (after < before) remarks.push(remark(`${before - after} of its ${key} left out: a pair of beads has one edge`))
    } else if (!isSameTime(value, kept[key]) && !isEmptyObject(value)) {
      remarks.push(remark(`its ${key} became ${JSON.stringify(kept[key]) ?? 'nothing'}: ${reason(key, kept)}`))
    }
  }
  return remarks
  function remark(text: string): Remark {
    return { line: line.line, id: line.bead.id, text }
  }
}

const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0

const isSameTime = (a: unknown, b: unknown): boolean =>
  typeof a === 'string' && typeof b === 'string' && Date.parse(a) === Date.parse(b)

function reason(key: string, kept: Bead): string {
  if (key === 'closed_at' || key === 'close_reason') return `the bead is ${kept.status}, not closed`
  if (key === 'updated_at') return 'a bead is not changed before it is created'
  if (key === 'status') return 'a bead with deleted_at is a tombstone'
  return 'the format has no other value for it'
}
