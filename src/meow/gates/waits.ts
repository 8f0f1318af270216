/** Who waits for which gates: derived from edges and runs, stored nowhere (law 11). Pure. */
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { Run } from '../../beads/facts.ts'
import type { State } from '../../beads/fold.ts'
import { lookUp } from '../../beads/fold.ts'
import { isOver } from '../../beads/ready.ts'
import { cameOf, gateFacts, gateWords, isGate, isPending } from './gate.ts'

/** Runs that are parked on a gate. */
export const parkedOn = (state: State, gate: string): Run[] =>
  parkedRuns(state).filter((run) => run.parked?.gates.includes(gate))

export const parkedRuns = (state: State): Run[] =>
  [...state.live.values()].flat().filter((run) => run.state === 'parked')

/** Whether everything that a parked run waits for is over: open, failed, or not there any more. */
export const mayGoOn = (state: State, run: Run): boolean =>
  (run.parked?.gates ?? []).every((id) => cameOf(lookUp(state, id)) !== undefined)

/** All gates that are not over, oldest first; of one rig (and of none), if named. */
export function openGates(state: State, rig?: string): Bead[] {
  const all = [...state.beads.values()].filter((bead) => isGate(bead) && !isOver(bead))
  const mine = rig === undefined ? all : all.filter((gate) => (facts(gate).rig ?? rig) === rig)
  return mine.sort((a, b) =>
    a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.id < b.id ? -1 : 1,
  )
}

const blockersOf = (bead: Bead): string[] =>
  (bead.dependencies ?? []).filter((edge) => edge.type === 'blocks').map((edge) => edge.depends_on_id)

/** Live beads that need a gate. */
export function neededBy(state: State, gate: string): string[] {
  return [...state.beads.values()]
    .filter((bead) => !isOver(bead) && blockersOf(bead).includes(gate))
    .map(({ id }) => id)
}

/**
 * When the clock of a gate began, in ms since the epoch. Of one that somebody made, with its making. Of one before a step of a
 * molecule when the turn of that step came: the last of what else it needs, and the groups around it, was over. Null: not yet.
 */
export function turnOf(state: State, gate: Bead): number | null {
  const made = Date.parse(gate.created_at)
  const { of } = gateFacts(gate)
  if (of === undefined) return made
  let first: number | null = null
  let needed = false
  for (const bead of state.beads.values()) {
    if (facts(bead).step?.of !== of || isOver(bead) || !blockersOf(bead).includes(gate.id)) continue
    needed = true
    const turn = turnOfStep(state, bead)
    if (turn !== null && (first === null || turn < first)) first = turn
  }
  // Nobody needs it any more: it is as good as any other.
  if (!needed) return made
  return first === null ? null : Math.max(made, first)
}

/** When all that a step needs but gates was over; null while something is not. */
function turnOfStep(state: State, bead: Bead): number | null {
  let last = 0
  for (const edge of bead.dependencies ?? []) {
    const target = lookUp(state, edge.depends_on_id)
    if (target === undefined || isGate(target)) continue
    if (edge.type === 'blocks' || edge.type === 'waits-for') {
      if (!isOver(target)) return null
      last = Math.max(last, Date.parse(target.closed_at ?? target.updated_at))
    } else if (edge.type === 'parent-child' && facts(target).step !== undefined) {
      const above = isOver(target) ? 0 : turnOfStep(state, target)
      if (above === null) return null
      last = Math.max(last, above)
    }
  }
  return last
}

/** Whether somebody waits for this gate now: a parked run, or a bead that needs nothing else; or nobody said who does. */
export function hasTurn(state: State, gate: string): boolean {
  if (parkedOn(state, gate).length > 0) return true
  const needing = neededBy(state, gate)
  const others = (id: string): string[] => blockersOf(state.beads.get(id)!).filter((one) => one !== gate)
  const stands = (id: string): boolean => {
    const bead = lookUp(state, id)
    return bead === undefined || !isOver(bead)
  }
  return needing.length === 0 || needing.some((id) => !others(id).some(stands))
}

/**
 * What a worker who parks waits for: pending gates that its bead needs, and those that its next steps need (steps of the
 * molecule on its hook whose other needs are over). A gate of a later step is left out: what opens it may be made by a step
 * before.
 */
export function gatesToParkOn(state: State, bead: Bead): string[] {
  const next = [...state.beads.values()].filter((one) => facts(one).step?.of === bead.id && !isOver(one))
  const found = new Set<string>()
  for (const one of [bead, ...next]) {
    const blockers = blockersOf(one).map((id) => lookUp(state, id))
    const others = blockers.filter((other) => other === undefined || (!isGate(other) && !isOver(other)))
    if (one !== bead && others.length > 0) continue
    for (const gate of blockers) if (gate !== undefined && isPending(gate)) found.add(gate.id)
  }
  return [...found]
}

/** What a run waited for and what came of it, one line each. */
export const cameOfAll = (state: State, run: Run): string[] =>
  (run.parked?.gates ?? []).map((id) => {
    const gate = lookUp(state, id)
    return `${id}${gate === undefined ? '' : ` (${gateWords(gate)})`}: ${cameOf(gate) ?? 'still waits'}`
  })
