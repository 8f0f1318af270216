/** Who may start now: work that came back, then fresh beads, as far as slots, accounts, breakers and the machine allow. Pure. */
import { roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { activeRuns } from '../beads/fold.ts'
import { notReadyBecause } from '../beads/ready.ts'
import type { Breaker } from '../kernel/intensity.ts'
import { fixedAgent, rungOf } from '../kernel/ladder.ts'
import { startGate } from '../kernel/may-start.ts'
import { openMerges, RETURNED } from '../kernel/merges.ts'
import { liveRun, restUntil } from '../kernel/runs.ts'
import type { Action } from './actions.ts'
import { keyOf } from './actions.ts'
import { Cool } from './cool.ts'
import type { Observed, Policy } from './observed.ts'
import { refusedBy } from './spending.ts'

/**
 * Worker slots that no active run uses; the Witness's own sessions take none. One count for a whole plan: whoever comes first
 * in it takes first.
 */
export class Slots {
  #free: number

  constructor(observed: Pick<Observed, 'state' | 'closed'>, policy: Pick<Policy, 'cap'>) {
    const busy = activeRuns(observed.state).filter((run) => roleOf(run) !== 'witness').length
    this.#free = observed.closed === null ? policy.cap - busy : 0
  }

  get free(): boolean {
    return this.#free > 0
  }

  /** Takes one; false: there is none. */
  take(): boolean {
    if (!this.free) return false
    this.#free--
    return true
  }
}

/** Merge requests that came back from the Refinery, each to its rung; without a free slot their workers wait. */
export function* returned(observed: Observed, policy: Policy, slots: Slots): Generator<Action> {
  for (const request of openMerges(observed.state.beads.values())) {
    if (!RETURNED.has(request.merge.state)) continue
    const bead = observed.state.beads.get(request.merge.bead)
    const run = bead && liveRun(bead)
    if (bead === undefined || run?.state !== 'submitted' || run.fence !== request.merge.run) continue
    if (facts(bead).needs !== undefined) continue
    const rung = rungOf(bead, run, policy)
    if (rung === 'same-session') {
      const action: Action = { do: 'rework', bead: bead.id, run, request }
      if (observed.resting(keyOf(action)) || refusedBy(observed, bead, run.rig, run) !== undefined) continue
      if (!slots.take()) continue
      yield action
    } else if (rung === 'person' && roleOf(run) === 'polecat') {
      const last = request.merge.reason ?? request.merge.state
      const text =
        `${request.bead.id} came back ${run.round} times, the last time: ${last}.\n` +
        `Mend it in ${run.worktree} and: gt mq retry ${request.bead.id}\n` +
        `Or let a fresh worker try: ` +
        `gt run stop ${run.fence} && gt sling ${bead.id} ${run.rig}`
      yield { do: 'ask-person', bead: bead.id, cause: request.merge.state, text }
    } else {
      // The Refinery's own session too: its name must be free for the next bead while a person thinks.
      yield { do: 'hand-over', bead: bead.id, run, to: rung }
    }
  }
}

/**
 * Slung beads that may start, as many as there are free slots: urgent ones first, then those that get in nobody's way
 * (cool.ts), then by the order of the sling. A question for the Witness takes no slot.
 */
export function* fresh(
  observed: Observed,
  policy: Policy,
  breakers: readonly Breaker[],
  now: Date,
  slots: Slots,
): Generator<Action> {
  if (observed.closed !== null) return
  const waiting = waitingBeads(observed.state, now)
  // A bead that waits for one certain worker takes no slot from the others.
  const busy = new Set([...observed.state.live.values()].flat().map((run) => run.agent))
  const probed = new Set<string>()
  const cool = new Cool(observed, now)
  for (let left = waiting; left.length > 0; ) {
    const bead = cool.next(left)
    left = left.filter((other) => other !== bead)
    const action: Action = { do: 'dispatch', bead: bead.id }
    const agent = fixedAgent(bead)
    if ((agent !== undefined && busy.has(agent)) || observed.resting(keyOf(action))) continue
    const question = facts(bead).diagnosis !== undefined
    if (!slots.free && !question) continue
    const { slung } = facts(bead)
    const accounts = policy.hears(slung?.preset ?? policy.agent) ? policy.accounts : undefined
    const rig = slung?.rig ?? ''
    const gate = startGate(observed.state, bead, rig, breakers, accounts, now, refusedBy(observed, bead, rig))
    if (gate.is === 'no') continue
    if (gate.is === 'probe') {
      if (gate.nodes.some((node) => probed.has(node))) continue
      for (const node of gate.nodes) probed.add(node)
    }
    if (agent !== undefined) busy.add(agent)
    cool.started(bead)
    if (!question) slots.take()
    yield action
  }
}

/** Slung, ready and rested, in the order of their start. */
function waitingBeads(state: State, now: Date): Bead[] {
  const waiting: Bead[] = []
  for (const bead of state.beads.values()) {
    if (bead.status !== 'open') continue
    const { slung, needs } = facts(bead)
    if (slung === undefined || needs !== undefined) continue
    if (restUntil(slung, now) !== undefined) continue
    if (notReadyBecause(state, bead, now) === null) waiting.push(bead)
  }
  const orderedAt = (bead: Bead): string => facts(bead).slung?.at ?? ''
  return waiting.sort((a, b) => a.priority - b.priority || compare(orderedAt(a), orderedAt(b)) || compare(a.id, b.id))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
