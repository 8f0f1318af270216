/**
 * What a convoy consists of. Pure; asked each time and stored once: a convoy bead names what it tracks, an epic has its
 * children, and any other bead is alone. How far it is follows from where those stand (law 11).
 *
 *   convoy bead            what it tracks, and its children
 *   epic                   its children; with an integration branch itself too, because it lands last
 *   anything else          itself, and its children that are work of their own
 *
 * Groups in groups are opened up, each bead counts once. Not counted: what was deleted, steps of a molecule (their one bead
 * is the work), and beads that are nobody's work. A member that is not in the ledger stays one: nobody knows about it.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { Following } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { isOver } from '../beads/ready.ts'

export type Children = ReadonlyMap<string, Bead[]>

export interface Member {
  id: string
  /** Undefined: the ledger does not know it. */
  bead: Bead | undefined
}

/** Types of beads that are nobody's work, whatever lies below them. */
const NO_MEMBER = new Set(['message', 'merge-request', 'gate', 'event', 'agent', 'role', 'rig'])

export const isConvoyBead = (bead: Bead): boolean => bead.issue_type === 'convoy'

/** What is followed and stands. A convoy bead that a person closed before its time is followed no more. */
export const followingOf = (bead: Bead): Following | undefined => {
  const { convoy } = facts(bead)
  if (convoy === undefined || bead.status === 'tombstone') return undefined
  return isConvoyBead(bead) && isOver(bead) && convoy.told === undefined ? undefined : convoy
}

/** Whether a bead can be a member of a convoy. */
export const canBeMember = (bead: Bead): boolean => !NO_MEMBER.has(bead.issue_type) && facts(bead).step === undefined

/** Ids that a convoy bead names, in their order. */
export const trackedBy = (bead: Bead): string[] =>
  isConvoyBead(bead)
    ? (bead.dependencies ?? []).filter(({ type }) => type === 'tracks').map((edge) => edge.depends_on_id)
    : []

/** What lies directly in a bead: what it tracks, and its children. */
export function partsOf(bead: Bead, children: Children): string[] {
  const below = (children.get(bead.id) ?? []).filter(canBeMember).map(({ id }) => id)
  return [...trackedBy(bead), ...below]
}

/** Whether a bead stands for nothing but its parts. */
export function isItsParts(bead: Bead, parts: readonly string[]): boolean {
  if (isConvoyBead(bead)) return true
  return bead.issue_type === 'epic' && parts.length > 0 && facts(bead).integration === undefined
}

/** A bead wherever it stands; of a wisp that is over, the digest that it left. */
export function memberBead(state: State, id: string): Bead | undefined {
  const bead = lookUp(state, id)
  if (bead !== undefined) return bead
  for (const one of state.beads.values()) if (facts(one).digest_of === id) return one
  return undefined
}

/** Everything that has to be over before the convoy is, in the order in which it is named. */
export function membersOf(state: State, convoy: Bead, children: Children = childrenByParent(state)): Member[] {
  const found: Member[] = []
  const seen = new Set([convoy.id])
  const queue = [convoy.id]
  for (const id of queue) {
    const bead = id === convoy.id ? convoy : memberBead(state, id)
    if (bead === undefined) found.push({ id, bead })
    else if (bead.status !== 'tombstone' && (bead === convoy || canBeMember(bead))) {
      const parts = partsOf(bead, children)
      if (!isItsParts(bead, parts)) found.push({ id, bead })
      for (const part of parts) if (!seen.has(part)) queue.push(part)
      for (const part of parts) seen.add(part)
    }
  }
  return found
}

/** How far a convoy is. Declined and cancelled members are over without having done what was wanted. */
export interface Progress {
  total: number
  /** The commit was seen in the target. */
  landed: number
  /** Over without a commit: a report, or a person's word. */
  done: number
  declined: string[]
  cancelled: string[]
  /** Named, and not in the ledger. */
  unknown: string[]
  open: number
}

export function progressOf(members: readonly Member[]): Progress {
  const progress: Progress = { total: 0, landed: 0, done: 0, declined: [], cancelled: [], unknown: [], open: 0 }
  for (const { id, bead } of members) {
    progress.total++
    if (bead === undefined) progress.unknown.push(id)
    else if (!isOver(bead)) progress.open++
    else {
      const { outcome } = facts(bead)
      if (outcome === 'declined' || outcome === 'cancelled') progress[outcome].push(id)
      else progress[outcome === 'landed' ? 'landed' : 'done']++
    }
  }
  return progress
}

/** Every member is over. One that nobody knows may still be at work, and nothing at all is not everything. */
export const isComplete = ({ total, open, unknown }: Progress): boolean =>
  total > 0 && open === 0 && unknown.length === 0
