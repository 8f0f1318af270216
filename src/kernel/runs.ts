/**
 * The books of a run: every legal step as a change for the ledger. Pure; each builder carries the conditions under
 * which the step is true, so that two processes saying it at once leave one winner (laws 3 and 6).
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { Cause, Handover, MergeState, Run, RunState, Slung } from '../beads/facts.ts'
import { LIVE_RUN } from '../beads/facts.ts'
import type { ProcessId } from '../town/processes.ts'
import { parking } from './poison.ts'
import { standsNoMore } from './standstill.ts'

/** From which states each state may be entered (the drawing is in beads/facts.ts). */
const ENTERED_FROM: Record<RunState, RunState[]> = {
  claimed: [],
  provisioning: ['claimed'],
  // Back from `submitted` only by comeBack, which also looks at the merge request; from `parked` only by unpark, which looks
  // at the worker slots.
  starting: ['provisioning'],
  working: ['starting', 'quiet', 'rate_limited'],
  quiet: ['working'],
  // Again: the same refusal once more.
  rate_limited: ['working', 'quiet', 'rate_limited'],
  parked: ['working', 'quiet'],
  // A run called lost by mistake may still hand in its work: maySubmit says when.
  submitted: ['starting', 'working', 'quiet', 'rate_limited'],
  finished: ['submitted'],
  // What was handed in is not lost or failed any more: the Refinery has it. From `submitted` only handOver fails a run,
  // which also looks at the merge request.
  lost: ['claimed', 'provisioning', 'starting', 'working', 'quiet', 'rate_limited'],
  failed: ['claimed', 'provisioning', 'starting', 'working', 'quiet', 'rate_limited'],
  stopped: ['claimed', 'provisioning', 'starting', 'working', 'quiet', 'rate_limited', 'parked', 'submitted'],
}

const TERMINAL: ReadonlySet<RunState> = new Set<RunState>(['finished', 'lost', 'failed', 'stopped'])

/** Where a run's record stands inside its bead. */
export const runPath = (fence: string, ...more: string[]): string[] => ['metadata', 'gt', 'runs', fence, ...more]

export const gtPath = (...more: string[]): string[] => ['metadata', 'gt', ...more]

/** All runs of a bead, oldest first. */
export function runsOf(bead: Bead): Run[] {
  return Object.values(facts(bead).runs ?? {}).sort((a, b) => (a.claimed_at < b.claimed_at ? -1 : 1))
}

/** The one run that holds the bead, if any (law 6). */
export function liveRun(bead: Bead): Run | undefined {
  return runsOf(bead).find((run) => LIVE_RUN.has(run.state))
}

export const isTerminal = (run: Run): boolean => TERMINAL.has(run.state)

/** Finds a run by its fence anywhere in the ledger. */
export function findRun(beads: Iterable<Bead>, fence: string): { bead: Bead; run: Run } | undefined {
  for (const bead of beads) {
    const runs = facts(bead).runs
    const run = runs !== undefined && Object.hasOwn(runs, fence) ? runs[fence] : undefined
    if (run !== undefined) return { bead, run }
  }
  return undefined
}

/** Every run of the ledger with its bead. */
export function* allRuns(beads: Iterable<Bead>): Generator<{ bead: Bead; run: Run }> {
  for (const bead of beads) {
    const runs = facts(bead).runs
    if (runs === undefined) continue
    for (const run of Object.values(runs)) yield { bead, run }
  }
}

/** A new fence: time for sorting, randomness for uniqueness; lower case, fit for a ref name and a folder. */
export function newFence(now: number): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!
  return `${now.toString(36)}${random.toString(36).padStart(7, '0').slice(-5)}`
}

/**
 * Takes a bead for a run: applies only while the bead is open and free, the agent's name is free, and fewer than
 * `cap` runs of the town are active. Counts the attempt.
 */
