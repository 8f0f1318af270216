/**
 * The chore `archive`: what ended runs left and nothing else clears. Worktrees that no run claims are archived, and only
 * then removed (law 4); folders of runtime state and what broken-off removals left simply go. What a live or uncleared run
 * claims is the plan's, what is not a run's is a person's, and what could not be archived stays.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { archivedBeads } from '../beads/archive-read.ts'
import type { Run } from '../beads/facts.ts'
import { acquire, release } from '../beads/leases.ts'
import { archiveRef } from '../git/archive.ts'
import { hasOldTrash, sweepTrash } from '../git/removal.ts'
import type { WorktreeEntry } from '../git/worktrees.ts'
import { fenceIn, putAway, spentRunFolders, unclaimedWorktrees } from '../kernel/leftovers.ts'
import { allRuns, findRun, isTerminal } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Seen } from './chores.ts'
import { reasonToStay } from './quiet.ts'
import type { Report } from './report.ts'
import { BY } from './report.ts'
import { rigsOf } from './rigs.ts'
import { fencesInUse } from './sessions.ts'

interface Orphan {
  rig: string
  gitDir: string
  entry: WorktreeEntry
  fence: string
}

interface Plan {
  orphans: Orphan[]
  /** Homes with the remains of removals. */
  trash: string[]
  /** Folders of cleared runs, absolute. */
  folders: string[]
  /** What was seen and stays, a line each. */
  left: string[]
  /** A rig that could not be looked at; the others were. */
  wrong?: Failure
}

export async function look(town: OpenTown): Promise<Result<Seen>> {
  const plan = await planOf(town)
  if (plan.kind === 'error') return plan
  const { orphans, trash, folders, left, wrong } = plan.value
  const todo = orphans.length + trash.length + folders.length
  return todo === 0 && wrong !== undefined ? { kind: 'error', failure: wrong } : ok({ todo, lines: left })
}

export async function run(town: OpenTown, signal: AbortSignal): Promise<Result<Report>> {
  const plan = await planOf(town)
  if (plan.kind === 'error') return plan
  const report: Report = { did: 0, lines: [], ...(plan.value.wrong !== undefined && { wrong: plan.value.wrong }) }
  for (const orphan of plan.value.orphans) {
    if (signal.aborted) return ok(report)
    const done = await archiveOne(town, orphan)
    if (done.kind === 'error') {
      report.wrong ??= done.failure
      report.lines.push(`${orphan.entry.path} stays: ${done.failure.message}`)
    } else {
      if (done.value.did) report.did++
      report.lines.push(done.value.line)
    }
  }
  for (const home of plan.value.trash) {
    const swept = await sweepTrash(home)
    if (swept.kind === 'error') report.wrong ??= swept.failure
    else report.did += swept.value
    report.lines.push(swept.kind === 'error' ? swept.failure.message : `${home}: removed what broken-off removals left`)
  }
  for (const folder of plan.value.folders) rmSync(folder, { recursive: true, force: true })
  report.did += plan.value.folders.length
  if (plan.value.folders.length > 0) report.lines.push(`.gt/runs: removed ${plan.value.folders.length} of cleared runs`)
  return ok({ ...report, lines: [...report.lines, ...plan.value.left] })
}

