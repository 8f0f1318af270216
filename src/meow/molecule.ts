/**
 * A molecule as it stands: its steps in order, which are done, which may begin, what the others wait for. Pure; derived from
 * the beads each time and stored nowhere (law 11). One function for every command, the daemon and the tests.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { StepFacts } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Blocked } from '../beads/ready.ts'
import { blockedBy, isOver } from '../beads/ready.ts'

export type StepState =
  | 'done'
  /** Everything before it is done. */
  | 'ready'
  /** Something before it is not done. */
  | 'waiting'
  /** Only gates stand before it. */
  | 'gated'
  /** Its molecule ended without it. */
  | 'skipped'

export interface StepView {
  bead: Bead
  facts: StepFacts
  state: StepState
  /** Open gates that stand before it (ids). */
  gates: string[]
  /** Why it cannot begin, one sentence. */
  why: string
}

export interface MoleculeView {
  root: Bead
  /** Groups and steps, in order. */
  steps: StepView[]
  /** Steps without parts: what is done by somebody. */
  total: number
  done: number
}

/** Steps and groups of a molecule in order; empty when it has none. */
export function stepsOf(state: State, root: string): { bead: Bead; facts: StepFacts }[] {
  const found: { bead: Bead; facts: StepFacts }[] = []
  for (const bead of state.beads.values()) {
    const { step } = facts(bead)
    if (step?.of === root && bead.status !== 'tombstone') found.push({ bead, facts: step })
  }
  return found.sort((a, b) => a.facts.n - b.facts.n)
}

/** The whole molecule under a bead; undefined when nothing was poured under it. */
export function moleculeView(state: State, root: Bead, now: Date): MoleculeView | undefined {
  if (facts(root).molecule?.kind !== 'molecule') return undefined
  const blocked = blockedBy(state, now)
  const steps = stepsOf(state, root.id).map(({ bead, facts: step }) => viewOf(state, bead, step, blocked))
  const leaves = steps.filter((step) => !step.facts.parts)
  return { root, steps, total: leaves.length, done: leaves.filter((step) => step.state === 'done').length }
}

/** The step that is next: the first in order that may begin. Undefined: all are done, or all that is left waits. */
export function nextStep(state: State, root: string, now: Date): { bead: Bead; facts: StepFacts } | undefined {
  const blocked = blockedBy(state, now)
  return openLeaves(state, root).find(({ bead }) => blocked(bead) === null)
}

/** Steps that are not done, without groups. */
export function openLeaves(state: State, root: string): { bead: Bead; facts: StepFacts }[] {
  return stepsOf(state, root).filter(({ bead, facts: step }) => !step.parts && !isOver(bead))
}

/** Open gates that stand before a step, its own and those of the groups that it is a part of. */
export function gatesBefore(state: State, bead: Bead): Bead[] {
  const gates: Bead[] = []
  for (const edge of bead.dependencies ?? []) {
    const target = state.beads.get(edge.depends_on_id)
    if (target === undefined || isOver(target)) continue
    if (edge.type === 'blocks' && target.issue_type === 'gate') gates.push(target)
    else if (edge.type === 'parent-child' && facts(target).step !== undefined) gates.push(...gatesBefore(state, target))
  }
  return gates
}

/** Whether somebody did it, and it did not just end with its molecule. */
export const isDone = (bead: Bead): boolean => isOver(bead) && facts(bead).outcome !== 'cancelled'

/**
 * The step that is next among open ones in order, looking no further than that; what the first gated one waits for, where
 * none can begin.
 *
 * @param open steps without parts, none of them over
 */
export function firstReady<T extends { bead: Bead; facts: StepFacts }>(
  state: State,
  open: Iterable<T>,
  now: Date,
): { next: T } | { waits?: string } {
  const blocked = blockedBy(state, now)
  let waits: string | undefined
  for (const step of open) {
    const view = viewOf(state, step.bead, step.facts, blocked)
    if (view.state === 'ready') return { next: step }
    if (view.state === 'gated') waits ??= view.why
  }
  return waits === undefined ? {} : { waits }
}

function viewOf(state: State, bead: Bead, step: StepFacts, blockedOf: (bead: Bead) => Blocked | null): StepView {
  if (isOver(bead)) {
    return { bead, facts: step, state: isDone(bead) ? 'done' : 'skipped', gates: [], why: bead.close_reason ?? '' }
  }
  const blocked = blockedOf(bead)
  if (blocked === null) return { bead, facts: step, state: 'ready', gates: [], why: '' }
  const gates = gatesBefore(state, bead).map(({ id }) => id)
  const only = gates.length > 0 && blocked.by.every((id) => gates.includes(id))
  return { bead, facts: step, state: only ? 'gated' : 'waiting', gates, why: blocked.why }
}