export function claim(run: Run, cap: number, by: string): ChangeInput {
  return {
    by,
    fence: run.fence,
    why: `claim for ${run.agent}, attempt ${run.attempt}`,
    when: [
      { if: 'in', id: run.bead, path: ['status'], values: ['open'] },
      { if: 'in', id: run.bead, path: gtPath('needs'), values: [null] },
      { if: 'no-live-run', id: run.bead },
      { if: 'agent-free', agent: run.agent },
      { if: 'active-runs-below', max: cap },
    ],
    ops: [
      { op: 'set', id: run.bead, path: runPath(run.fence), value: run },
      { op: 'set', id: run.bead, path: gtPath('attempts'), value: run.attempt },
      { op: 'set', id: run.bead, path: ['status'], value: 'hooked' },
      { op: 'set', id: run.bead, path: ['assignee'], value: run.agent },
    ],
  }
}

/** Facts of a run to write down; an `undefined` one is taken away. */
export type Noted = { [K in keyof Run]?: Run[K] | undefined }

/** Operations that move a run to a state and note facts with it. */
export function runOps(run: Run, to: RunState, at: string, note: Noted = {}): Op[] {
  const entries = Object.entries({ ...note, state: to, since: at })
  return entries.map(([key, value]) =>
    value === undefined
      ? { op: 'unset', id: run.bead, path: runPath(run.fence, key) }
      : { op: 'set', id: run.bead, path: runPath(run.fence, key), value },
  )
}

/** The condition under which a run may enter a state. */
export function mayEnter(run: Run, to: RunState): Condition {
  return { if: 'in', id: run.bead, path: runPath(run.fence, 'state'), values: ENTERED_FROM[to] }
}

/**
 * The conditions under which a run may hand in. One that was called lost by mistake still may, while its bead is open
 * and free and its name was not given to another worker (law 6).
 */
export function maySubmit(run: Run): Condition[] {
  if (run.state !== 'lost') return [mayEnter(run, 'submitted')]
  return [
    { if: 'in', id: run.bead, path: runPath(run.fence, 'state'), values: ['lost'] },
    { if: 'in', id: run.bead, path: ['status'], values: ['open'] },
    { if: 'no-live-run', id: run.bead },
    { if: 'agent-free', agent: run.agent },
  ]
}

/**
 * Work that came back from the Refinery: the same run, one round more. Applies only while its merge request waits for
 * it (one that was queued again meanwhile is the Refinery's) and fewer than `cap` runs of the town are active.
 */
export function comeBack(
  run: Run,
  cap: number,
  dispatcher: ProcessId,
  at: string,
  by: string,
  why: string,
): ChangeInput {
  const when: Condition[] = [
    { if: 'in', id: run.bead, path: runPath(run.fence, 'state'), values: ['submitted'] },
    ...mergeIs(run, ['conflict', 'red']),
    { if: 'active-runs-below', max: cap },
  ]
  return { by, fence: run.fence, why, when, ops: runOps(run, 'starting', at, { round: run.round + 1, dispatcher }) }
}

/** How a run hands over what came back. With `asks`, a person is asked first whether to go on at all. */
export interface HandingOver extends Omit<Handover, 'run'> {
  asks?: { cause: string; text: string } | undefined
  reason: string
  at: string
  by: string
}

/**
 * Work that came back and will not be mended by this run: the run has failed, its merge request leaves the queue, and
 * the bead is open for whoever is next, with what is left to it. Applies only while its merge request waits for it and
 * no person is asked. The order stands, and the bead does not rest: nothing went wrong that time would mend.
 */
export function handOver(bead: Bead, run: Run, over: HandingOver): ChangeInput {
  const { to, ref, evidence, asks, reason, at, by } = over
  const { id } = bead
  const handover: Handover = { run: run.fence, ref, evidence, to }
  const needs: Op[] = asks === undefined ? [] : [{ op: 'set', id, path: gtPath('needs'), value: { ...asks, at } }]
  return {
    by,
    fence: run.fence,
    why: reason,
    when: [
      { if: 'in', id, path: runPath(run.fence, 'state'), values: ['submitted'] },
      ...mergeIs(run, ['conflict', 'red']),
      { if: 'in', id, path: gtPath('needs'), values: [null] },
    ],
    ops: [
      ...runOps(run, 'failed', at, { reason, archive: ref }),
      { op: 'set', id, path: ['status'], value: 'open' },
      { op: 'unset', id, path: ['assignee'] },
      { op: 'set', id, path: gtPath('handover'), value: handover },
      ...needs,
      ...rejectOps(run, reason, at),
    ],
  }
}

