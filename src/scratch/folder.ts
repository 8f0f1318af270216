/** The one folder in which a scratch town lies, with everything that belongs to it. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

/** Makes `gt-<word>-…` in the temporary folder; answers its canonical path. Error: E_WRITE. */
export function makeFolder(word: string): Result<string> {
  try {
    return ok(realpathSync(mkdtempSync(join(tmpdir(), `gt-${word}-`))))
  } catch (error) {
    return fail('E_WRITE', `No temporary folder could be made: ${messageOf(error)}.`, {
      hint: `TMPDIR=<a folder you may write to> gt ${word}`,
    })
  }
}

/** Deletes it. Answers what is left, in words; `null`: nothing. */
export function removeFolder(dir: string): string | null {
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  } catch (error) {
    return `the folder ${dir} (${messageOf(error)})`
  }
  return existsSync(dir) ? `the folder ${dir}` : null
}

/** A path as a person can paste it into a shell. */
export const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** The environment without what says who we are and in which town: a scratch town may be asked for inside another one. */
export function nobodysEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !/^(GT_|BD_)/.test(name) || name === 'GT_NODE_EXTRA_CA_CERTS')
  return Object.fromEntries(others)
}
