/**
 * Branches of ours on the remote: integration branches and those of pull requests. Never the target branch, which moves
 * in land.ts only.
 */
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { refusal } from './land.ts'
import { localRemote } from './places.ts'
import { ORIGIN, remoteHead, requireUrl } from './remotes.ts'
import { isCommitId, requireCommit } from './revisions.ts'
import { git } from './run.ts'

export type BranchPush =
  | { kind: 'done' }
  /** The branch is somewhere else by now; null: it is not there. */
  | { kind: 'moved'; now: string | null }
  /** The remote will not have it. */
  | { kind: 'refused'; reason: string }

interface Push {
  gitDir: string
  /** Without `refs/heads/`. */
  branch: string
  /** Where it should stand; null deletes it. */
  to: string | null
  /** The full id it stands at now; null: it is not there. */
  expected: string | null
}

/**
 * Creates, moves (rewinding too) or deletes a branch on the rig's remote, and only from `expected`: git's lease compares
 * at the remote. `done` also when it stands at `to` already, so that a push cut short may simply be repeated. What this
 * repository knows of the remote (`refs/remotes/origin/…`) follows.
 *
 * In a person's own non-bare repository a branch that is checked out is refused, and none of its hooks runs.
 *
 * Errors: E_REF (no name of a branch, or `expected` is no full id: bugs of the caller), E_NO_COMMIT, E_TARGET_BUSY
 * (exit 75), E_REMOTE_….
 */
export async function pushBranch(p: Push): Promise<Result<BranchPush>> {
  const { gitDir, branch } = p
  const ref = `refs/heads/${branch}`
  const valid = await git(['check-ref-format', ref])
  if (valid.kind === 'error' && valid.failure.code !== 'E_GIT') return valid
  if (valid.kind === 'error') return fail('E_REF', `"${branch}" is no name for a branch.`, { exit: EXIT.bug })
  if (p.expected !== null && !isCommitId(p.expected)) {
    return fail('E_REF', `"${p.expected}" is not the full id of a commit.`, { exit: EXIT.bug })
  }
  const url = await requireUrl({ gitDir })
  if (url.kind === 'error') return url
  const to = p.to === null ? ok(null) : await requireCommit(gitDir, p.to)
  if (to.kind === 'error') return to

  const pushed = await git(
    [
      ...['-c', 'push.pushOption=', 'push', '--porcelain', '--no-verify', '--no-follow-tags', '--no-signed'],
      ...['--recurse-submodules=no', `--force-with-lease=${ref}:${p.expected ?? ''}`],
      ...(await receiverOf(url.value)),
      ...['--', url.value, `${to.value ?? ''}:${ref}`],
    ],
    { gitDir },
  )
  if (pushed.kind === 'ok') return done(p, to.value)
  const now = await remoteHead({ gitDir, branch })
  if (now.kind === 'error') return now
  const stands = now.kind === 'ok' ? now.value : null
  if (stands === to.value) return done(p, to.value)
  if (stands !== p.expected) return ok({ kind: 'moved', now: stands })
  const told = refusal(pushed.failure, {
    gitDir,
    branch,
    commit: to.value ?? '',
    expected: stands ?? '',
    url: url.value,
  })
  if (told.kind === 'error') return told
  return ok({ kind: 'refused', reason: told.value.kind === 'refused' ? told.value.reason : 'no reason given' })
}

/** Only a convenience for whoever reads refs here: the next fetch says the same, so a failure of it is none of ours. */
async function done(p: Push, to: string | null): Promise<Result<BranchPush>> {
  const ref = `refs/remotes/${ORIGIN}/${p.branch}`
  await git(['update-ref', ...(to === null ? ['-d', '--', ref] : ['--', ref, to])], { gitDir: p.gitDir })
  return ok({ kind: 'done' })
}

/** Constants, because sh runs it for a local remote. */
const RECEIVE_PACK =
  'git -c receive.denyCurrentBranch=refuse -c receive.denyDeleteCurrent=refuse -c core.hooksPath=/dev/null receive-pack'

/** A person's repository keeps its files, whatever it is set to, and its hooks stay out of it; a server has its say. */
async function receiverOf(url: string): Promise<string[]> {
  const local = await localRemote(url)
  if (local === null) return []
  const bare = await git(['rev-parse', '--is-bare-repository'], { cwd: local })
  return bare.kind === 'ok' && bare.value.stdout.trim() === 'false' ? [`--receive-pack=${RECEIVE_PACK}`] : []
}
