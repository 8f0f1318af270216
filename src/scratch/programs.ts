/** The programs that a town needs to work, asked for before anything is made or started. */
import { findProgram } from '../agents/preset.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

export const KEPT = 'Nothing was made.'

/** Looks for git and tmux on PATH; `what` needs them ("The demo"). Errors: E_NO_GIT, E_NO_TMUX (69). */
export function needPrograms(env: NodeJS.ProcessEnv, what: string, kept = KEPT): Result<void> {
  for (const name of ['git', 'tmux']) {
    if (findProgram(name, env.PATH).kind === 'ok') continue
    return fail(`E_NO_${name.toUpperCase()}`, `${what} needs ${name}, and there is none on PATH.`, {
      kept,
      hint: `${process.platform === 'darwin' ? 'brew' : 'apt-get'} install ${name}`,
      exit: EXIT.missingProgram,
    })
  }
  return ok(undefined)
}
