/**
 * What the town needs next. Pure and level-triggered: `(observed, now) → actions`. Events only wake it; every pass
 * can start from nothing, and an action that is planned twice is harmless (design section 9).
 */
import { roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { notReadyBecause } from '../beads/ready.ts'
import type { LadderPolicy, Rung } from '../kernel/ladder.ts'
import { fixedAgent, rungOf } from '../kernel/ladder.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { openMerges, RETURNED } from '../kernel/merges.ts'
import { allRuns, isTerminal, liveRun } from '../kernel/runs.ts'
import { unreachable } from '../result.ts'
import type { Evidence } from '../witness/evaluate.ts'
import { evaluate } from '../witness/evaluate.ts'
import { Cool } from './cool.ts'
import type { EpicAction } from './epics.ts'
import { epics } from './epics.ts'
import type { Sighting } from './lookout.ts'
import { radarsDue } from './lookout.ts'

export type Action =
  /** Put a slung, ready bead on a new worker. */
  | { do: 'dispatch'; bead: string }
  /** A worker's process is proven gone: archive, give the bead back. */
  | { do: 'lose'; bead: string; fence: string; to: 'lost' | 'failed'; reason: string }
  /** The saga that was starting this run died: undo it. */
  | { do: 'unwind'; bead: string; fence: string; reason: string }
  /** The agent spoke although its starter died, or speaks again after a quiet time. */
  | { do: 'alive'; run: Run }
  | { do: 'quiet'; run: Run; sinceMs: number }
  /** A run handed in its work: its session is over. */
  | { do: 'end-session'; run: Run }
  /** An ended run: archive what is left, remove its worktree. */
  | { do: 'clear'; run: Run }
  /** A red or a conflict goes back to its worker. */
  | { do: 'rework'; bead: string; run: Run; request: MergeRequest }
  /** Its rounds are used up: its run ends, archived, and somebody else gets the bead. */
  | { do: 'hand-over'; bead: string; run: Run; to: Exclude<Rung, 'same-session'> }
  /** The rounds are used up, and nobody else would do better. */
  | { do: 'ask-person'; bead: string; cause: string; text: string }
  /** A rig's queue has something that may move. */
  | { do: 'refine'; rig: string; mark: string }
  /** Branches of a rig may have met since the radar last looked. */
  | { do: 'radar'; rig: string }
  | EpicAction

/** Everything the plan looks at. */
export interface Observed {
  state: State
  /** Evidence by fence, for every run that should have a session. */
  evidence: Map<string, Evidence>
  /** Whether the process that is starting a run (its saga) certainly ended. */
  dispatcherGone(run: Run): boolean
  /** Sessions that stand, by fence: whether the agent in them still runs. `null`: the runtime did not answer. */
  sessions: Map<string, boolean> | null
  /** Rigs whose queue has something to do (refinery/queue.ts), each with a mark that changes when its queue does. */
  movable: Map<string, string>
  /** What the merge radar last saw, by rig (refinery/radar-sweep.ts). */
  radar: ReadonlyMap<string, Sighting>
  /** Whether a file is among those that any of these globs means. */
  matching(globs: readonly string[]): (file: string) => boolean
  /** Whether an action (by its key) failed lately and rests: its worker slot goes to the next in line. */
  resting(key: string): boolean
}

export interface Policy extends LadderPolicy {
  cap: number
  quietAfterMs: number
  /** A run in `starting` with no sign of life is given up after this long. */
  startTimeoutMs: number
  /** The radar of a rig looks at most this often. */
  radarEveryMs: number
}

/** After `gt done` an agent may finish its sentence for this long before its session ends, in ms. */
export const LAST_WORDS_MS = 3_000

/** One name for one thing to do: the same action is not begun twice while it runs. */
export function keyOf(action: Action): string {
  switch (action.do) {
    case 'dispatch':
    case 'ask-person':
    case 'integrate':
    case 'mend':
    case 'sweep':
      return `${action.do}:${action.bead}`
    // One hand at a time on one run: whatever ends, clears or restarts it bears the same key.
    case 'lose':
    case 'unwind':
      return `run:${action.fence}`
    case 'end-session':
    case 'clear':
    case 'rework':
    case 'hand-over':
      return `run:${action.run.fence}`
    case 'alive':
    case 'quiet':
      return `${action.do}:${action.run.fence}`
    case 'refine':
      // A queue in which nothing could move rests; one that changed since is another thing to do.
      return `refine:${action.rig}:${action.mark}`
    case 'radar':
      return `radar:${action.rig}`
    default:
      return unreachable(action)
  }
}

/** Everything that can be done now. The order is the order of urgency: the dead before the new. */
export function plan(observed: Observed, policy: Policy, now: Date): Action[] {
  const landing = [...queues(observed), ...epics(observed.state, policy.rounds)]
  const supervised = [...supervise(observed, policy, now), ...landing, ...radars(observed, policy, now)]
  // Nothing is started where it could be neither seen nor ended.
  if (observed.sessions === null) return supervised
  const free = freeSlots(observed.state, policy)
  return [...supervised, ...returned(observed, policy, free), ...fresh(observed, free, now)]
}

/** Runs, one by one. */
function* supervise(observed: Observed, policy: Policy, now: Date): Generator<Action> {
  for (const { bead, run } of allRuns(observed.state.beads.values())) {
    if (isTerminal(run)) {
      if (!run.cleared) yield { do: 'clear', run }
    } else if (run.state === 'submitted') {
      const alive = observed.sessions?.get(run.fence)
      const said = now.getTime() - Date.parse(run.since) >= LAST_WORDS_MS
      if (alive === false || (alive === true && said)) yield { do: 'end-session', run }
    } else {
      yield* superviseActive(bead, run, observed, policy, now)
    }
  }
}

function* superviseActive(bead: Bead, run: Run, observed: Observed, policy: Policy, now: Date): Generator<Action> {
  const age = now.getTime() - Date.parse(run.since)
  const gone = observed.dispatcherGone(run)
  if (
    run.state === 'claimed' ||
    run.state === 'provisioning' ||
    (run.state === 'starting' && run.process === undefined)
  ) {
    if (gone)
      yield { do: 'unwind', bead: bead.id, fence: run.fence, reason: run.reason ?? `gt was ended while ${run.state}` }
    return
  }
  const evidence = observed.evidence.get(run.fence)
  if (evidence === undefined) return
  const verdict = evaluate(run, evidence, now.getTime(), policy.quietAfterMs)
  switch (verdict.is) {
    case 'dead':
      // A saga that still runs sees the death itself and unwinds.
      if (run.state === 'starting' && !gone) return
      yield {
        do: 'lose',
        bead: bead.id,
        fence: run.fence,
        to: verdict.ended === undefined ? 'lost' : 'failed',
        reason: verdict.evidence,
      }
      return
    case 'quiet':
      if (run.state === 'working') yield { do: 'quiet', run, sinceMs: verdict.sinceMs }
      return
    case 'alive':
      if (run.state === 'quiet') yield { do: 'alive', run }
      if (run.state !== 'starting' || !gone) return
      if (evidence.lastBeat.kind === 'ok' || evidence.session.kind === 'ok') yield { do: 'alive', run }
      else if (age > policy.startTimeoutMs) {
        yield { do: 'unwind', bead: bead.id, fence: run.fence, reason: 'no sign of life after its start' }
      }
      return
    case 'unknown':
      return
    default:
      unreachable(verdict)
  }
}

/** Worker slots that no active run uses. */
function freeSlots(state: State, policy: Policy): number {
  const live = [...state.live.values()].flat()
  return policy.cap - live.filter((run) => ACTIVE_RUN.has(run.state)).length
}

/** Merge requests that came back from the Refinery, each to its rung; without a free slot their workers wait. */
function* returned(observed: Observed, policy: Policy, slots: number): Generator<Action> {
  let free = slots
  for (const request of openMerges(observed.state.beads.values())) {
    if (!RETURNED.has(request.merge.state)) continue
    const bead = observed.state.beads.get(request.merge.bead)
    const run = bead && liveRun(bead)
    if (bead === undefined || run?.state !== 'submitted' || run.fence !== request.merge.run) continue
    if (facts(bead).needs !== undefined) continue
    const rung = rungOf(bead, run, policy)
    if (rung === 'same-session') {
      const action: Action = { do: 'rework', bead: bead.id, run, request }
      if (free <= 0 || observed.resting(keyOf(action))) continue
      free--
      yield action
    } else if (rung === 'person' && roleOf(run) === 'polecat') {
      const last = request.merge.reason ?? request.merge.state
      const text =
        `${request.bead.id} came back ${run.round} times, the last time: ${last}. ` +
        `Mend it in ${run.worktree} and: gt mq retry ${request.bead.id}   or let a fresh worker try: ` +
        `gt run stop ${run.fence} && gt sling ${bead.id} ${run.rig}`
      yield { do: 'ask-person', bead: bead.id, cause: request.merge.state, text }
    } else {
      // The Refinery's own session too: its name must be free for the next bead while a person thinks.
      yield { do: 'hand-over', bead: bead.id, run, to: rung }
    }
  }
}

function* queues(observed: Observed): Generator<Action> {
  for (const [rig, mark] of observed.movable) yield { do: 'refine', rig, mark }
}

function* radars(observed: Observed, policy: Policy, now: Date): Generator<Action> {
  for (const rig of radarsDue(observed.state, observed.radar, policy.radarEveryMs, now)) yield { do: 'radar', rig }
}

/**
 * Slung beads that may start, as many as there are free slots: urgent ones first, then those that get in nobody's way
 * (cool.ts), then by the order of the sling.
 */
function* fresh(observed: Observed, slots: number, now: Date): Generator<Action> {
  let free = slots
  if (free <= 0) return
  const waiting: Bead[] = []
  for (const bead of observed.state.beads.values()) {
    if (bead.status !== 'open') continue
    const { slung, needs } = facts(bead)
    if (slung === undefined || needs !== undefined) continue
    if (slung.not_before !== undefined && Date.parse(slung.not_before) > now.getTime()) continue
    if (notReadyBecause(observed.state, bead, now) === null) waiting.push(bead)
  }
  const orderedAt = (bead: Bead): string => facts(bead).slung?.at ?? ''
  waiting.sort((a, b) => a.priority - b.priority || compare(orderedAt(a), orderedAt(b)) || compare(a.id, b.id))
  // A bead that waits for one certain worker takes no slot from the others.
  const busy = new Set([...observed.state.live.values()].flat().map((run) => run.agent))
  const cool = new Cool(observed, now)
  for (let left = waiting; left.length > 0 && free > 0; ) {
    const bead = cool.next(left)
    left = left.filter((other) => other !== bead)
    const action: Action = { do: 'dispatch', bead: bead.id }
    const agent = fixedAgent(bead)
    if ((agent !== undefined && busy.has(agent)) || observed.resting(keyOf(action))) continue
    if (agent !== undefined) busy.add(agent)
    cool.started(bead)
    free--
    yield action
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The next instant at which time alone changes the plan (a rest or a last sentence ends), in ms since the epoch. */
export function nextDue(state: State, now: Date): number | undefined {
  const instants: number[] = []
  for (const bead of state.beads.values()) {
    const { slung } = facts(bead)
    if (slung === undefined || bead.status !== 'open') continue
    for (const rest of [slung.not_before, bead.defer_until]) if (rest !== undefined) instants.push(Date.parse(rest))
  }
  for (const run of [...state.live.values()].flat()) {
    if (run.state === 'submitted') instants.push(Date.parse(run.since) + LAST_WORDS_MS)
  }
  const ahead = instants.filter((instant) => instant > now.getTime())
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}