/** One ordinary step of a run. The first sign of life is written down, and turns the bead from hooked to in progress. */
export function advance(run: Run, to: RunState, at: string, by: string, why: string, note: Noted = {}): ChangeInput {
  const spoke = to === 'working' && run.spoke === undefined ? { spoke: at } : {}
  const ops = runOps(run, to, at, { ...spoke, ...note })
  if (to === 'working') ops.push({ op: 'set', id: run.bead, path: ['status'], value: 'in_progress' })
  return { by, fence: run.fence, why, when: [mayEnter(run, to)], ops }
}

/** Notes facts on a run without moving it. */
export function note(run: Run, facts: Partial<Run>, by: string, why: string): ChangeInput {
  const ops: Op[] = Object.entries(facts).map(([key, value]) => ({
    op: 'set',
    id: run.bead,
    path: runPath(run.fence, key),
    value,
  }))
  return { by, fence: run.fence, why, ops }
}

/** How many attempts a bead gets and how long it rests between them (design sections 6 and 9). */
export interface RetryPolicy {
  attempts: number
  /** First back-off in ms; doubles with each attempt up to ten minutes. */
  backoffMs: number
}

const LONGEST_BACKOFF_MS = 10 * 60_000

/** Milliseconds to rest after the n-th failed attempt. */
export function backoffAfter(attempt: number, policy: RetryPolicy): number {
  return Math.min(LONGEST_BACKOFF_MS, policy.backoffMs * 2 ** (attempt - 1))
}

/** How a run ended that did not hand in its work. */
export interface RunEnd {
  to: 'lost' | 'failed'
  reason: string
  /** What it counts as for restarts (outcomes.ts); undefined: nobody's failure. */
  cause: Cause | undefined
  archive?: string
  at: Date
  by: string
  /** Name of the rule that decided; that of the cause, unless said. */
  rule?: string
  /** What it rested on, one line each. */
  evidence?: string[]
}

const RULES: Record<Cause, string> = {
  start: 'did-not-start',
  exit: 'ended-without-handing-in',
  crash: 'dead-process',
  memory: 'out-of-memory',
}

/**
 * When a slung bead's rest after a failure ends, in ms since the epoch; undefined when it rests no (more). An end further
 * away than any rest is long was written before the clock was set back: that rest is over.
 */
export function restUntil(slung: Pick<Slung, 'not_before'> | undefined, now: Date): number | undefined {
  if (slung?.not_before === undefined) return undefined
  const left = Date.parse(slung.not_before) - now.getTime()
  return left > 0 && left <= LONGEST_BACKOFF_MS ? now.getTime() + left : undefined
}

/**
 * Ends a run that did not hand in its work and gives the bead back: ready again after a rest, or, once the attempts are
 * used up, parked for a person with what came of each (poison.ts). The merge request of that run, if there is one, leaves
 * the queue in the same change.
 */
export function giveBack(bead: Bead, run: Run, end: RunEnd, policy: RetryPolicy): ChangeInput {
  const at = end.at.toISOString()
  const noted = {
    reason: end.reason,
    ...(end.cause !== undefined && { cause: end.cause }),
    ...(end.archive !== undefined && { archive: end.archive }),
  }
  const ops = runOps(run, end.to, at, noted)
  ops.push(
    { op: 'set', id: bead.id, path: ['status'], value: 'open' },
    { op: 'unset', id: bead.id, path: ['assignee'] },
    ...standsNoMore(bead),
  )
  const evidence = [...(end.evidence ?? [])]
  if (run.attempt >= policy.attempts) {
    const others = runsOf(bead).filter(({ fence }) => fence !== run.fence)
    const asks = parking([...others, { ...run, ...noted, state: end.to, since: at }])
    ops.push({ op: 'set', id: bead.id, path: gtPath('needs'), value: { ...asks, at } })
    evidence.push(`attempt ${run.attempt} of ${policy.attempts}: parked for a person (${asks.cause})`)
  } else if (facts(bead).slung !== undefined) {
    const rest = new Date(end.at.getTime() + backoffAfter(run.attempt, policy)).toISOString()
    ops.push({ op: 'set', id: bead.id, path: gtPath('slung', 'not_before'), value: rest })
  }
  ops.push(...rejectOps(run, end.reason, at))
  const rule = end.rule ?? (end.cause && RULES[end.cause])
  return {
    by: end.by,
    fence: run.fence,
    why: end.reason,
    ...(rule !== undefined && { rule }),
    ...(evidence.length > 0 && { evidence }),
    when: [mayEnter(run, end.to), ...notLanding(run)],
    ops,
  }
}

