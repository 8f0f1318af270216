/**
 * The chore `orphans`: processes that outlived their run. Found by the marks that every agent's process bears in its
 * environment, so on Linux alone; ended with all they started, and only after the plan saw whom that would touch.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { archivedBeads } from '../beads/archive-read.ts'
import type { Bead } from '../beads/bead.ts'
import { findRun, isTerminal } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { processTable, variablesOf } from '../town/process-table.ts'
import { endMarked, sparedOf } from '../town/process-tree.ts'
import { isRunning } from '../town/processes.ts'
import type { Seen } from './chores.ts'
import type { Marked, OrphanPlan } from './orphan-plan.ts'
import { orphanPlan } from './orphan-plan.ts'
import type { Report } from './report.ts'
import { fencesInUse } from './sessions.ts'

/** A run that ended is cleared by the plan, its processes first; what is left after this long is left for good. */
const LONG_MS = 3_600_000

export async function look(town: OpenTown): Promise<Result<Seen>> {
  if (process.platform !== 'linux') {
    return ok({ todo: 0, lines: ['Only Linux shows to whom a process belongs; nothing was looked for.'] })
  }
  const plan = await planOf(town)
  return plan.kind === 'error' ? plan : ok({ todo: plan.value.end.length, lines: plan.value.left.map(leftLine) })
}

export async function run(town: OpenTown, signal: AbortSignal): Promise<Result<Report>> {
  const plan = await planOf(town)
  if (plan.kind === 'error') return plan
  const report: Report = { did: 0, lines: [] }
  for (const { fence, pids } of plan.value.end) {
    if (signal.aborted) break
    const names = pids.map((pid) => `${pid} ${nameOf(pid)}`).join(', ')
    const ended = await endMarked({ name: 'GT_RUN', value: fence })
    if (ended.kind === 'error') report.wrong ??= ended.failure
    else report.did += ended.value.ended
    report.lines.push(ended.kind === 'error' ? ended.failure.message : `ended what run ${fence} left running: ${names}`)
  }
  return ok({ ...report, lines: [...report.lines, ...plan.value.left.map(leftLine)] })
}

const leftLine = ({ fence, pids, why }: OrphanPlan['left'][number]): string =>
  `run ${fence}, process${pids.length === 1 ? '' : 'es'} ${pids.join(', ')}: left alone, ${why}`

async function planOf(town: OpenTown): Promise<Result<OrphanPlan>> {
  const table = processTable()
  if (table.kind === 'error') return table
  if (table.kind !== 'ok') return fail('E_NO_PROCESS_TABLE', table.kind === 'unknown' ? table.why : 'No process shows.')
  const rows: Marked[] = table.value.map((row) => {
    const { GT_TOWN, GT_RUN } = variablesOf(row.pid, ['GT_TOWN', 'GT_RUN'])
    return { ...row, town: GT_TOWN, run: GT_RUN }
  })
  if (!rows.some((row) => row.town === town.root && row.run)) return ok({ end: [], left: [] })
  const sessions = await fencesInUse(town)
  if (sessions.kind === 'error') return sessions
  // After the look at the processes: a run is in the ledger before anything of it starts.
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  return ok(
    orphanPlan(rows, {
      root: town.root,
      standing: standingIn(town),
      sessions: sessions.value,
      kept: new Set([...sparedOf(process.pid, undefined, [], rows), ...holders(town)]),
    }),
  )
}

function standingIn(town: OpenTown): (fence: string) => 'over' | 'live' | 'unknown' {
  let cold: Bead[] | undefined
  return (fence) => {
    let found = findRun(town.ledger.state.beads.values(), fence)?.run
    if (found === undefined) {
      cold ??= archivedBeads(town.ledger.dir)
      found = findRun(cold, fence)?.run
    }
    if (found === undefined) return 'unknown'
    if (!isTerminal(found)) return 'live'
    const long = town.now().getTime() - Date.parse(found.since) > LONG_MS
    return found.cleared === true || long ? 'over' : 'live'
  }
}

/** Whoever holds a duty of this town (the daemon, a driver, a merge) and is not certainly gone. */
function holders(town: OpenTown): number[] {
  return [...town.ledger.state.leases.values()]
    .filter((holder) => {
      const alive = isRunning(holder)
      return alive.kind !== 'ok' || alive.value
    })
    .map(({ pid }) => pid)
}

/** The program alone: its arguments may hold anything. */
function nameOf(pid: number): string {
  try {
    const name = basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '')
    return name.replace(/[^\w.+-]/g, '?').slice(0, 40)
  } catch {
    return ''
  }
}
