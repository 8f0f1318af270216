/**
 * The books of a merge request: every legal step as a change for the ledger. Pure, like runs.ts.
 * One merge request belongs to one run and keeps its place when the work comes back mended.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { MergeFacts, MergeState, Run } from '../beads/facts.ts'
import { gtPath, mayEnter, maySubmit, runOps, runPath } from './runs.ts'
import { standsNoMore } from './standstill.ts'

/** From which states each state may be entered (the drawing is in beads/facts.ts). */
const ENTERED_FROM: Record<MergeState, MergeState[]> = {
  // From the working states: the target moved, or the driver that held it died.
  queued: ['building', 'testing', 'landing', 'red', 'conflict', 'could_not_run', 'held'],
  building: ['queued'],
  testing: ['building'],
  // From `building` when every gate's verdict on that content is known already.
  landing: ['testing', 'building'],
  landed: ['landing', 'testing', 'building', 'queued', 'held', 'could_not_run'],
  // From `held`: the target moved under an open pull request.
  conflict: ['queued', 'building', 'testing', 'held'],
  // From the waiting states: a person (or a reviewer on the forge) sends it back.
  red: ['testing', 'building', 'queued', 'held', 'could_not_run'],
  could_not_run: ['queued', 'building', 'testing', 'landing', 'held'],
  held: ['queued', 'building', 'testing', 'landing'],
  rejected: ['queued', 'building', 'testing', 'landing', 'conflict', 'red', 'could_not_run', 'held'],
}

/** States in which a driver holds the entry. Only `landing` cannot be taken back any more. */
export const IN_HAND: ReadonlySet<MergeState> = new Set<MergeState>(['building', 'testing', 'landing'])

/** States in which the entry waits for its worker. */
export const RETURNED: ReadonlySet<MergeState> = new Set<MergeState>(['conflict', 'red'])

export interface MergeRequest {
  bead: Bead
  merge: MergeFacts
}

/** The merge request in a bead, if that is what it is. */
export function mergeOf(bead: Bead | undefined): MergeRequest | undefined {
  const merge = bead && facts(bead).merge
  return bead && merge ? { bead, merge } : undefined
}

/** Urgent ones first, then older ones; the id decides between two of one instant, so that every reader sees one order. */
function inOrder(a: MergeRequest, b: MergeRequest): number {
  const byPriority = a.bead.priority - b.bead.priority
  if (byPriority !== 0) return byPriority
  const [first, second] = [a, b].map(({ bead, merge }) => `${merge.queued_at} ${bead.id}`) as [string, string]
  return first < second ? -1 : 1
}

/** All merge requests that are not landed or rejected, in order: the queue (derived, never stored). */
export function openMerges(beads: Iterable<Bead>, rig?: string): MergeRequest[] {
  const found: MergeRequest[] = []
  for (const bead of beads) {
    if (bead.issue_type !== 'merge-request' || bead.status === 'closed') continue
    const request = mergeOf(bead)
    if (request && (rig === undefined || request.merge.rig === rig)) found.push(request)
  }
  return found.sort(inOrder)
}

/** A new merge request bead for a run that says it is done. */
export function mergeRequestBead(id: string, bead: Bead, run: Run, head: string, at: string, message?: string): Bead {
  const merge: MergeFacts = {
    bead: bead.id,
    run: run.fence,
    rig: run.rig,
    worker: run.agent,
    branch: run.branch,
    head,
    base: run.base ?? '',
    target: run.target,
    state: 'queued',
    queued_at: at,
    handed_in_at: at,
    since: at,
    ...(message !== undefined && { message }),
  }
  return {
    id,
    title: `Merge ${bead.id}: ${bead.title}`.slice(0, 200),
    status: 'open',
    priority: bead.priority,
    issue_type: 'merge-request',
    created_at: at,
    created_by: run.agent,
    updated_at: at,
    labels: ['gt:merge-request'],
    dependencies: [{ issue_id: id, depends_on_id: bead.id, type: 'tracks', created_at: at, created_by: run.agent }],
    metadata: { gt: { version: 0, rig: run.rig, merge } },
  }
}

/** Facts to note with a step; an `undefined` one is taken away. */
export type MergeNote = Partial<{ [K in keyof MergeFacts]: MergeFacts[K] | undefined }>

/**
 * One step of a merge request, with facts noted alongside. Only what its worker has handed in is queued or taken in
 * hand: while the worker is at work again, the entry is the worker's.
 */
export function step(
  request: MergeRequest,
  to: MergeState,
  at: string,
  why: string,
  note: MergeNote = {},
): ChangeInput {
  const change = enter(request, to, at, why, note)
  if (to !== 'queued' && to !== 'building') return change
  const { bead, run } = request.merge
  if (run === undefined) return change
  const handedIn: Condition = { if: 'in', id: bead, path: runPath(run, 'state'), values: ['submitted'] }
  return { ...change, when: [...(change.when ?? []), handedIn] }
}

/**
 * One step of several entries at once: all of them take it, or none (one was taken back meanwhile). At least one.
 */
export function stepTogether(
  steps: { request: MergeRequest; note?: MergeNote }[],
  to: MergeState,
  at: string,
  why: string,
): ChangeInput {
  const changes = steps.map(({ request, note }) => step(request, to, at, why, note))
  return {
    by: changes[0]?.by ?? 'refinery',
    why,
    when: changes.flatMap((change) => change.when ?? []),
    ops: changes.flatMap((change) => change.ops),
  }
}

