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
  if (isOfEarlierBoot(id)) return ok(false)
  const now = identify(id.pid)
  if (now.kind === 'empty') return ok(false)
  if (now.kind !== 'ok') return now
  return ok(now.value.started === id.started)
}

/** Whether a signal (Ctrl-Z, SIGSTOP) holds this very process where it stands. False when it is gone, or the system does not tell. */
export function isStopped(id: ProcessId): boolean {
  const alive = isRunning(id)
  if (alive.kind !== 'ok' || !alive.value) return false
  try {
    const stat = readFileSync(`/proc/${id.pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
  } catch {
    return process.platform !== 'linux' && stateByPs(id.pid).startsWith('T')
  }
}

function stateByPs(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** `<boot>.<ticks since that boot>`, as Linux stamps are made here; others carry no boot. */
const LINUX_STAMP = /^([0-9a-f]{8})\.(\d+)$/

/** Whether the machine has been started anew since this process began: proof that it is gone. False where stamps do not tell. */
export function isOfEarlierBoot({ started }: ProcessId): boolean {
  const stamp = LINUX_STAMP.exec(started)
  const now = bootId()
  return stamp !== null && now !== 'noboot' && stamp[1] !== now
}

/**
 * Whether `one` began later than `other`, as exactly as stamps go (10 ms on Linux, 1 s elsewhere); the same instant is
 * not later. `unknown` when the stamps do not tell, as across boots.
 */
export function beganAfter(one: ProcessId, other: ProcessId): Read<boolean> {
  const [a, b] = [LINUX_STAMP.exec(one.started), LINUX_STAMP.exec(other.started)]
  if (a !== null && b !== null && a[1] === b[1]) return ok(Number(a[2]) > Number(b[2]))
  const [mine, theirs] = [one.started, other.started].map((text) => Date.parse(text.replaceAll('_', ' ')))
  if (a === null && b === null && Number.isFinite(mine) && Number.isFinite(theirs)) return ok(mine! > theirs!)
  return unknown(`the start times of ${one.pid} and ${other.pid} cannot be compared`)
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

/** The one child of a process; `empty`: it has none, or several. Linux with CONFIG_PROC_CHILDREN; elsewhere `empty`. */
export function onlyChild(pid: number): Read<ProcessId> {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return children.length === 1 && children[0] !== '' ? identify(Number(children[0])) : empty
  } catch {
    return empty
  }
}
