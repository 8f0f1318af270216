/** Gathers the evidence on active workers: their sessions, processes and beats. */
import { readBeat } from '../agents/beat.ts'
import { agentDir } from '../agents/launch.ts'
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Read } from '../result.ts'
import { empty, ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import type { Evidence } from './evaluate.ts'

/** Folder of a run's runtime state: settings, brief, heartbeat, inbox. Safe to lose. */
export const runFolder = (town: OpenTown, run: Run): string =>
  agentDir(town.root, { fence: run.fence, address: run.agent })

/**
 * Evidence on these runs, keyed by fence; `sessions` is what the runtime answered a moment ago. Never throws; what
 * could not be looked at is `unknown` or `error`.
 */
export function observe(town: OpenTown, runs: Run[], sessions: Read<SessionView[]>): Map<string, Evidence> {
  const found = new Map<string, Evidence>()
  for (const run of runs) {
    const beat = readBeat(runFolder(town, run))
    found.set(run.fence, {
      session: sessions.kind === 'ok' ? sessionOf(sessions.value, run) : sessions,
      process: run.process === undefined ? empty : isRunning(run.process),
      lastBeat: beat.kind === 'ok' ? ok(beat.value.at) : beat,
    })
  }
  return found
}

function sessionOf(sessions: SessionView[], run: Run): Read<SessionView> {
  const session = sessions.find((one) => one.labels.run === run.fence)
  return session === undefined ? empty : ok(session)
}
