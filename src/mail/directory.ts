/** Who can be written to in this town now: its rigs, live runs, crew and groups. */
import { standingAgents } from '../kernel/agents.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { listRigs } from '../town/settings.ts'
import type { Directory } from './addresses.ts'

/**
 * Crew is who the ledger knows: one whose worktree was deleted by hand can still be written to, a stray folder cannot.
 * Errors: the town's folder could not be read.
 */
export function directoryOf(town: Pick<OpenTown, 'root' | 'paths' | 'settings' | 'ledger'>): Result<Directory> {
  const rigs = listRigs(town.root)
  if (rigs.kind === 'error') return rigs
  const names = rigs.kind === 'ok' ? rigs.value : []
  const crew = standingAgents(town.ledger.state)
    .filter(({ agent }) => agent.role === 'crew')
    .map(({ agent }) => agent.address)
  const runs = [...town.ledger.state.live.values()].flat().map(({ fence, agent, rig }) => ({ fence, agent, rig }))
  return ok({ rigs: names, runs, crew, groups: town.settings.mail.groups })
}
