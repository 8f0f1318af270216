/** What the demo needs, asked before anything is made. */
import { findProgram, presetFor } from '../agents/preset.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

/** Looks for git, tmux and the agent's own program on PATH. Errors: E_NO_GIT, E_NO_TMUX, E_NO_PROGRAM (69), E_NO_AGENT. */
export function checkPrograms(env: NodeJS.ProcessEnv, agent: string): Result<void> {
  const kept = 'Nothing was made.'
  for (const name of ['git', 'tmux']) {
    if (findProgram(name, env.PATH).kind === 'ok') continue
    return fail(`E_NO_${name.toUpperCase()}`, `The demo needs ${name}, and there is none on PATH.`, {
      kept,
      hint: `${process.platform === 'darwin' ? 'brew' : 'apt-get'} install ${name}`,
      exit: EXIT.missingProgram,
    })
  }
  const preset = presetFor(agent)
  if (preset.kind === 'error') {
    return fail(preset.failure.code, preset.failure.message, { kept, hint: 'gt demo --agent script', exit: EXIT.usage })
  }
  const [program = ''] = preset.value.command
  if (program === 'gt') return ok(undefined)
  const found = findProgram(program, env.PATH)
  return found.kind === 'error' ? { kind: 'error', failure: { ...found.failure, kept } } : ok(undefined)
}
