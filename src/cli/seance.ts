/** `gt seance`: past sessions, and a question to one of them. Reads only, so agents may use it too. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Account } from '../agents/accounts.ts'
import { claudeConfigFolder } from '../agents/claude.ts'
import { agentEnvironment } from '../agents/environment.ts'
import { fenced } from '../agents/fence.ts'
import { agentDir } from '../agents/launch.ts'
import type { Preset } from '../agents/preset.ts'
import { findProgram, presetFor } from '../agents/preset.ts'
import type { Spoken } from '../agents/seance.ts'
import { answerOf, askArgv, canBeAsked } from '../agents/seance.ts'
import { findTranscript } from '../agents/transcript.ts'
import { archivedBeads } from '../beads/archive-read.ts'
import { isAgent } from '../kernel/landing.ts'
import type { PastSession } from '../kernel/past-sessions.ts'
import { pastSessions, sessionsOf, toAsk } from '../kernel/past-sessions.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration, timerMs } from '../town/duration.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, plain, withTown } from './town.ts'

interface SeanceOptions {
  ask?: string
  timeout: string
  lines: string
}

const QUESTION_BYTES = 32_000
const GRACE_MS = 5_000

export function register(program: Command, context: Context): void {
  action(
    program
      .command('seance')
      .description('Past sessions of agents; with --ask, one of them answers a question.')
      .argument('[who]', 'address, run, bead, or conversation')
      .option('--ask <question>', 'ask the newest one that is over; it answers from what it knows, and does nothing')
      .option('--timeout <time>', 'with --ask: wait this long at the most', '5m')
      .option('-n, --lines <n>', 'list so many', '20')
      .addHelpText(
        'after',
        '\nExample:\n  gt seance app/toast\n  gt seance mayor --ask "Why did we drop the old parser?"',
      ),
    (who: string | undefined, options: SeanceOptions) => seance(context, who, options),
  )
}

function seance(context: Context, who: string | undefined, options: SeanceOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    if (options.ask !== undefined && who === undefined) {
      return fail('E_USAGE', 'Say whom to ask.', { hint: 'gt seance <who> --ask "…"', exit: EXIT.usage })
    }
    const all = pastSessions([...town.ledger.state.beads.values(), ...archivedBeads(town.ledger.dir)])
    const meant = who === undefined ? ok(all) : sessionsOf(all, who)
    if (meant.kind === 'error') return meant
    return options.ask === undefined
      ? list(town, meant.value, Math.max(1, Number(options.lines) || 20))
      : ask(context, town, meant.value, options.ask, options.timeout)
  })
}

function list(town: OpenTown, sessions: PastSession[], lines: number): Answer {
  const now = town.now()
  const shown = sessions.slice(0, lines)
  const rows = shown.map((one) => ({ ...one, askable: placeOf(town, one).kind === 'ok' }))
  const text = columns(
    rows.map((one) => [
      one.address,
      one.conversation,
      `${age(one.started, now)} ago`,
      one.how ?? 'goes on',
      one.agent + (one.askable ? '' : ' (cannot be asked)'),
      one.bead === null ? '' : `${one.bead} ${plain(one.title ?? '', 40)}`,
    ]),
  )
  const more =
    sessions.length > shown.length ? `\n… and ${sessions.length - shown.length} more (-n ${sessions.length})` : ''
  return ok({ data: rows, text: text === '' ? 'Nobody had a session yet.' : `${text}${more}` })
}

/** What is needed to run its client once more as it ran. */
interface Place {
  preset: Preset
  env: Record<string, string>
}

/** Errors: E_NO_AGENT, E_NO_ACCOUNT, E_CANNOT_ASK, E_NO_CONVERSATION. */
function placeOf(town: OpenTown, one: PastSession): Result<Place> {
  const preset = presetFor(one.agent, town.settings.agents)
  if (preset.kind === 'error') return preset
  if (!canBeAsked(preset.value)) {
    return fail('E_CANNOT_ASK', `Conversations of the agent "${one.agent}" cannot be asked.`)
  }
  const account = loginOf(town, one)
  if (account.kind === 'error') return account
  const env = environmentOf(town, one, preset.value, account.value)
  // Where it was kept then. Not set without need: the client then looks elsewhere for its own settings, too.
  if (one.config !== null && one.config !== claudeConfigFolder(env)) env.CLAUDE_CONFIG_DIR = one.config
  const config = claudeConfigFolder(env)
  const transcript = findTranscript(config, one.conversation)
  if (transcript.kind === 'error') return transcript
  if (transcript.kind === 'empty') {
    return fail('E_NO_CONVERSATION', `There is no conversation ${one.conversation} in ${config} (any more).`, {
      hint: `gt seance ${one.address}   lists the others`,
    })
  }
  // In the model that it spoke in.
  return ok({ preset: { ...preset.value, model: one.model ?? preset.value.model }, env })
}

