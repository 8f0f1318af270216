/** Runs git in the ledger's repository: no shell, no hook, no setting of the user that would change what is written. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { EXIT, fail, messageOf } from '../result.ts'

const CALM = [
  'commit.gpgSign=false',
  'core.hooksPath=/dev/null',
  'core.autocrlf=false',
  'core.fsync=committed',
  'gc.auto=0',
]
const WHO = {
  GIT_AUTHOR_NAME: 'gt',
  GIT_AUTHOR_EMAIL: 'gt@localhost',
  GIT_COMMITTER_NAME: 'gt',
  GIT_COMMITTER_EMAIL: 'gt@localhost',
}
/** What a user sets so that git reaches a server; without a terminal nothing may ask. */
const REACH = new Set(['GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_SSH_VARIANT', 'GIT_ASKPASS', 'GIT_PROXY_COMMAND'])

/** A function of git's arguments and standard input. Resolves with its trimmed output; rejects with what it said. */
export type Git = (argv: string[], input?: string) => Promise<string>

export const gitIn = (dir: string): Git => {
  return (argv, input) => run([`--git-dir=${join(dir, '.git')}`, ...argv], input)
}

/** `rev-parse --quiet` and its kind say nothing when the answer is no; when git does say something, it is in trouble. */
export const SILENT = 'git failed without a word'

/** Whether git says yes to a question that it answers by its exit code. */
export async function says(git: Git, argv: string[]): Promise<boolean> {
  try {
    await git(argv)
    return true
  } catch (error) {
    if (messageOf(error) !== SILENT) throw error
    return false
  }
}

/** The commit that a name stands for; empty text when there is none. */
export async function commitOf(git: Git, name: string): Promise<string> {
  try {
    return await git(['rev-parse', '--verify', '--quiet', `${name}^{commit}`])
  } catch (error) {
    if (messageOf(error) !== SILENT) throw error
    return ''
  }
}

/** Runs git without a shell and without the caller's GIT_… variables; its output as text without the last newline. */
export async function run(argv: string[], input?: string): Promise<string> {
  return (await runForBytes(argv, input)).toString('utf8').trim()
}

/** The same, with the output as it is. */
export function runForBytes(argv: string[], input?: string): Promise<Buffer> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_') || REACH.has(name))
  const env = { ...Object.fromEntries(kept), ...WHO, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' }
  const settings = CALM.flatMap((setting) => ['-c', setting])
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      [...settings, ...argv],
      { env, maxBuffer: 1024 * 1024 * 1024, encoding: 'buffer' },
      (error, stdout, stderr) => {
        if (error)
          reject(new Error(stderr.toString('utf8').trim() || (typeof error.code === 'number' ? SILENT : error.message)))
        else resolve(stdout)
      },
    )
    // git may end before it read everything; what it said is the error then.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input ?? '')
  })
}

/** A failure of git in words. `what` completes "Could not …". */
export function gitFailed(what: string, error: unknown): Result<never> {
  const text = messageOf(error)
  const missing = /ENOENT/.test(text) && /spawn/.test(text)
  return fail('E_GIT', missing ? 'git was not found.' : `Could not ${what}: ${text}.`, {
    kept: 'Every bead is safe in the ledger; only git is behind.',
    hint: missing ? 'Install git, then run the command again.' : 'Run `gt doctor`, which checks the ledger.',
    exit: missing ? EXIT.missingProgram : EXIT.failed,
  })
}
