/**
 * Landing: the one place where a target branch moves, to exactly the commit that was tested, and only from exactly the
 * commit it was tested on.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { obstacles } from './checkouts.ts'
import { localRemote } from './places.ts'
import { ORIGIN, remoteFailure, remoteHead, requireUrl } from './remotes.ts'
import { isAncestor, requireCommit } from './revisions.ts'
import { git, gitDetails } from './run.ts'

export { remoteHead } from './remotes.ts'
export { compareAndSwapRef } from './revisions.ts'

export type Publication =
  | { kind: 'landed' }
  /** The branch is somewhere else by now, and without our commit: test again on top of `now`. */
  | { kind: 'moved'; now: string }
  /** The remote will not have it; `local_changes`: uncommitted work of a person in that checkout is in the way. */
  | { kind: 'refused'; reason: string; local_changes?: boolean }

interface Landing {
  gitDir: string
  branch: string
  commit: string
  expected: string
  url: string
}

/**
 * Moves `branch` of the remote (a remote's name, or an address) from `expected` to `commit`. `landed` only after the
 * remote was asked and has the commit in that branch; also when it was there before we came, so that a landing cut
 * short may simply be repeated. Never a rewind: `commit` has to descend from `expected`.
 *
 * A remote that is a person's own non-bare repository of this machine is treated like `git pull --ff-only` there: where the
 * branch is checked out, its files follow; uncommitted work stays byte for byte, and refuses the landing where it
 * overlaps. Nothing is installed there and none of its hooks runs, as with a pull. A bare remote's hooks have their say.
 *
 * Errors: E_NOT_A_DESCENDANT (a bug of the caller), E_NO_COMMIT, E_TARGET_BUSY (exit 75: an index lock in the person's
 * checkout), E_REMOTE_…, E_UNVERIFIED (exit 75: pushed, but the remote could not be asked afterwards).
 */
export async function publish(p: {
  gitDir: string
  remote?: string
  branch: string
  commit: string
  expected: string
}): Promise<Result<Publication>> {
  const url = await requireUrl(p)
  if (url.kind === 'error') return url
  const commit = await requireCommit(p.gitDir, p.commit)
  if (commit.kind === 'error') return commit
  const landing: Landing = { ...p, commit: commit.value, url: url.value }
  const before = await standing(landing)
  if (before.kind === 'error') return before
  if (before.value.kind !== 'expected') return settle(p.remote, landing, before.value)

  const descends = await isAncestor(p.gitDir, p.expected, landing.commit)
  if (descends.kind === 'error') return descends
  if (descends.kind !== 'ok' || !descends.value) {
    return fail(
      'E_NOT_A_DESCENDANT',
      `${landing.commit} does not build on ${p.expected}; landing it would lose work.`,
      {
        exit: EXIT.bug,
        kept: `${p.branch} is unchanged.`,
      },
    )
  }
  const pushed = await push(landing)
  if (pushed.kind === 'error' && pushed.failure.code === 'E_LOCAL_CHANGES') {
    return ok({ kind: 'refused', reason: pushed.failure.message, local_changes: true })
  }
  const after = await standing(landing)
  if (after.kind === 'error') {
    return fail('E_UNVERIFIED', `${p.branch} was pushed, but the remote could not be asked whether it arrived.`, {
      exit: EXIT.tryAgain,
      kept: 'Trying again is safe: a commit that arrived is recognised.',
      details: after.failure,
    })
  }
  if (after.value.kind !== 'expected') return settle(p.remote, landing, after.value)
  if (pushed.kind === 'ok')
    return ok({ kind: 'refused', reason: 'The remote took the push but did not move the branch.' })
  return refusal(pushed.failure, landing)
}

type Standing =
  | { kind: 'expected' }
  | { kind: 'there'; now: string }
  | { kind: 'moved'; now: string }
  | { kind: 'gone' }

/** Where the branch stands at the remote, seen from this landing. */
async function standing(l: Landing): Promise<Result<Standing>> {
  const now = await remoteHead({ gitDir: l.gitDir, remote: l.url, branch: l.branch })
  if (now.kind === 'error') return now
  if (now.kind !== 'ok') return ok({ kind: 'gone' })
  if (now.value === l.commit) return ok({ kind: 'there', now: now.value })
  if (now.value === l.expected) return ok({ kind: 'expected' })
  // Somebody moved it: perhaps on top of what we landed before we were cut short.
  const got = await git(
    [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--',
      l.url,
      `refs/heads/${l.branch}`,
    ],
    { gitDir: l.gitDir },
  )
  if (got.kind === 'error') return remoteFailure(got.failure, l.url)
  const contained = await isAncestor(l.gitDir, l.commit, now.value)
  if (contained.kind === 'error') return contained
  return ok({ kind: contained.kind === 'ok' && contained.value ? 'there' : 'moved', now: now.value })
}

