/**
 * Merges without a work tree: `merge-tree` makes the tree, `commit-tree` the commit (13 ms where `git merge` in a
 * worktree takes 79). Nothing here moves a ref, so being killed in the middle leaves nothing behind.
 */
import type { Read, Result } from '../result.ts'
import { empty, fail, ok } from '../result.ts'
import { commitTree } from './commit.ts'
import { replay } from './replay.ts'
import { asCommit, isAncestor, treeOf } from './revisions.ts'
import { git, nulList } from './run.ts'
import { trial } from './trial.ts'

export type Merge =
  | { kind: 'clean'; commit: string; tree: string }
  /** `detail`: what git says about it, at most 2 KB. */
  | { kind: 'conflict'; files: string[]; detail: string }
  /** `onto` has all of it; there is nothing to land. */
  | { kind: 'already' }

export interface MergeInput {
  gitDir: string
  /** Full commit id to build on, and its tree if the caller knows it: that spares two questions. */
  onto: string
  ontoTree?: string
  /** Full commit id to bring in. */
  head: string
  message: string
  author: { name: string; email: string }
  /** RFC 3339; now when absent. The same input with the same date gives the same commit. */
  date?: string
  /** `merge`: a commit with both parents; `squash`: one commit on `onto`. */
  mode: 'merge' | 'squash'
}

/**
 * Builds the commit that would land: exactly what is tested and published. Only objects are written.
 *
 * Errors: E_UNRELATED (no common history), E_DATE, E_GIT (a commit that is not here …).
 */
export async function mergeCandidate(m: MergeInput): Promise<Result<Merge>> {
  const { gitDir } = m
  const found = await all(gitDir, m.onto, m.head)
  if (found.kind === 'error') return found
  const [onto, head] = found.value as [string, string]
  const tried = await trial(gitDir, onto, head)
  if (tried.kind === 'error' || tried.value.kind === 'conflict') return tried as Result<Merge>
  const { tree } = tried.value
  const before = m.ontoTree === undefined ? await treeOf(gitDir, onto) : ok(m.ontoTree)
  if (before.kind === 'error') return before
  // Only what changes nothing can be there already.
  if (before.kind === 'ok' && before.value === tree) {
    if (m.mode === 'squash') return ok({ kind: 'already' })
    const inside = await isAncestor(gitDir, head, onto)
    if (inside.kind !== 'ok') return inside.kind === 'error' ? inside : fail('E_GIT', 'The commits cannot be compared.')
    if (inside.value) return ok({ kind: 'already' })
  }
  const parents = m.mode === 'merge' ? [onto, head] : [onto]
  const { message, author, date } = m
  const made = await commitTree({ gitDir, tree, parents, message, author, ...(date !== undefined && { date }) })
  return made.kind === 'ok' ? ok({ kind: 'clean', commit: made.value, tree }) : made
}

/** Each as a full commit id, or the first that is none as an error. */
async function all(gitDir: string, ...revs: string[]): Promise<Result<string[]>> {
  const ids: string[] = []
  for (const rev of revs) {
    const id = await asCommit(gitDir, rev)
    if (id.kind === 'error') return id
    ids.push(id.value)
  }
  return ok(ids)
}

/** Paths that differ between two commits, both names of a rename. `empty`: none. */
export async function changedFiles(gitDir: string, a: string, b: string): Promise<Read<string[]>> {
  const found = await all(gitDir, a, b)
  if (found.kind === 'error') return found
  const got = await git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', ...found.value, '--'], { gitDir })
  if (got.kind === 'error') return got
  const files = nulList(got.value.stdout)
  return files.length === 0 ? empty : ok(files)
}

/**
 * The proof behind "landed" (pain T1.5): which commits of base..head are not in `target`. None is missing when `head` is
 * an ancestor of the target, or when merging it in would change nothing; otherwise a commit counts as there if it is
 * reachable, one with the same patch id is (`git cherry`), or picking it again would change nothing. A merge commit has no
 * patch id and needs the first.
 */
export async function patchesPresent(p: {
  gitDir: string
  base: string
  head: string
  target: string
}): Promise<Read<{ missing: string[] }>> {
  const { gitDir } = p
  const found = await all(gitDir, p.base, p.head, p.target)
  if (found.kind === 'error') return found
  const [base, head, target] = found.value as [string, string, string]
  const inside = await isAncestor(gitDir, head, target)
  if (inside.kind !== 'ok' || inside.value) return inside.kind === 'ok' ? ok({ missing: [] }) : inside
  const tried = await trial(gitDir, target, head)
  if (tried.kind === 'error') return tried
  if (tried.value.kind === 'clean') {
    const now = await treeOf(gitDir, target)
    if (now.kind !== 'ok') return now.kind === 'empty' ? fail('E_NO_COMMIT', `There is no commit ${target}.`) : now
    if (now.value === tried.value.tree) return ok({ missing: [] })
  }
  const cherry = await git(['cherry', target, head, base], { gitDir })
  if (cherry.kind === 'error') return cherry
  const merges = await git(['rev-list', '--merges', head, `^${base}`, `^${target}`, '--'], { gitDir })
  if (merges.kind === 'error') return merges
  const lost = cherry.value.stdout.split('\n').filter((line) => line.startsWith('+ '))
  const missing = [...lost.map((line) => line.slice(2)), ...merges.value.stdout.split('\n').filter(Boolean)]
  if (missing.length === 0) return ok({ missing })
  // A patch that was replayed among other lines has another id; picked once more, it then has nothing left to change.
  const nobody = { name: 'gt', email: 'gt@localhost' }
  const again = await replay({ gitDir, onto: target, head, base, committer: nobody })
  return again.kind === 'ok' && again.value.kind === 'already' ? ok({ missing: [] }) : ok({ missing })
}
