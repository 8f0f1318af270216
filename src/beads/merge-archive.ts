/**
 * What git's merge driver is not told: a bead that one side lacks may have moved to that side's archive. Git names the
 * commits that it merges in the driver's environment (`GITHEAD_<commit>`).
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { idOf } from './archive-read.ts'
import { runForBytes } from './git-run.ts'

/**
 * Ids in the archive files of HEAD and of the commits that are being merged into it. Empty when no merge of git calls
 * us, or git cannot be asked: then what a side lacks counts as lacking.
 *
 * @param cwd where git runs a driver: the top of the work tree
 */
export async function archivedInMerge(cwd: string, env: NodeJS.ProcessEnv): Promise<Set<string>> {
  const ids = new Set<string>()
  const heads = Object.keys(env).flatMap((name) => /^GITHEAD_([0-9a-f]{40,64})$/.exec(name)?.[1] ?? [])
  if (heads.length === 0 || !existsSync(join(cwd, '.git'))) return ids
  const git = async (...argv: string[]): Promise<string> => (await runForBytes(['-C', cwd, ...argv])).toString('utf8')
  try {
    for (const commit of ['HEAD', ...heads]) {
      const names = await git('ls-tree', '-r', '--name-only', '-z', commit, '--', 'archive/')
      for (const name of names.split('\0').filter((path) => path.endsWith('.jsonl'))) {
        for (const line of (await git('cat-file', 'blob', `${commit}:${name}`)).split('\n')) {
          const id = line === '' ? null : idOf(line)
          if (id !== null) ids.add(id)
        }
      }
    }
  } catch {
    return new Set()
  }
  return ids
}
