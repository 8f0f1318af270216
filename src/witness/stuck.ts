/**
 * What is done about a worker that stands still, step by step. Pure; where it stands is on the run (`stuck`), so any driver
 * goes on from there.
 *
 *   silent, idle    reminder in its inbox → one wake-up line → the Witness looks → its answer is passed on → a person
 *   waiting         at a dialog, or a screen that nobody knows: a person, with the screen's text
 *   detecting       what is seen contradicts itself: a clock, then a person
 *
 * No step ends anything. An agent that sits idle hears by hook only once it is woken, so for it the first two are one. One
 * that cannot be told anything (no hooks, no judgement) goes to a person after as long.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run, Stuck } from '../beads/facts.ts'
import { standsStill } from '../kernel/standstill.ts'
import type { Verdict } from './evaluate.ts'

/** Times in ms (settings `[witness]`). */
export interface Patience {
  idleAfterMs: number
  stepMs: number
  diagnosisMs: number
  detectingMs: number
  /** An agent of which only its screen moves: its last sign of work is this old. */
  hangsAfterMs: number
  dialogMs: number
}

/** What can be done for this worker. */
export interface Reach {
  /** Its hooks deliver messages. */
  hears: boolean
  /** It can make something of what it is told. */
  judges: boolean
  /** There is an agent that can play the Witness. */
  witness: boolean
}

export type Help =
  /** Put a reminder in its inbox. */
  | { do: 'remind'; stuck: Stuck; helped: number }
  /** Type one line; with a reminder in the inbox first, when it was not reminded yet. */
  | { do: 'wake'; stuck: Stuck; helped: number; remind: boolean }
  /** Ask the Witness. */
  | { do: 'diagnose'; stuck: Stuck }
  /** Tell it what the Witness found. */
  | { do: 'pass-on'; stuck: Stuck; report: string }
  /** Write down that it was seen, so that its clock runs. */
  | { do: 'note'; stuck: Stuck }
  | { do: 'ask'; stuck: Stuck; cause: 'stuck' | 'dialog' | 'contradiction' }
  /** It goes on. */
  | { do: 'recover' }

/** One that was helped this often is not reminded again: the Witness looks at once. */
export const MOST_REMINDERS = 3

export interface Standstill {
  is: Stuck['is']
  /** Since when, ms since the epoch. */
  since: number
  evidence: string
}

/** Whether a worker stands still, by the verdict on it; null: it goes on, or nothing can be said. */
export function standstillOf(verdict: Verdict, patience: Patience, now: number): Standstill | null {
  const seen = (is: Stuck['is'], since: number): Standstill => ({ is, since, evidence: verdict.evidence.join('; ') })
  switch (verdict.is) {
    case 'detecting':
      return seen('detecting', now)
    case 'quiet':
      // Its turn is over, whatever it said before it fell silent.
      return seen(verdict.doing.is === 'idle' ? 'idle' : 'silent', now - verdict.sinceMs)
    case 'alive': {
      const since = verdict.doing.since ?? now
      if (verdict.doing.is === 'waiting') return seen('waiting', since)
      // A request that hangs draws on the screen as well.
      const worked = verdict.rule === 'only-its-screen' ? verdict.work?.at : undefined
      if (worked !== undefined && now - worked >= patience.hangsAfterMs) return seen('silent', worked)
      if (verdict.doing.is === 'idle' && now - since >= patience.idleAfterMs) return seen('idle', since)
      return null
    }
    default:
      return null
  }
}

/** The next step for a run that is starting, working or quiet; null: wait. `diagnosis`: the bead that asks about it. */
export function helpFor(
  bead: Bead,
  run: Run,
  still: Standstill | null,
  reach: Reach,
  patience: Patience,
  now: number,
  diagnosis?: Bead,
): Help | null {
  const { stuck } = run
  if (still === null) return goesOn(bead, stuck, patience, now)
  // A person is asked already, by the worker itself or by us: it stands still because it waits for the answer.
  if (facts(bead).needs !== undefined) return null
  if (stuck === undefined || stuck.is !== still.is) return first(run, still, reach, patience, now)
  return following(run, stuck, still, reach, patience, now, diagnosis)
}

