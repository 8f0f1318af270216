/** What a refusal looks like, and `gt` as people call it. */
import { spawn } from 'node:child_process'
import { expect } from 'vitest'
import type { Outcome } from './gt.ts'
import { GT } from './gt.ts'

/**
 * A refusal in the one shape that scripts rely on (design section 11): one object on one line, nothing else on stdout,
 * a full sentence, a next step, at most 2 KB, no stack trace.
 */
export function refused(
  outcome: Outcome,
  code: string,
  exit: number,
): { message: string; hint: string; kept?: string } {
  expect([outcome.error?.code, outcome.code], outcome.stdout + outcome.stderr).toEqual([code, exit])
  expect(outcome.stdout).toBe(`${JSON.stringify(JSON.parse(outcome.stdout))}\n`)
  const answer = JSON.parse(outcome.stdout)
  expect(answer.ok).toBe(false)
  for (const key of Object.keys(answer.error)) expect(['code', 'message', 'hint', 'kept']).toContain(key)
  const { message, hint, kept } = answer.error
  expect(message).toMatch(/^([^a-z]|(gt|tmux) ).*[.?)]$/s)
  expect(hint).toEqual(expect.stringMatching(/\S/))
  expect(Buffer.byteLength(JSON.stringify(answer.error))).toBeLessThanOrEqual(2048)
  expect(outcome.stdout + outcome.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
  return { message, hint, kept }
}

/** `gt` for people: no `--json`. */
export function asText(
  town: { root: string; env: NodeJS.ProcessEnv },
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [GT, ...args], {
    cwd: town.root,
    env: town.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}