async function settle(
  remote: string | undefined,
  l: Landing,
  seen: Exclude<Standing, { kind: 'expected' }>,
): Promise<Result<Publication>> {
  if (seen.kind === 'gone') return ok({ kind: 'refused', reason: `The remote has no branch ${l.branch}.` })
  const name = remote ?? ORIGIN
  if (!/[/:]/.test(name)) {
    // Only a convenience for whoever reads refs here: the next fetch says the same.
    await git(['update-ref', '--', `refs/remotes/${name}/${l.branch}`, seen.now], { gitDir: l.gitDir })
  }
  return ok(seen.kind === 'there' ? { kind: 'landed' } : { kind: 'moved', now: seen.now })
}

/**
 * Runs inside the person's repository, started by git's own receive-pack before it moves the branch; $1 is the commit.
 * A two-way read-tree keeps what is uncommitted and refuses what overlaps (githooks: push-to-checkout). All facts come
 * by environment, none is part of a shell text.
 */
const PUSH_TO_CHECKOUT = `#!/bin/sh
if [ "$(git symbolic-ref -q HEAD)" != "refs/heads/$GT_LAND_BRANCH" ]; then
  echo "gt: a rebase or bisect of this branch is in progress there" >&2
  exit 1
fi
for state in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD; do
  if git rev-parse -q --verify "$state" >/dev/null; then
    echo "gt: an unfinished operation ($state) is in progress there" >&2
    exit 1
  fi
done
git update-index -q --refresh >/dev/null 2>&1
exec git read-tree -u -m HEAD "$1"
`

/** A constant: sh runs it for a local remote, so not even our own path is written into it. */
const RECEIVE_PACK = 'git -c receive.denyCurrentBranch=updateInstead -c "core.hooksPath=$GT_LAND_HOOKS" receive-pack'

async function push(l: Landing): Promise<Result<void>> {
  const args = [
    '-c',
    'push.pushOption=',
    'push',
    '--porcelain',
    '--no-verify',
    '--no-follow-tags',
    '--no-signed',
    '--recurse-submodules=no',
    `--force-with-lease=refs/heads/${l.branch}:${l.expected}`,
  ]
  const target = ['--', l.url, `${l.commit}:refs/heads/${l.branch}`]
  const local = await localRemote(l.url)
  const bare = local === null ? undefined : await git(['rev-parse', '--is-bare-repository'], { cwd: local })
  if (local === null || bare?.kind !== 'ok' || bare.value.stdout.trim() === 'true') {
    const done = await git([...args, ...target], { gitDir: l.gitDir })
    return done.kind === 'ok' ? ok(undefined) : done
  }
  const inTheWay = await obstacles({ ...l, repository: local })
  if (inTheWay.kind === 'error') return inTheWay
  if (inTheWay.value.length > 0) {
    const some = inTheWay.value.slice(0, 5).join(', ')
    return fail('E_LOCAL_CHANGES', `Files there that git does not track would be overwritten: ${some}.`)
  }
  let hooks: string | undefined
  try {
    hooks = await mkdtemp(join(tmpdir(), 'gt-land-'))
    await writeFile(join(hooks, 'push-to-checkout'), PUSH_TO_CHECKOUT)
    await chmod(join(hooks, 'push-to-checkout'), 0o755)
    const done = await git([...args, `--receive-pack=${RECEIVE_PACK}`, ...target], {
      gitDir: l.gitDir,
      env: { GT_LAND_HOOKS: hooks, GT_LAND_BRANCH: l.branch },
    })
    return done.kind === 'ok' ? ok(undefined) : done
  } catch (error) {
    return fail('E_LAND', `The landing could not be prepared: ${messageOf(error)}.`)
  } finally {
    if (hooks !== undefined) await rm(hooks, { recursive: true, force: true }).catch(() => {})
  }
}

/** What a push that moved nothing means. */
export function refusal(failure: Failure, l: Landing): Result<Publication> {
  const { stdout, stderr } = gitDetails(failure)
  const status = stdout.split('\n').find((line) => line.startsWith('!'))
  if (failure.code !== 'E_GIT' || status === undefined) return remoteFailure(failure, l.url)
  const why = /\(([^)]*)\)\s*$/.exec(status)?.[1] ?? 'no reason given'
  const said = stderr
    .split('\n')
    .map((line) => line.replace(/^remote: ?/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('error: failed to push') && !line.startsWith('hint:'))
    .join('\n')
  if (/\.lock': File exists/.test(stderr)) {
    return fail(
      'E_TARGET_BUSY',
      `Another git process works in ${l.url} at this moment. git said: ${said.slice(0, 400)}`,
      {
        exit: EXIT.tryAgain,
        kept: `${l.branch} is unchanged.`,
      },
    )
  }
  const reason = `${why}${said === '' ? '' : `: ${said}`}`.slice(0, 1024)
  return ok(
    /push-to-checkout/.test(why) ? { kind: 'refused', reason, local_changes: true } : { kind: 'refused', reason },
  )
}