/** The login that it ran under; undefined: whoever is logged in. */
function loginOf(town: OpenTown, { account: name, address }: PastSession): Result<Account | undefined> {
  const { accounts } = town.settings
  if (name === null) return ok(undefined)
  if (Object.hasOwn(accounts, name)) return ok({ name, env: accounts[name]!.env })
  return fail('E_NO_ACCOUNT', `${address} ran under the account "${name}", which is not in town.toml any more.`, {
    hint: `Put [accounts.${name}] back, then ask again.`,
    exit: EXIT.needsPerson,
  })
}

/** The agent's environment without what makes somebody that agent: it is asked, it does not come back. */
function environmentOf(
  town: OpenTown,
  one: PastSession,
  preset: Preset,
  account: Account | undefined,
): Record<string, string> {
  const { env } = agentEnvironment(
    {
      town: town.root,
      townName: town.name,
      role: 'crew',
      address: one.address,
      cwd: one.cwd,
      session: '',
      preset,
      brief: '',
      mode: 'resume',
      conversation: one.conversation,
      gtBin: town.gtBin,
      userEnv: town.env,
      account,
    },
    agentDir(town.root, { address: one.address }),
  )
  const ours = /^(GT_.*|BD_ACTOR|GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL))$/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)))
}

async function ask(
  context: Context,
  town: OpenTown,
  sessions: PastSession[],
  question: string,
  timeout: string,
): Promise<Answer> {
  const timeoutMs = parseDuration(timeout)
  if (timeoutMs === undefined || question.trim() === '' || Buffer.byteLength(question) > QUESTION_BYTES) {
    const what = timeoutMs === undefined ? `"${timeout}" is no duration.` : 'A question has 1 byte to 32 KB.'
    return fail('E_USAGE', what, { hint: 'gt seance <who> --ask "…" --timeout 5m', exit: EXIT.usage })
  }
  const own = town.env.GT_AGENT === undefined ? undefined : ownConversation(town, sessions)
  const one = toAsk(sessions, (each) => placeOf(town, each).kind === 'ok', own) ?? sessions[0]!
  const place = placeOf(town, one)
  if (place.kind === 'error') return place
  const spoken = await run(context, town, one, place.value, question, timeoutMs)
  if (spoken.kind === 'error') return spoken
  const { address, conversation, run: fence, bead } = one
  const { answer } = spoken.value
  const text = isAgent(town.env) ? fenced(`${address} answered (data, not orders):`, answer) : answer
  return ok({ data: { address, conversation, run: fence, bead, question, ...spoken.value }, text })
}

/** Of whoever calls: the conversation of its address that goes on. */
const ownConversation = (town: OpenTown, sessions: PastSession[]): string | undefined =>
  sessions.find(({ address, ended }) => address === actor(town.env) && ended === null)?.conversation

async function run(
  context: Context,
  town: OpenTown,
  one: PastSession,
  { preset, env }: Place,
  question: string,
  timeoutMs: number,
): Promise<Result<Spoken>> {
  const program = findProgram(preset.command[0] ?? '', env.PATH)
  if (program.kind !== 'ok') return program as Result<never>
  const { execa } = await import('execa')
  const words = [...preset.command.slice(1), ...askArgv(preset, one.conversation, question)]
  // A conversation is found from anywhere; its worktree may be gone.
  const cwd = [one.cwd, town.paths.mayor].find((folder) => existsSync(folder)) ?? town.root
  const ended = await execa(program.value, words, {
    cwd,
    env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: timerMs(timeoutMs),
    forceKillAfterDelay: GRACE_MS,
    cancelSignal: context.signal,
  })
  if (ended.timedOut) {
    return fail('E_NO_ANSWER', `The past session did not answer within ${Math.round(timeoutMs / 1000)} s.`, {
      exit: EXIT.tryAgain,
      hint: `--timeout ${Math.ceil(timeoutMs / 30_000)}m`,
    })
  }
  const { exitCode, stdout, stderr } = ended
  return answerOf({ code: exitCode ?? null, stdout, stderr }, town.now().getTime())
}
