/**
 * What the ends of runs say about starting more of them: failures, each with a cause, and proofs that what starts does
 * work. Pure, read from the runs in the ledger and from nothing else (law 11), so any process knows the same after any
 * restart. What they amount to is in intensity.ts.
 *
 * No failure: a run that a person stopped, that `gt down` shelved, that waits for a limit, or that the Refinery's ladder
 * handed over. What it has proven before that stays proven, so proofs are read from what a run keeps for ever (`spoke`,
 * `handed_in`, how long it went on), and not from the state that it is in.
 */
import type { RunRole } from '../agents/roles.ts'
import { roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Cause, Run } from '../beads/facts.ts'
import { LIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { mergeOf } from './merges.ts'

/** A run that goes on this long after its claim is healthy (the measure of Kubernetes for its crash loops). */
export const HEALTHY_MS = 10 * 60_000
/** After so long without a failure the past is forgotten. */
export const QUIET_MS = 30 * 60_000
/** How far back is looked; farther, by steps, only while trouble reaches back to the edge. */
const LOOK_BACK_MS = 2 * 60 * 60_000
const FARTHER = 4
const FARTHEST_MS = 60 * 24 * 60 * 60_000

/** The root of the tree: `town` → `<rig>` → `<rig>/polecats`, `<rig>/refinery`, `<rig>/witness`. */
export const TOWN = 'town'

export const nodeOf = (rig: string, role: RunRole): string => `${rig}/${role === 'polecat' ? 'polecats' : role}`

/** The node above; undefined for the town. No rig may be called `town` (town/rigs.ts). */
export const parentOf = (node: string): string | undefined =>
  node === TOWN ? undefined : node.includes('/') ? node.slice(0, node.indexOf('/')) : TOWN

/** A node and all above it, from below. */
export const upwards = (leaf: string): string[] => [leaf, parentOf(leaf) ?? TOWN, TOWN]

/** Whether a node is `above` or below it. */
export const isWithin = (node: string, above: string): boolean =>
  above === TOWN || node === above || node.startsWith(`${above}/`)

export interface Outcome {
  /** Ms since the epoch. */
  at: number
  node: string
  run: Run
  /** Present on a failure. */
  failed?: Cause
  /** What it proves to work again; empty on a failure. */
  proves: readonly Cause[]
}

const STARTS: readonly Cause[] = ['start']
/** A run that hands in, or lasts, shows that agents neither end by themselves nor are ended. */
const LASTS: readonly Cause[] = ['exit', 'crash', 'memory']
/** States that a run reaches only by having spoken: for runs from before `spoke` was written down. */
const SPOKE: ReadonlySet<string> = new Set(['working', 'quiet', 'rate_limited', 'parked', 'submitted', 'finished'])

/**
 * Outcomes that count at `now` (ms), oldest first; empty when nothing failed lately. What stands in the future does not
 * count: the clock was set back, and the future of then is not known now.
 */
export function outcomes(state: State, now: number): Outcome[] {
  for (let back = LOOK_BACK_MS; ; back *= FARTHER) {
    const since = now - back
    const found = runsSince(state, since)
      .flatMap((run) => outcomesOf(state, run))
      .filter(({ at }) => at >= since && at <= now)
    const failures = found.filter(({ failed }) => failed !== undefined).map(({ at }) => at)
    if (failures.length === 0) return []
    // Reduced, not spread: a storm may have more failures than a call may have arguments.
    const first = failures.reduce((a, b) => Math.min(a, b))
    // Also what was proven shortly before the trouble began: it is no trouble of theirs.
    if (first - since > QUIET_MS || back >= FARTHEST_MS)
      return found.filter(({ at }) => at >= first - QUIET_MS).sort(inOrder)
  }
}

/** Failures before proofs of the same instant: the more careful order. */
function inOrder(a: Outcome, b: Outcome): number {
  if (a.at !== b.at) return a.at - b.at
  if ((a.failed === undefined) !== (b.failed === undefined)) return a.failed === undefined ? 1 : -1
  return a.run.fence < b.run.fence ? -1 : 1
}

/** Runs of beads that were touched since then. A bead's `updated_at` is never older than its last change (fold.ts). */
function runsSince(state: State, since: number): Run[] {
  const text = new Date(since).toISOString()
  const found: Run[] = []
  for (const bead of state.beads.values()) {
    // Other programs may write other zones: those cannot be compared as text.
    if (bead.updated_at < text && bead.updated_at.endsWith('Z')) continue
    const { runs } = facts(bead)
    if (runs !== undefined) found.push(...Object.values(runs))
  }
  return found
}

/** What one run says by now. */
export function outcomesOf(state: State, run: Run): Outcome[] {
  const node = nodeOf(run.rig, roleOf(run))
  const claimed = Date.parse(run.claimed_at)
  const since = Date.parse(run.since)
  const failed = run.state === 'lost' || run.state === 'failed' ? run.cause : undefined
  const spoke =
    run.spoke !== undefined ||
    SPOKE.has(run.state) ||
    run.merge_request !== undefined ||
    (failed !== undefined && failed !== 'start')
  const found: Outcome[] = []
  // A start is proven by what came after it, as of the moment when it was made.
  if (spoke) found.push({ at: claimed, node, run, proves: STARTS })
  const handedIn = handedInAt(state, run)
  const healthy = claimed + HEALTHY_MS
  // A parked one has no session that could last.
  const lasts = LIVE_RUN.has(run.state) && run.state !== 'parked'
  const until = handedIn ?? (lasts ? Number.POSITIVE_INFINITY : since)
  if (spoke && until >= healthy) found.push({ at: healthy, node, run, proves: LASTS })
  if (handedIn !== undefined) found.push({ at: handedIn, node, run, proves: LASTS })
  if (failed !== undefined) found.push({ at: since, node, run, failed, proves: [] })
  return found
}

/** When it first handed in, ms. Of runs from before that was written down: as their merge request or their state has it. */
function handedInAt(state: State, run: Run): number | undefined {
  if (run.handed_in !== undefined) return Date.parse(run.handed_in)
  const merge = mergeOf(run.merge_request === undefined ? undefined : state.beads.get(run.merge_request))?.merge
  if (merge !== undefined) return Date.parse(merge.handed_in_at ?? merge.queued_at)
  return run.state === 'submitted' || run.state === 'finished' ? Date.parse(run.since) : undefined
}

/** How a worker ended, as far as it is known. */
export interface End {
  /** It gave a first sign of life; an agent without hooks has none but its process. */
  spoke: boolean
  /** Absent: something ended it, or it vanished. */
  exitCode?: number | undefined
  /** The kernel's count of processes that it ended for want of memory rose meanwhile (town/host.ts). */
  outOfMemory?: boolean
  /** The runtime that holds all sessions is gone, and everybody with it: no fault of any worker. */
  runtimeGone?: boolean
}

/** What shells add to the number of the signal that ended a program; 137 is SIGKILL. */
const SIGNALLED = 128
const KILLED = SIGNALLED + 9

/** Why a worker ended badly, for counting; undefined when that is not to be counted against anything. */
export function causeOf({ spoke, exitCode, outOfMemory, runtimeGone }: End): Cause | undefined {
  if (outOfMemory && (exitCode === undefined || exitCode === KILLED)) return 'memory'
  if (runtimeGone) return undefined
  if (!spoke) return 'start'
  return exitCode === undefined || exitCode > SIGNALLED ? 'crash' : 'exit'
}

/**
 * Why a run is taken back whose starter is gone: what the starter wrote down, or that its session never spoke. A `gt` that
 * was ended in the middle is nobody's failure.
 */
export const causeOfUnwound = (run: Run): Cause | undefined =>
  run.cause ?? (run.state === 'starting' && run.process !== undefined ? 'start' : undefined)

/** Runs that failed at a node for a cause between two instants (RFC 3339), oldest first; however long ago. */
export function failuresAt(
  state: State,
  node: string,
  cause: Cause,
  from: string,
  to: string,
): { bead: Bead; run: Run }[] {
  const found: { bead: Bead; run: Run }[] = []
  for (const bead of state.beads.values()) {
    for (const run of Object.values(facts(bead).runs ?? {})) {
      const failed = (run.state === 'lost' || run.state === 'failed') && run.cause === cause
      if (failed && run.since >= from && run.since <= to && isWithin(nodeOf(run.rig, roleOf(run)), node))
        found.push({ bead, run })
    }
  }
  return found.sort((a, b) => (a.run.since < b.run.since ? -1 : 1))
}
