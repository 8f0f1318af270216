/**
 * What the Refinery of one rig does next. Pure: the queue, the rig's policy and what is known of the drivers in,
 * one action out. One at a time and oldest first; the executor (queue.ts) can be killed at any instruction, because
 * the next plan starts from the ledger alone.
 */
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND } from '../kernel/merges.ts'
import type { RigSettings } from '../town/settings.ts'

export type Action =
  /** A driver died with this entry in its hand: find out how far it came. */
  | { do: 'recover'; request: MergeRequest }
  /** A person must decide first. */
  | { do: 'hold'; request: MergeRequest; cause: 'unverified' | 'policy'; reason: string }
  /** What it was held for is no longer so. */
  | { do: 'release'; request: MergeRequest; reason: string }
  | { do: 'merge'; request: MergeRequest }

export interface Queue {
  /** Open merge requests of the rig, in order. */
  requests: MergeRequest[]
  rig: RigSettings
  /** True when the driver named in the entry is proven dead. */
  orphaned(request: MergeRequest): boolean
}

export const UNVERIFIED = 'This rig has no gate, so nothing proves that the work is good.'

/** The next action, or null when the queue has nothing that could move now. */
export function next(queue: Queue): Action | null {
  for (const request of queue.requests) {
    const { state } = request.merge
    if (IN_HAND.has(state) && queue.orphaned(request)) return { do: 'recover', request }
    if (state === 'held' && releasable(queue.rig, request)) {
      return { do: 'release', request, reason: 'what it was held for has been settled' }
    }
  }
  for (const request of queue.requests) {
    if (request.merge.state !== 'queued') continue
    const held = holdCause(queue.rig, request)
    if (held !== null) return { do: 'hold', request, ...held }
    return { do: 'merge', request }
  }
  return null
}

function holdCause(rig: RigSettings, request: MergeRequest): { cause: 'unverified' | 'policy'; reason: string } | null {
  if (rig.gates.length === 0 && !rig.landing.unverified) {
    return { cause: 'unverified', reason: `${UNVERIFIED} Set one: gt config set rig.${rig.name}.gate "<command>"` }
  }
  if (rig.landing.policy === 'hold' && request.merge.approved_by === undefined) {
    return { cause: 'policy', reason: `Rig ${rig.name} lands nothing by itself: gt land ${request.bead.id}` }
  }
  return null
}

/** Held for the rig's settings (not for a refusal of the remote, which only a person or time can settle). */
export function releasable(rig: RigSettings, request: MergeRequest): boolean {
  return (
    request.merge.held_for !== undefined && request.merge.held_for !== 'refused' && holdCause(rig, request) === null
  )
}
