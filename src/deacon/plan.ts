/**
 * What the town needs next. Pure and level-triggered: `(observed, policy, now) → actions`. Events only wake it; every pass
 * can start from nothing, and an action that is planned twice is harmless (design section 9).
 */
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { dueConvoys } from '../convoys/due.ts'
import { standingAgents } from '../kernel/agents.ts'
import { incidents } from '../kernel/incidents.ts'
import { breakers } from '../kernel/intensity.ts'
import { restUntil } from '../kernel/runs.ts'
import { mailDue, nextExpiry, unheard } from '../mail/due.ts'
import { unsettled } from '../meow/settle.ts'
import { unwanted } from '../meow/unwanted.ts'
import { nextHelpAt } from '../witness/stuck.ts'
import type { Action } from './actions.ts'
import { epics } from './epics.ts'
import { gates, gateTimes, unparked } from './gates.ts'
import { radarsDue } from './lookout.ts'
import type { Observed, Policy } from './observed.ts'
import { overspent } from './spending.ts'
import { fresh, returned, Slots } from './start.ts'
import { goesOnAt, LAST_WORDS_MS, supervise } from './supervise.ts'

/** What `gt handoff` starts itself is over by then (cli/handoff.ts). */
const CYCLE_MS = 30_000

/** Everything that can be done now. The order is the order of urgency: the dead before the new. */
export function plan(observed: Observed, policy: Policy, now: Date): Action[] {
  const supervised = [...supervise(observed, policy, now)]
  // By a person's order everything stands still: only what is over is cleared away.
  if (observed.frozen) return [...supervised, { do: 'freeze' }]
  const found = breakers(observed.state, now)
  const town = [
    ...troubles(observed, found, now),
    ...queues(observed),
    ...epics(observed.state, policy.rounds),
    ...gates(observed, now),
    ...molecules(observed),
    ...convoys(observed),
    ...mails(observed, now),
    ...wakes(observed),
  ]
  const begun = [...supervised, ...town, ...radars(observed, policy, now), ...chores(observed), ...orders(observed)]
  // Nothing is started where it could be neither seen nor ended.
  if (observed.sessions === null) return begun
  const slots = new Slots(observed, policy)
  const back = [...returned(observed, policy, slots), ...unparked(observed, policy, found, now, slots)]
  return [...begun, ...cycles(observed, now), ...back, ...fresh(observed, policy, found, now, slots)]
}

function* troubles({ state }: Observed, found: ReturnType<typeof breakers>, now: Date): Generator<Action> {
  if (incidents(state, found, now).length > 0) yield { do: 'incidents' }
}

function* cycles({ state }: Observed, now: Date): Generator<Action> {
  for (const { address, at } of asked(state)) if (at <= now.getTime()) yield { do: 'cycle', address }
}

/** Agents that asked for a fresh session, and when it is the loop's turn to see to it. */
const asked = (state: State): { address: string; at: number }[] =>
  standingAgents(state)
    .filter(({ agent }) => agent.cycle === 'asked')
    .map(({ agent }) => ({ address: agent.address, at: Date.parse(agent.notes?.at ?? '') + CYCLE_MS || 0 }))

function* molecules({ state }: Observed): Generator<Action> {
  for (const bead of [...unsettled(state), ...unwanted(state)]) yield { do: 'settle', bead }
}

function* convoys({ state }: Observed): Generator<Action> {
  for (const bead of dueConvoys(state)) yield { do: 'convoy', bead }
}

function* mails({ state }: Observed, now: Date): Generator<Action> {
  for (const bead of mailDue(state, now)) yield { do: 'mail', bead }
  for (const to of unheard(state, now)) yield { do: 'lay', to }
}

/** Whoever is busy hears by hook; whoever is away, at the beginning of its session; and a line begins a turn that costs. */
function* wakes(observed: Observed): Generator<Action> {
  const live = [...observed.state.live.values()].flat()
  for (const { to, is } of observed.wakes) {
    const run = live.find(({ fence }) => fence === to.run)
    const bead = run && observed.state.beads.get(run.bead)
    if (is === 'idle' && !(bead && overspent(observed, bead, run))) yield { do: 'wake', to }
  }
}

function* queues(observed: Observed): Generator<Action> {
  for (const [rig, mark] of observed.movable) yield { do: 'refine', rig, mark }
}

function* radars(observed: Observed, policy: Policy, now: Date): Generator<Action> {
  for (const rig of radarsDue(observed.state, observed.radar, policy.radarEveryMs, now)) yield { do: 'radar', rig }
}

function* chores(observed: Observed): Generator<Action> {
  for (const chore of observed.chores) yield { do: 'chore', chore }
}

/** While nothing new may start, turns wait: one that was missed is made up for. */
function* orders({ order, closed }: Observed): Generator<Action> {
  if (order !== undefined && closed === null) yield { do: 'order', name: order }
}

/**
 * The next instant at which time alone changes the plan (a rest, a last sentence or a limit ends, a timer opens, a gate is to be
 * looked at), in ms since the epoch.
 */
export function nextDue(
  state: State,
  policy: Policy,
  now: Date,
  gateChecks: Observed['gateChecks'] = new Map(),
): number | undefined {
  const instants: number[] = gateTimes({ state, gateChecks }, now)
  for (const bead of state.beads.values()) {
    const { slung } = facts(bead)
    if (slung === undefined || bead.status !== 'open') continue
    const rest = restUntil(slung, now)
    if (rest !== undefined) instants.push(rest)
    if (bead.defer_until !== undefined) instants.push(Date.parse(bead.defer_until))
  }
  for (const run of [...state.live.values()].flat()) {
    const since = Date.parse(run.since)
    if (run.state === 'submitted') instants.push(since + LAST_WORDS_MS)
    if (run.state === 'parked' && run.process !== undefined) instants.push(since + LAST_WORDS_MS)
    if (run.cycle === 'asked') instants.push(Date.parse(run.notes?.at ?? run.since) + LAST_WORDS_MS)
    if (run.state === 'rate_limited') instants.push(goesOnAt(run, { state }, policy))
    if (run.state === 'starting') instants.push(since + policy.patience.dialogMs)
    const help = nextHelpAt(run, policy.patience)
    if (help !== undefined) instants.push(help)
  }
  for (const { at } of asked(state)) instants.push(at)
  for (const { until } of breakers(state, now)) if (until !== undefined) instants.push(Date.parse(until))
  const expiry = nextExpiry(state)
  if (expiry !== undefined) instants.push(expiry)
  const ahead = instants.filter((instant) => instant > now.getTime())
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}
