/** What epics with an integration branch need next. Pure and level-triggered, a part of the plan (plan.ts). */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { Integration } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { isOver } from '../beads/ready.ts'
import { epicRequest, isUnswept, mendsOf, progressOf } from '../kernel/integration.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { RETURNED } from '../kernel/merges.ts'

export type EpicAction =
  /** All children are closed: hand the integration branch in, or once more with what was mended. */
  | { do: 'integrate'; bead: string; why: string }
  /** Its merge request came back, and nobody's session can be resumed: a child that mends it. */
  | { do: 'mend'; bead: string; request: MergeRequest }
  /** It landed: take its branch away. */
  | { do: 'sweep'; bead: string }
  | { do: 'ask-person'; bead: string; cause: string; text: string }

export function* epics(state: State, rounds: number): Generator<EpicAction> {
  const gathering = [...state.beads.values()].filter((bead) => facts(bead).integration !== undefined)
  if (gathering.length === 0) return
  const children = childrenByParent(state)
  for (const epic of gathering) {
    const { integration, needs } = facts(epic)
    if (isUnswept(epic)) yield { do: 'sweep', bead: epic.id }
    if (isOver(epic) || integration === undefined || needs !== undefined) continue
    const { open, closed } = progressOf(state, epic, children)
    // While a child is open the Refinery holds what is queued; what came back waits for the child, which may be the mend.
    if (open.length > 0 || closed.length === 0) continue
    const request = epicRequest(state, epic)
    if (request === undefined) yield { do: 'integrate', bead: epic.id, why: 'all children are closed' }
    else if (request.merge.held_for === 'children') {
      yield { do: 'integrate', bead: epic.id, why: 'its new children are closed too' }
    } else if (RETURNED.has(request.merge.state)) yield cameBack(epic, integration, request, closed, rounds)
  }
}

/** Red or a conflict, and every child is closed: try again with what has changed, have it mended, or ask a person. */
function cameBack(
  epic: Bead,
  { branch }: Integration,
  request: MergeRequest,
  closed: Bead[],
  rounds: number,
): EpicAction {
  const { merge, bead } = request
  const since = Date.parse(merge.since)
  const later = closed.filter((child) => Date.parse(child.closed_at ?? '') > since)
  const mends = mendsOf(closed, request)
  const mended = later.some((child) => {
    const { landed, mends: of, outcome } = facts(child)
    return landed?.target === branch || (of === bead.id && outcome === 'done')
  })
  if (mended) return { do: 'integrate', bead: epic.id, why: 'its integration branch was mended' }
  const last = merge.reason ?? merge.state
  const ways = `Mend ${branch}, push it, and: gt mq integration land ${epic.id}`
  const unmended = later.find((child) => facts(child).mends === bead.id)
  if (unmended !== undefined) {
    const text = `${bead.id} came back (${last}), and ${unmended.id}, which was to mend it, was closed without landing. ${ways}`
    return { do: 'ask-person', bead: epic.id, cause: merge.state, text }
  }
  if (mends.length < rounds) return { do: 'mend', bead: epic.id, request }
  const text = `${bead.id} came back ${mends.length + 1} times, the last time: ${last}. ${ways}`
  return { do: 'ask-person', bead: epic.id, cause: merge.state, text }
}
