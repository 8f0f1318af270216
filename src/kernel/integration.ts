/**
 * The books of an epic that lands as one: what its children land on, whether they are all done, and every step of its
 * merge request as a change. Pure, like merges.ts; what the steps need of git is in refinery/integration.ts.
 */
import { fenced, oneLine } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition } from '../beads/change.ts'
import { createBead } from '../beads/edit.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { Integration } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { prefixOfId } from '../beads/ids.ts'
import { wayOf } from '../beads/integration.ts'
import { isOver } from '../beads/ready.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { MergeNote, MergeRequest } from './merges.ts'
import { mergeOf, step } from './merges.ts'
import { gtPath } from './runs.ts'

/**
 * The branch that the work of a bead starts from and lands on: that of the nearest open epic above it with an
 * integration branch in this rig, else the rig's target. What repairs a red branch lands on that branch.
 */
export function targetOf(state: State, bead: Bead, rig: { name: string; branch: string }): string {
  const red = facts(bead).red_target
  if (red?.rig === rig.name) return red.target
  const [nearest] = wayOf(state, bead, rig.name).filter(({ epic }) => epic.id !== bead.id)
  return nearest?.integration.branch ?? rig.branch
}

/** What an epic's landing is made of. */
export interface Progress {
  /** Below it, and not over: work, and inner epics that land on their own first. */
  open: Bead[]
  closed: Bead[]
}

/**
 * Everything below an epic that counts. An inner epic is its children, unless it has none or lands as one itself: then
 * it counts like any other child. Deleted beads do not.
 */
export function progressOf(state: State, epic: Bead, children = childrenByParent(state)): Progress {
  const progress: Progress = { open: [], closed: [] }
  const seen = new Set([epic.id])
  const queue = [...(children.get(epic.id) ?? [])]
  for (let bead = queue.shift(); bead !== undefined; bead = queue.shift()) {
    if (seen.has(bead.id) || bead.status === 'tombstone') continue
    seen.add(bead.id)
    const below = children.get(bead.id) ?? []
    queue.push(...below)
    const byChildren = bead.issue_type === 'epic' && below.length > 0 && facts(bead).integration === undefined
    if (!byChildren) progress[bead.status === 'closed' ? 'closed' : 'open'].push(bead)
  }
  return progress
}

/** The open merge request of an epic's integration branch, or of none. */
export function epicRequest(state: State, epic: Bead): MergeRequest | undefined {
  const id = facts(epic).integration?.merge_request
  const request = id === undefined ? undefined : mergeOf(state.beads.get(id))
  return request?.bead.status === 'closed' ? undefined : request
}

/** Why an epic's merge request may not land now: something below the epic is not done. Null: it may, or is none. */
export function waitsForChildren(state: State, { merge }: MergeRequest): string | null {
  if (merge.run !== undefined) return null
  const epic = state.beads.get(merge.bead)
  if (epic === undefined || isOver(epic)) return null
  const { open } = progressOf(state, epic)
  return open.length === 0 ? null : `it waits for ${named(open)}`
}

/** Ids for a sentence, the first few. */
export function named(beads: readonly Bead[]): string {
  const ids = beads.slice(0, 5).map(({ id }) => id)
  return beads.length > ids.length ? `${ids.join(', ')} and ${beads.length - ids.length} more` : ids.join(', ')
}

/** Whether the branch of a landed epic still has to be looked after. */
export function isUnswept(bead: Bead): boolean {
  const { integration, outcome } = facts(bead)
  return bead.status === 'closed' && outcome === 'landed' && integration !== undefined && !integration.swept
}

/** Where a branch of a rig is found: on the remote, or, deleted after its landing, at the tip that landed. */
export function placeOf(state: State, rig: string, branch: string): string {
  for (const bead of state.beads.values()) {
    const { integration, landed } = facts(bead)
    if (integration?.swept === undefined || integration.rig !== rig || integration.branch !== branch) continue
    const head = mergeOf(state.beads.get(landed?.merge_request ?? ''))?.merge.head
    if (head !== undefined) return head
  }
  return `refs/remotes/origin/${branch}`
}

/** What stands on the branch: its tip, and where it left its base. */
export interface Tip {
  head: string
  base: string
}

interface By {
  by: string
  at: string
  /** The person whose word lets it through a `hold` or `pr` policy. */
  approved?: string
}

const sameRequest = (epic: Bead, integration: Integration): Condition => ({
  if: 'in',
  id: epic.id,
  path: gtPath('integration', 'merge_request'),
  values: [integration.merge_request ?? null],
})

