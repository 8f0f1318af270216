/**
 * A rig's repository: bare, shared by all its worktrees, with the remote's branches under `refs/remotes/origin/` and
 * no branch of its own until a worker gets one.
 */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { exists, localRemote, notAbsolute } from './places.ts'
import { branchOf, fetchRemote, listRemote, ORIGIN } from './remotes.ts'
import { git } from './run.ts'

export { defaultBranch, fetchRemote, ORIGIN, remoteUrl } from './remotes.ts'
export { isAncestor, requireCommit, resolveCommit, treeOf } from './revisions.ts'

/**
 * What an agent's own `git push` runs into: no such path can exist, no network is asked, and the message that git
 * prints begins with this very sentence. Publishing is the kernel's job (design law 2).
 */
export const PUSH_IS_NOT_FOR_AGENTS = '/git push is not for agents: say gt done and gt publishes your work'

/**
 * Makes the bare repository `to` (absolute; must not exist) from a URL or an absolute path; a non-bare or linked
 * repository of this machine will do. Everything is made under a temporary name beside `to` and renamed at the end:
 * a half clone is never taken for a repository. Objects are copied, never hard-linked or borrowed, so a `git gc` in
 * the user's clone cannot touch ours. No template, hence no hooks.
 *
 * Errors: E_EXISTS, E_REMOTE_NOT_FOUND, E_REMOTE_EMPTY (no commit yet), E_REMOTE_AUTH, E_REMOTE_OWNER,
 * E_REMOTE_UNREACHABLE, E_REMOTE.
 */
export async function cloneBare(where: { from: string; to: string }): Promise<Result<void>> {
  const { to } = where
  const relative = notAbsolute(to)
  if (relative !== undefined) return relative
  if (await exists(to)) return alreadyThere(to)
  const from = await addressOf(where.from)
  if (from.kind === 'error') return from
  const listed = await listRemote(from.value)
  if (listed.kind === 'error') return listed
  if (branchOf(listed.value).kind === 'empty') {
    return fail('E_REMOTE_EMPTY', `The repository ${where.from} has no commit on any branch yet.`, {
      hint: `git -C ${where.from} commit --allow-empty -m "First commit"   (push it, if the repository is remote)`,
    })
  }
  const sha256 = [...listed.value.refs.values()].some((id) => id.length === 64)
  let temporary: string | undefined
  try {
    await mkdir(dirname(to), { recursive: true })
    temporary = await mkdtemp(join(dirname(to), `.cloning-${basename(to)}-`))
    const filled = await fill(temporary, from.value, sha256)
    if (filled.kind === 'error') return filled
    await rename(temporary, to)
    return ok(undefined)
  } catch (error) {
    // Another call was faster, and what it made stays.
    if (await exists(to)) return alreadyThere(to)
    return fail('E_CLONE', `The repository ${to} could not be made: ${messageOf(error)}.`)
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true }).catch(() => {})
  }
}

const alreadyThere = (to: string): Result<never> =>
  fail('E_EXISTS', `There is already something at ${to}.`, { kept: 'It was not touched.' })

/** What to write as the remote's address: a canonical path for a local one, so that it holds wherever gt stands. */
async function addressOf(from: string): Promise<Result<string>> {
  const local = await localRemote(from)
  if (local !== null) {
    // `git -C <sub folder>` would walk up to a repository that was not named.
    const top = await git(['rev-parse', '--git-dir'], { cwd: local })
    if (top.kind === 'error' && /dubious ownership/.test(top.failure.message)) return ok(local)
    if (top.kind === 'ok') return ok(local)
    if (top.failure.code !== 'E_GIT') return top
    return fail('E_REMOTE_NOT_FOUND', `The folder ${local} is not a git repository.`, {
      hint: 'Name the top folder of the repository, or a URL.',
    })
  }
  if (/^(\.{0,2}\/|file:)/.test(from) && !(await exists(`${from}.git`))) {
    return fail('E_REMOTE_NOT_FOUND', `There is no folder ${from}.`, { hint: 'Name an absolute path, or a URL.' })
  }
  return ok(from)
}

async function fill(gitDir: string, from: string, sha256: boolean): Promise<Result<void>> {
  const made = await git([
    'init',
    '--quiet',
    '--bare',
    '--template=',
    // HEAD names a branch that never exists: nothing here depends on a "current" branch.
    '--initial-branch=gt/none',
    ...(sha256 ? ['--object-format=sha256'] : []),
    '--',
    gitDir,
  ])
  if (made.kind === 'error') return made
  const settings: string[][] = [
    [`remote.${ORIGIN}.url`, from],
    [`remote.${ORIGIN}.fetch`, `+refs/heads/*:refs/remotes/${ORIGIN}/*`],
    [`remote.${ORIGIN}.pushurl`, PUSH_IS_NOT_FOR_AGENTS],
    // Off by default in a bare repository, and the one thing that brings back a commit an agent reset away.
    ['core.logAllRefUpdates', 'true'],
    // What an agent commits must survive a power cut once it is handed in (design law 3); git's default does not sync.
    ['core.fsync', 'committed'],
    // With per-worktree configuration switched on, `core.bare` has to live with the bare repository alone; were it in
    // the shared file, an agent that turns the extension on would make every worktree "bare" at once.
    ['extensions.worktreeConfig', 'true'],
    ['--worktree', 'core.bare', 'true'],
    ['--unset', 'core.bare'],
  ]
  for (const setting of settings) {
    const set = await git(['config', ...setting], { gitDir })
    if (set.kind === 'error') return set
  }
  return fetchRemote({ gitDir })
}
