/** What the demo needs, asked before anything is made. */
import { findProgram, presetFor } from '../agents/preset.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { KEPT, needPrograms } from '../scratch/programs.ts'

/** Looks for git, tmux and the agent's own program on PATH. Errors: E_NO_GIT, E_NO_TMUX, E_NO_PROGRAM (69), E_NO_AGENT. */
export function checkPrograms(env: NodeJS.ProcessEnv, agent: string): Result<void> {
  const needed = needPrograms(env, 'The demo')
  if (needed.kind === 'error') return needed
  const preset = presetFor(agent)
  if (preset.kind === 'error') {
    const { code, message } = preset.failure
    return fail(code, message, { kept: KEPT, hint: 'gt demo --agent script', exit: EXIT.usage })
  }
  const [program = ''] = preset.value.command
  if (program === 'gt') return ok(undefined)
  const found = findProgram(program, env.PATH)
  return found.kind === 'error' ? { kind: 'error', failure: { ...found.failure, kept: KEPT } } : ok(undefined)
}
