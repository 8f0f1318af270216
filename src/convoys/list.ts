/**
 * What was sent off: the convoys that a person sees. Pure.
 *
 *   convoy beads, and whatever somebody follows
 *   epics with children, unless they lie in another epic
 *   a bead that was slung and lies in none of these: it is its own convoy
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { State } from '../beads/fold.ts'
import { isOver, parentsOf } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import { canBeMember, followingOf, isConvoyBead } from './members.ts'
import type { Surroundings } from './pace.ts'
import { Paces } from './pace.ts'
import type { ConvoyState, ConvoyView } from './view.ts'
import { convoyView, kindOf } from './view.ts'

/** What asks for somebody comes first. */
const ORDER: readonly ConvoyState[] = ['stalled', 'waiting', 'moving', 'empty', 'ended', 'landed']

/** @param all those that are over, too */
export function convoyViews(state: State, around: Surroundings, all = false): ConvoyView[] {
  const children = childrenByParent(state)
  const paces = new Paces(state, around, children)
  const groups: Bead[] = []
  const alone: Bead[] = []
  for (const bead of state.beads.values()) {
    if (bead.status === 'tombstone' || (!all && isForgotten(bead))) continue
    if (isConvoyBead(bead) || facts(bead).convoy !== undefined) groups.push(bead)
    else if (bead.issue_type === 'epic' && kindOf(bead, children) !== 'bead') {
      if (!parentsOf(bead).some((id) => state.beads.get(id)?.issue_type === 'epic')) groups.push(bead)
    } else if (!isOver(bead) && canBeMember(bead) && wasSlung(bead)) alone.push(bead)
  }
  const views = groups.map((bead) => convoyView(state, bead, around, { children, paces }))
  const inside = new Set(views.flatMap(({ members }) => members.map(({ id }) => id)))
  for (const bead of alone) {
    if (!inside.has(bead.id)) views.push(convoyView(state, bead, around, { children, paces }))
  }
  return views
    .filter((view) => all || !isBehind(view))
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || byAge(a.bead, b.bead))
}

/** Over, and nobody waits to be told. */
const isForgotten = (bead: Bead): boolean => {
  const following = followingOf(bead)
  return isOver(bead) && (following === undefined || following.told !== undefined)
}

const isBehind = ({ bead, state }: ConvoyView): boolean => {
  const following = followingOf(bead)
  return (state === 'landed' || state === 'ended') && (following === undefined || following.told !== undefined)
}

/** By somebody; a question to the Witness is nobody's sending. */
const wasSlung = (bead: Bead): boolean => {
  const { slung, diagnosis } = facts(bead)
  return diagnosis === undefined && (slung !== undefined || liveRun(bead) !== undefined)
}

const byAge = (a: Bead, b: Bead): number =>
  a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.id < b.id ? -1 : 1
