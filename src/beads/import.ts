/**
 * What an exported file amounts to in this ledger. Pure: a plan with one change that applies whole or not at all.
 *
 * A bead that is not here is created as it is. One that is here is merged by the rules of every merge (merge.ts), without a
 * base: sets are joined, of two values the younger record's stands and the other is kept under `metadata.gt.conflicts`, and
 * what the file leaves out is no edit. A line that says what our bead once said is no edit either, only old.
 */
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import { same } from './canonical.ts'
import type { Change, ChangeInput, Condition, Op } from './change.ts'
import { findCycles } from './cycles.ts'
import type { Author } from './edit.ts'
import type { GtFacts } from './facts.ts'
import { LIVE_RUN } from './facts.ts'
import type { State } from './fold.ts'
import { apply } from './fold.ts'
import type { ExportedBead, ExportedFile, Remark } from './import-lines.ts'
import { isNothing, mergedWith } from './import-merge.ts'
import { complete, DERIVED } from './snapshot.ts'

export interface ImportPlan {
  created: string[]
  updated: string[]
  unchanged: string[]
  skipped: Remark[]
  notes: Remark[]
  /** Any of these stops the import; then there is no change. */
  problems: Remark[]
  /** Circles of beads that would hold each other back, at a line of the file that is part of it. They are imported all the same. */
  cycles: { line: number; ids: string[] }[]
  when: Condition[]
  input: ChangeInput | null
}

/** What an import draws on besides the file. */
export interface ImportSource {
  /** Name of the file, for the trail. */
  source: string
  /** The project of created beads that name none. */
  rig?: string
  /** Beads in the archive, by id. */
  archived?: ReadonlyMap<string, Bead>
  /** What a bead here once said, in any order. */
  past?: (id: string) => Iterable<Bead>
}

/** Plans an import; nothing is written. */
export function planImport(state: State, file: ExportedFile, author: Author, from: ImportSource): ImportPlan {
  const plan: ImportPlan = {
    created: [],
    updated: [],
    unchanged: [],
    skipped: file.skipped,
    notes: [...file.notes],
    problems: [...file.problems],
    cycles: [],
    when: [],
    input: null,
  }
  // The actor of whatever is not an agent is "person", and only a run has a fence.
  const byAgent = author.by !== 'person' || author.fence !== undefined
  const ops = file.beads.flatMap((line) => opsFor(state, line, plan, from, byAgent))
  if (plan.problems.length > 0) return plan
  const at = author.at ?? new Date().toISOString()
  const why = `imported ${plan.created.length + plan.updated.length} beads from ${from.source}`
  const input: ChangeInput = {
    by: author.by,
    ...(author.fence ? { fence: author.fence } : {}),
    why,
    ops,
    when: plan.when,
  }
  const after = preview(state, { ...input, id: 'preview', at })
  const lineOf = new Map(file.beads.map(({ bead, line }) => [bead.id, line]))
  plan.cycles = findCycles(after).flatMap((ids) => {
    const line = ids.map((id) => lineOf.get(id)).find((found) => found !== undefined)
    return line === undefined ? [] : [{ line, ids }]
  })
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

function opsFor(state: State, line: ExportedBead, plan: ImportPlan, from: ImportSource, byAgent: boolean): Op[] {
  const { bead, line: number } = line
  const ours = state.beads.get(bead.id) ?? from.archived?.get(bead.id)
  const remark = (text: string): Remark => ({ line: number, id: bead.id, text })
  if (byAgent && (bead.issue_type === 'message' || ours?.issue_type === 'message')) {
    plan.problems.push(remark('a message is somebody’s words; only a person brings one in'))
    return []
  }
  if (ours === undefined) {
    plan.created.push(bead.id)
    const made = complete(bead)
    const gt = settled(facts(made), (text) => plan.notes.push(remark(text)))
    if (byAgent) tighten(gt, (text) => plan.notes.push(remark(text)))
    if (from.rig !== undefined) gt.rig ??= from.rig
    return [{ op: 'create', bead: { ...made, metadata: { ...made.metadata, gt } } }]
  }
  if (isAnother(ours, bead)) {
    plan.problems.push(
      remark(`${bead.id} is another bead here (“${ours.title}”, of ${ours.created_at}); the two would be mixed`),
    )
    return []
  }
  const merged = mergedWith(state, ours, bead, from.past?.(bead.id) ?? [], (text) => plan.notes.push(remark(text)))
  ;(merged === null ? plan.unchanged : plan.updated).push(bead.id)
  if (merged === null) return []
  plan.when.push(
    state.beads.get(bead.id) === ours
      ? { if: 'version', id: bead.id, is: facts(ours).version }
      : { if: 'absent', id: bead.id },
  )
  return [{ op: 'put', bead: merged }]
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

/**
 * How a bead lands is for people to say; a file in the hands of an agent is not their word. What its project says is not
 * known here, so `pr` may be looser than that: only `hold` is sure to be no way round.
 */
function tighten(gt: GtFacts, note: (text: string) => void): void {
  const { landing } = gt
  if (landing === undefined || landing === 'hold') return
  if (landing === 'direct') delete gt.landing
  else gt.landing = 'hold'
  note(
    `its landing policy ${JSON.stringify(landing)} is for a person to set; here ${gt.landing === undefined ? "its project's counts" : 'it lands when a person says so ("hold")'}`,
  )
}

/** Derived by their writers, or another spelling of what is kept. */
const NOT_KEPT = new Set([...DERIVED, 'wisp', 'metadata'])

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