function goesOn(bead: Bead, stuck: Stuck | undefined, patience: Patience, now: number): Help | null {
  if (standsStill(bead) && (stuck === undefined || stuck.step === 'asked')) return { do: 'recover' }
  if (stuck === undefined) return null
  // A dialog that was answered is over; one sentence after a reminder is not work yet.
  const over = stuck.is === 'waiting' || stuck.is === 'detecting' || now - Date.parse(stuck.at) >= patience.stepMs
  return over ? { do: 'recover' } : null
}

function first(run: Run, still: Standstill, reach: Reach, patience: Patience, now: number): Help | null {
  const begin = (step: Stuck['step']): Stuck => ({
    is: still.is,
    since: new Date(still.since).toISOString(),
    step,
    at: new Date(now).toISOString(),
    evidence: still.evidence,
  })
  const helped = (run.helped ?? 0) + 1
  if (still.is === 'waiting') {
    // Its clock began with the dialog; most are over sooner, and leave no trace.
    return now - still.since >= patience.dialogMs ? { do: 'ask', stuck: begin('asked'), cause: 'dialog' } : null
  }
  if (still.is === 'detecting' || !reach.judges) return { do: 'note', stuck: begin('seen') }
  if (helped > MOST_REMINDERS && reach.witness) return { do: 'diagnose', stuck: begin('diagnosing') }
  if (still.is === 'silent' && reach.hears) return { do: 'remind', stuck: begin('reminded'), helped }
  return { do: 'wake', stuck: begin('woken'), helped, remind: reach.hears }
}

function following(
  run: Run,
  stuck: Stuck,
  still: Standstill,
  reach: Reach,
  patience: Patience,
  now: number,
  diagnosis?: Bead,
): Help | null {
  const age = now - Date.parse(stuck.at)
  const to = (step: Stuck['step'], more: Partial<Stuck> = {}): Stuck => ({
    ...stuck,
    ...more,
    step,
    at: new Date(now).toISOString(),
    evidence: still.evidence,
  })
  const ask = (): Help => ({ do: 'ask', stuck: to('asked'), cause: CAUSE[stuck.is] })
  switch (stuck.step) {
    case 'seen':
      return age >= seenFor(stuck, patience) ? ask() : null
    case 'reminded':
      return age >= patience.stepMs ? { do: 'wake', stuck: to('woken'), helped: run.helped ?? 1, remind: false } : null
    case 'woken':
      if (age < patience.stepMs) return null
      return reach.witness ? { do: 'diagnose', stuck: to('diagnosing') } : ask()
    case 'diagnosing': {
      const report = diagnosis === undefined ? undefined : reportOf(diagnosis)
      if (report !== undefined) return { do: 'pass-on', stuck: to('told'), report }
      const failed = diagnosis === undefined || diagnosis.status === 'closed' || facts(diagnosis).needs !== undefined
      return failed || age >= patience.diagnosisMs ? ask() : null
    }
    case 'told':
      return age >= patience.stepMs ? ask() : null
    case 'asked':
      // Asked, and the question was taken back although it stands still: it is asked again after as long.
      return age >= patience.diagnosisMs ? ask() : null
  }
}

const CAUSE = { waiting: 'dialog', detecting: 'contradiction', silent: 'stuck', idle: 'stuck' } as const

/** What the Witness found, once its bead is done. */
export function reportOf(diagnosis: Bead): string | undefined {
  if (diagnosis.status !== 'closed' || facts(diagnosis).outcome !== 'done') return undefined
  return diagnosis.comments?.at(-1)?.text
}

/** The next instant at which a step is due by time alone, in ms since the epoch. */
export function nextHelpAt(run: Run, patience: Patience): number | undefined {
  const { stuck } = run
  if (stuck === undefined) return undefined
  const wait = {
    seen: seenFor(stuck, patience),
    reminded: patience.stepMs,
    woken: patience.stepMs,
    diagnosing: patience.diagnosisMs,
    told: patience.stepMs,
    asked: patience.diagnosisMs,
  }
  return Date.parse(stuck.at) + wait[stuck.step]
}

/** How long somebody is only watched: one that contradicts itself, or that cannot be told anything. */
const seenFor = (stuck: Stuck, patience: Patience): number =>
  stuck.is === 'detecting' ? patience.detectingMs : 2 * patience.stepMs
