/**
 * A session that a person talks to, the Mayor's or a crew member's: started, taken up again, cycled and ended. What it should
 * be is in the ledger (agents.ts); what is there is asked of the runtime; each call makes the second like the first, so that
 * one that is killed anywhere is finished by the next.
 */
import type { Account } from '../agents/accounts.ts'
import { accountFor } from '../agents/accounts.ts'
import { claudeConfigFolder, seedTrust } from '../agents/claude.ts'
import { agentEnvironment } from '../agents/environment.ts'
import { goesOnWords } from '../agents/handoff-words.ts'
import type { LaunchInput, PermissionMode } from '../agents/launch.ts'
import { agentDir, prepareLaunch } from '../agents/launch.ts'
import { modelFor } from '../agents/models.ts'
import type { Preset } from '../agents/preset.ts'
import { findProgram, presetFor } from '../agents/preset.ts'
import { tookUp } from '../agents/took-up.ts'
import { findTranscript } from '../agents/transcript.ts'
import type { ConversationEnd } from '../beads/agent-facts.ts'
import { withLease } from '../beads/leases.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { endMarked } from '../town/process-tree.ts'
import type { AgentBead, InPane } from './agents.ts'
import { agentAt, agentLease, asBefore, leaves, nextSession, notesFor, opens } from './agents.ts'
import { newFence } from './runs.ts'
import type { OpenTown } from './town.ts'

/** How an agent is started: what its role knows of it. */
export interface Attended {
  address: string
  role: 'mayor' | 'crew'
  rig?: string
  session: string
  cwd: string
  permission: PermissionMode
  /** Folders whose trust Claude Code would ask about. */
  trust: string[]
  /** The agent table, when somebody chose one now. */
  chosen: string | undefined
  /** The one to use when nobody ever chose. */
  usual: string
}

export interface Started {
  session: string
  /** False: it was in already. */
  started: boolean
  conversation: string
  /** The conversation goes on where it was. */
  resumed: boolean
}

/** A start takes some seconds; one that waits for another is told of it after this. */
const HAND_MS = 30_000

/** Who has a hand on an agent; `fn` runs with the ledger as it is then. */
export function handOnAgent<T>(town: OpenTown, address: string, fn: () => Promise<Result<T>>): Promise<Result<T>> {
  return withLease(
    town.ledger,
    agentLease(address),
    'gt',
    async () => {
      const read = town.ledger.refresh()
      return read.kind === 'error' ? read : fn()
    },
    { waitMs: HAND_MS },
  )
}

/**
 * Brings the agent into the session that the books want: taken up again where it was, or a fresh conversation when there is
 * none, another agent table plays it, or it asked for one (`gt handoff`). Whoever watches the session stays. The agent's bead
 * is there already. Errors: E_NO_AGENT, E_NO_PROGRAM (69), E_NO_JUDGEMENT, E_AGENT_DIED, E_RUNTIME, E_BUSY (75).
 */
export function startAttended(town: OpenTown, how: Attended): Promise<Result<Started>> {
  return handOnAgent(town, how.address, async () => {
    const own = agentAt(town.ledger.state, how.address)
    if (own === undefined) return fail('E_NO_AGENT', `The town knows no ${how.address}.`)
    const preset = await playedBy(town, own, how)
    if (preset.kind === 'error') return preset
    const pane = await inPane(town, how)
    if (pane.kind === 'error') return pane
    const next = nextSession(own.agent, pane.value, preset.value.name)
    switch (next.is) {
      case 'in':
        return ok({
          session: how.session,
          started: false,
          conversation: own.agent.session?.conversation ?? '',
          resumed: true,
        })
      case 'fresh':
        return open(town, own, how, preset.value, undefined, next.after)
      case 'resume': {
        const resumed = await open(town, own, how, preset.value, next.conversation, undefined)
        if (resumed.kind === 'ok' || resumed.failure.code !== 'E_AGENT_DIED') return resumed
        // The client does not know the conversation any more, or cannot go on with it.
        return open(town, own, how, preset.value, undefined, 'lost')
      }
    }
  })
}

async function playedBy(town: OpenTown, { agent }: AgentBead, how: Attended): Promise<Result<Preset>> {
  const preset = presetFor(how.chosen ?? agent.preset ?? how.usual, town.settings.agents)
  if (preset.kind === 'error') return preset
  if (preset.value.judgement === false) {
    return fail(
      'E_NO_JUDGEMENT',
      `The agent "${preset.value.name}" only does what a bead says; nobody can talk with it.`,
      {
        kept: 'No session was started.',
        hint: `gt ${how.role === 'mayor' ? 'mayor start' : `crew start ${how.address}`} --agent claude`,
      },
    )
  }
  const program = findProgram(preset.value.command[0] ?? '', town.env.PATH)
  if (program.kind !== 'ok') return program as Result<never>
  const rig = how.rig === undefined ? undefined : await town.rig(how.rig)
  if (rig?.kind === 'error') return rig
  const chosen = modelFor({ role: how.role, preset: preset.value, town: town.settings, rig: rig?.value })
  return ok({ ...preset.value, model: chosen.model })
}

