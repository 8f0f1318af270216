/** What an agent inside its session calls: hook, prime, done, decline, progress, ask; and the hidden verbs behind them. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { CrewPlace } from '../agents/prime-crew.ts'
import { stepsReminder } from '../agents/steps.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Said } from '../polecats/done.ts'
import type { ExitCode, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findBead, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  action(
    program.command('hook').description('What is on my hook.').addHelpText('after', '\nExample:\n  gt hook --json'),
    () => hook(context),
  )
  action(
    program
      .command('prime')
      .description('Who I am, what to do, which commands there are.')
      .option('--hook', 'called by the SessionStart hook: its JSON is on stdin')
      .addHelpText('after', '\nExample:\n  gt prime'),
    (options: { hook?: boolean }) => prime(context, options.hook === true),
  )
  action(
    program
      .command('done')
      .description('Hand in the work: everything is committed on my branch.')
      .option('--message <text>', 'what was done, for the merge commit')
      .addHelpText('after', '\nExample:\n  gt done --message "Reads leap years; test added"'),
    (options: { message?: string }) =>
      say(context, async (town) => {
        const { done } = await import('../polecats/done.ts')
        const said = await done(town, context.cwd, options.message)
        if (said.kind === 'ok') await endAfterLastWords(town, said.value)
        return said
      }),
  )
  action(
    program
      .command('decline')
      .description('Hand the bead back: nothing to do, or not by me. A person decides.')
      .requiredOption('--reason <text>')
      .addHelpText('after', '\nExample:\n  gt decline --reason "the function no longer exists"'),
    (options: { reason: string }) =>
      say(context, async (town) => {
        const { decline } = await import('../polecats/done.ts')
        const said = await decline(town, options.reason)
        if (said.kind === 'ok') await endAfterLastWords(town, said.value)
        return said
      }),
  )
  action(
    program
      .command('park')
      .description('End this session until gates are over; a fresh one goes on then, with these notes. Files stay.')
      .argument('[gate...]', 'default: what my bead and its next steps wait for')
      .option('--notes <text>', 'what is done, what is next, what you learned')
      .option('--until <time>', 'until this much time has passed')
      .addHelpText(
        'after',
        '\nExample:\n  gt park ap-g81qz --notes "Pushed; when CI is green, write the release notes"\n  gt park --until 2h',
      ),
    (gates: string[], options: { notes?: string; until?: string }) => parkHere(context, gates, options),
  )
  for (const verb of ['progress', 'ask'] as const) {
    const description =
      verb === 'ask' ? 'Ask a person; the bead shows up under "waits for you".' : 'Leave a note on the bead.'
    const example = verb === 'ask' ? 'Keep the old date format too?' : 'The parser works; tests are next'
    const command = program.command(verb).description(description).argument('<text...>')
    action(command.addHelpText('after', `\nExample:\n  gt ${verb} "${example}"`), (words: string[]) =>
      say(context, async (town) => {
        const verbs = await import('../polecats/done.ts')
        return verbs[verb](town, words.join(' '))
      }),
    )
  }
  action(program.command('agent-script', { hidden: true }), async () => {
    const { runScriptAgent } = await import('../agents/script.ts')
    const code = await runScriptAgent({ env: context.env, cwd: context.cwd })
    // The script's own exit code, whatever it is.
    return ok({ data: null, text: '', exit: code as ExitCode })
  })
  action(program.command('hook-deliver', { hidden: true }).argument('<event>'), (event: string) =>
    deliverInbox(context, event),
  )
  action(program.command('end-session', { hidden: true }).argument('<fence>'), (fence: string) =>
    endSession(context, fence),
  )
}

function say(context: Context, body: (town: OpenTown) => Promise<Result<Said>> | Result<Said>): Promise<Answer> {
  return withTown(context, async (town) => {
    const said = await body(town)
    if (said.kind === 'error') return said
    const { bead, mergeRequest, state } = said.value
    const where = mergeRequest
      ? `, merge request ${mergeRequest}. Your work here is over; the session ends by itself.`
      : '.'
    return ok({ data: said.value, text: `${bead}: ${state}${where}` })
  })
}

function parkHere(context: Context, named: string[], options: { notes?: string; until?: string }): Promise<Answer> {
  return withTown(context, async (town) => {
    const untilMs = options.until === undefined ? undefined : parseDuration(options.until)
    if (options.until !== undefined && untilMs === undefined) {
      return fail('E_USAGE', `"${options.until}" is no duration.`, { hint: 'gt park --until 2h', exit: EXIT.usage })
    }
    const ids: string[] = []
    for (const partial of named) {
      const found = findBead(town, partial)
      if (found.kind === 'error') return found
      ids.push(found.value.id)
    }
    const { park } = await import('../polecats/park.ts')
    const { notes } = options
    const parked = park(town, {
      gates: ids,
      ...(notes !== undefined && { notes }),
      ...(untilMs !== undefined && { untilMs }),
    })
    if (parked.kind === 'error') return parked
    await endAfterLastWords(town, parked.value)
    const { bead, gates } = parked.value
    const text = `${bead}: parked until ${gates.join(', ')} ${gates.length === 1 ? 'is' : 'are'} over. End your turn now; a fresh session goes on in this worktree.`
    return ok({ data: parked.value, text })
  })
}

function hook(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    if (!context.env.GT_RUN) {
      const role = context.env.GT_ROLE
      if (role) return ok({ data: null, text: `Nothing is on the hook of ${actor(town.env)}.` })
      return fail('E_NOT_AN_AGENT', 'Only an agent has a hook, and you are a person.', {
        hint: 'gt bead ready, gt status',
      })
    }
    const { ownRun } = await import('../polecats/done.ts')
    const own = ownRun(town)
    if (own.kind === 'error') return own
    const { bead, run } = own.value
    const body = bead.description ? `\n\n${bead.description}` : ''
    const { toldOf } = await import('../meow/told.ts')
    const told = toldOf(town.ledger.state, bead, town.now())
    const steps = told === undefined ? '' : `\n\n${stepsReminder(told)}`
    const text = `${bead.id}  ${plain(bead.title, 200)}\nrun ${run.fence}, round ${run.round}, ${run.state}; branch ${run.branch} in ${run.worktree}${body}${steps}`
    return ok({ data: { bead, run }, text })
  })
}

/**
 * Text for the model at the start of a session, and after compaction; with --hook the source comes on stdin. From a
 * hook an error is text too: the model must know that it could not be primed, and never takes it for "no work".
 */
