/**
 * The verdict on a worker: one, for every command, the daemon and the tests. Pure: evidence in, verdict out.
 *
 *   process  session            signs of life        verdict
 *   gone     –                  –                    dead
 *   runs     another, or ended  –                    detecting     what is seen contradicts itself
 *   runs     its own            one is fresh         alive
 *   runs     its own            all are old          quiet
 *   runs     not told           none is fresh        unknown
 *   not told –                  –                    unknown
 *
 * Death needs proof (law 5), and there is one only: the system says that the process is gone. Whatever else is missing,
 * silent or odd is `quiet`, `unknown` or `detecting`, and none of these ends anything.
 */
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import { ageOf } from '../town/duration.ts'
import type { Doing, Evidence, Sign } from './evidence.ts'
import { linesOf, newestSign, SIGNS, WORK } from './evidence.ts'

export type { Doing, Evidence, Sign } from './evidence.ts'

export interface Thresholds {
  /** No sign of life for longer than this: quiet. */
  quietAfterMs: number
  /** When whoever was frozen went on, ms since the epoch: silence counts from then. */
  thawedAt?: number | undefined
}

/** Which row of the table decided; for records and for people who ask why. */
export type Rule =
  | 'other-boot'
  | 'runtime-gone'
  | 'dead-pane'
  | 'dead-process'
  | 'process-without-pane'
  | 'process-without-session'
  | 'other-process'
  | 'said-goodbye'
  | 'other-conversation'
  | 'sign'
  | 'only-its-screen'
  | 'waits'
  | 'just-begun'
  | 'no-sign'
  | 'no-process'
  | 'no-process-table'
  | 'no-runtime'
  | 'unseen'

export interface Basis {
  rule: Rule
  /** One line for each fact that was looked at, with its age. */
  evidence: string[]
}

export interface Alive extends Basis {
  is: 'alive'
  doing: Doing
  /** The newest sign of life; absent when it has given none yet. */
  newest?: Sign
  /** The newest that is more than a moving screen. By rule `only-its-screen` it is old: a turn that hangs looks so. */
  work?: Sign
}
/** Runs, and has given no sign of any kind for a while. */
export interface Quiet extends Basis {
  is: 'quiet'
  doing: Doing
  newest?: Sign
  work?: Sign
  sinceMs: number
}
/** What is seen contradicts itself: somebody has to look, nothing may be ended. */
export interface Detecting extends Basis {
  is: 'detecting'
  /** One sentence: this, and yet that. */
  contradiction: string
}
export interface Dead extends Basis {
  is: 'dead'
  /** One sentence. */
  proof: string
  /** As a shell tells it; absent when nobody saw it. */
  exit?: number
  /** The signal that ended it, as far as its exit code tells. */
  signal?: number
  /**
   * No fault of the agent: the machine or the whole runtime ended under it. Absent: the runtime did not answer, so that
   * cannot be told yet.
   */
  interrupted?: boolean
}
export interface Unknown extends Basis {
  is: 'unknown'
  why: string
}
export type Verdict = Alive | Quiet | Detecting | Dead | Unknown

/** A client that said good-bye takes a moment to end (measured: well under a second; its hooks may take longer). */
export const GOODBYE_MS = 30_000

/**
 * Who is called quiet was looked at in every way but one: a client's own status is an internal format, hooks are as good,
 * and a client that writes it in another way one day must not keep everybody from being helped.
 */
const NEEDED = SIGNS.filter((name) => name !== 'client')

/** Judges one run that should have a session. `now`: epoch ms. */
export function evaluate(run: Run, evidence: Evidence, now: number, thresholds: Thresholds): Verdict {
  const { process } = evidence
  const lines = linesOf(run, evidence, now)
  if (process.kind === 'ok' && !process.value) return dead(run, evidence, lines)
  if (process.kind !== 'ok') {
    if (process.kind === 'empty')
      return { is: 'unknown', why: 'no process was recorded', rule: 'no-process', evidence: lines }
    return { is: 'unknown', why: 'the process table did not answer', rule: 'no-process-table', evidence: lines }
  }
  const odd = contradiction(run, evidence, now)
  if (odd !== undefined) return { is: 'detecting', contradiction: odd.text, rule: odd.rule, evidence: lines }
  return living(run, evidence, now, thresholds, lines)
}

