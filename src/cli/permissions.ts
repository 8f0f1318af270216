/**
 * What workers may do without asking is agreed once, by a person, and recorded: an unattended worker must never hang
 * at a prompt, and bypassing every prompt needs consent (design section 7).
 */
import { createInterface } from 'node:readline/promises'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { refreshSettings } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { setConfig } from '../town/config.ts'
import type { Context } from './context.ts'

// `manual` asks a person at each step, so no unattended worker starts in it.
const MODES = ['bypass', 'acceptEdits'] as const

const QUESTION = `Workers run unattended. What may they do in their worktrees without asking?
  1  bypass       everything (no prompts at all; use it in a sandbox or on code you trust)
  2  acceptEdits  edit files, git and gt; anything else is refused (Claude Code only)
Answer 1 or 2 (asked once; gt config set permissions.mode changes it): `

/** Asks or takes `--permissions`, where nothing is agreed yet; does nothing where it is. E_NOT_FOR_AGENTS: an agent agrees to nothing. */
export async function agreePermissions(town: OpenTown, context: Context, given?: string): Promise<Result<void>> {
  if (given !== undefined) {
    if (!MODES.some((mode) => mode === given)) {
      return fail('E_PERMISSIONS', `"${given}" is no permission mode.`, { hint: `--permissions ${MODES.join(' | ')}` })
    }
    return record(town, given)
  }
  if (town.settings.permissions.mode !== undefined || !context.interactive) return ok(undefined)
  const ask = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const mode = MODES[Number((await ask.question(QUESTION)).trim()) - 1]
    return mode === undefined ? ok(undefined) : record(town, mode)
  } finally {
    ask.close()
  }
}

function record(town: OpenTown, mode: string): Promise<Result<void>> | Result<void> {
  if (isAgent(town.env)) {
    const how = { kept: 'What was agreed stands; nothing was slung.', hint: 'Sling without --permissions.' }
    return fail('E_NOT_FOR_AGENTS', 'Only a person may agree to permissions.', { ...how, exit: EXIT.needsPerson })
  }
  const at = town.now().toISOString()
  for (const [key, value] of [
    ['mode', mode],
    ['agreed_by', town.env.USER || 'person'],
    ['agreed_at', at],
  ] as const) {
    const set = setConfig(town.root, `permissions.${key}`, value)
    if (set.kind === 'error') return set
  }
  return refreshSettings(town)
}
