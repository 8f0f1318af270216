/**
 * A person's own checkout of the target branch. git's plumbing counts ignored files as expendable; a person's `.env` is
 * not, so we look before anything is pushed there.
 */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { git, nulList } from './run.ts'
import { listWorktrees } from './worktrees.ts'

/**
 * Untracked files, ignored ones included, that stand where `commit` adds one, in the checkout of `branch` in
 * `repository`. Paths from the checkout's root; none when the branch is checked out nowhere.
 */
export async function obstacles(what: {
  gitDir: string
  repository: string
  branch: string
  expected: string
  commit: string
}): Promise<Result<string[]>> {
  const checkout = await checkoutOf(what.repository, what.branch)
  if (checkout.kind === 'error' || checkout.value === null) return checkout.kind === 'error' ? checkout : ok([])
  const added = await git(
    ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=A', what.expected, what.commit, '--'],
    { gitDir: what.gitDir },
  )
  if (added.kind === 'error') return added
  const standing = new Set<string>()
  const folders = new Map<string, boolean>()
  for (const path of nulList(added.value.stdout)) {
    const found = await firstObstacle(checkout.value, path, folders)
    if (found !== null) standing.add(found)
  }
  const untracked: string[] = []
  const paths = [...standing]
  for (let at = 0; at < paths.length; at += 500) {
    const listed = await git(
      ['--literal-pathspecs', 'ls-files', '--others', '-z', '--', ...paths.slice(at, at + 500)],
      {
        worktree: checkout.value,
      },
    )
    if (listed.kind === 'error') return listed
    untracked.push(...nulList(listed.value.stdout))
  }
  return ok(untracked)
}

async function checkoutOf(repository: string, branch: string): Promise<Result<string | null>> {
  const top = await git(['rev-parse', '--absolute-git-dir'], { cwd: repository })
  if (top.kind === 'error') return top
  const listed = await listWorktrees(top.value.stdout.replace(/\n$/, ''))
  if (listed.kind === 'error') return listed
  const entry = listed.kind === 'ok' ? listed.value.find((one) => one.branch === branch && !one.prunable) : undefined
  return ok(entry?.path ?? null)
}

/** The path itself, or the first file (or link) where one of its folders should be; null when the way is free. */
async function firstObstacle(root: string, path: string, folders: Map<string, boolean>): Promise<string | null> {
  const parts = path.split('/')
  for (let depth = 1; depth <= parts.length; depth++) {
    const prefix = parts.slice(0, depth).join('/')
    if (folders.get(prefix) === true && depth < parts.length) continue
    const seen = await lstat(join(root, prefix)).catch(() => null)
    if (seen === null) return null
    if (depth === parts.length || !seen.isDirectory()) return prefix
    folders.set(prefix, true)
  }
  return null
}
