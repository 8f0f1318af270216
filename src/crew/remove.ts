/**
 * Takes a crew member away: its session ends, what it has is archived and the archive is in the ledger, and only then its
 * worktree and its branch go (law 4). Each part is idempotent: killed anywhere, the same call finishes it.
 */
import { rmSync } from 'node:fs'
import { agentDir } from '../agents/launch.ts'
import type { CrewFacts } from '../beads/agent-facts.ts'
import { withLease } from '../beads/leases.ts'
import { attendedOps } from '../costs/settle.ts'
import { archiveWorktree } from '../git/archive.ts'
import { compareAndSwapRef } from '../git/land.ts'
import { resolveCommit } from '../git/repository.ts'
import { removeWorktree } from '../git/worktrees.ts'
import { endAttended, handOnAgent } from '../kernel/attended.ts'
import { isAgent } from '../kernel/landing.ts'
import { gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Crew } from './who.ts'
import { crewSession, findCrew } from './who.ts'

export interface Removed {
  address: string
  /** Under which `gt restore` finds what it left. */
  fence: string
  /** Ref of the archive; null: there was nothing to keep. */
  archive: string | null
  /** Uncommitted files in it. */
  dirty: number
}

const REMOVE_WAIT_MS = 120_000
const BY = 'gt'

/** Removes the crew member for a person. Errors: E_NOT_FOR_AGENTS, those of archiving; then it stays. */
export async function removeCrew(town: OpenTown, own: Crew): Promise<Result<Removed>> {
  if (isAgent(town.env)) {
    return fail('E_NOT_FOR_AGENTS', 'An agent may not remove a crew member: that is a person’s to decide.', {
      kept: 'Nothing was changed.',
    })
  }
  return handOnAgent(town, own.agent.address, async () => {
    // What was seen before the wait may be old.
    const now = findCrew(town.ledger.state, own.agent.address)
    return now.kind === 'error' ? now : takeAway(town, now.value, 'removed by a person')
  })
}

/** The same for whoever has a hand on it already. */
export async function takeAway(town: OpenTown, own: Crew, why: string): Promise<Result<Removed>> {
  const { crew, agent } = own
  const ended = await endAttended(town, agent.address, crewSession(crew))
  if (ended.kind === 'error') return ended
  // Without a base neither worktree nor branch was made: what may stand there is somebody else's.
  if (crew.base === undefined) return over(town, own, { archive: null, dirty: 0 }, why)
  const gitDir = town.paths.rig(crew.rig).repo
  const where = { gitDir, path: crew.worktree }
  const tip = await resolveCommit(gitDir, `refs/heads/${crew.branch}`)
  if (tip.kind === 'error') return tip
  const archived = await archiveWorktree({ ...where, fence: crew.fence, branch: crew.branch, why })
  if (archived.kind === 'error') return archived
  if (archived.kind === 'unknown') {
    return fail('E_ARCHIVE', `What ${agent.address} has could not be archived: ${archived.why}.`, {
      kept: `Its worktree stays at ${crew.worktree}.`,
    })
  }
  const archive = archived.kind === 'ok' ? archived.value.ref : null
  if (archive !== null && archive !== crew.archive) {
    const told = noted(town, own, { ...crew, archive }, `${agent.address}: archived as ${archive}`)
    if (told.kind === 'error') return told
  }
  const gone = await withLease(town.ledger, `worktrees:${crew.rig}`, BY, () => removed(where), {
    waitMs: REMOVE_WAIT_MS,
  })
  if (gone.kind === 'error') return gone
  // The archive holds its commits; the name may come back. One that moved since stays.
  if (tip.kind === 'ok') {
    const ref = `refs/heads/${crew.branch}`
    const dropped = await compareAndSwapRef({ gitDir, ref, to: null, expected: tip.value })
    if (dropped.kind === 'error') return dropped
  }
  // Once its folder is gone nobody can tell what it used that was not written down.
  const used = await attendedOps(town, own)
  const kept =
    used.length === 0 ? ok(undefined) : town.ledger.write({ by: BY, why: `what ${agent.address} used`, ops: used })
  if (kept.kind === 'error') return kept
  rmSync(agentDir(town.root, { address: agent.address }), { recursive: true, force: true })
  return over(town, own, { archive, dirty: archived.kind === 'ok' ? archived.value.dirty : 0 }, why)
}

function over(town: OpenTown, own: Crew, left: Pick<Removed, 'archive' | 'dirty'>, why: string): Result<Removed> {
  const { crew, agent } = own
  const { archive } = left
  const at = town.now().toISOString()
  const facts: CrewFacts = { ...crew, state: 'removed', removed_at: at, ...(archive !== null && { archive }) }
  const written = noted(town, own, facts, `${agent.address}: ${why}`)
  return written.kind === 'error' ? written : ok({ address: agent.address, fence: crew.fence, ...left })
}

async function removed(where: { gitDir: string; path: string }): Promise<Result<void>> {
  const away = await removeWorktree(where)
  return away.kind === 'error' ? away : away.value.deleted
}

/** Writes down a crew member's place. */
export function noted(town: OpenTown, own: Crew, crew: CrewFacts, why: string): Result<void> {
  const written = town.ledger.write({
    by: BY,
    why,
    ops: [{ op: 'set', id: own.id, path: gtPath('agent', 'crew'), value: crew }],
  })
  return written.kind === 'error' ? written : ok(undefined)
}
