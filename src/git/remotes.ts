/**
 * Talking to the rig's remote, and saying in plain words what went wrong when it does not answer.
 */
import type { Err, Failure, Read, Result } from '../result.ts'
import { EXIT, empty, fail, ok, unknown } from '../result.ts'
import { localRemote } from './places.ts'
import { git, gitDetails, gitPatiently } from './run.ts'

/** The one remote of a rig's repository. */
export const ORIGIN = 'origin'

/**
 * Turns a failed conversation with a remote into a reason: E_REMOTE_NOT_FOUND, E_REMOTE_AUTH, E_REMOTE_OWNER,
 * E_REMOTE_UNREACHABLE (exit 75), or E_REMOTE for the rest. Not having git stays E_NO_GIT.
 */
export function remoteFailure(failure: Failure, address: string): Err {
  if (failure.code !== 'E_GIT') return { kind: 'error', failure }
  const { stderr } = gitDetails(failure)
  const said = stderr.trim().slice(-600)
  const details = failure.details
  const where = address.replace(/(:\/\/)[^/\s@]+@/, '$1***@')
  const hint = `git ls-remote ${where}`
  if (/dubious ownership/.test(stderr)) {
    return fail('E_REMOTE_OWNER', `git refuses ${where} because it belongs to another user.`, {
      hint: `git config --global --add safe.directory ${where}`,
      details,
    })
  }
  if (
    /Authentication failed|Permission denied|could not read (Username|Password)|terminal prompts disabled|Host key verification failed|returned error: 40[13]|Invalid username|access denied/i.test(
      stderr,
    )
  ) {
    return fail('E_REMOTE_AUTH', `The remote ${where} did not let us in. git said: ${said}`, {
      exit: EXIT.needsPerson,
      hint: `${hint}   (must work without a prompt)`,
      details,
    })
  }
  if (/Could not resolve|Failed to connect|Connection (refused|reset)|unreachable|timed out/i.test(stderr)) {
    return fail('E_REMOTE_UNREACHABLE', `The remote ${where} cannot be reached. git said: ${said}`, {
      exit: EXIT.tryAgain,
      hint,
      details,
    })
  }
  if (
    /does not appear to be a git repository|repository .*not found|not found|does not exist|No such file/i.test(stderr)
  ) {
    return fail('E_REMOTE_NOT_FOUND', `There is no git repository at ${where}.`, { hint, details })
  }
  return fail('E_REMOTE', `The remote ${where} did not answer as expected. git said: ${said}`, { hint, details })
}

/**
 * The address to fetch from: `remote` is a remote's name, or already an address. `empty`: no such remote.
 */
export async function remoteUrl(where: { gitDir: string; remote?: string }): Promise<Read<string>> {
  const remote = where.remote ?? ORIGIN
  if (/[/:]/.test(remote)) return ok(remote)
  const got = await git(['config', '--get', `remote.${remote}.url`], { gitDir: where.gitDir })
  if (got.kind === 'ok') return ok(got.value.stdout.replace(/\n$/, ''))
  return gitDetails(got.failure).exitCode === 1 ? empty : got
}

/** The address, or an error that says the repository has no such remote. */
export async function requireUrl(where: { gitDir: string; remote?: string }): Promise<Result<string>> {
  const url = await remoteUrl(where)
  if (url.kind === 'ok' || url.kind === 'error') return url
  return fail('E_REMOTE', `The repository ${where.gitDir} has no remote named ${where.remote ?? ORIGIN}.`)
}

/** True when the rig's remote is a directory of this machine. */
export async function isLocalRemote(gitDir: string): Promise<boolean> {
  const url = await remoteUrl({ gitDir })
  return url.kind === 'ok' && (await localRemote(url.value)) !== null
}

/** Refs of a remote as `ref → commit`, and what its HEAD names. `gitDir` only for configuration; may be absent. */
export async function listRemote(
  address: string,
  gitDir?: string,
): Promise<Result<{ refs: Map<string, string>; head: string | null }>> {
  const asked = await git(['ls-remote', '--symref', '--', address], {
    ...(gitDir === undefined ? {} : { gitDir }),
    timeoutMs: 120_000,
  })
  if (asked.kind === 'error') return remoteFailure(asked.failure, address)
  const refs = new Map<string, string>()
  let head: string | null = null
  for (const line of asked.value.stdout.split('\n')) {
    const [left = '', name = ''] = line.split('\t')
    if (left.startsWith('ref: ')) {
      if (name === 'HEAD') head = left.slice(5)
    } else if (name !== '') refs.set(name, left)
  }
  return ok({ refs, head })
}

/**
 * The branch that the remote calls its own: asked there, never assumed. `empty`: no commit there yet. `unknown`: its
 * HEAD is on no branch and there are several.
 */
export async function defaultBranch(where: { gitDir: string; remote?: string }): Promise<Read<string>> {
  const url = await requireUrl(where)
  if (url.kind === 'error') return url
  const listed = await listRemote(url.value, where.gitDir)
  if (listed.kind === 'error') return listed
  return branchOf(listed.value)
}

/** The rule behind `defaultBranch`, for a listing already at hand. */
export function branchOf({ refs, head }: { refs: Map<string, string>; head: string | null }): Read<string> {
  if (head?.startsWith('refs/heads/') && refs.has(head)) return ok(head.slice('refs/heads/'.length))
  const branches = [...refs.keys()].filter((ref) => ref.startsWith('refs/heads/'))
  if (branches.length === 0) return empty
  if (branches.length === 1) return ok(branches[0]!.slice('refs/heads/'.length))
  return unknown(`the HEAD of the remote is on none of its ${branches.length} branches; name the branch`)
}

/** The commit a branch has at the remote right now. `empty`: no such branch there. */
export async function remoteHead(where: { gitDir: string; remote?: string; branch: string }): Promise<Read<string>> {
  const url = await requireUrl(where)
  if (url.kind === 'error') return url
  const ref = `refs/heads/${where.branch}`
  const asked = await git(['ls-remote', '--', url.value, ref], { gitDir: where.gitDir, timeoutMs: 120_000 })
  if (asked.kind === 'error') return remoteFailure(asked.failure, url.value)
  // The pattern also matches refs that merely end in this one.
  const line = asked.value.stdout.split('\n').find((candidate) => candidate.split('\t')[1] === ref)
  return line === undefined ? empty : ok(line.split('\t')[0]!)
}

/**
 * Brings `refs/remotes/<remote>/*` up to date, branches deleted there included. Errors as of `remoteFailure`; what was
 * fetched before stays.
 */
export async function fetchRemote(where: { gitDir: string; remote?: string }): Promise<Result<void>> {
  const url = await requireUrl(where)
  if (url.kind === 'error') return url
  const fetched = await gitPatiently(
    [
      'fetch',
      '--quiet',
      '--prune',
      '--update-shallow',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--',
      where.remote ?? ORIGIN,
    ],
    { gitDir: where.gitDir },
  )
  return fetched.kind === 'ok' ? ok(undefined) : remoteFailure(fetched.failure, url.value)
}