async function prime(context: Context, fromHook: boolean): Promise<Answer> {
  const said = fromHook ? saidBy(readStdin()) : {}
  const source = SOURCES.find((known) => known === said.source) ?? 'startup'
  const answer = await withTown(context, async (town) => {
    if (typeof said.session_id === 'string') await noteConversation(town, said.session_id)
    return primeFor(town, source, fromHook)
  })
  if (!fromHook || answer.kind === 'ok') return answer
  const { code, message } = answer.failure
  const text = `gt could not read your assignment (${code}): ${message} This is an error, not "no work". Try: gt hook`
  return ok({ data: { text }, text })
}

async function primeFor(town: OpenTown, source: Source, fromHook: boolean): Promise<Answer> {
  const [{ primeText }, { listRigs }, { findRun }, { mergeOf }, { inheritedBy }, { toldOf }] = await Promise.all([
    import('../agents/prime.ts'),
    import('../town/settings.ts'),
    import('../kernel/runs.ts'),
    import('../kernel/merges.ts'),
    import('../kernel/ladder.ts'),
    import('../meow/told.ts'),
  ])
  const { env } = town
  const waits = fromHook ? await mailWaits(town) : ''
  const own = env.GT_RUN ? findRun(town.ledger.state.beads.values(), env.GT_RUN) : undefined
  const rigs = listRigs(town.root)
  const text = primeText({
    role: env.GT_ROLE || 'person',
    address: actor(env),
    town: town.name,
    rig: env.GT_RIG || undefined,
    run: own?.run,
    bead: own?.bead,
    source,
    evidence: mergeOf(town.ledger.state.beads.get(own?.run.merge_request ?? ''))?.merge.evidence,
    inherited: own && inheritedBy(own.bead, own.run),
    steps: own && toldOf(town.ledger.state, own.bead, town.now()),
    rigs: rigs.kind === 'ok' ? rigs.value : [],
    outlook: env.GT_ROLE === 'mayor' ? await outlookOf(town) : undefined,
    place: env.GT_ROLE === 'crew' ? await placeOf(town) : undefined,
  })
  return ok({ data: { text: text + waits }, text: text + waits })
}

/** At the beginning of a session: lays out what waits for it, and says so in one line. */
async function mailWaits(town: OpenTown): Promise<string> {
  const { syncInbox } = await import('../mail/sync.ts')
  const { GT_RUN } = town.env
  const waiting = syncInbox(town, { address: actor(town.env), ...(GT_RUN && { run: GT_RUN }) }, { begins: true })
  // What could not be laid out is by the driver; `gt mail inbox` shows it in any case.
  if (waiting.kind === 'error' || waiting.value === 0) return ''
  return `\n${waiting.value === 1 ? 'A message waits' : `${waiting.value} messages wait`} for you, shown with your next step (gt mail inbox).`
}

