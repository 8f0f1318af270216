/**
 * One way to run git: argument vectors, explicit places, an environment that nobody else's GIT_* can bend.
 */
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { runProgram } from '../town/program.ts'

export interface GitOptions {
  /** Repository, as `--git-dir`. */
  gitDir?: string
  /** Directory to work in, as `-C`; git looks for a repository there and never above it. */
  cwd?: string
  /** Root of a worktree: works in it with its own `.git`, without any search. */
  worktree?: string
  /** Added last, so it may set GIT_INDEX_FILE and the like on purpose. */
  env?: Record<string, string>
  input?: string | Uint8Array
  /** Default 10 minutes: a stuck network must not stop a town for ever. */
  timeoutMs?: number
  /** Output past this is an error, never a silent cut. Default 64 MiB. */
  maxBytes?: number
}

export interface GitOutput {
  stdout: string
  stderr: string
}

/** What `details` of an E_GIT failure holds. */
export interface GitFailureDetails {
  exitCode: number | null
  stderr: string
  stdout: string
}

/** Variables of git that mean something harmless to inherit: how to reach and trust a remote, and who we are. */
const KEPT_GIT_VARIABLES = new Set([
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_ASKPASS',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_SSL_NO_VERIFY',
  'GIT_PROXY_COMMAND',
  'GIT_HTTP_USER_AGENT',
  'GIT_EXEC_PATH',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CEILING_DIRECTORIES',
  'GIT_AUTHOR_NAME',
  'GIT_AUTHOR_EMAIL',
  'GIT_COMMITTER_NAME',
  'GIT_COMMITTER_EMAIL',
])

/** Settings of every call of ours: no hook fires, no clean-up starts in the middle, names come out as they are. */
const OUR_CONFIG = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
  '-c',
  'core.quotePath=false',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'advice.detachedHead=false',
]

const MAX_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 10 * 60 * 1000

/**
 * The environment git gets: the caller's without the GIT_* that redirect it (GIT_DIR, GIT_INDEX_FILE, GIT_CONFIG_COUNT,
 * GIT_TRACE …: an allow-list, so that a future variable is out too), no prompt, plain English messages.
 */
export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined) continue
    if (name.startsWith('GIT_') && !KEPT_GIT_VARIABLES.has(name)) continue
    env[name] = value
  }
  return { ...env, LC_ALL: 'C', LANGUAGE: '', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', ...extra }
}

/**
 * Runs git once and waits for it. `ok` only when it ended with exit code 0.
 *
 * Errors: E_NO_GIT (exit 69) when there is no git to run; E_GIT_TIMEOUT (exit 75) when it did not end in time;
 * E_GIT otherwise, with the last 1 KB of what git said and `details` as GitFailureDetails.
 */
export async function git(args: string[], options: GitOptions = {}): Promise<Result<GitOutput>> {
  const maxBytes = options.maxBytes ?? MAX_BYTES
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const tried = redact(`git ${args.slice(0, 12).join(' ')}`.slice(0, 300))

  const end = await runProgram({
    program: 'git',
    args: [...OUR_CONFIG, ...placeOf(options), ...args],
    env: gitEnvironment({ ...ceilingOf(options), ...options.env }),
    input: options.input,
    timeoutMs,
    maxBytes,
  })
  const { stdout } = end
  const stderr = redact(end.stderr)
  switch (end.is) {
    case 'not_started':
      return cannotStart(end.error)
    case 'timed_out':
      return fail(
        'E_GIT_TIMEOUT',
        `\`${tried}\` did not end within ${Math.round(timeoutMs / 1000)} s and was stopped.`,
        {
          exit: EXIT.tryAgain,
          hint: 'Check that the remote can be reached, then try again.',
          details: { exitCode: null, stderr, stdout },
        },
      )
    case 'too_much':
      return fail('E_GIT', `\`${tried}\` wrote more than ${maxBytes} bytes and was stopped.`)
    case 'ended': {
      if (end.code === 0) return ok({ stdout, stderr })
      const said = (stderr.trim() === '' ? stdout : stderr).trim().slice(-1024)
      return fail('E_GIT', `\`${tried}\` failed (exit ${end.code}). ${said}`.trim(), {
        details: { exitCode: end.code, stderr, stdout } satisfies GitFailureDetails,
      })
    }
  }
}

/** Passwords in URLs never get into messages or logs. */
function redact(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, '$1***@')
}

function placeOf(options: GitOptions): string[] {
  const place: string[] = []
  if (options.worktree !== undefined) {
    place.push('-C', options.worktree, `--work-tree=${options.worktree}`)
    place.push(`--git-dir=${options.gitDir ?? join(options.worktree, '.git')}`)
  } else {
    if (options.cwd !== undefined) place.push('-C', options.cwd)
    if (options.gitDir !== undefined) place.push(`--git-dir=${options.gitDir}`)
  }
  return place
}

/** A directory that lost its repository must be an error, not a walk up into somebody else's (pain T1.4). */
function ceilingOf(options: GitOptions): Record<string, string> {
  return options.cwd === undefined ? {} : { GIT_CEILING_DIRECTORIES: dirname(options.cwd) }
}

function cannotStart(error: Error): Result<never> {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return fail('E_NO_GIT', 'The program git was not found on PATH.', {
      exit: EXIT.missingProgram,
      hint: 'apt-get install git',
    })
  }
  return fail('E_GIT', `git could not be started: ${error.message}.`)
}

const LOCKED = /could not lock config file|cannot lock ref|Unable to create '[^']*\.lock': File exists/

/**
 * Like `git`, but a lock that another process of ours holds for a moment is waited out: up to 6 tries within about
 * 2 seconds. Only for actions that are safe to repeat.
 */
export async function gitPatiently(args: string[], options: GitOptions = {}): Promise<Result<GitOutput>> {
  for (let attempt = 1; ; attempt++) {
    const done = await git(args, options)
    if (done.kind === 'ok' || attempt === 6 || !LOCKED.test(gitDetails(done.failure).stderr)) return done
    await pause(30 * 2 ** attempt * (0.5 + Math.random() / 2))
  }
}

/** What git said and how it ended, for a failure that came from running it. */
export function gitDetails(failure: { details?: unknown }): GitFailureDetails {
  const details = failure.details as Partial<GitFailureDetails> | undefined
  return { exitCode: details?.exitCode ?? null, stderr: details?.stderr ?? '', stdout: details?.stdout ?? '' }
}

/** Splits output of a `-z` command. */
export function nulList(stdout: string): string[] {
  return stdout.split('\0').filter((part) => part !== '')
}
