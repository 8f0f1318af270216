/**
 * Calls to one tmux server: ours. Every call names its socket, and nothing of a surrounding tmux is inherited, so a
 * user's own server is never even looked at (design law 10).
 */
import { spawn } from 'node:child_process'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { script } from './quote.ts'

export interface TmuxServer {
  /** Name given to `tmux -L`. */
  socket: string
  /** Absolute path of our config file (conf.ts). */
  conf: string
  /**
   * What the server starts with beyond a few harmless names (`HARMLESS`); every session inherits it, so nothing of one
   * agent belongs here.
   */
  env?: Record<string, string>
}

export interface CallOptions {
  /** After this long the call counts as unanswered: `E_TMUX_SILENT`. Default 10,000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 10_000

/** A Unix socket's path may have 107 bytes on Linux, 103 on macOS (`sun_path`, with its final NUL). */
const SOCKET_PATH_MAX = process.platform === 'linux' ? 107 : 103

/** What of our own environment reaches the server. Credentials reach an agent only through its own session's env. */
const HARMLESS = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TMUX_TMPDIR|TERM|TERMINFO|TERMINFO_DIRS)$/

/**
 * One tmux command; each argument reaches tmux literally. Answers its stdout.
 * Failures: `E_NO_TMUX` (exit 69), `E_TMUX_NO_SERVER`, `E_TMUX_NO_TARGET`, `E_TMUX_DUPLICATE`, `E_TMUX_SOCKET`,
 * `E_TMUX_SILENT`, `E_TMUX` (anything else, with tmux's own words).
 */
export function tmux(server: TmuxServer, args: string[], options: CallOptions = {}): Promise<Result<string>> {
  return run(server, args.map(literally), '', options)
}

/** A last `;` would end the command (tmux(1), "Parsing syntax"); `\;` is the literal one. */
const literally = (arg: string): string => arg.replace(/;$/, '\\;')

/**
 * Several commands in one call, in order; the first that fails ends it. Unlike `tmuxScript` it starts no server, and what it
 * says can be seen in `ps` for as long as the call takes. Answers and failures as `tmux`.
 */
export function tmuxEach(server: TmuxServer, commands: string[][], options: CallOptions = {}): Promise<Result<string>> {
  const words = commands.flatMap((command) => [...command.map(literally), ';']).slice(0, -1)
  return run(server, words, '', options)
}

/**
 * Several commands in one go, through stdin: all or none of what follows a failing one is done. Starts the server when there is none.
 * Not through argv, because that would show an agent's environment to every user of the machine in `ps`, for as long
 * as the server lives, and would end at tmux's 16 KiB for one message. Answers and failures as `tmux`.
 */
export function tmuxScript(
  server: TmuxServer,
  commands: string[][],
  options: CallOptions = {},
): Promise<Result<string>> {
  return run(server, ['start-server', ';', 'source-file', '-'], script(commands), options)
}

/** The environment of our calls, and so of a server that one of them starts. */
export function callEnv(server: TmuxServer, own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const env: Record<string, string> = { TERM: 'screen-256color' }
  for (const [name, value] of Object.entries(own)) if (value !== undefined && HARMLESS.test(name)) env[name] = value
  if (env.TERM === 'dumb') env.TERM = 'screen-256color'
  return { ...env, ...server.env }
}

function run(server: TmuxServer, args: string[], input: string, options: CallOptions): Promise<Result<string>> {
  const env = callEnv(server)
  const path = socketPath(server, env)
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX) {
    const much = Buffer.byteLength(path)
    const message = `The path of the tmux socket has ${much} bytes, the system allows ${SOCKET_PATH_MAX}: ${path}`
    return Promise.resolve(fail('E_TMUX_SOCKET', message, { hint: 'Set TMUX_TMPDIR to a short directory, like /tmp.' }))
  }
  return new Promise((resolve) => {
    // -u: names and labels come back as UTF-8 whatever the locale says.
    const child = spawn('tmux', ['-u', '-L', server.socket, '-f', server.conf, ...args], { env, stdio: 'pipe' })
    const streams = [child.stdin, child.stdout, child.stderr]
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      // The client handed its streams to the server: one that hangs would keep them open, and us waiting for their end.
      for (const stream of streams) stream.destroy()
      resolve(fail('E_TMUX_SILENT', `tmux did not answer (${args[0]}).`, { exit: EXIT.tryAgain }))
    }, options.timeoutMs ?? TIMEOUT_MS)
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => {}) // It ended before it read everything: its exit tells why.
    child.stdin.end(input)
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      resolve(notStarted(error))
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      if (code === 0) resolve(ok(Buffer.concat(out).toString('utf8')))
      else resolve(failure(args, Buffer.concat(err).toString('utf8').trim()))
    })
  })
}

/** Where the server's socket lies. */
export function socketPath(server: TmuxServer, env: Record<string, string>): string {
  return `${env.TMUX_TMPDIR || '/tmp'}/tmux-${process.getuid?.() ?? 0}/${server.socket}`
}

function notStarted(error: NodeJS.ErrnoException): Result<never> {
  if (error.code !== 'ENOENT')
    return fail('E_TMUX', `tmux could not be started: ${error.message}`, { exit: EXIT.tryAgain })
  return fail('E_NO_TMUX', 'tmux is not installed (no `tmux` in PATH).', {
    exit: EXIT.missingProgram,
    hint: process.platform === 'darwin' ? 'brew install tmux' : 'apt-get install tmux',
  })
}

/** tmux answers in words alone; these are the ones of 3.0 to 3.5. */
function failure(args: string[], words: string): Result<never> {
  const message = `tmux ${args[0]}: ${words.slice(0, 500) || 'failed without a word'}`
  if (/no server running|error connecting to .*(No such file|refused)|lost server|server exited/i.test(words)) {
    return fail('E_TMUX_NO_SERVER', message)
  }
  if (
    /can't find (session|pane|window)|no such (session|pane|window)|no current (target|session)|no sessions/i.test(
      words,
    )
  )
    return fail('E_TMUX_NO_TARGET', message)
  if (/duplicate session/i.test(words)) return fail('E_TMUX_DUPLICATE', message)
  return fail('E_TMUX', message)
}
