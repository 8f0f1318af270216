/** Signs of somebody at work in a worktree, from what git writes for it. No git is started: four `stat`s. */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok } from '../result.ts'
import { changedAt } from '../town/changes.ts'

/** `<repository>/worktrees/<id>`, as a worktree's own `.git` file names it. `empty`: there is no such file. */
export function gitFolderOf(worktree: string): Read<string> {
  const path = join(worktree, '.git')
  try {
    const match = /^gitdir: (.+?)\n?$/s.exec(readFileSync(path, 'utf8'))
    return match === null ? empty : ok(resolve(worktree, match[1]!))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return empty
    return fail('E_READ', `${path} could not be read: ${messageOf(error)}.`)
  }
}

/**
 * When git last wrote for the worktree whose folder this is, epoch ms: its index (add, commit, a refreshing status), its
 * HEAD (switch, rebase), HEAD's log (every commit) and its branch. Our own git calls refresh no index (src/git/run.ts).
 * `empty`: none of these is there. Error: one could not be looked at, and none that could is there.
 */
export function gitActivity(gitFolder: string, branch: string): Read<number> {
  const repository = dirname(dirname(gitFolder))
  const own = ['index', 'HEAD', 'logs/HEAD'].map((name) => join(gitFolder, name))
  let newest: Read<number> = empty
  for (const path of [...own, join(repository, 'refs', 'heads', branch)]) {
    const changed = changedAt(path)
    if (changed.kind === 'ok' && (newest.kind !== 'ok' || changed.value > newest.value)) newest = changed
    else if (changed.kind === 'error' && newest.kind === 'empty') newest = changed
  }
  return newest
}
