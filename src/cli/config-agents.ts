/** `gt config agent list`: which agents can be slung to, and which of them are installed. */
import type { KnownAgent } from '../agents/known.ts'
import { knownAgents } from '../agents/known.ts'
import { locateTown } from '../kernel/town.ts'
import { ok } from '../result.ts'
import { loadTownSettings } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { columns } from './text.ts'

/** Outside of a town: those that every town has. */
export function listAgents(context: Context): Answer {
  const root = locateTown(context.env, context.cwd)
  if (root.kind === 'error' && root.failure.code !== 'E_NO_TOWN') return root
  const settings = root.kind === 'ok' ? loadTownSettings(root.value) : undefined
  if (settings?.kind === 'error') return settings
  const agents = knownAgents(settings?.value.agents ?? {}, context.env.PATH)
  return ok({ data: agents, text: columns([HEAD, ...agents.map(row)]) })
}

const HEAD = ['AGENT', 'MODES', 'CONVERSATION', 'PROGRAM']

function row({ name, modes, resumes, place, program, install, own }: KnownAgent): string[] {
  const missing = install === null ? `${program}: not installed` : `not installed: ${install}`
  return [
    name,
    modes.join(' ') || '-',
    resumes ? 'goes on' : 'begins anew',
    `${place ?? missing}${own ? '   (town.toml)' : ''}`,
  ]
}