/** What is in the agent's pane; another agent's session under that name is an error. */
async function inPane(town: OpenTown, how: Attended): Promise<Result<InPane>> {
  const look = await town.runtime.look(how.session)
  if (look.kind === 'error') return look
  if (look.kind === 'unknown') {
    return fail('E_RUNTIME', `Cannot tell whether ${how.address} runs: ${look.why}.`, { exit: EXIT.tryAgain })
  }
  if (look.kind === 'empty' || !look.value.alive) return ok({ lives: false })
  const { agent, fence } = look.value.labels
  if (agent === how.address) return ok({ lives: true, fence: fence ?? '' })
  return fail('E_SESSION_EXISTS', `The session "${how.session}" belongs to ${agent ?? 'somebody else'}.`, {
    kept: 'It was not touched.',
  })
}

/** Writes the session down, then starts it. `conversation`: the one to take up again; undefined: a fresh one. */
async function open(
  town: OpenTown,
  own: AgentBead,
  how: Attended,
  preset: Preset,
  conversation: string | undefined,
  after: ConversationEnd | undefined,
): Promise<Result<Started>> {
  const { agent } = own
  const id = conversation ?? crypto.randomUUID()
  const fence = newFence(town.now().getTime())
  const account = preset.hooks === 'claude' ? accountFrom(town, own, how.role, conversation) : undefined
  const input: LaunchInput = {
    town: town.root,
    townName: town.name,
    role: how.role,
    rig: how.rig,
    address: how.address,
    cwd: how.cwd,
    session: how.session,
    preset,
    brief: '',
    mode: conversation === undefined ? 'start' : 'resume',
    permission: how.permission,
    conversation: id,
    fence,
    account,
    gtBin: town.gtBin,
    userEnv: town.env,
  }
  const config =
    preset.hooks === 'claude'
      ? claudeConfigFolder(agentEnvironment(input, agentDir(town.root, { address: how.address })).env)
      : undefined
  // Told once: a conversation that has begun has its notes already.
  const begun = config !== undefined && conversation !== undefined && findTranscript(config, id).kind !== 'empty'
  const notes = conversation === undefined ? unread(own) : notesFor(agent, conversation)
  const brief = begun || notes === undefined ? '' : goesOnWords(how.address, notes.text)
  const spec = await prepareLaunch({ ...input, brief })
  if (spec.kind === 'error') return spec
  if (config !== undefined) {
    const where = { configDir: spec.value.env.CLAUDE_CONFIG_DIR, home: spec.value.env.HOME ?? '/' }
    const trusted = await seedTrust({ ...where, paths: how.trust })
    if (trusted.kind === 'error') return trusted
  }
  const at = town.now().toISOString()
  const entry = {
    preset: preset.name,
    ...(account !== undefined && { account: account.name }),
    ...(config !== undefined && { config }),
    ...(preset.model !== undefined && { model: preset.model }),
    cwd: how.cwd,
    started: at,
  }
  const written = town.ledger.write(opens(own, { fence, conversation: id, entry, after, preset: how.chosen, at }))
  if (written.kind === 'error') return written
  const session = await town.runtime.replace(spec.value)
  const goesOn = preset.hooks === 'none' && preset.resume !== undefined && conversation !== undefined
  const taken = session.kind === 'ok' && goesOn ? await tookUp(town.runtime, how.session, preset) : ok(undefined)
  if (session.kind === 'ok' && session.value.alive && taken.kind === 'ok') {
    return ok({ session: how.session, started: true, conversation: id, resumed: conversation !== undefined })
  }
  // Nobody sits there: the books are as they were, so that the next start has the same to take up.
  const back = town.ledger.write(asBefore(own, how.address))
  if (back.kind === 'error') return back
  return session.kind === 'error'
    ? session
    : fail('E_AGENT_DIED', `The agent of ${how.address} ended by itself right after its start.`, {
        hint: `gt peek ${how.address}`,
      })
}

/** Notes that nobody was told yet. */
const unread = ({ agent: { notes } }: AgentBead): { text: string } | undefined =>
  notes !== undefined && notes.for === undefined && notes.text !== '' ? notes : undefined

/** A conversation lies in its account's folder; a new one begins under an account that is not paused, if there is one. */
function accountFrom(
  town: OpenTown,
  { agent }: AgentBead,
  role: Attended['role'],
  conversation: string | undefined,
): Account | undefined {
  const { accounts } = town.settings
  const named = (name: string | undefined): Account | undefined =>
    name !== undefined && Object.hasOwn(accounts, name) ? { name, env: accounts[name]!.env } : undefined
  if (conversation !== undefined) return named(agent.conversations[conversation]?.account)
  const chosen = accountFor(role, accounts, town.ledger.state, town.now())
  return chosen.is === 'use' ? named(chosen.name) : undefined
}

/** Ends the agent's session with all that it started, and says that it is sent home; its conversation can be taken up again. */
export function stopAttended(town: OpenTown, address: string, session: string): Promise<Result<void>> {
  return handOnAgent(town, address, () => endAttended(town, address, session))
}

/** The same for whoever has a hand on the agent already. */
export async function endAttended(town: OpenTown, address: string, session: string): Promise<Result<void>> {
  const own = agentAt(town.ledger.state, address)
  const ended = await town.runtime.end(session)
  if (ended.kind === 'error') return ended
  const fence = own?.agent.session?.fence
  // What it left running in sessions of its own.
  const rest = fence === undefined ? ok(undefined) : await endMarked({ name: 'GT_SESSION', value: fence })
  if (rest.kind === 'error') return rest
  const change = own && leaves(own, 'stopped', town.now().toISOString())
  if (!change) return ok(undefined)
  const written = town.ledger.write(change)
  return written.kind === 'error' ? written : ok(undefined)
}
