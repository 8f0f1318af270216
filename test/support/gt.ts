/** `gt` as its users run it: the built program in a process of its own. Only for tests. */
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The launcher of this very checkout. */
export const GT = fileURLToPath(new URL('../../bin/gt.js', import.meta.url))

/** What an answer looks like is what the tests are about. */
export type Answer = any

/** How one call of `gt … --json` ended. */
export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  /** `data` of the answer; undefined when there was none. */
  data: Answer
  error: { code: string; message: string; hint?: string; kept?: string } | undefined
  stdout: string
  stderr: string
}

/** A call under way. */
export interface Call {
  pid: number
  kill(signal?: NodeJS.Signals): void
  ended: Promise<Outcome>
}

/** Starts `gt args… --json`. Its process is in our own group, so an interrupted test run takes it along. */
export function startGt(args: string[], place: { cwd: string; env: NodeJS.ProcessEnv }): Call {
  const [verb = '', ...rest] = args
  const child = spawn(process.execPath, [GT, verb, '--json', ...rest], { ...place, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const answer = parsed(stdout)
      resolve({ code, signal, data: answer?.data, error: answer?.error, stdout, stderr })
    })
  })
  return { pid: child.pid ?? 0, kill: (signal = 'SIGKILL') => void child.kill(signal), ended }
}

function parsed(text: string): { data?: unknown; error?: Outcome['error'] } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Waits for a fact that no event announces; throws when it does not come. `ms` bounds the wait, it is no measure. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 40_000,
): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; await delay(25)) {
    const found = await look()
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`never happened: ${what}`)
}