/** Takes the merge request of a run that ended out of the queue. */
function rejectOps(run: Run, reason: string, at: string): Op[] {
  const id = run.merge_request
  if (id === undefined) return []
  return [
    { op: 'set', id, path: gtPath('merge', 'state'), value: 'rejected' },
    { op: 'set', id, path: gtPath('merge', 'since'), value: at },
    { op: 'set', id, path: gtPath('merge', 'reason'), value: reason },
    { op: 'set', id, path: ['status'], value: 'closed' },
  ]
}

/** What is on its way into the target cannot be taken back; anything else can, also while its gate runs. */
const notLanding = (run: Run): Condition[] =>
  mergeIs(run, ['queued', 'building', 'testing', 'conflict', 'red', 'could_not_run', 'held', 'rejected'])

/**
 * The run's merge request is the one that was read, in one of these states. A run that had none and handed in since
 * has one now: ending a worker takes seconds, and `gt done` may come first.
 */
function mergeIs(run: Run, states: MergeState[]): Condition[] {
  const id = run.merge_request
  const same: Condition = { if: 'in', id: run.bead, path: runPath(run.fence, 'merge_request'), values: [id ?? null] }
  return id === undefined ? [same] : [same, { if: 'in', id, path: gtPath('merge', 'state'), values: states }]
}

/** A person stops a run: the bead is open again, no longer slung, and whoever gets it next begins at the beginning. */
export function stop(bead: Bead, run: Run, reason: string, at: string, by: string, archive?: string): ChangeInput {
  return {
    by,
    fence: run.fence,
    why: reason,
    when: [mayEnter(run, 'stopped'), ...notLanding(run)],
    ops: [
      ...runOps(run, 'stopped', at, { reason, ...(archive !== undefined && { archive }) }),
      { op: 'set', id: bead.id, path: ['status'], value: 'open' },
      { op: 'unset', id: bead.id, path: ['assignee'] },
      { op: 'unset', id: bead.id, path: gtPath('slung') },
      { op: 'unset', id: bead.id, path: gtPath('handover') },
      ...standsNoMore(bead),
      ...rejectOps(run, reason, at),
    ],
  }
}

/** A worker hands its bead back. The order stands; whether it is carried out is for a person now (pain A02). */
export function decline(bead: Bead, run: Run, text: string, at: string, archive?: string): ChangeInput {
  const change = stop(bead, run, text, at, run.agent, archive)
  return {
    ...change,
    ops: [
      ...change.ops.filter((op) => !takesOrder(op)),
      { op: 'set', id: bead.id, path: gtPath('needs'), value: { cause: 'declined', text, at } },
    ],
  }
}

/** The order, and what an earlier run left to it. */
const takesOrder = (op: Op): boolean =>
  op.op === 'unset' && (op.path.at(-1) === 'slung' || op.path.at(-1) === 'handover')

/** Marks a bead as waiting for a person; the first cause stays until it is answered. */
export function needsHuman(
  bead: Bead,
  cause: string,
  text: string,
  at: string,
  by: string,
  fence?: string,
): ChangeInput {
  return {
    by,
    ...(fence !== undefined && { fence }),
    why: text,
    when: [{ if: 'in', id: bead.id, path: gtPath('needs'), values: [null] }],
    ops: [{ op: 'set', id: bead.id, path: gtPath('needs'), value: { cause, text, at } }],
  }
}

/** No fault of the run's (the town goes down, a reboot): it ends without counting an attempt, and the bead stays slung. */
export function shelve(
  bead: Bead,
  run: Run,
  at: string,
  by: string,
  archive?: string,
  why = 'the town went down',
): ChangeInput {
  const change = stop(bead, run, why, at, by, archive)
  return {
    ...change,
    ops: [
      ...change.ops.filter((op) => !takesOrder(op)),
      { op: 'set', id: bead.id, path: gtPath('attempts'), value: run.attempt - 1 },
    ],
  }
}
