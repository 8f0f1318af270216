/** The Mayor: a Claude Code session in `mayor/`, primed with its role and the commands to create, sling and follow. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentFacts } from '../beads/agent-facts.ts'
import { agentAt, newAgent } from '../kernel/agents.ts'
import type { Started } from '../kernel/attended.ts'
import { handOnAgent, startAttended, stopAttended } from '../kernel/attended.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'

export const MAYOR_SESSION = 'mayor'
export const MAYOR = 'mayor'

/** Starts the Mayor unless it is in; the conversation goes on where it was. Errors: those of `startAttended`. */
export async function startMayor(town: OpenTown, agent?: string): Promise<Result<Started>> {
  const known = await knownMayor(town)
  if (known.kind === 'error') return known
  mkdirSync(town.paths.mayor, { recursive: true })
  return startAttended(town, {
    address: MAYOR,
    role: 'mayor',
    session: MAYOR_SESSION,
    cwd: town.paths.mayor,
    // A person sits in front of the Mayor and answers its prompts; `gt` itself needs no asking (agents/claude.ts).
    permission: 'manual',
    trust: [town.paths.mayor],
    chosen: agent,
    usual: town.settings.workers.agent,
  })
}

/** Makes the Mayor's bead, if there is none. */
async function knownMayor(town: OpenTown): Promise<Result<void>> {
  if (agentAt(town.ledger.state, MAYOR) !== undefined) return ok(undefined)
  return handOnAgent(town, MAYOR, async () => {
    if (agentAt(town.ledger.state, MAYOR) !== undefined) return ok(undefined)
    const at = town.now().toISOString()
    const written = town.ledger.write(newAgent(town.ledger.state, carriedOver(town, at), at).change)
    return written.kind === 'error' ? written : ok(undefined)
  })
}

/** What a town from before the ledger knew the Mayor left in `.gt/mayor.json`; read once, when its bead is made. */
function carriedOver(town: OpenTown, at: string): AgentFacts {
  const fresh: AgentFacts = { address: MAYOR, role: 'mayor', in: false, conversations: {} }
  try {
    const old = JSON.parse(readFileSync(oldMemory(town), 'utf8')) as Record<string, unknown>
    const { conversation, agent, account } = old
    if (typeof conversation !== 'string' || typeof agent !== 'string') return fresh
    const entry = { preset: agent, cwd: town.paths.mayor, started: at, ...(typeof account === 'string' && { account }) }
    return {
      ...fresh,
      in: old.in === true,
      ...(agent !== town.settings.workers.agent && { preset: agent }),
      // A session of that time bears no fence.
      session: { fence: '', conversation, since: at },
      conversations: { [conversation]: entry },
    }
  } catch {
    return fresh
  }
}

const oldMemory = (town: OpenTown): string => join(town.paths.runtime, 'mayor.json')

/**
 * Brings the Mayor back that was in when the machine or the town went down, with the same agent and conversation. False: nobody
 * was in, or it is in already. A resumed session waits for a prompt, so it costs nothing.
 */
export async function bringMayorBack(town: OpenTown): Promise<Result<boolean>> {
  // A town that never had a Mayor gets no record of one.
  const known = existsSync(oldMemory(town)) ? await knownMayor(town) : ok(undefined)
  if (known.kind === 'error') return known
  if (agentAt(town.ledger.state, MAYOR)?.agent.in !== true) return ok(false)
  const started = await startMayor(town)
  return started.kind === 'error' ? started : ok(started.value.started)
}

/** Ends the Mayor's session; its conversation can be taken up again. */
export const stopMayor = (town: OpenTown): Promise<Result<void>> => stopAttended(town, MAYOR, MAYOR_SESSION)
