/** `gt handoff`: a fresh session goes on, with notes. For a worker, the Mayor and the crew; and the hidden verb behind it. */
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { activityOf, readBeat } from '../agents/beat.ts'
import { agentDir } from '../agents/launch.ts'
import type { AgentBead } from '../kernel/agents.ts'
import { agentAt, asksForCycle } from '../kernel/agents.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { readText } from './read-text.ts'
import { withTown } from './town.ts'

/** An agent that says what it has to say may take so long; then its turn is cut off. */
const TURN_MS = 20_000
/** Without hooks nothing tells when it is done. */
const LAST_WORDS_MS = 3_000
const LOOK_MS = 100

export function register(program: Command, context: Context): void {
  action(
    program
      .command('handoff')
      .description('Go on in a fresh session, with these notes; files and commits stay.')
      .argument('<notes...>', 'what is done, what is next, what you learned; - reads them from standard input')
      .addHelpText('after', '\nExample:\n  gt handoff "Parser works, tests for leap years are next; see parse.ts:40"'),
    (words: string[]) =>
      withTown(context, async (town) => {
        const notes = notesOf(words)
        return notes.kind === 'error' ? notes : handoff(town, notes.value)
      }),
  )
  action(program.command('cycle-session', { hidden: true }).argument('<address>'), (address: string) =>
    cycle(context, address),
  )
}

/** What a shell would take apart (quotes, backticks) comes whole by standard input. E_EMPTY, and what `readText` refuses. */
export function notesOf(words: string[]): Result<string> {
  const notes = words.length === 1 && words[0] === '-' ? readText('-') : ok(words.join(' '))
  if (notes.kind === 'error' || notes.value.trim() !== '') return notes
  return fail('E_EMPTY', 'Whoever goes on would know nothing: the notes are empty.', {
    kept: 'This session goes on.',
    hint: 'gt handoff "what is done, what is next, what you learned"',
  })
}

async function handoff(town: OpenTown, notes: string): Promise<Answer> {
  const { GT_ROLE: role } = town.env
  if (role !== 'mayor' && role !== 'crew') {
    const verbs = await import('../polecats/done.ts')
    const said = verbs.handoff(town, notes)
    if (said.kind === 'error') return said
    return ok({
      data: said.value,
      text: `${said.value.bead}: a fresh session takes over with your notes. End your turn now.`,
    })
  }
  const own = presentSession(town)
  if (own.kind === 'error') return own
  const { address } = own.value.agent
  const written = town.ledger.write(asksForCycle(own.value, notes, address, town.now().toISOString()))
  if (written.kind === 'error') return written
  if (!written.value.applied) return replaced(address)
  cycleBehind(town, address)
  return ok({
    data: { agent: address, state: 'handing off' },
    text: `${address}: a fresh session takes over here with your notes. End your turn now.`,
  })
}

/** The agent that calls us, in its present session. */
function presentSession(town: OpenTown): Result<AgentBead> {
  const address = actor(town.env)
  const own = agentAt(town.ledger.state, address)
  if (own === undefined) return fail('E_NO_AGENT', `The town knows no ${address}.`, { hint: 'gt crew list' })
  return (town.env.GT_SESSION ?? '') === (own.agent.session?.fence ?? '') ? ok(own) : replaced(address)
}

const replaced = (address: string): Result<never> =>
  fail('E_STALE_FENCE', `This session of ${address} was replaced by a newer one, which has the word now.`, {
    kept: 'Nothing was changed.',
    hint: 'Stop here.',
  })

/**
 * The session cannot replace itself: what does it must not end with it. Should this process die, the Deacon does it, or the
 * next start of the agent.
 */
function cycleBehind(town: OpenTown, address: string): void {
  const env = Object.fromEntries(
    Object.entries(town.env).filter(([name]) => !/^(GT_(ROLE|AGENT|RIG|SESSION)|BD_ACTOR|TMUX|TMUX_PANE)$/.test(name)),
  )
  const options = { cwd: town.root, env: { ...env, GT_TOWN: town.root }, stdio: 'ignore', detached: true } as const
  const child = spawn(process.execPath, [town.gtBin, 'cycle-session', address], options)
  child.on('error', () => {})
  child.unref()
}

function cycle(context: Context, address: string): Promise<Answer> {
  return withTown(context, async (town) => {
    await lastWords(agentDir(town.root, { address }))
    const { startAgent } = await import('../deacon/attended.ts')
    const started = await startAgent(town, address)
    return started.kind === 'error' ? started : ok({ data: started.value, text: '' })
  })
}

/** Until the agent's turn is over, as its hooks tell. */
async function lastWords(folder: string): Promise<void> {
  if (readBeat(folder).kind !== 'ok') return delay(LAST_WORDS_MS)
  for (const end = performance.now() + TURN_MS; performance.now() < end; await delay(LOOK_MS)) {
    const beat = readBeat(folder)
    const activity = beat.kind === 'ok' ? activityOf(beat.value) : 'busy'
    if (activity === 'idle' || activity === 'ended') return
  }
}
