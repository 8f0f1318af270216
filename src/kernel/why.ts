/**
 * How it came to be as it is: the chain of decisions about a bead, a run or an incident, from the ledger's state and its
 * trail. Pure; what is seen of a worker at this moment is added by whoever asks (cli/why.ts).
 */
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { TrailEntry } from '../beads/trail.ts'
import { INTENSITY_RULE, INTENSITY_WORDS, incidentOf } from './incidents.ts'
import type { Breaker } from './intensity.ts'
import { breakers } from './intensity.ts'
import { failuresAt } from './outcomes.ts'
import { runsOf } from './runs.ts'
import type { Standing } from './standing.ts'
import { reasonOf, standing } from './standing.ts'

/** One decision: when, who, why, by which rule, from what. */
export interface Link {
  at: string
  by: string
  fence: string | null
  why: string
  rule: string | null
  evidence: string[]
}

/** The decisions of a trail that took effect, oldest first. */
export const chainOf = (trail: readonly TrailEntry[]): Link[] =>
  trail
    .filter(({ applied }) => applied)
    .map(({ at, by, fence, why, rule, evidence }) => ({
      at,
      by,
      fence: fence ?? null,
      why,
      rule: rule ?? null,
      evidence: evidence ?? [],
    }))

/** A run in short. */
export interface RunLine {
  run: string
  agent: string
  attempt: number
  round: number
  state: string
  since: string
  cause: string | null
  reason: string | null
  archive: string | null
  /** What its agent was started with and what chose that; null: its client's own choice. */
  model: string | null
  model_by: string | null
}

const lineOf = (run: Run): RunLine => ({
  run: run.fence,
  agent: run.agent,
  attempt: run.attempt,
  round: run.round,
  state: run.state,
  since: run.since,
  cause: run.cause ?? null,
  reason: run.reason ?? null,
  archive: run.archive ?? null,
  model: run.model ?? null,
  model_by: run.model_by ?? null,
})

export interface WhyBead {
  kind: 'bead'
  id: string
  title: string
  standing: Standing
  reason: string | null
  runs: RunLine[]
  steps: Link[]
}

/** `gate`: what budgets, breakers and accounts say to a start (may-start.ts). */
export function whyBead(
  state: State,
  bead: Bead,
  trail: readonly TrailEntry[],
  now: Date,
  gate?: Parameters<typeof reasonOf>[3],
): WhyBead {
  const reason = reasonOf(state, bead, now, gate)
  return {
    kind: 'bead',
    id: bead.id,
    title: bead.title,
    standing: standing(state, bead, now),
    reason: reason === '' ? null : reason,
    runs: runsOf(bead).map(lineOf),
    steps: chainOf(trail),
  }
}

export interface WhyRun extends RunLine {
  kind: 'run'
  bead: string
  title: string
  claimed_at: string
  merge_request: string | null
  steps: Link[]
}

export function whyRun(bead: Bead, run: Run, trail: readonly TrailEntry[]): WhyRun {
  const { claimed_at, merge_request = null } = run
  return {
    kind: 'run',
    ...lineOf(run),
    bead: bead.id,
    title: bead.title,
    claimed_at,
    merge_request,
    steps: chainOf(trail),
  }
}

export interface WhyIncident {
  kind: 'incident'
  id: string
  title: string
  open: boolean
  node: string
  cause: string
  /** As it is now; null once it is at rest. */
  breaker: (Pick<Breaker, 'state' | 'times' | 'text'> & { until: string | null; probe: string | null }) | null
  /** Every run that failed there while it was open, oldest first. */
  failures: { at: string; run: string; bead: string; agent: string; reason: string }[]
  rule: string
  rule_text: string
  steps: Link[]
}

/** Undefined when the bead is no incident. */
export function whyIncident(
  state: State,
  bead: Bead,
  trail: readonly TrailEntry[],
  now: Date,
): WhyIncident | undefined {
  const incident = incidentOf(bead)
  if (incident === undefined) return undefined
  const { node, cause, first, last } = incident
  const open = bead.status !== 'closed'
  const found = breakers(state, now).find((one) => one.node === node && one.cause === cause && one.state !== 'closed')
  const { state: is, times, text, until = null, probe = null } = found ?? ({} as Partial<Breaker>)
  // The bead may lag behind the breaker by one look of the driver.
  const upTo = open && found !== undefined ? found.last : last
  return {
    kind: 'incident',
    id: bead.id,
    title: bead.title,
    open,
    node,
    cause,
    breaker:
      open && is !== undefined && times !== undefined && text !== undefined
        ? { state: is, times, text, until, probe }
        : null,
    failures: failuresAt(state, node, cause, first, upTo).map(({ bead: { id }, run }) => ({
      at: run.since,
      run: run.fence,
      bead: id,
      agent: run.agent,
      reason: run.reason ?? 'no reason given',
    })),
    rule: INTENSITY_RULE,
    rule_text: INTENSITY_WORDS,
    steps: chainOf(trail),
  }
}
