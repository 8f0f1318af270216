/**
 * All processes of the machine at one moment, as rows: what process-tree.ts plans with.
 * Linux reads /proc; elsewhere (macOS) one `ps` call.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Read } from '../result.ts'
import { messageOf, ok, unknown } from '../result.ts'
import type { ProcessId } from './processes.ts'
import { identify } from './processes.ts'

export interface ProcessRow extends ProcessId {
  ppid: number
  /** Process group. */
  pgid: number
  /** Session (Linux); where the system does not tell, the process group. */
  session: number
  /** The process group in the foreground of its terminal; -1 without a terminal. */
  foreground: number
  /** Stopped by a signal (SIGSTOP and the like), until SIGCONT. */
  stopped?: true
}

/** Every living process (zombies left out: they can do nothing any more). `unknown`: the system would not say. */
export function processTable(): Read<ProcessRow[]> {
  try {
    return ok(process.platform === 'linux' ? fromProc() : parsePs(ps()))
  } catch (error) {
    return unknown(`The list of processes could not be read: ${messageOf(error)}`)
  }
}

function fromProc(): ProcessRow[] {
  // A process's start time alone is not an identity; `identify` knows what to put in front of it.
  const me = identify(process.pid)
  const boot = me.kind === 'ok' ? me.value.started.slice(0, me.value.started.lastIndexOf('.') + 1) : ''
  const rows: ProcessRow[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const row = parseStat(Number(entry), readOrNothing(`/proc/${entry}/stat`), boot)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // Ended between two looks.
  }
}

/**
 * One row from the text of `/proc/<pid>/stat` (proc(5): the command stands in parentheses and may hold anything; after
 * it come state, ppid, pgrp, session, tty, tpgid, …, start time as field 22). `undefined`: gone, or a zombie.
 */
export function parseStat(pid: number, stat: string, boot: string): ProcessRow | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  if (fields.length < 20 || state === 'Z' || state === 'X') return undefined
  const [ppid, pgid, session, , foreground] = fields.slice(1, 6).map(Number) as [number, number, number, number, number]
  const row: ProcessRow = { pid, started: `${boot}${fields[19]}`, ppid, pgid, session, foreground }
  return state === 'T' ? { ...row, stopped: true } : row
}

function ps(): string {
  const columns = 'pid=,ppid=,pgid=,tpgid=,stat=,lstart='
  return execFileSync('ps', ['-axo', columns], { encoding: 'utf8', maxBuffer: 64 << 20 })
}

/** Rows from `ps -axo pid=,ppid=,pgid=,tpgid=,stat=,lstart=` (macOS shows no usable session id). */
export function parsePs(text: string): ProcessRow[] {
  const rows: ProcessRow[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line)
    if (match === null || match[5]!.startsWith('Z')) continue
    const [pid, ppid, pgid, foreground] = match.slice(1, 5).map(Number) as [number, number, number, number]
    const started = match[6]!.replace(/\s+/g, '_')
    const row: ProcessRow = { pid, started, ppid, pgid, session: pgid, foreground: foreground || -1 }
    rows.push(match[5]!.startsWith('T') ? { ...row, stopped: true } : row)
  }
  return rows
}

/** True when the environment this process was started with holds exactly `name=value`. Linux only; never for others' processes. */
export function isMarked(pid: number, marker: { name: string; value: string }): boolean {
  return environmentOf(pid).includes(`${marker.name}=${marker.value}`)
}

/** The environment this process was started with, each as `NAME=value`. Linux only; empty for others' processes. */
export function environmentOf(pid: number): string[] {
  return readOrNothing(`/proc/${pid}/environ`).split('\0')
}

/** Of the environment this process was started with, these variables. None where it does not show (others' processes, no Linux). */
export function variablesOf(pid: number, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const line of environmentOf(pid)) {
    const at = line.indexOf('=')
    if (names.includes(line.slice(0, at))) found[line.slice(0, at)] = line.slice(at + 1)
  }
  return found
}

/** Where a process stands (its working directory); undefined where the system does not tell. */
export function standsIn(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}
