/**
 * Questions about commits. All by full git dir, none touches a work tree.
 */
import type { Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok } from '../result.ts'
import { git, gitDetails } from './run.ts'

/** A full object name, SHA-1 or SHA-256. */
export const isCommitId = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)

async function revision(gitDir: string, rev: string, type: 'commit' | 'tree'): Promise<Read<string>> {
  const got = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${rev}^{${type}}`], { gitDir })
  if (got.kind === 'ok') return ok(got.value.stdout.trim())
  const { exitCode, stderr } = gitDetails(got.failure)
  // With --quiet git says nothing when there simply is no such revision; a broken object or repository it explains.
  return (exitCode === 1 || exitCode === 128) && stderr.trim() === '' ? empty : got
}

/** Full id of the commit that `rev` (a ref, a short or full id) names. `empty`: there is none. */
export const resolveCommit = (gitDir: string, rev: string): Promise<Read<string>> => revision(gitDir, rev, 'commit')

/** Full id of the tree of a commit. `empty`: there is no such revision. */
export const treeOf = (gitDir: string, rev: string): Promise<Read<string>> => revision(gitDir, rev, 'tree')

/** Like `resolveCommit`, for a commit that has to be there: its absence is E_NO_COMMIT. */
export async function requireCommit(gitDir: string, rev: string): Promise<Result<string>> {
  const found = await resolveCommit(gitDir, rev)
  if (found.kind === 'ok' || found.kind === 'error') return found
  return fail('E_NO_COMMIT', `There is no commit "${rev}" in ${gitDir}.`, {
    hint: 'Fetch the remote, then try again.',
  })
}

/** A full id as it is; anything else resolved. Whatever comes out is safe as an argument. */
export async function asCommit(gitDir: string, rev: string): Promise<Result<string>> {
  return isCommitId(rev) ? ok(rev) : requireCommit(gitDir, rev)
}

/** Whether everything in commit `a` is in `b` too (a commit is its own ancestor). A commit that is not here: error. */
export async function isAncestor(gitDir: string, a: string, b: string): Promise<Read<boolean>> {
  const got = await git(['merge-base', '--is-ancestor', '--end-of-options', a, b], { gitDir })
  if (got.kind === 'ok') return ok(true)
  return gitDetails(got.failure).exitCode === 1 ? ok(false) : got
}

/**
 * Points a ref at `to` if it stands at `expected` now; null means "not there", on either side. Answers `moved` with
 * what stands there otherwise. Errors: E_REF_BUSY (exit 75) while another process holds the ref's lock.
 */
export async function compareAndSwapRef(swap: {
  gitDir: string
  ref: string
  to: string | null
  expected: string | null
  why?: string
}): Promise<Result<{ kind: 'swapped' } | { kind: 'moved'; now: string | null }>> {
  const { gitDir, ref, to, expected } = swap
  if (!ref.startsWith('refs/')) return fail('E_REF', `"${ref}" is not the full name of a ref.`, { exit: EXIT.bug })
  const reason = ['-m', (swap.why ?? 'gt').replaceAll(/\s+/g, ' ')]
  const nothing = '0'.repeat((to ?? expected ?? '').length || 40)
  const args =
    to === null
      ? ['update-ref', '--no-deref', ...reason, '-d', '--', ref, ...(expected === null ? [] : [expected])]
      : ['update-ref', '--no-deref', '--create-reflog', ...reason, '--', ref, to, expected ?? nothing]
  if (to === null && expected === null) return fail('E_REF', `Nothing to do for ${ref}.`, { exit: EXIT.bug })
  const done = await git(args, { gitDir })
  if (done.kind === 'ok') return ok({ kind: 'swapped' })
  const now = await git(['rev-parse', '--verify', '--quiet', ref], { gitDir })
  const stands = now.kind === 'ok' ? now.value.stdout.trim() : null
  if (now.kind === 'error' && gitDetails(now.failure).exitCode !== 1) return done
  if (stands !== expected) return ok({ kind: 'moved', now: stands })
  if (/\.lock': File exists/.test(gitDetails(done.failure).stderr)) {
    return fail('E_REF_BUSY', `Another git process holds the lock of ${ref}.`, {
      exit: EXIT.tryAgain,
      kept: `${ref} is unchanged.`,
    })
  }
  return done
}

/** Commits on the first-parent line of `to` that are not in `from`, oldest first, at most `most` of the oldest. */
export async function firstParents(
  gitDir: string,
  range: { from: string; to: string; most: number },
): Promise<Result<string[]>> {
  const args = ['rev-list', '--first-parent', '--reverse', '--end-of-options', `^${range.from}`, range.to, '--']
  const listed = await git(args, { gitDir })
  if (listed.kind === 'error') return listed
  return ok(listed.value.stdout.split('\n').filter(Boolean).slice(0, range.most))
}

/** Whether every one of these commits (full ids) is in `target`: one question however many there are. */
export async function allContained(
  gitDir: string,
  commits: readonly string[],
  target: string,
): Promise<Result<boolean>> {
  const args = ['rev-list', '--max-count=1', '--end-of-options', ...commits, `^${target}`, '--']
  const outside = await git(args, { gitDir })
  return outside.kind === 'ok' ? ok(outside.value.stdout === '') : outside
}

/** The best common ancestor of two commits. Errors: E_UNRELATED (they have none), E_GIT. */
export async function mergeBase(gitDir: string, a: string, b: string): Promise<Result<string>> {
  const got = await git(['merge-base', '--end-of-options', a, b], { gitDir })
  if (got.kind === 'ok') return ok(got.value.stdout.trim().split('\n')[0]!)
  if (gitDetails(got.failure).exitCode !== 1) return got
  return fail('E_UNRELATED', `The commits ${a.slice(0, 12)} and ${b.slice(0, 12)} have no common history.`)
}

/** Commits that only `tip` has, and those that only `base` has. */
export async function divergence(
  gitDir: string,
  base: string,
  tip: string,
): Promise<Result<{ ahead: number; behind: number }>> {
  const range = ['rev-list', '--left-right', '--count', '--end-of-options', `${base}...${tip}`, '--']
  const got = await git(range, { gitDir })
  if (got.kind === 'error') return got
  const [behind = 0, ahead = 0] = got.value.stdout.trim().split(/\s+/).map(Number)
  return ok({ ahead, behind })
}
