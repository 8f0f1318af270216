/**
 * Worktrees: one per run, never reused. Making one is two steps, because thirty `git worktree add` at once trip over
 * each other: register one by one (cheap, no files), then check the files out in parallel.
 */
import { join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok, unknown } from '../result.ts'
import { adminDirOf, canonical, exists, notAbsolute } from './places.ts'
import { isLocalRemote } from './remotes.ts'
import { requireCommit, resolveCommit } from './revisions.ts'
import { git, gitDetails, gitPatiently, nulList } from './run.ts'

export { type Removal, removeWorktree, sweepTrash } from './removal.ts'

export interface WorktreeView {
  /** Commit checked out. */
  head: string
  /** Short branch name; null when HEAD is on none (detached, or in the middle of a rebase). */
  branch: string | null
  /** Commits in base..HEAD. */
  commits: number
  /** Paths with uncommitted changes, from the worktree's root; untracked files one by one, ignored ones not. */
  dirty: string[]
  /** Canonical path. */
  toplevel: string
}

export interface WorktreeEntry {
  path: string
  head: string | null
  branch: string | null
  /** The directory is gone, only git's entry is left. */
  prunable: boolean
  /** Somebody said `git worktree lock`: it is to stay. */
  locked: boolean
}

/**
 * Creates branch `branch` at `base` and registers a worktree for it at `path` (absolute, not there yet), without any
 * file. The caller lets only one of these run at a time per repository.
 *
 * Errors: E_BRANCH_EXISTS, E_EXISTS, E_NO_COMMIT, E_GIT; then neither worktree nor branch was made.
 */
export async function registerWorktree(w: {
  gitDir: string
  path: string
  branch: string
  base: string
}): Promise<Result<void>> {
  const { gitDir, path, branch } = w
  const relative = notAbsolute(path)
  if (relative !== undefined) return relative
  if (await exists(path)) {
    return fail('E_EXISTS', `There is already something at ${path}; a worktree is never reused.`, {
      kept: 'It was not touched.',
    })
  }
  const base = await requireCommit(gitDir, w.base)
  if (base.kind === 'error') return base
  const valid = await git(['check-ref-format', `refs/heads/${branch}`])
  if (valid.kind === 'error' || branch.startsWith('-')) {
    if (valid.kind === 'error' && valid.failure.code !== 'E_GIT') return valid
    return fail('E_BRANCH', `"${branch}" is not a name git accepts for a branch.`, { exit: EXIT.usage })
  }
  const taken = await resolveCommit(gitDir, `refs/heads/${branch}`)
  if (taken.kind === 'ok') {
    return fail('E_BRANCH_EXISTS', `The branch ${branch} exists already, at ${taken.value.slice(0, 12)}.`, {
      kept: 'It was not moved.',
    })
  }
  if (taken.kind !== 'empty') return taken.kind === 'error' ? taken : fail('E_GIT', taken.why)
  const added = await git(['worktree', 'add', '--no-checkout', '--no-track', '-b', branch, '--', path, base.value], {
    gitDir,
  })
  if (added.kind === 'ok') return ok(undefined)
  // git makes the branch before it makes the place: take back what this very call made.
  await git(['update-ref', '-d', '--', `refs/heads/${branch}`, base.value], { gitDir })
  return added
}

/** More workers than cores on purpose: this waits for the disk (measured: 8 beats 2 on two cores). */
export const FILLING = ['-c', 'checkout.workers=8', '-c', 'submodule.recurse=false']

/**
 * Fills a registered worktree with the files of its HEAD, submodules included. May run in parallel with others. Called
 * again it only completes: a file somebody changed since is never overwritten. Submodules from local directories are
 * allowed only where the rig's own remote is local too.
 */
export async function checkOutFiles(w: { path: string }): Promise<Result<void>> {
  const done = await git([...FILLING, 'checkout', '--quiet', '--no-guess'], { worktree: w.path })
  return done.kind === 'ok' ? initSubmodules(w.path) : done
}

/** Fetches and checks out the submodules that HEAD names; nothing to do where there are none. */
export async function initSubmodules(path: string): Promise<Result<void>> {
  if (!(await exists(join(path, '.gitmodules')))) return ok(undefined)
  const common = await git(['rev-parse', '--path-format=absolute', '--git-common-dir'], { worktree: path })
  if (common.kind === 'error') return common
  const local = await isLocalRemote(common.value.stdout.replace(/\n$/, ''))
  // Patiently: `submodule init` writes into the configuration all worktrees share.
  const done = await gitPatiently(
    [
      ...(local ? ['-c', 'protocol.file.allow=always'] : []),
      'submodule',
      '--quiet',
      'update',
      '--init',
      '--recursive',
      '--force',
    ],
    { worktree: path },
  )
  if (done.kind === 'ok') return ok(undefined)
  return fail('E_SUBMODULES', `The submodules of ${path} could not be checked out. ${done.failure.message}`, {
    hint: `git -C ${path} submodule update --init --recursive`,
    details: done.failure.details,
  })
}

/**
 * Proof before an agent starts (design section 6): this path is the root of a worktree of this repository, on this
 * branch, exactly at `base`, with nothing changed. Error E_WORKTREE names the first thing that is not so.
 */
