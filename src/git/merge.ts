/**
 * Merges without a work tree: `merge-tree` makes the tree, `commit-tree` the commit (13 ms where `git merge` in a
 * worktree takes 79). Nothing here moves a ref, so being killed in the middle leaves nothing behind.
 */
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok } from '../result.ts'
import { asCommit, isAncestor, treeOf } from './revisions.ts'
import { git, gitDetails, nulList } from './run.ts'

export type Merge =
  | { kind: 'clean'; commit: string; tree: string }
  /** `detail`: what git says about it, at most 2 KB. */
  | { kind: 'conflict'; files: string[]; detail: string }
  /** `onto` has all of it; there is nothing to land. */
  | { kind: 'already' }

export interface MergeInput {
  gitDir: string
  /** Full commit id to build on. */
  onto: string
  /** Full commit id to bring in. */
  head: string
  message: string
  author: { name: string; email: string }
  /** RFC 3339; now when absent. The same input with the same date gives the same commit. */
  date?: string
  /** `merge`: a commit with both parents; `squash`: one commit on `onto`. */
  mode: 'merge' | 'squash'
}

const DETAIL_BYTES = 2048

type Trial = { kind: 'clean'; tree: string } | { kind: 'conflict'; files: string[]; detail: string }

/** The tree that merging `head` into `onto` gives, or where it does not. */
async function trial(gitDir: string, onto: string, head: string): Promise<Result<Trial>> {
  const run = await git(['merge-tree', '--write-tree', '-z', '--name-only', '--messages', onto, head], { gitDir })
  if (run.kind === 'ok') return ok({ kind: 'clean', tree: run.value.stdout.split('\0')[0]! })
  const { exitCode, stdout, stderr } = gitDetails(run.failure)
  if (/unrelated histories/.test(stderr)) {
    return fail('E_UNRELATED', `The commits ${onto.slice(0, 12)} and ${head.slice(0, 12)} have no common history.`)
  }
  if (exitCode !== 1) return run
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

/**
 * Builds the commit that would land: exactly what is tested and published. Only objects are written.
 *
 * Errors: E_UNRELATED (no common history), E_DATE, E_GIT (a commit that is not here …).
 */
export async function mergeCandidate(m: MergeInput): Promise<Result<Merge>> {
  const { gitDir } = m
  const seconds = Math.floor((m.date === undefined ? Date.now() : Date.parse(m.date)) / 1000)
  if (!Number.isFinite(seconds)) return fail('E_DATE', `"${m.date}" is not a date.`, { exit: EXIT.bug })
  const found = await all(gitDir, m.onto, m.head)
  if (found.kind === 'error') return found
  const [onto, head] = found.value as [string, string]
  const inside = await isAncestor(gitDir, head, onto)
  if (inside.kind !== 'ok') return inside.kind === 'error' ? inside : fail('E_GIT', 'The commits cannot be compared.')
  if (inside.value) return ok({ kind: 'already' })
  const tried = await trial(gitDir, onto, head)
  if (tried.kind === 'error' || tried.value.kind === 'conflict') return tried as Result<Merge>
  const { tree } = tried.value
  if (m.mode === 'squash') {
    const before = await treeOf(gitDir, onto)
    if (before.kind === 'error') return before
    if (before.kind === 'ok' && before.value === tree) return ok({ kind: 'already' })
  }
  const parents = m.mode === 'merge' ? ['-p', onto, '-p', head] : ['-p', onto]
  const who = personOf(m.author)
  const when = `@${seconds} +0000`
  const made = await git(['-c', 'i18n.commitEncoding=UTF-8', 'commit-tree', tree, ...parents, '-F', '-'], {
    gitDir,
    input: m.message.replaceAll('\0', '').trimEnd().concat('\n'),
    env: {
      GIT_AUTHOR_NAME: who.name,
      GIT_AUTHOR_EMAIL: who.email,
      GIT_AUTHOR_DATE: when,
      GIT_COMMITTER_NAME: who.name,
      GIT_COMMITTER_EMAIL: who.email,
      GIT_COMMITTER_DATE: when,
    },
  })
  return made.kind === 'ok' ? ok({ kind: 'clean', commit: made.value.stdout.trim(), tree }) : made
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

/** git takes `<`, `>` and line ends out of a name and then refuses an empty one; an author is data and never fails. */
function personOf(author: { name: string; email: string }): { name: string; email: string } {
  const plain = (text: string): string => text.replaceAll(/[<>\p{Cc}]/gu, ' ').trim()
  const name = /[\p{L}\p{N}]/u.test(plain(author.name)) ? plain(author.name) : 'gt'
  return { name, email: plain(author.email) || 'gt@localhost' }
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
 * reachable or one with the same patch id is (`git cherry`). A merge commit has no patch id and needs the former.
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
  return ok({ missing: [...lost.map((line) => line.slice(2)), ...merges.value.stdout.split('\n').filter(Boolean)] })
}
