/**
 * Runs one program to its end: an argument vector, no shell, a time limit, capped output. What the end means is for the
 * caller to say; nothing here throws.
 */
import { spawn } from 'node:child_process'
import { timerMs } from './duration.ts'

export interface ProgramCall {
  program: string
  args: string[]
  env: NodeJS.ProcessEnv
  cwd?: string | undefined
  /** For its standard input, which is closed behind it. */
  input?: string | Uint8Array | undefined
  timeoutMs: number
  /** Output past this ends the program: never a silent cut. */
  maxBytes: number
}

export type ProgramEnd = { stdout: string; stderr: string } & (
  | { is: 'ended'; code: number | null }
  | { is: 'timed_out' }
  | { is: 'too_much' }
  | { is: 'not_started'; error: Error }
)

/** Between the polite and the final signal. */
const GRACE_MS = 2_000

/** Resolves when the program and its pipes are closed, or could not be started. */
export function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(call.program, call.args, {
      env: call.env,
      cwd: call.cwd ?? '/',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let bytes = 0
    let stopped: 'timed_out' | 'too_much' | undefined
    let killer: NodeJS.Timeout | undefined
    const stop = (why: 'timed_out' | 'too_much'): void => {
      stopped ??= why
      // SIGTERM first: a program then takes its lock files and helpers with it.
      child.kill('SIGTERM')
      killer ??= setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
      // A helper that outlives it must not keep us waiting for its end of the pipe.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const timer = setTimeout(() => stop('timed_out'), timerMs(call.timeoutMs))
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > call.maxBytes) stop('too_much')
      else into.push(chunk)
    }
    child.stdout.on('data', collect(out))
    child.stderr.on('data', collect(err))
    // It may end before it read everything; its exit code says what that meant.
    child.stdin.on('error', () => {})
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ is: 'not_started', error, stdout: '', stderr: '' })
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      clearTimeout(killer)
      const said = { stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') }
      resolve(stopped === undefined ? { ...said, is: 'ended', code } : { ...said, is: stopped })
    })
    child.stdin.end(call.input ?? '')
  })
}