/** Where a crew member works, and where its work goes. */
async function placeOf(town: OpenTown): Promise<CrewPlace | undefined> {
  const { agentAt } = await import('../kernel/agents.ts')
  const crew = agentAt(town.ledger.state, actor(town.env))?.agent.crew
  if (crew === undefined) return undefined
  const rig = await town.rig(crew.rig)
  return { branch: crew.branch, worktree: crew.worktree, target: rig.kind === 'ok' ? rig.value.branch : crew.from }
}

/** How the town stands, for the Mayor. */
async function outlookOf(town: OpenTown): Promise<string> {
  const [{ outlook }, { statusOf }, { itemsOf }, { gateNow }, { hostSays }, { readHold }, { readHost }] =
    await Promise.all([
      import('../kernel/outlook.ts'),
      import('../kernel/status.ts'),
      import('./attend.ts'),
      import('../costs/gate.ts'),
      import('../kernel/host.ts'),
      import('../town/hold.ts'),
      import('../town/host.ts'),
    ])
  const now = town.now()
  const start = hostSays(readHost(town.root), town.settings.host, readHold(town.root))
  const closed = start.is === 'open' ? null : start.why
  // Said in words of their own. The budgets are looked at with it.
  const waits = (await itemsOf(town)).filter(({ cause }) => cause !== 'hold')
  return outlook(statusOf(town.ledger.state, now, gateNow(town, now)), waits, now, closed)
}

type Source = 'startup' | 'resume' | 'clear' | 'compact'
const SOURCES: readonly Source[] = ['startup', 'resume', 'clear', 'compact']

/** What the SessionStart hook says; nothing when it does not parse. */
function saidBy(json: string): { source?: unknown; session_id?: unknown } {
  try {
    const said: unknown = JSON.parse(json)
    return typeof said === 'object' && said !== null ? said : {}
  } catch {
    return {}
  }
}

/** The Mayor and the crew are taken up again by conversation, and their client may go over to another one (`/clear`). */
async function noteConversation(town: OpenTown, conversation: string): Promise<void> {
  const { GT_ROLE: role, GT_SESSION: fence } = town.env
  if ((role !== 'mayor' && role !== 'crew') || fence === undefined) return
  const { agentAt, wentOver } = await import('../kernel/agents.ts')
  const own = agentAt(town.ledger.state, actor(town.env))
  const change = own && wentOver(own, fence, conversation, town.now().toISOString())
  if (change) town.ledger.write(change)
}

function readStdin(): string {
  try {
    return readFileSync(0, 'utf8')
  } catch {
    return ''
  }
}

/** Says what waits in the inbox, each message once, in the form that the hook event wants. Called by the hook guard. */
async function deliverInbox(context: Context, event: string): Promise<Answer> {
  const [{ deliverAt }, { agentDir }] = await Promise.all([import('../mail/hook.ts'), import('../agents/launch.ts')])
  const { GT_TOWN: root, GT_RUN } = context.env
  if (!root) return fail('E_NOT_AN_AGENT', 'GT_TOWN is not set.')
  const me = { address: actor(context.env), ...(GT_RUN && { run: GT_RUN }) }
  const folder = agentDir(root, { fence: me.run, address: me.address })
  const delivered = deliverAt({ root, folder, me, event, stdin: readStdin })
  return delivered.kind === 'error' ? delivered : ok({ data: null, text: '' })
}

/**
 * Where no driver runs (a sling without --wait, no daemon) nobody would end the session of a finished or parked worker. A small
 * process of its own does, after the agent had time for its last sentence.
 */
async function endAfterLastWords(town: OpenTown, said: Pick<Said, 'run'>): Promise<void> {
  const { driverAlive } = await import('../deacon/daemon.ts')
  if (driverAlive(town)) return
  const env = Object.fromEntries(Object.entries(town.env).filter(([name]) => !/^(GT_RUN|TMUX|TMUX_PANE)$/.test(name)))
  const child = spawn(process.execPath, [town.gtBin, 'end-session', said.run], {
    cwd: town.root,
    env,
    stdio: 'ignore',
    detached: true,
  })
  child.on('error', () => {}) // The next driver ends it.
  child.unref()
}

function endSession(context: Context, fence: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const [{ LAST_WORDS_MS }, { findRun, isTerminal }] = await Promise.all([
      import('../deacon/supervise.ts'),
      import('../kernel/runs.ts'),
    ])
    await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))
    town.ledger.refresh()
    const run = findRun(town.ledger.state.beads.values(), fence)?.run
    if (run?.state === 'parked') {
      const { endParked } = await import('../polecats/park.ts')
      const gone = await endParked(town, fence, 'gt')
      return gone.kind === 'error' ? gone : ok({ data: null, text: '' })
    }
    if (run === undefined || !(run.state === 'submitted' || isTerminal(run))) return ok({ data: null, text: '' })
    const ended = await town.runtime.end(run.session)
    return ended.kind === 'error' ? ended : ok({ data: null, text: '' })
  })
}