/** Hands in an integration branch: a merge request of nobody's run, queued. One at a time. */
export function queueEpic(id: string, epic: Bead, integration: Integration, tip: Tip, how: By): ChangeInput {
  const { at, by, approved } = how
  const worker = `${integration.rig}/refinery`
  const merge = {
    bead: epic.id,
    rig: integration.rig,
    worker,
    branch: integration.branch,
    ...tip,
    target: integration.base,
    state: 'queued' as const,
    queued_at: at,
    handed_in_at: at,
    since: at,
    ...(approved !== undefined && { approved_by: approved }),
  }
  const bead: Bead = {
    id,
    title: `Merge ${epic.id}: ${epic.title}`.slice(0, 200),
    status: 'open',
    priority: epic.priority,
    issue_type: 'merge-request',
    created_at: at,
    created_by: worker,
    updated_at: at,
    labels: ['gt:merge-request'],
    dependencies: [{ issue_id: id, depends_on_id: epic.id, type: 'tracks', created_at: at, created_by: worker }],
    metadata: { gt: { version: 0, rig: integration.rig, merge } },
  }
  return {
    by,
    why: `all children are closed: ${integration.branch} at ${tip.head.slice(0, 12)} goes to ${integration.base}`,
    when: [
      { if: 'absent', id },
      { if: 'in', id: epic.id, path: ['status'], values: [epic.status] },
      { if: 'in', id: epic.id, path: gtPath('integration', 'branch'), values: [integration.branch] },
      sameRequest(epic, integration),
    ],
    ops: [
      { op: 'create', bead },
      { op: 'set', id: epic.id, path: gtPath('integration', 'merge_request'), value: id },
      ...(approved === undefined ? [] : [{ op: 'unset' as const, id: epic.id, path: gtPath('needs') }]),
    ],
  }
}

/** Queues it again with what stands on the branch now. Verdicts on what stood there before count for nothing. */
export function requeueEpic(request: MergeRequest, tip: Tip, how: By & { why: string }): ChangeInput {
  const { at, by, approved, why } = how
  const stale: MergeNote = { reason: undefined, evidence: undefined, gate: undefined, rule: undefined }
  const note = { ...stale, held_for: undefined, candidate: undefined, ...tip, handed_in_at: at }
  const change = step(request, 'queued', at, why, { ...note, ...(approved !== undefined && { approved_by: approved }) })
  const ops = approved === undefined ? [] : [{ op: 'unset' as const, id: request.merge.bead, path: gtPath('needs') }]
  return { ...change, by, ops: [...change.ops, ...ops] }
}

/** The child beads that were made to mend what came back of this merge request. */
export const mendsOf = (children: readonly Bead[], request: MergeRequest): Bead[] =>
  children.filter((child) => facts(child).mends === request.bead.id)

/**
 * The child that mends an integration branch whose merge request came back: nobody's session can be resumed, so it is
 * ordinary work, slung to the rig. Applies only while the request waits as it was read.
 */
export function mendEpic(
  state: State,
  epic: Bead,
  request: MergeRequest,
  how: { by: string; at: string },
): Result<{ id: string; input: ChangeInput }> {
  const { merge } = request
  const what = merge.state === 'conflict' ? `conflict with ${merge.target}` : (merge.reason ?? merge.state)
  const made = createBead(
    state,
    {
      prefix: prefixOfId(epic.id),
      parent: epic.id,
      title: oneLine(`Mend integration of ${epic.id}: ${what}`, 200),
      body: mendBody(request),
      type: 'bug',
      priority: 1,
      rig: merge.rig,
    },
    how,
  )
  if (made.kind === 'error') return made
  const { bead, input } = made.value
  const set = (key: string, value: unknown) => ({ op: 'set' as const, id: bead.id, path: gtPath(key), value })
  const still = (key: 'state' | 'since'): Condition => ({
    if: 'in',
    id: request.bead.id,
    path: gtPath('merge', key),
    values: [merge[key]],
  })
  return ok({
    id: bead.id,
    input: {
      ...input,
      why: `${request.bead.id} came back: ${what}`,
      when: [...(input.when ?? []), { if: 'absent', id: bead.id }, still('state'), still('since')],
      ops: [...input.ops, set('mends', request.bead.id), set('slung', { rig: merge.rig, by: how.by, at: how.at })],
    },
  })
}

/** What the worker is to do, then the evidence as data: in a fence, so that no agent takes any of it for a script. */
function mendBody({ merge }: MergeRequest): string {
  const todo =
    merge.state === 'conflict'
      ? `Your branch starts from ${merge.branch}, which does not merge with ${merge.target} any more.\n` +
        `Merge origin/${merge.target} into the integration branch, resolve: on your branch, git merge origin/${merge.target}, ` +
        'then keep what both sides meant, run the gate, commit the merge.'
      : `Your branch starts from ${merge.branch}. Merged with ${merge.target} it does not pass the gate; ` +
        `${merge.target} alone does.\nSee it: on your branch, git merge origin/${merge.target}, then run the gate. Mend the cause and commit.`
  return `${todo}\n\n${fenced('Evidence:', merge.evidence ?? merge.reason ?? '')}\n`
}