async function planOf(town: OpenTown): Promise<Result<Plan>> {
  const plan: Plan = { orphans: [], trash: [], folders: [], left: [] }
  const rigs = rigsOf(town)
  if (rigs.kind === 'error') return rigs
  const found: Orphan[] = []
  for (const rig of rigs.value) {
    const { repo: gitDir, polecats, refinery, crew } = town.paths.rig(rig)
    if (!existsSync(gitDir)) continue
    const homes = [polecats, refinery]
    // The crew's worktrees are people's; only what their removal left over is cleared.
    plan.trash.push(...[...homes, crew].filter((home) => hasOldTrash(home, town.now().getTime())))
    const unclaimed = await unclaimedWorktrees(gitDir, homes, () => runsOf(town))
    if (unclaimed.kind === 'error') {
      plan.wrong ??= unclaimed.failure
      plan.left.push(`${rig} could not be looked at: ${unclaimed.failure.message}`)
      continue
    }
    const { standing, gone, strays } = unclaimed.value
    for (const entry of [...standing, ...gone]) {
      const fence = homes.includes(dirname(entry.path)) ? fenceIn(entry.path) : undefined
      const merge = basename(entry.path).startsWith('merge-')
      // The Refinery's other folders are its slots.
      if (fence !== undefined && (dirname(entry.path) === polecats || merge)) found.push({ rig, gitDir, entry, fence })
    }
    plan.left.push(...strays.map((path) => `${path} was left alone: it is no worktree of the rig's repository`))
  }
  const names = existsSync(town.paths.runs) ? readdirSync(town.paths.runs) : []
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const spent = spentOf(town, names)
  if (found.length + spent.length === 0) return ok(plan)

  const sessions = await fencesInUse(town)
  if (sessions.kind === 'error') return sessions
  const used = sessions.value
  for (const orphan of found) {
    const watch = { gitDir: orphan.gitDir, now: town.now(), sessions: used }
    const why = await reasonToStay(orphan.entry, orphan.fence, watch)
    if (why === undefined) plan.orphans.push(orphan)
    else plan.left.push(`${orphan.entry.path} was left alone: ${why}`)
  }
  plan.folders = spent.filter((name) => !used.has(name)).map((name) => join(town.paths.runs, name))
  return ok(plan)
}

function runsOf(town: OpenTown): Result<Run[]> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  return ok([...allRuns(town.ledger.state.beads.values())].map(({ run }) => run))
}

/** Folders of cleared runs. A bead is archived only when all its runs are cleared; of a run that nobody knows it stays. */
function spentOf(town: OpenTown, names: string[]): string[] {
  const { cleared, unknown } = spentRunFolders(names, town.ledger.state)
  if (unknown.length === 0) return cleared
  const cold = archivedBeads(town.ledger.dir)
  return [...cleared, ...unknown.filter((name) => findRun(cold, name)?.run.cleared === true)]
}

async function archiveOne(town: OpenTown, orphan: Orphan): Promise<Result<{ did: boolean; line: string }>> {
  const { rig, gitDir, entry, fence } = orphan
  // The same hand as whoever ends or clears a run takes (polecats/unwind.ts).
  const lease = acquire(town.ledger, `run:${fence}`, BY)
  if (lease.kind === 'error') return lease
  const kept = (why: string) => ok({ did: false, line: `${entry.path} was left alone: ${why}` })
  if (lease.value === null) return kept('somebody has a hand on its run')
  try {
    const branch = entry.branch === null ? {} : { branch: entry.branch }
    const what = { rig, gitDir, path: entry.path, fence, ...branch, why: 'left over: no run claims it', by: BY }
    const put = await putAway(town.ledger, what, () => stillFree(town, orphan))
    if (put.kind === 'error') return put
    if (put.value === 'kept') return kept('somebody came to work there')
    const dirty = put.value?.dirty ?? 0
    const files = dirty > 0 ? ` with ${dirty} uncommitted file${dirty === 1 ? '' : 's'}` : ''
    const where = put.value === null ? 'nothing in it to keep' : `archived as ${archiveRef(fence)}${files}`
    return ok({ did: true, line: `${entry.path} is removed, ${where}. Back: gt restore ${fence}` })
  } finally {
    release(lease.value)
  }
}

/** Asked again right before the removal, when the archive is made. */
async function stillFree(town: OpenTown, { entry, fence, gitDir }: Orphan): Promise<boolean> {
  const runs = runsOf(town)
  const sessions = await fencesInUse(town)
  if (runs.kind === 'error' || sessions.kind === 'error') return false
  if (runs.value.some((run) => run.fence === fence && (!isTerminal(run) || run.cleared !== true))) return false
  return (await reasonToStay(entry, fence, { gitDir, now: town.now(), sessions: sessions.value })) === undefined
}
