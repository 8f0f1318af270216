/**
 * The books of a run's sessions: one run may have several, one after the other, when a session ended through no fault of
 * the worker (a reboot, the runtime gone) or by its own wish (`gt handoff`, `gt park`). Run, fence, branch and worktree stay.
 * Pure.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { Limit, ParkedByBudget, Run, RunState, Stuck } from '../beads/facts.ts'
import type { ProcessId } from '../town/processes.ts'
import type { Noted } from './runs.ts'
import { gtPath, mayEnter, runOps, runPath } from './runs.ts'
import { standsStill } from './standstill.ts'

/**
 * A run that was interrupted and brought back this often in a row is given up: its sessions do not last. What it does by its own
 * wish (a hand-off, parking) and a finished step begin the row anew: long work may have many sessions.
 */
export const MOST_REVIVED = 11

export interface Restart {
  /** Goes on in the same conversation, or in a new one. */
  mode: 'resume' | 'fresh'
  conversation: string
  dispatcher: ProcessId
  at: string
  by: string
  why: string
}

/**
 * Takes a run to its next session. Applies only while it is as it was read: active, with this very process (or with none,
 * under this dead starter), so that of two drivers one brings it back.
 */
export function restart(run: Run, how: Restart): ChangeInput {
  const note: Noted = {
    dispatcher: how.dispatcher,
    conversation: how.conversation,
    process: undefined,
    stuck: undefined,
    cycle: undefined,
    asked_to_hand_off: undefined,
    // It was told of that when it came back.
    ...(run.parked?.budget !== undefined && { parked: undefined }),
    sessions: (run.sessions ?? 1) + 1,
    revived: run.cycle === 'asked' ? undefined : (run.revived ?? 0) + (how.mode === 'resume' ? 1 : 0) || undefined,
  }
  return {
    by: how.by,
    fence: run.fence,
    why: how.why,
    rule: how.mode === 'resume' ? 'interrupted-resumes' : 'handoff',
    when: [
      ACTIVE(run),
      is(run, 'process', run.process),
      ...(run.process === undefined ? [is(run, 'dispatcher', run.dispatcher)] : []),
    ],
    ops: runOps(run, 'starting', how.at, note),
  }
}

/**
 * The worker waits for these gates: its session ends and its slot is free. Its process stays written down until it is proven
 * gone (`ended`). Applies only to a run at work: whoever speaks from `starting` or a limit is at work (polecats/park.ts).
 */
export function park(
  run: Run,
  gates: string[],
  how: { at: string; by: string; notes?: string; more?: Op[]; budget?: ParkedByBudget; why?: string },
): ChangeInput {
  const { at, by, notes, more = [], budget, why } = how
  const noted: Noted = {
    parked: { gates, at, ...(budget !== undefined && { budget }) },
    stuck: undefined,
    cycle: undefined,
    ...(notes !== undefined && { notes: { text: notes, at } }),
  }
  return {
    by,
    fence: run.fence,
    why: why ?? `parks until ${gates.join(', ')} ${gates.length === 1 ? 'is' : 'are'} over`,
    rule: budget === undefined ? 'parked' : 'budget',
    when: [mayEnter(run, 'parked')],
    ops: [...more, ...runOps(run, 'parked', at, noted)],
  }
}

/** The session of a parked run is gone, with everything it started. */
export function ended(run: Run, by: string): ChangeInput {
  return {
    by,
    fence: run.fence,
    why: 'parked: its session has ended',
    when: [inState(run, ['parked']), is(run, 'parked', run.parked)],
    ops: [{ op: 'unset', id: run.bead, path: runPath(run.fence, 'process') }],
  }
}

/**
 * What it waited for is over: to its next session, a fresh one in the same worktree. Takes a worker slot, so it applies only
 * while fewer than `cap` runs of the town are active, and only while it is parked as it was read.
 */
