/**
 * Where things are: canonical paths, local remotes, and the folder in which a repository keeps a worktree's HEAD and
 * index. Read from disk, so that it works when the worktree itself is damaged or gone.
 */
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Err, Read } from '../result.ts'
import { EXIT, empty, fail, messageOf, ok } from '../result.ts'

const codeOf = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException).code

/** Whether something stands at this path (a broken symlink counts). */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    // Anything but "not there" means something is there that we may not look at.
    return codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR'
  }
}

/** The path with its symlinks resolved as far as it exists. */
export async function canonical(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await canonical(parent), basename(path))
  }
}

/** An error for a path that would depend on where the caller happens to stand; otherwise nothing. */
export function notAbsolute(path: string): Err | undefined {
  if (isAbsolute(path)) return undefined
  return fail('E_PATH', `The path "${path}" is relative; git rooms take absolute paths only.`, { exit: EXIT.bug })
}

/**
 * The local directory that a remote's address names, canonical; null for a remote on the network.
 * A path with a colon before any slash is an ssh address to git, and to us.
 */
export async function localRemote(address: string): Promise<string | null> {
  let path = address
  if (/^file:\/\//i.test(address)) {
    try {
      path = fileURLToPath(address)
    } catch {
      return null
    }
  } else if (/^[a-z][a-z0-9+.-]*::?\/\//i.test(address) || /^[^/]*:/.test(address)) return null
  if (!isAbsolute(path)) return null
  try {
    return (await stat(path)).isDirectory() ? await realpath(path) : null
  } catch {
    return null
  }
}

/**
 * Whether `path` was a worktree of this repository whose entry there is gone: its `.git` file names a folder of ours that
 * no longer exists. (A copy of a live worktree names one that does, and is not ours to touch.)
 */
export async function wasWorktreeOf(gitDir: string, path: string): Promise<boolean> {
  const text = await readFile(join(path, '.git'), 'utf8').catch(() => '')
  const match = /^gitdir: (.+?)\n?$/s.exec(text)
  if (match === null) return false
  const admin = await canonical(resolve(path, match[1]!))
  return dirname(admin) === join(await canonical(gitDir), 'worktrees') && !(await exists(admin))
}

/**
 * The folder `<gitDir>/worktrees/<id>` of the worktree at `path` (git's gitrepository-layout: its file `gitdir` names
 * the worktree's `.git`). `empty` when the repository knows no worktree there.
 */
export async function adminDirOf(gitDir: string, path: string): Promise<Read<string>> {
  const wanted = await canonical(path)
  const folder = join(gitDir, 'worktrees')
  let ids: string[]
  try {
    ids = await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && (await exists(gitDir))) return empty
    return fail('E_REPOSITORY', `The worktrees of ${gitDir} could not be listed: ${messageOf(error)}.`)
  }
  for (const id of ids) {
    try {
      const pointer = (await readFile(join(folder, id, 'gitdir'), 'utf8')).replace(/\n$/, '')
      if ((await canonical(dirname(resolve(folder, id, pointer)))) === wanted) return ok(join(folder, id))
    } catch (error) {
      // An entry that goes away while we look is another worktree's business; one we may not read could be ours.
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') {
        return fail('E_REPOSITORY', `The worktree entry ${join(folder, id)} could not be read: ${messageOf(error)}.`)
      }
    }
  }
  return empty
}