/** Facts noted on an entry that stays in its state; void once it holds another head. */
export function noteMerge(request: MergeRequest, note: MergeNote, why: string): ChangeInput {
  const { id } = request.bead
  const same: Condition = { if: 'in', id, path: gtPath('merge', 'head'), values: [request.merge.head] }
  return { by: `${request.merge.rig}/refinery`, why, when: [same], ops: noteOps(id, note) }
}

function noteOps(id: string, note: MergeNote): Op[] {
  return Object.entries(note).map(([key, value]) =>
    value === undefined
      ? { op: 'unset', id, path: gtPath('merge', key) }
      : { op: 'set', id, path: gtPath('merge', key), value },
  )
}

function enter(request: MergeRequest, to: MergeState, at: string, why: string, note: MergeNote): ChangeInput {
  const id = request.bead.id
  const ops = noteOps(id, { ...note, state: to, since: at })
  return {
    by: `${request.merge.rig}/refinery`,
    ...(request.merge.run !== undefined && { fence: request.merge.run }),
    why,
    when: [{ if: 'in', id, path: gtPath('merge', 'state'), values: ENTERED_FROM[to] }],
    ops,
  }
}

/**
 * A run hands in the commit `head`: run → submitted and merge request → queued, as one change. A mended one goes back
 * into the same merge request; otherwise a new one is made under `id`.
 */
export function submit(
  bead: Bead,
  run: Run,
  request: MergeRequest | undefined,
  work: { head: string; at: string; message?: string; id: string },
): ChangeInput {
  const { head, at, message, id } = work
  const why = `done: ${message ?? head.slice(0, 12)}`
  // A merge request tells when its present head was handed in, and moves that; what counts as proof is the first time.
  const first = run.handed_in === undefined && run.merge_request === undefined ? { handed_in: at } : {}
  // It was called lost by mistake: what for is no failure, also if it is handed over later.
  const settled = run.state === 'lost' ? { cause: undefined } : {}
  const asked: Op[] = facts(bead).needs?.cause === 'ask' ? [{ op: 'unset', id: bead.id, path: gtPath('needs') }] : []
  asked.push(...standsNoMore(bead))
  if (request !== undefined && request.bead.status !== 'closed') {
    const stale = { reason: undefined, evidence: undefined, gate: undefined, rule: undefined }
    // It keeps its place for one repair; work that comes back again goes to the end of the line.
    const place = (request.merge.returns ?? 0) > 1 ? { queued_at: at } : {}
    const handedIn = { head, message: message ?? request.merge.message, handed_in_at: at, ...place }
    const change = enter(request, 'queued', at, why, { ...handedIn, ...stale })
    return {
      ...change,
      by: run.agent,
      when: [...maySubmit(run), ...(change.when ?? [])],
      ops: [...change.ops, ...runOps(run, 'submitted', at, { head, ...settled }), ...asked],
    }
  }
  return {
    by: run.agent,
    fence: run.fence,
    why,
    when: [
      ...maySubmit(run),
      { if: 'in', id: bead.id, path: runPath(run.fence, 'merge_request'), values: [run.merge_request ?? null] },
      { if: 'absent', id },
      { if: 'in', id: bead.id, path: ['status'], values: ['hooked', 'in_progress', 'open'] },
    ],
    ops: [
      { op: 'create', bead: mergeRequestBead(id, bead, run, head, at, message) },
      ...runOps(run, 'submitted', at, { head, merge_request: id, ...first, ...settled }),
      { op: 'set', id: bead.id, path: ['status'], value: 'in_progress' },
      ...asked,
    ],
  }
}

/**
 * The landing: merge request, bead and run change together, once the commit is seen in the target (laws 1 and 11).
 */
export function land(
  request: MergeRequest,
  bead: Bead,
  run: Run | undefined,
  where: { commit: string; landing?: string },
  at: string,
  why: string,
): ChangeInput {
  const { commit, landing } = where
  const landed = {
    commit,
    ...(landing && { landing }),
    target: request.merge.target,
    merge_request: request.bead.id,
    at,
  }
  const settled = { executor: undefined, reason: undefined, held_for: undefined, evidence: undefined }
  const change = step(request, 'landed', at, why, { commit, landing, ...settled })
  if (run !== undefined) change.when?.push(mayEnter(run, 'finished'))
  change.ops.push(
    { op: 'set', id: request.bead.id, path: ['status'], value: 'closed' },
    { op: 'set', id: request.bead.id, path: ['close_reason'], value: `landed as ${commit}` },
    { op: 'set', id: bead.id, path: ['status'], value: 'closed' },
    { op: 'set', id: bead.id, path: ['close_reason'], value: `landed as ${commit} on ${request.merge.target}` },
    { op: 'set', id: bead.id, path: gtPath('outcome'), value: 'landed' },
    { op: 'set', id: bead.id, path: gtPath('landed'), value: landed },
    { op: 'unset', id: bead.id, path: gtPath('slung') },
    { op: 'unset', id: bead.id, path: gtPath('needs') },
    { op: 'unset', id: bead.id, path: gtPath('handover') },
    ...(run === undefined ? [] : runOps(run, 'finished', at)),
  )
  return change
}
