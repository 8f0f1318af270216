/**
 * Clears a finished run away: its session ends, what it left is archived, then its worktree goes. Each part is
 * idempotent and only done for runs that the ledger calls ended (law 4).
 */
import { rmSync } from 'node:fs'
import { agentDir } from '../agents/launch.ts'
import type { Run } from '../beads/facts.ts'
import { withLease } from '../beads/leases.ts'
import { usageOps } from '../costs/settle.ts'
import { compareAndSwapRef } from '../git/land.ts'
import { resolveCommit } from '../git/repository.ts'
import { removeWorktree } from '../git/worktrees.ts'
import { findRun, note } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { archiveRun, endWorker, oneHandOn } from './unwind.ts'

const REMOVE_WAIT_MS = 120_000

/** Clears one ended run; the worktree's files are gone when this answers ok. Somebody else may have done it meanwhile. */
export function clearRun(town: OpenTown, run: Run, by: string): Promise<Result<void>> {
  return oneHandOn(town, run, by, async () => {
    const now = findRun(town.ledger.state.beads.values(), run.fence)?.run
    return now?.cleared ? ok(undefined) : clear(town, run, by)
  })
}

async function clear(town: OpenTown, run: Run, by: string): Promise<Result<void>> {
  const ended = await endWorker(town, run)
  if (ended.kind === 'error') return ended
  const archive = await archiveRun(town, run, `cleared after ${run.state}`)
  if (archive.kind === 'error') return archive
  const gitDir = town.paths.rig(run.rig).repo
  const removed = await withLease(
    town.ledger,
    `worktrees:${run.rig}`,
    by,
    () => removeWorktree({ gitDir, path: run.worktree }),
    { waitMs: REMOVE_WAIT_MS },
  )
  if (removed.kind === 'error') return removed
  const deleted = await removed.value.deleted
  if (deleted.kind === 'error') return deleted
  // The archive holds the commits; a branch for each run ever made would only fill the repository.
  const ref = `refs/heads/${run.branch}`
  const tip = archive.value === undefined ? { kind: 'empty' as const } : await resolveCommit(gitDir, ref)
  if (tip.kind === 'ok') await compareAndSwapRef({ gitDir, ref, to: null, expected: tip.value })
  const holder = findRun(town.ledger.state.beads.values(), run.fence)
  const used = holder === undefined ? [] : await usageOps(town, holder.bead, holder.run)
  rmSync(agentDir(town.root, { fence: run.fence, address: run.agent }), { recursive: true, force: true })
  const facts = { cleared: true, ...(archive.value !== undefined && { archive: archive.value }) }
  const change = note(run, facts, by, `cleared; archived as ${archive.value ?? 'nothing to archive'}`)
  const written = town.ledger.write({ ...change, ops: [...change.ops, ...used] })
  return written.kind === 'error' ? written : ok(undefined)
}
