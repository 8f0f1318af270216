/**
 * What can be known of one worker at one moment, and how much each fact is worth. Proof is its process (pid and start
 * time) and what the runtime says of its end; everything else is a sign of life, dated, and can only ever speak for it.
 */
import type { Doing } from '../agents/doing.ts'
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import type { Read } from '../result.ts'
import { unknown, unreachable } from '../result.ts'
import { ageOf } from '../town/duration.ts'

export type { Doing }

/** Signs of life, the best first. */
export const SIGNS = ['hook', 'client', 'transcript', 'files', 'git', 'output'] as const
export type SignName = (typeof SIGNS)[number]

/**
 * `strong`: the agent itself said something. `supporting`: something it does leaves this; a program that it started may
 * as well. `weak`: a screen, which is drawn anew by anybody's doing. Claude Code draws on it each second while it is busy,
 * also when its request hangs, and not at all while it is idle (measured, 2.1.330): it proves a program that is not stuck,
 * and no work.
 */
export type Grade = 'strong' | 'supporting' | 'weak'
export const GRADES: Record<SignName, Grade> = {
  hook: 'strong',
  client: 'strong',
  transcript: 'supporting',
  files: 'supporting',
  git: 'supporting',
  output: 'weak',
}

/** Signs of work: of whatever grade but a screen's. */
export const WORK: readonly SignName[] = SIGNS.filter((name) => GRADES[name] !== 'weak')

/**
 * Each sign is the epoch ms of the last one: `empty` is "looked, and there never was one", `unknown` also "not looked at,
 * because a better sign is fresh".
 */
export type Signs = Record<SignName, Read<number>>

export interface Evidence extends Signs {
  /** The session as the runtime sees it: `empty` is "the runtime answered, and there is none". */
  session: Read<SessionView>
  /** Whether the recorded process (pid and start time) still runs. `empty`: none was recorded. */
  process: Read<boolean>
  /** Whether the runtime that its process was started in still stands. `empty`: it does not tell. */
  runtime: Read<boolean>
  /** The machine was started anew since. */
  earlierBoot: boolean
  doing: Doing
  /** The conversation that its client has open. `empty`: not told. */
  conversation: Read<string>
}

/** A sign that was not looked at, because a better one is fresh. */
export const NOT_LOOKED: Read<never> = unknown('not looked at')

/** Clocks of file systems and of processes differ a little; a sign further ahead was dated by a clock that has been set back since. */
const AHEAD_MS = 60_000

export interface Sign {
  name: SignName
  grade: Grade
  /** Epoch ms. */
  at: number
}

/** When a sign was given, if there is one and its date can be. */
export function dateOf(sign: Read<number>, now: number): number | undefined {
  return sign.kind === 'ok' && sign.value <= now + AHEAD_MS ? sign.value : undefined
}

/** The newest sign of life among these, of whatever grade; of equals the best. */
export function newestSign(evidence: Signs, now: number, among: readonly SignName[] = SIGNS): Sign | undefined {
  let newest: Sign | undefined
  for (const name of among) {
    const at = dateOf(evidence[name], now)
    if (at === undefined) continue
    if (newest === undefined || at > newest.at) newest = { name, grade: GRADES[name], at }
  }
  return newest
}

/** One line for each fact, with its age: what a decision is recorded with and `gt run show` shows. */
export function linesOf(run: Run, evidence: Evidence, now: number): string[] {
  const { doing } = evidence
  const who = doing.by === undefined ? '' : ` (told by its ${doing.by})`
  const why = doing.waitingFor === undefined ? '' : ` for: ${doing.waitingFor}`
  const since = doing.since === undefined ? '' : ` since ${ageOf(now - doing.since)}`
  return [
    `process: ${processLine(run, evidence)}`,
    `session: ${sessionLine(evidence.session)}`,
    `doing: ${doing.is}${why}${since}${who}`,
    ...SIGNS.map((name) => `${name}: ${told(evidence[name], (at) => `${ageOf(now - at)} ago`, 'none')}`),
  ]
}

function processLine(run: Run, { process, earlierBoot, runtime }: Evidence): string {
  if (earlierBoot) return `${run.process?.pid} was started before the machine was`
  const gone = runtime.kind === 'ok' && !runtime.value ? ', and so is the runtime that it was started in' : ''
  return told(process, (runs) => `${run.process?.pid} ${runs ? 'runs' : `is gone${gone}`}`, 'none recorded')
}

function sessionLine(session: Read<SessionView>): string {
  const one = ({ alive, exitCode, process }: SessionView): string => {
    if (alive) return `holds process ${process.pid}`
    return `its process ${process.pid} ended${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`
  }
  return told(session, one, 'none')
}

function told<T>(read: Read<T>, say: (value: T) => string, none: string): string {
  switch (read.kind) {
    case 'ok':
      return say(read.value)
    case 'empty':
      return none
    case 'unknown':
      return read.why
    case 'error':
      return read.failure.message
    default:
      return unreachable(read)
  }
}