export function unpark(run: Run, cap: number, how: Omit<Restart, 'mode'>): ChangeInput {
  const { conversation, dispatcher, at, by, why } = how
  const noted: Noted = {
    dispatcher,
    conversation,
    process: undefined,
    asked_to_hand_off: undefined,
    told_budget: undefined,
    sessions: (run.sessions ?? 1) + 1,
    revived: undefined,
  }
  return {
    by,
    fence: run.fence,
    why,
    rule: 'unparked',
    when: [inState(run, ['parked']), is(run, 'parked', run.parked), { if: 'active-runs-below', max: cap }],
    ops: runOps(run, 'starting', at, noted),
  }
}

/** The provider refuses: nothing is typed until `limit.until`. Asked of a person too, when only a person can mend it. */
export function limited(
  bead: Bead,
  run: Run,
  limit: Limit,
  how: { at: string; by: string; asks?: string },
): ChangeInput {
  const asks: Op[] =
    how.asks === undefined || facts(bead).needs !== undefined
      ? []
      : [{ op: 'set', id: run.bead, path: gtPath('needs'), value: { cause: limit.is, text: how.asks, at: how.at } }]
  return {
    by: how.by,
    fence: run.fence,
    why: `${limit.is}: ${limit.text}`,
    rule: `limit-${limit.is}`,
    evidence: [`tried again at ${limit.until}`, `met ${limit.times} time(s) in a row`],
    when: [mayEnter(run, 'rate_limited')],
    ops: [...runOps(run, 'rate_limited', how.at, { limit, stuck: undefined }), ...asks],
  }
}

/** Writes down how far a worker was helped; applies only to what was read. More facts and operations may go with it. */
export function helped(
  run: Run,
  stuck: Stuck,
  how: { by: string; why: string; helped?: number; more?: Op[]; when?: Condition[] },
): ChangeInput {
  const count: Op[] =
    how.helped === undefined ? [] : [{ op: 'set', id: run.bead, path: runPath(run.fence, 'helped'), value: how.helped }]
  return {
    by: how.by,
    fence: run.fence,
    why: how.why,
    rule: `stuck-${stuck.is}`,
    evidence: [stuck.evidence],
    when: [ACTIVE(run), is(run, 'stuck', run.stuck), ...(how.when ?? [])],
    ops: [{ op: 'set', id: run.bead, path: runPath(run.fence, 'stuck'), value: stuck }, ...count, ...(how.more ?? [])],
  }
}

/** It goes on: what was done about it is forgotten, and a person who was asked about it is not asked any more. */
export function recovered(bead: Bead, run: Run, how: { by: string; why: string }): ChangeInput {
  const { needs } = facts(bead)
  const answered = needs !== undefined && standsStill(bead)
  return {
    by: how.by,
    fence: run.fence,
    why: how.why,
    rule: 'recovered',
    when: [
      is(run, 'stuck', run.stuck),
      ...(answered ? [{ if: 'in' as const, id: bead.id, path: gtPath('needs'), values: [needs] }] : []),
    ],
    ops: [
      { op: 'unset', id: bead.id, path: runPath(run.fence, 'stuck') },
      ...(answered ? [{ op: 'unset' as const, id: bead.id, path: gtPath('needs') }] : []),
    ],
  }
}

/** The worker asks for a fresh session and leaves word for it. The newest word counts. */
export function askForCycle(run: Run, notes: string, at: string): ChangeInput {
  return {
    by: run.agent,
    fence: run.fence,
    why: 'asks for a fresh session',
    when: [ACTIVE(run)],
    ops: [
      { op: 'set', id: run.bead, path: runPath(run.fence, 'notes'), value: { text: notes, at } },
      { op: 'set', id: run.bead, path: runPath(run.fence, 'cycle'), value: 'asked' },
      // The one who goes on reads these notes; what an earlier wait came to is an old story then.
      { op: 'unset', id: run.bead, path: runPath(run.fence, 'parked') },
    ],
  }
}

const inState = (run: Run, values: RunState[]): Condition => ({
  if: 'in',
  id: run.bead,
  path: runPath(run.fence, 'state'),
  values,
})

const ACTIVE = (run: Run): Condition => inState(run, ['starting', 'working', 'quiet', 'rate_limited'])

const is = (run: Run, key: keyof Run, value: unknown): Condition => ({
  if: 'in',
  id: run.bead,
  path: runPath(run.fence, key),
  values: [value ?? null],
})
