/**
 * What gates and parked runs need next. Pure and level-triggered, a part of the plan (plan.ts). Timers, beads, mail and people
 * are read from the ledger at each pass; CI, pull requests and commands are looked at with pauses (meow/gates/checks.ts).
 */
import { pausedAccounts } from '../agents/accounts.ts'
import { roleOf } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Breaker } from '../kernel/intensity.ts'
import { mayStart } from '../kernel/intensity.ts'
import type { Checked } from '../meow/gates/evaluate.ts'
import { evaluateGate, nextLook } from '../meow/gates/evaluate.ts'
import { deadlineOf, gateFacts, isLookedAt, isPending, opensAt } from '../meow/gates/gate.ts'
import { lookInLedger } from '../meow/gates/ledger-look.ts'
import { mayGoOn, parkedRuns, turnOf } from '../meow/gates/waits.ts'
import { keyOf } from './actions.ts'
import type { Observed, Policy } from './observed.ts'
import { refusedBy } from './spending.ts'
import type { Slots } from './start.ts'

export type GateAction =
  /** It may be over: look, and write what follows. */
  | { do: 'check-gate'; gate: string }
  /** All that a parked run waits for is over: a fresh session in its worktree. */
  | { do: 'unpark'; run: Run }

/** So many gates are looked at at once: each look is a program, and some take their minute. */
const MOST_LOOKS = 4

type Seen = Pick<Observed, 'state' | 'gateChecks'>

/** Gates that have something to say now. */
export function* gates({ state, gateChecks }: Seen, now: Date): Generator<GateAction> {
  const outside: [at: number, gate: string][] = []
  for (const gate of pendingGates(state)) {
    if (!isDue(state, gate, gateChecks, now)) continue
    if (isLookedAt(gate)) outside.push([gateChecks.get(gate.id)?.next ?? 0, gate.id])
    else yield { do: 'check-gate', gate: gate.id }
  }
  // What is under way is still due, so it is among these; the others have their turn when it is over.
  outside.sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1))
  for (const [, gate] of outside.slice(0, MOST_LOOKS)) yield { do: 'check-gate', gate }
}

/**
 * Parked runs that may go on, the longest parked first, as far as there are slots. Not where starts keep failing, and not into
 * a limit of their own account: they would only cost there. And not where a budget is used up.
 */
export function* unparked(
  observed: Observed,
  policy: Policy,
  breakers: readonly Breaker[],
  now: Date,
  slots: Slots,
): Generator<GateAction> {
  const since = (run: Run): string => run.parked?.at ?? run.since
  const waiting = parkedRuns(observed.state).sort((a, b) => (since(a) < since(b) ? -1 : since(a) > since(b) ? 1 : 0))
  const paused = waiting.length === 0 ? [] : pausedAccounts(observed.state, now)
  const limited = (run: Run): boolean =>
    policy.hears(run.preset) && paused.some(({ account }) => account === run.account)
  for (const run of waiting) {
    if (limited(run) || mayStart(breakers, run.rig, roleOf(run)).is === 'no') continue
    const bead = observed.state.beads.get(run.bead)
    if (bead !== undefined && refusedBy(observed, bead, run.rig, run) !== undefined) continue
    const action: GateAction = { do: 'unpark', run }
    if (!mayGoOn(observed.state, run) || observed.resting(keyOf(action)) || !slots.take()) continue
    yield action
  }
}

function* pendingGates(state: State): Generator<Bead> {
  for (const bead of state.beads.values()) if (isPending(bead)) yield bead
}

function isDue(state: State, gate: Bead, checks: Seen['gateChecks'], now: Date): boolean {
  const known = lookInLedger(state, gate, now)
  if (known !== null) {
    const verdict = evaluateGate(gate, known, now, undefined, turnOf(state, gate))
    return verdict.is !== 'wait' || verdict.answered === true
  }
  return now.getTime() >= lookedAtNext(gate, turnOf(state, gate), checks.get(gate.id), now)
}

/** When somebody has to look at it: after its pause, and once more at its deadline. */
function lookedAtNext(gate: Bead, turn: number | null, before: Checked | undefined, now: Date): number {
  const next = nextLook(before, now)
  const deadline = deadlineOf(gate, turn)
  if (deadline === undefined || gateFacts(gate).asked?.about === 'deadline') return next
  return (before?.at ?? 0) < deadline ? Math.min(next, deadline) : next
}

/** The instants at which time alone makes a gate due, in ms since the epoch. */
export function gateTimes({ state, gateChecks }: Seen, now: Date): number[] {
  const found: number[] = []
  for (const gate of pendingGates(state)) {
    const turn = turnOf(state, gate)
    // Its turn comes with an event, not with time.
    if (turn === null) continue
    if (isLookedAt(gate)) found.push(lookedAtNext(gate, turn, gateChecks.get(gate.id), now))
    else for (const at of [opensAt(gate, turn), deadlineOf(gate, turn)]) if (at !== undefined) found.push(at)
  }
  return found
}
