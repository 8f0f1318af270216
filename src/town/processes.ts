/**
 * Processes, told apart for certain: a pid comes back after a while, a pid with its start time does not (law 5).
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Read } from '../result.ts'
import { empty, ok, unknown } from '../result.ts'

/** Proof of a process. */
export interface ProcessId {
  pid: number
  /** Opaque start stamp of the operating system, with the boot it belongs to; compare for equality only. */
  started: string
}

let boot: string | undefined

/** This boot's own id, so that a pid from before a reboot never matches. */
function bootId(): string {
  if (boot === undefined) {
    try {
      boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    } catch {
      boot = 'noboot'
    }
  }
  return boot
}

/**
 * The identity of a running process: `empty` when there is none with this pid (a zombie counts as none: it can do
 * nothing any more), `unknown` when the system would not say.
 */
export function identify(pid: number): Read<ProcessId> {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 2 is the command in parentheses and may hold anything; field 3 is the state, 22 the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return empty
    return ok({ pid, started: `${bootId()}.${fields[19]}` })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return empty
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform === 'linux') return empty
  }
  return identifyByPs(pid)
}

/** The same without /proc (macOS). */
function identifyByPs(pid: number): Read<ProcessId> {
  try {
    const line = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return line === '' ? empty : ok({ pid, started: line.replace(/\s+/g, '_') })
  } catch (error) {
    // ps exits 1 when there is no such process.
    return (error as { status?: number }).status === 1 ? empty : unknown(`ps did not answer for pid ${pid}`)
  }
}

/** `true` only when this very process still runs, `false` only when it certainly does not. */
export function isRunning(id: ProcessId): Read<boolean> {
  const now = identify(id.pid)
  if (now.kind === 'empty') return ok(false)
  if (now.kind !== 'ok') return now
  return ok(now.value.started === id.started)
}

let own: ProcessId | undefined

/** This process. */
export function self(): ProcessId {
  if (own === undefined) {
    const me = identify(process.pid)
    own = me.kind === 'ok' ? me.value : { pid: process.pid, started: 'unknown' }
  }
  return own
}
