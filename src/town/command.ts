/**
 * Runs a shell command line that the owner of the town wrote into the settings (a gate, a provisioning step): own
 * process group, time limit, capped output, nothing left running. Text of beads and mail never comes here (law 12).
 */
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { timerMs } from './duration.ts'

export interface Command {
  /** For `sh -c`. */
  line: string
  cwd: string
  env: NodeJS.ProcessEnv
  /** Variables that it gets beside those, whatever their names. */
  own?: Record<string, string>
  timeoutMs: number
  /** Where the whole output goes, up to `maxLogBytes` (8 MB unless said); more is read and dropped. */
  log?: string
  maxLogBytes?: number
  /** Ends the command early. */
  signal?: AbortSignal
}

/** How a command ended. `text` completes the sentence "The command …"; `tail` is the end of its output. */
export type CommandEnd = { text: string; tail: string; ms: number } & (
  | { is: 'exited'; code: number }
  | { is: 'signalled'; signal: string }
  | { is: 'timed_out' }
  | { is: 'aborted' }
  | { is: 'not_started' }
)

/** Exit codes of a shell that did not find the program, or may not run it. */
const NOT_RUN = new Set([126, 127])

/** Whether the shell ran, but not what it was told to run. */
export const wasNotRun = (end: CommandEnd): boolean => end.is === 'exited' && NOT_RUN.has(end.code)

/** How it ended, and the last line that it wrote, of at most 200 characters: for one line about a command that looked at something. */
export function endWords({ text, tail }: CommandEnd): string {
  const last = tail.trim().split('\n').at(-1)?.slice(0, 200) ?? ''
  return `${text}${last === '' ? '' : `: ${last}`}`
}

const TAIL_BYTES = 16 * 1024
const MAX_LOG = 8 * 1024 * 1024
/** Between the polite and the final signal. */
const GRACE_MS = 2_000
/** How long output may take to arrive once the command itself has ended. */
const PIPE_MS = 250

/** Variables that would lead a gate's own git, tmux or gt astray. */
const HIDDEN = /^(GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY)|TMUX|TMUX_PANE|GT_.*|BD_ACTOR)$/

/** Environment for owner's commands: the caller's, without what points into this town. */
export function commandEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !HIDDEN.test(name)))
}

/** Runs the command to its end. Never throws and never leaves a process of its group behind. */
export function runCommand(command: Command): Promise<CommandEnd> {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', command.line], {
      cwd: command.cwd,
      env: { ...commandEnvironment(command.env), ...command.own },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const log = command.log === undefined ? undefined : createWriteStream(command.log, { mode: 0o600 })
    log?.on('error', () => {}) // A full disk must not turn a verdict about code.
    let tail = Buffer.alloc(0)
    const most = command.maxLogBytes ?? MAX_LOG
    let logged = 0
    let cut: 'timed_out' | 'aborted' | undefined
    const take = (chunk: Buffer): void => {
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES)
      if (log !== undefined && logged < most) log.write(chunk.subarray(0, most - logged))
      logged += chunk.length
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const end = (why: 'timed_out' | 'aborted'): void => {
      cut ??= why
      signalGroup(child.pid, 'SIGTERM')
      setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS).unref()
    }
    const timer = setTimeout(() => end('timed_out'), timerMs(command.timeoutMs))
    const abort = (): void => end('aborted')
    if (command.signal?.aborted) abort()
    command.signal?.addEventListener('abort', abort, { once: true })

    const finish = (outcome: CommandEnd): void => {
      clearTimeout(timer)
      command.signal?.removeEventListener('abort', abort)
      signalGroup(child.pid, 'SIGKILL') // Children that it left in the background end with it.
      log?.end()
      resolve(outcome)
    }
    child.once('error', (error) => {
      finish({
        is: 'not_started',
        text: `could not be started (${error.message})`,
        tail: '',
        ms: Math.round(performance.now() - started),
      })
    })
    // After `exit` the pipes may still hold what was printed last; `close` comes once they are read. A background child
    // that keeps a pipe open must not hold the verdict, so the wait for it is short.
    child.once('exit', (code, signal) => {
      const facts = (): { tail: string; ms: number } => ({
        tail: tail.toString('utf8'),
        ms: Math.round(performance.now() - started),
      })
      const told = (): void => {
        clearTimeout(patience)
        child.removeListener('close', told)
        if (cut === 'timed_out') {
          const limit = Math.round(command.timeoutMs / 1000)
          finish({ ...facts(), is: 'timed_out', text: `did not end within ${limit} s` })
        } else if (cut === 'aborted') finish({ ...facts(), is: 'aborted', text: 'was stopped' })
        else if (code !== null) finish({ ...facts(), is: 'exited', code, text: `ended with exit code ${code}` })
        else finish({ ...facts(), is: 'signalled', signal: signal ?? '?', text: `was ended by ${signal}` })
      }
      const patience = setTimeout(told, PIPE_MS)
      child.once('close', told)
    })
  })
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined || pid <= 1) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone: what we wanted.
  }
}
