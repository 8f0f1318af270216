/**
 * What the client says about itself: `<config>/sessions/<pid>.json`, rewritten at each change (measured, 2.1.330). It knows
 * what no hook tells, such as Esc, but it is an internal format: whatever is not as expected is `unknown`, never a guess.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok, unknown } from '../result.ts'
import type { ProcessId } from '../town/processes.ts'
import { onlyChild } from '../town/processes.ts'

export interface ClientStatus {
  /** `busy` also while it tries a failed request again; `idle` also while it waits for a usage limit to end. */
  status: 'idle' | 'busy' | 'waiting'
  /** What it waits for: `permission prompt`, `input needed`, or another kind of dialog. */
  waitingFor?: string
  /** Epoch milliseconds since when. */
  at: number
  /** The conversation now; it changes with /clear. */
  sessionId: string
}

/** A file that is just being rewritten does not parse; it is whole again within a millisecond. */
const TRIES = 20

/**
 * The client's own word. `empty`: it has no file, so it is not up yet, or ended in order; or the file is that of an earlier
 * process with this pid. `unknown`: the file is there, but not as this gt knows it.
 */
export function clientStatus(configFolder: string, process: ProcessId): Read<ClientStatus> {
  const path = join(configFolder, 'sessions', `${process.pid}.json`)
  let said: unknown
  for (let tries = 1; said === undefined; tries++) {
    try {
      said = JSON.parse(readFileSync(path, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
      if (!(error instanceof SyntaxError)) return fail('E_READ', `${path} could not be read: ${messageOf(error)}.`)
      if (tries === TRIES) return unknown(`${path} does not parse`)
    }
  }
  return judged(said, process, path)
}

/**
 * The same for the process that stands for an agent in its session: where the runtime put one of its own in front
 * (agents/runtime.ts), the client is its only child.
 */
export function statusBehind(configFolder: string, front: ProcessId): Read<ClientStatus> {
  const own = clientStatus(configFolder, front)
  if (own.kind !== 'empty') return own
  const child = onlyChild(front.pid)
  return child.kind === 'ok' ? clientStatus(configFolder, child.value) : empty
}

function judged(said: unknown, process: ProcessId, path: string): Read<ClientStatus> {
  if (typeof said !== 'object' || said === null) return unknown(`${path} holds no object`)
  const { pid, procStart, status, statusUpdatedAt: at, sessionId, waitingFor } = said as Record<string, unknown>
  if (pid !== process.pid || typeof procStart !== 'string') return unknown(`${path} does not say whose it is`)
  // Linux: both are the start time in clock ticks; ours has the boot in front of it. Elsewhere the two may be written
  // differently, and nothing can be proven.
  const started = process.started.slice(process.started.lastIndexOf('.') + 1)
  if (procStart.replace(/\s+/g, '_') !== started) {
    if (/^\d+$/.test(procStart) && /^\d+$/.test(started)) return empty
    return unknown(`${path} is of a process started at ${procStart}, not comparable with ${process.started}`)
  }
  if (status !== 'idle' && status !== 'busy' && status !== 'waiting') return unknown(`${path} has no status it knows`)
  if (typeof at !== 'number' || typeof sessionId !== 'string') return unknown(`${path} lacks a time or a session`)
  return ok({ status, at, sessionId, ...(typeof waitingFor === 'string' && { waitingFor }) })
}