function dead(run: Run, evidence: Evidence, lines: string[]): Dead {
  const { session, runtime, earlierBoot } = evidence
  const basis = { is: 'dead', evidence: lines } as const
  const gone = `process ${run.process?.pid} is gone`
  if (earlierBoot) {
    return { ...basis, rule: 'other-boot', proof: `${gone}: the machine was started anew`, interrupted: true }
  }
  if (session.kind === 'ok' && isOf(run, session.value) && !session.value.alive) {
    const { exitCode } = session.value
    const how = exitCode === undefined ? 'it was killed' : `exit code ${exitCode}`
    const proof = `the agent's process ended (${how})`
    return { ...basis, rule: 'dead-pane', proof, interrupted: false, ...endOf(exitCode) }
  }
  if (runtime.kind === 'ok' && !runtime.value) {
    const proof = `${gone}, and so is the runtime that it was started in`
    return { ...basis, rule: 'runtime-gone', proof, interrupted: true }
  }
  const told = runtime.kind === 'ok' || runtime.kind === 'empty'
  return { ...basis, rule: 'dead-process', proof: gone, ...(told && { interrupted: false }) }
}

/** 128 + n is how a shell tells signal n, and so do programs that end themselves on one (Claude Code: 143, 129). */
function endOf(exit: number | undefined): { exit?: number; signal?: number } {
  if (exit === undefined) return {}
  return exit > 128 && exit <= 128 + 64 ? { exit, signal: exit - 128 } : { exit }
}

/** Whether a session is the run's present one: of this fence, and of this process, so that no earlier round's counts. */
function isOf(run: Run, { labels, process }: SessionView): boolean {
  return labels.run === run.fence && process.pid === run.process?.pid && process.started === run.process.started
}

/** The first thing that cannot be, of a process that runs. */
function contradiction(run: Run, evidence: Evidence, now: number): { rule: Rule; text: string } | undefined {
  const { session, doing, conversation } = evidence
  const runs = `process ${run.process?.pid} runs`
  if (session.kind === 'empty') {
    return { rule: 'process-without-session', text: `${runs}, yet its session ${run.session} is not there` }
  }
  if (session.kind === 'ok' && !isOf(run, session.value)) {
    const other = `process ${session.value.process.pid}`
    return { rule: 'other-process', text: `${runs}, yet its session ${run.session} holds ${other}` }
  }
  if (session.kind === 'ok' && !session.value.alive) {
    return { rule: 'process-without-pane', text: `${runs}, yet the runtime shows its end` }
  }
  if (doing.is === 'ended' && doing.since !== undefined && now - doing.since > GOODBYE_MS) {
    return { rule: 'said-goodbye', text: `${runs}, yet it said good-bye ${ageOf(now - doing.since)} ago` }
  }
  if (conversation.kind === 'ok' && run.conversation && conversation.value !== run.conversation) {
    const text = `${runs}, yet has conversation ${conversation.value} open and not ${run.conversation}`
    return { rule: 'other-conversation', text }
  }
  return undefined
}

function living(
  run: Run,
  evidence: Evidence,
  now: number,
  { quietAfterMs, thawedAt }: Thresholds,
  lines: string[],
): Verdict {
  const { doing, session } = evidence
  const newest = newestSign(evidence, now)
  const work = newestSign(evidence, now, WORK)
  const common = {
    doing,
    evidence: lines,
    ...(newest !== undefined && { newest }),
    ...(work !== undefined && { work }),
  }
  const fresh = (sign: Sign | undefined): boolean => sign !== undefined && now - sign.at <= quietAfterMs
  if (fresh(newest)) return { is: 'alive', rule: fresh(work) ? 'sign' : 'only-its-screen', ...common }
  // A dialog explains every silence.
  if (doing.is === 'waiting') return { is: 'alive', rule: 'waits', ...common }
  if (thawedAt !== undefined && now - thawedAt <= quietAfterMs) return { is: 'alive', rule: 'just-begun', ...common }
  // Who was started or set going again a moment ago has not been silent since; being called quiet is no doing of its own.
  const began = Date.parse(run.since)
  const since = run.state === 'quiet' ? (newest?.at ?? began) : Math.max(newest?.at ?? began, began)
  if (run.state !== 'quiet' && now - since <= quietAfterMs) return { is: 'alive', rule: 'just-begun', ...common }
  if (session.kind === 'unknown' || session.kind === 'error') {
    return { is: 'unknown', why: 'the runtime did not answer', rule: 'no-runtime', evidence: lines }
  }
  const unseen = NEEDED.filter((name) => evidence[name].kind === 'unknown' || evidence[name].kind === 'error')
  if (unseen.length > 0) {
    const why = `these signs of life could not be looked at: ${unseen.join(', ')}`
    return { is: 'unknown', why, rule: 'unseen', evidence: lines }
  }
  return { is: 'quiet', rule: 'no-sign', sinceMs: now - since, ...common }
}
