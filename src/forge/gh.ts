/**
 * One way to run `gh`, GitHub's own program: argument vectors, no prompt, and failures sorted by what helps against them
 * (install it, log in, wait, read what it said).
 */
import { findProgram } from '../agents/preset.ts'
import type { Err, Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { runProgram } from '../town/program.ts'

export interface GhOptions {
  /** Default `/`: with a `repo`, gh needs no checkout around it. */
  cwd?: string
  /** `owner/name` (on github.com), `host/owner/name` or a URL. */
  repo?: string
  env: NodeJS.ProcessEnv
  input?: string
  /** Default one minute. */
  timeoutMs?: number
}

export interface GhOutput {
  stdout: string
  stderr: string
}

const MAX_BYTES = 16 * 1024 * 1024
const TIMEOUT_MS = 60 * 1000

const LOG_IN = 'gh auth login'
const INSTALL = 'Install the GitHub CLI (https://cli.github.com, or: apt-get install gh), then: gh auth login'

/** Exit code of gh for "authentication required" (`gh help exit-codes`). */
const EXIT_AUTH = 4

const NOT_LOGGED_IN =
  /gh auth (?:login|refresh)|not logged in|Bad credentials|HTTP 401\b|SAML enforcement|has not been granted the required scopes/i

const UNREACHABLE =
  /error connecting to|check your internet connection|rate limit|HTTP (?:429|5\d\d)\b|dial tcp|no such host|connection re(?:fused|set)|network is unreachable|i\/o timeout|TLS handshake|deadline exceeded|unexpected EOF|something went wrong while executing your query/i

/** Variables that change what gh prints, and so what we read. */
const BENDING = new Set(['GH_DEBUG', 'DEBUG', 'GH_FORCE_TTY', 'CLICOLOR_FORCE', 'GH_REPO'])

/**
 * The environment gh gets: the caller's without what would bend it. No GT_* (a program of others learns nothing of the
 * town), no GIT_* (with a `repo`, gh needs nothing of git), no prompt, no news, no colours. A bare `owner/name` means
 * github.com, whatever host GH_HOST or a single login would make of it.
 */
export function ghEnvironment(env: NodeJS.ProcessEnv, repo?: string): NodeJS.ProcessEnv {
  const clean: NodeJS.ProcessEnv = {}
  for (const [name, value] of Object.entries(env)) {
    if (!/^(?:GT|GIT)_/.test(name) && !BENDING.has(name)) clean[name] = value
  }
  if (repo !== undefined && /^[^/:]+\/[^/:]+$/.test(repo)) clean.GH_HOST = 'github.com'
  return { ...clean, GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1' }
}

/**
 * Runs gh once and waits for it. `ok` only when it ended with exit code 0.
 *
 * Errors: E_NO_GH (exit 69) when there is no gh on the PATH of `env`; E_GH_AUTH (exit 2) when it is not logged in or may
 * not; E_GH_UNREACHABLE (exit 75) when the network, the forge or a rate limit is in the way, or it did not end in time;
 * E_GH otherwise, with the last 1 KB of what gh said.
 */
export async function gh(args: string[], options: GhOptions): Promise<Result<GhOutput>> {
  const program = findProgram('gh', options.env.PATH)
  if (program.kind !== 'ok') {
    return fail('E_NO_GH', 'The program gh was not found on PATH.', { exit: EXIT.missingProgram, hint: INSTALL })
  }
  const argv = options.repo === undefined ? args : [...args, `--repo=${options.repo}`]
  // Node throws at these; no forge takes them either.
  if (argv.some((arg) => arg.includes('\0'))) return fail('E_GH', `\`${nameOf(args)}\` cannot take a NUL character.`)
  return run(program.value, argv, options)
}

async function run(program: string, argv: string[], options: GhOptions): Promise<Result<GhOutput>> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const tried = nameOf(argv)
  const env = ghEnvironment(options.env, options.repo)
  const { cwd, input } = options
  const end = await runProgram({ program, args: argv, env, cwd, input, timeoutMs, maxBytes: MAX_BYTES })
  const { stdout } = end
  const stderr = redact(end.stderr)
  switch (end.is) {
    case 'not_started':
      return fail('E_GH', `gh could not be started: ${messageOf(end.error)}.`)
    case 'timed_out':
      return outOfReach(`\`${tried}\` did not end within ${Math.round(timeoutMs / 1000)} s and was stopped.`)
    case 'too_much':
      return fail('E_GH', `\`${tried}\` wrote more than ${MAX_BYTES} bytes and was stopped.`)
    case 'ended':
      if (end.code === 0) return ok({ stdout, stderr })
      return sorted(tried, end.code, stderr.trim() === '' ? redact(stdout) : stderr)
  }
}

/** Which kind of failure this is, from what gh said: it has one exit code of its own, and that only for logging in. */
function sorted(tried: string, exitCode: number | null, said: string): Err {
  const words = said.trim().slice(-1024)
  const message = `\`${tried}\` failed (exit ${exitCode}). ${words}`.trim()
  // Network first: a login that could not be checked is not a missing one.
  if (UNREACHABLE.test(words)) return outOfReach(message)
  if (exitCode === EXIT_AUTH || NOT_LOGGED_IN.test(words)) {
    return fail('E_GH_AUTH', message, { exit: EXIT.needsPerson, hint: LOG_IN })
  }
  return fail('E_GH', message, { details: { exitCode, stderr: words } })
}

function outOfReach(message: string): Err {
  return fail('E_GH_UNREACHABLE', message, {
    exit: EXIT.tryAgain,
    hint: 'Check that the forge can be reached (gh auth status), then try again.',
  })
}

/** The command without its options: those carry whole texts. */
function nameOf(args: string[]): string {
  const options = args.findIndex((arg) => arg.startsWith('-'))
  return ['gh', ...args.slice(0, options < 0 ? 4 : options)].join(' ').slice(0, 100)
}

/** Passwords in URLs and tokens never get into messages or logs. */
function redact(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, '$1***@')
    .replace(/\b(gh[a-z]_|github_pat_)\w{10,}/g, '$1***')
}
