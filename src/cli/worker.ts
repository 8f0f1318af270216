/** What an agent inside its session calls: hook, prime, done, decline, progress, ask; and the hidden verbs behind them. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Said } from '../polecats/done.ts'
import type { ExitCode, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { plain, withTown } from './town.ts'

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
    deliver(context, event),
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
    const text = `${bead.id}  ${plain(bead.title, 200)}\nrun ${run.fence}, round ${run.round}, ${run.state}; branch ${run.branch} in ${run.worktree}${body}`
    return ok({ data: { bead, run }, text })
  })
}

/**
 * Text for the model at the start of a session, and after compaction; with --hook the source comes on stdin. From a
 * hook an error is text too: the model must know that it could not be primed, and never takes it for "no work".
 */
async function prime(context: Context, fromHook: boolean): Promise<Answer> {
  const source = fromHook ? sourceOf(readStdin()) : 'startup'
  const answer = await withTown(context, (town) => primeFor(town, source))
  if (!fromHook || answer.kind === 'ok') return answer
  const { code, message } = answer.failure
  const text = `gt could not read your assignment (${code}): ${message} This is an error, not "no work". Try: gt hook`
  return ok({ data: { text }, text })
}

async function primeFor(town: OpenTown, source: Source): Promise<Answer> {
  const [{ primeText }, { listRigs }, { findRun }, { mergeOf }, { inheritedBy }] = await Promise.all([
    import('../agents/prime.ts'),
    import('../town/settings.ts'),
    import('../kernel/runs.ts'),
    import('../kernel/merges.ts'),
    import('../kernel/ladder.ts'),
  ])
  const { env } = town
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
    rigs: rigs.kind === 'ok' ? rigs.value : [],
  })
  return ok({ data: { text }, text })
}

type Source = 'startup' | 'resume' | 'clear' | 'compact'
const SOURCES: readonly Source[] = ['startup', 'resume', 'clear', 'compact']

function sourceOf(json: string): Source {
  try {
    const { source } = JSON.parse(json) as { source?: string }
    return SOURCES.find((known) => known === source) ?? 'startup'
  } catch {
    return 'startup'
  }
}

function readStdin(): string {
  try {
    return readFileSync(0, 'utf8')
  } catch {
    return ''
  }
}

/** Prints what waits in the inbox, once, in the form that the hook event wants. Called by the hook guard. */
async function deliver(context: Context, event: string): Promise<Answer> {
  const [{ drainInbox }, { hookOutput }, { agentDir }] = await Promise.all([
    import('../agents/inbox.ts'),
    import('../agents/claude.ts'),
    import('../agents/launch.ts'),
  ])
  const root = context.env.GT_TOWN
  if (!root) return fail('E_NOT_AN_AGENT', 'GT_TOWN is not set.')
  const messages = drainInbox(agentDir(root, { fence: context.env.GT_RUN || undefined, address: actor(context.env) }))
  if (messages.kind === 'error') return messages
  const text = messages.kind === 'ok' ? hookOutput(event, messages.value.join('\n\n')) : null
  return ok({ data: null, text: text ?? '' })
}

/**
 * Where no driver runs (a sling without --wait, no daemon) nobody would end the session of a finished worker. A small
 * process of its own does, after the agent had time for its last sentence.
 */
async function endAfterLastWords(town: OpenTown, said: Said): Promise<void> {
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
      import('../deacon/plan.ts'),
      import('../kernel/runs.ts'),
    ])
    await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))
    town.ledger.refresh()
    const run = findRun(town.ledger.state.beads.values(), fence)?.run
    if (run === undefined || !(run.state === 'submitted' || isTerminal(run))) return ok({ data: null, text: '' })
    const ended = await town.runtime.end(run.session)
    return ended.kind === 'error' ? ended : ok({ data: null, text: '' })
  })
}
