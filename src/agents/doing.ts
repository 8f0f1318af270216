/** What an agent is doing now, by what its client says of itself and by its last hook event. */
import type { Read } from '../result.ts'
import { empty } from '../result.ts'
import type { ProcessId } from '../town/processes.ts'
import type { Activity, Beat } from './beat.ts'
import { activityOf, readBeat } from './beat.ts'
import type { ClientStatus } from './client.ts'
import { statusBehind } from './client.ts'
import { configFolderOf } from './context.ts'

/** What an agent is doing, as far as anybody told. */
export interface Doing {
  is: Activity | 'unknown'
  /** Since when, epoch ms; absent with `unknown`. */
  since?: number
  /** What it waits for, in the client's words: `permission prompt`, `input needed`. */
  waitingFor?: string
  /** Who told: the client's own status, or the last hook event. */
  by?: 'client' | 'hook'
}

/** Reads the status of the client that is this process and keeps its things in this folder. */
export type ReadClient = (configFolder: string, process: ProcessId) => Read<ClientStatus>

/** An agent at work writes a hook event for each of its steps: one that is so much newer than "idle" belies it. */
const STALE_MS = 5_000

/** Its client knows best, for it also sees what fires no hook (Esc). */
export function doingOf(client: Read<ClientStatus>, beat: Read<Beat>): Doing {
  const said: Doing | undefined =
    beat.kind === 'ok' ? { is: activityOf(beat.value), since: beat.value.at, by: 'hook' } : undefined
  if (client.kind !== 'ok') return said ?? { is: 'unknown' }
  const { status, at, waitingFor } = client.value
  const later = said !== undefined && said.since! > at + STALE_MS
  if (later && (said.is === 'ended' || (said.is === 'busy' && status === 'idle'))) return said
  return { is: status, since: at, by: 'client', ...(waitingFor !== undefined && { waitingFor }) }
}

/** The same of the agent of this folder; `process`: what stands for it in its session. */
export function doingNow(folder: string, process: ProcessId, client: ReadClient = statusBehind): Doing {
  const config = configFolderOf(folder)
  return doingOf(config.kind === 'ok' ? client(config.value, process) : empty, readBeat(folder))
}
