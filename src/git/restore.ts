/**
 * The way back from an archive: a worktree that looks like the one that was put away.
 */
import { readdir, rmdir } from 'node:fs/promises'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { archiveRef, badFence, describe, hasArchive } from './archive.ts'
import { exists, notAbsolute } from './places.ts'
import { resolveCommit } from './revisions.ts'
import { git } from './run.ts'
import { checkOutFiles, registerWorktree } from './worktrees.ts'

/**
 * Brings an archive back as a worktree of the rig at `to` (absolute; absent or an empty directory), on a new branch
 * `gt/restored/<fence>` (with `-2`, `-3` … when taken) at the run's HEAD; what was uncommitted lies there uncommitted
 * again. `commit` is the archived commit.
 *
 * Errors: E_NO_ARCHIVE, E_EXISTS, E_FENCE, E_GIT; the archive stays in every case.
 */
export async function restoreArchive(a: {
  gitDir: string
  fence: string
  to: string
}): Promise<Result<{ path: string; commit: string; branch: string }>> {
  const { gitDir, fence, to } = a
  const refused = badFence(fence) ?? notAbsolute(to)
  if (refused !== undefined) return refused
  const commit = await hasArchive(a)
  if (commit.kind === 'error') return commit
  if (commit.kind !== 'ok')
    return fail('E_NO_ARCHIVE', `Nothing is archived for run ${fence}.`, { hint: 'gt run show <run>' })
  const archived = await describe(a, commit.value)
  if (archived.kind === 'error') return archived
  if (await exists(to)) {
    try {
      if ((await readdir(to)).length > 0) throw new Error('it is not empty')
      await rmdir(to)
    } catch (error) {
      return fail('E_EXISTS', `${to} cannot be used: ${messageOf(error)}.`, {
        kept: `Everything there, and the archive ${archiveRef(fence)}.`,
        hint: 'Name a directory that does not exist yet.',
      })
    }
  }
  const branch = await freeBranch(gitDir, `gt/restored/${fence}`)
  if (branch.kind === 'error') return branch
  const made = await registerWorktree({ gitDir, path: to, branch: branch.value, base: archived.value.head })
  if (made.kind === 'error') return made
  const filled = await checkOutFiles({ path: to })
  if (filled.kind === 'error') return filled
  if (archived.value.head !== commit.value) {
    // Files as archived, then the index back to HEAD: uncommitted again, as the agent left them.
    const laid = await git(['read-tree', '-m', '-u', commit.value], { worktree: to })
    if (laid.kind === 'error') return laid
    const reset = await git(['reset', '--quiet', '--mixed', 'HEAD'], { worktree: to })
    if (reset.kind === 'error') return reset
  }
  return ok({ path: to, commit: commit.value, branch: branch.value })
}

async function freeBranch(gitDir: string, wish: string): Promise<Result<string>> {
  for (let number = 1; number < 1000; number++) {
    const name = number === 1 ? wish : `${wish}-${number}`
    const taken = await resolveCommit(gitDir, `refs/heads/${name}`)
    if (taken.kind === 'empty') return ok(name)
    if (taken.kind === 'error') return taken
  }
  return fail('E_BRANCH_EXISTS', `All of the names ${wish}-… are taken.`)
}
