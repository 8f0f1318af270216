/**
 * The verdict on a worker. Pure: evidence in, verdict out. Death needs proof (law 5); missing evidence is `unknown`,
 * and unknown never ends anything.
 */
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import type { Read } from '../result.ts'

/** What can be known of one worker at one moment. */
export interface Evidence {
  /** The session as the runtime sees it: `empty` is "the runtime answered, and there is none". */
  session: Read<SessionView>
  /** Whether the recorded process (pid and start time) still runs. */
  process: Read<boolean>
  /** Time of the last hook event, ms since the epoch. */
  lastBeat: Read<number>
}

export type Verdict =
  | { is: 'alive' }
  /** Runs, but has said nothing for a while. */
  | { is: 'quiet'; sinceMs: number }
  /** Proven gone; `ended` when it exited by itself, with this code. */
  | { is: 'dead'; evidence: string; ended?: number }
  | { is: 'unknown'; why: string }

/**
 * Judges one run that is starting, working or quiet.
 *
 * Dead is: its process is gone (pid and start time), or the runtime that answered shows an ended process. A session
 * that vanished while the process still runs is a contradiction, hence unknown.
 */
export function evaluate(run: Run, evidence: Evidence, now: number, quietAfterMs: number): Verdict {
  const { session, process, lastBeat } = evidence
  if (session.kind === 'ok' && isOf(run, session.value) && !session.value.alive) {
    const code = session.value.exitCode
    const how = code === undefined ? 'it was killed' : `exit code ${code}`
    return { is: 'dead', evidence: `the agent's process ended (${how})`, ...(code !== undefined && { ended: code }) }
  }
  if (process.kind === 'ok' && process.value === false) {
    return { is: 'dead', evidence: `process ${run.process?.pid} is gone` }
  }
  if (process.kind !== 'ok') {
    return {
      is: 'unknown',
      why: process.kind === 'empty' ? 'no process was recorded' : 'the process table did not answer',
    }
  }
  if (session.kind === 'empty') {
    return { is: 'unknown', why: `process ${run.process?.pid} runs, yet its session ${run.session} is not there` }
  }
  if (lastBeat.kind === 'ok' && now - lastBeat.value > quietAfterMs) {
    return { is: 'quiet', sinceMs: now - lastBeat.value }
  }
  return { is: 'alive' }
}

/** Whether a session is the run's present one: of this fence, and of this process, so that no earlier round's counts. */
function isOf(run: Run, { labels, process }: SessionView): boolean {
  return labels.run === run.fence && process.pid === run.process?.pid && process.started === run.process.started
}