export async function verifyWorktree(w: {
  gitDir: string
  path: string
  branch: string
  base: string
}): Promise<Result<void>> {
  const wrong = (what: string): Result<never> =>
    fail('E_WORKTREE', `The worktree ${w.path} is not as ordered: ${what}.`)
  const base = await requireCommit(w.gitDir, w.base)
  if (base.kind === 'error') return base
  const seen = await inspectWorktree({ path: w.path, base: base.value })
  if (seen.kind === 'error') return seen
  if (seen.kind === 'empty') return wrong('there is nothing at that path')
  if (seen.kind === 'unknown') return wrong(seen.why)
  const admin = await adminDirOf(w.gitDir, w.path)
  if (admin.kind === 'error') return admin
  if (admin.kind !== 'ok') return wrong(`it does not belong to the repository ${w.gitDir}`)
  const own = await git(['rev-parse', '--absolute-git-dir'], { cwd: w.path })
  if (own.kind === 'error') return own
  if ((await canonical(own.value.stdout.replace(/\n$/, ''))) !== (await canonical(admin.value))) {
    return wrong(`it does not belong to the repository ${w.gitDir}`)
  }
  if (seen.value.branch !== w.branch) return wrong(`it is on ${seen.value.branch ?? 'no branch'}, not on ${w.branch}`)
  if (seen.value.head !== base.value) return wrong(`HEAD is ${seen.value.head}, not ${base.value}`)
  const [first] = seen.value.dirty
  if (first !== undefined) return wrong(`${seen.value.dirty.length} paths differ from HEAD, "${first}" first`)
  return ok(undefined)
}

/**
 * What stands in a worktree, compared with the commit it started from. Writes nothing there, not even git's own index
 * refresh. `empty`: no such path. `unknown`: HEAD names no commit. Error E_WORKTREE when `path` is not the root of a
 * worktree; E_NO_COMMIT when `base` is not in its repository.
 */
export async function inspectWorktree(w: { path: string; base: string }): Promise<Read<WorktreeView>> {
  const relative = notAbsolute(w.path)
  if (relative !== undefined) return relative
  if (!(await exists(w.path))) return empty
  const top = await git(['rev-parse', '--show-toplevel'], { cwd: w.path })
  if (top.kind === 'error') {
    if (top.failure.code !== 'E_GIT') return top
    return fail('E_WORKTREE', `There is no git worktree at ${w.path}. ${gitDetails(top.failure).stderr.trim()}`)
  }
  const toplevel = top.value.stdout.replace(/\n$/, '')
  const place = await canonical(w.path)
  if (toplevel !== place) {
    return fail('E_WORKTREE', `${w.path} lies inside another worktree, ${toplevel}; it is not one itself.`)
  }
  const gitDir = join(place, '.git')
  const head = await resolveCommit(gitDir, 'HEAD')
  if (head.kind === 'empty') return unknown(`HEAD of ${w.path} names no commit`)
  if (head.kind !== 'ok') return head
  const base = await requireCommit(gitDir, w.base)
  if (base.kind === 'error') return base
  const branch = await git(['symbolic-ref', '--quiet', 'HEAD'], { gitDir })
  if (branch.kind === 'error' && gitDetails(branch.failure).exitCode !== 1) return branch
  const count = await git(['rev-list', '--count', `${base.value}..${head.value}`, '--'], { gitDir })
  if (count.kind === 'error') return count
  const dirty = await uncommitted(place)
  if (dirty.kind === 'error') return dirty
  return ok({
    head: head.value,
    branch: branch.kind === 'ok' ? branch.value.stdout.trim().replace(/^refs\/heads\//, '') : null,
    commits: Number(count.value.stdout.trim()),
    dirty: dirty.value,
    toplevel,
  })
}

/** Paths with uncommitted changes in a worktree, from its root; untracked files one by one, ignored ones not. Error: E_GIT. */
export async function uncommitted(worktree: string): Promise<Result<string[]>> {
  const status = await git(
    ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--ignore-submodules=none'],
    { worktree },
  )
  return status.kind === 'error' ? status : ok(nulList(status.value.stdout).map((entry) => entry.slice(3)))
}

/** The worktrees a repository knows, the bare repository itself left out. `empty`: none. */
export async function listWorktrees(gitDir: string): Promise<Read<WorktreeEntry[]>> {
  const listed = await git(['worktree', 'list', '--porcelain', '-z'], { gitDir })
  if (listed.kind === 'error') return listed
  const entries: WorktreeEntry[] = []
  for (const block of listed.value.stdout.split('\0\0')) {
    const lines = nulList(block)
    const value = (key: string): string | null => {
      const line = lines.find((candidate) => candidate === key || candidate.startsWith(`${key} `))
      return line === undefined ? null : line.slice(key.length + 1)
    }
    const path = value('worktree')
    if (path === null || value('bare') !== null) continue
    const head = value('HEAD')
    entries.push({
      path,
      head: head !== null && /^0+$/.test(head) ? null : head,
      branch: value('branch')?.replace(/^refs\/heads\//, '') ?? null,
      prunable: value('prunable') !== null,
      locked: value('locked') !== null,
    })
  }
  return entries.length === 0 ? empty : ok(entries)
}
