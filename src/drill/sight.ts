/**
 * Who runs in a drill's town: every process that was started with its private HOME, what it is, and for which run. Read from
 * /proc; elsewhere than on Linux nobody is seen, and the faults that need it say so.
 */
import { readFileSync } from 'node:fs'
import type { ProcessRow } from '../town/process-table.ts'
import { isMarked, processTable } from '../town/process-table.ts'

export interface Seen {
  pid: number
  argv: string[]
  /** Fence that stands in its environment. */
  run: string | undefined
}

/** All processes of the town. A table that cannot be read shows nobody. */
export function processesOf(home: string): ProcessRow[] {
  const table = processTable()
  if (table.kind !== 'ok') return []
  return table.value.filter((row) => isMarked(row.pid, { name: 'HOME', value: home }))
}

/** Those of the town whose arguments `wanted` likes: the cheap look comes first, and only those pay for the other. */
export function find(home: string, wanted: (argv: string[]) => boolean): Seen[] {
  const table = processTable()
  if (table.kind !== 'ok') return []
  const found: Seen[] = []
  for (const { pid } of table.value) {
    const argv = words(`/proc/${pid}/cmdline`)
    if (!wanted(argv)) continue
    const environment = words(`/proc/${pid}/environ`)
    if (!environment.includes(`HOME=${home}`)) continue
    const run = environment.find((one) => one.startsWith('GT_RUN='))?.slice('GT_RUN='.length)
    found.push({ pid, argv, run })
  }
  return found
}

/** Every process that carries this fence. */
export function ofRun(home: string, fence: string): number[] {
  return processesOf(home)
    .map((row) => row.pid)
    .filter((pid) => isMarked(pid, { name: 'GT_RUN', value: fence }))
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0').slice(0, -1)
  } catch {
    return [] // Ended between two looks, or not ours to read.
  }
}

/** Sends a signal; true when there was somebody to get it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}
