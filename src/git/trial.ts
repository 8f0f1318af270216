/** Whether two commits merge, and to what: the one reading of `merge-tree`, shared by merges and replays. */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { git, gitDetails } from './run.ts'

const DETAIL_BYTES = 2048

export type Trial =
  | { kind: 'clean'; tree: string }
  /** `detail`: what git says about it, at most 2 KB. */
  | { kind: 'conflict'; files: string[]; detail: string }

/**
 * The tree that merging `head` into `onto` (full commit ids) gives, or where it does not. Only objects are written.
 *
 * Errors: E_UNRELATED (no common history), E_GIT (a commit that is not here …).
 */
export async function trial(gitDir: string, onto: string, head: string): Promise<Result<Trial>> {
  const run = await git(['merge-tree', '--write-tree', '-z', '--name-only', '--messages', onto, head], { gitDir })
  if (run.kind === 'ok') return ok({ kind: 'clean', tree: run.value.stdout.split('\0')[0]! })
  const { exitCode, stdout, stderr } = gitDetails(run.failure)
  if (/unrelated histories/.test(stderr)) {
    return fail('E_UNRELATED', `The commits ${onto.slice(0, 12)} and ${head.slice(0, 12)} have no common history.`)
  }
  // A commit that is not here ends with 1 as well, and without the tree that a conflict still has.
  if (exitCode !== 1 || stdout === '') return run
  // tree NUL file NUL … NUL NUL, then per message: count NUL paths NUL type NUL text NUL
  const [, ...rest] = stdout.split('\0')
  const end = rest.indexOf('')
  const messages: string[] = []
  for (let at = end + 1; at < rest.length - 1; ) {
    const paths = Number(rest[at])
    messages.push((rest[at + paths + 2] ?? '').trim())
    at += paths + 3
  }
  const detail = messages.filter((text) => text.startsWith('CONFLICT') || !text.startsWith('Auto-merging')).join('\n')
  return ok({ kind: 'conflict', files: [...new Set(rest.slice(0, end))], detail: detail.slice(0, DETAIL_BYTES) })
}
