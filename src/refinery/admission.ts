/**
 * Who may stand in line. Pure. A rig without a gate lands nothing, and a landing policy is a person's decision: both are
 * looked at afresh at every step, so a changed setting counts at once.
 */
import type { Bead } from '../beads/bead.ts'
import { policyOf } from '../kernel/landing.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { RigSettings } from '../town/settings.ts'

export type Admission =
  /** It may be tested and land. */
  | { is: 'admitted' }
  /** A person decides first. */
  | { is: 'held'; cause: 'unverified' | 'policy'; reason: string }
  /** It lands on the forge, through a pull request. */
  | { is: 'pull-request' }

export const UNVERIFIED = 'This rig has no gate, so nothing proves that the work is good.'

/**
 * `bead`: the work that the merge request is for. A pull request needs no gate of the rig's: the forge's checks and its
 * reviewers are the gate there, and people merge. Let past it by a person, the work needs the rig's gate like any other.
 */
export function admission(rig: RigSettings, request: MergeRequest, bead: Bead): Admission {
  const approved = request.merge.approved_by !== undefined
  const policy = policyOf(bead, rig)
  if (policy === 'pr' && !approved) return { is: 'pull-request' }
  if (rig.gates.length === 0 && !rig.landing.unverified) {
    const reason = `${UNVERIFIED} Set one: gt config set rig.${rig.name}.gate "<command>"`
    return { is: 'held', cause: 'unverified', reason }
  }
  if (policy !== 'hold' || approved) return { is: 'admitted' }
  const whose = policy === rig.landing.policy ? `Rig ${rig.name}` : bead.id
  return { is: 'held', cause: 'policy', reason: `${whose} lands nothing by itself: gt land ${request.bead.id}` }
}

/**
 * Held for a setting that has been changed since (not for a refusal of the remote, which only a person can settle, nor
 * for open children: the Deacon hands an epic in again when they are closed).
 */
export function releasable(rig: RigSettings, request: MergeRequest, bead: Bead): boolean {
  const { state, held_for } = request.merge
  if (state !== 'held' || held_for === undefined || held_for === 'refused' || held_for === 'children') return false
  const now = admission(rig, request, bead)
  if (held_for === 'pr') return now.is !== 'pull-request'
  return now.is !== 'held'
}
