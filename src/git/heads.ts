/** Where many branches stand, and what each changed: asked of git in as few processes as there can be. */
import type { Read, Result } from '../result.ts'
import { empty, ok } from '../result.ts'
import { changedFiles } from './merge.ts'
import { git, nulList } from './run.ts'

/** Commits by full ref name, by one process for all; a ref that is not there is left out. No refs: no process. */
export async function refHeads(gitDir: string, refs: readonly string[]): Promise<Result<Map<string, string>>> {
  const heads = new Map<string, string>()
  if (refs.length === 0) return ok(heads)
  const wanted = new Set(refs)
  const listed = await git(['for-each-ref', '--format=%(objectname) %(refname)', '--', ...wanted], { gitDir })
  if (listed.kind === 'error') return listed
  for (const line of listed.value.stdout.split('\n')) {
    const at = line.indexOf(' ')
    // A name also stands for everything below it.
    if (wanted.has(line.slice(at + 1))) heads.set(line.slice(at + 1), line.slice(0, at))
  }
  return ok(heads)
}

/**
 * Files that `head` changed since it left `target`: what came in from there counts for nothing. Full ids. Where there
 * is no single point at which it left, since `base`. `empty`: none.
 */
export async function filesSinceFork(
  gitDir: string,
  { head, target, base }: { head: string; target: string; base: string },
): Promise<Read<string[]>> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--merge-base', target, head, '--']
  const got = await git(args, { gitDir })
  if (got.kind === 'error') return changedFiles(gitDir, base, head)
  const files = nulList(got.value.stdout)
  return files.length === 0 ? empty : ok(files)
}
