/** Workers as people see them: `gt polecat list`, `gt run show | stop`, `gt peek`, `gt attach`, `gt restore`. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { archivedBeads } from '../beads/archive-read.ts'
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { lookUp } from '../beads/fold.ts'
import { restoreArchive } from '../git/archive.ts'
import { allRuns, findRun, isTerminal, liveRun } from '../kernel/runs.ts'
import { lastRun } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { stopRun } from '../polecats/stop.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { evaluate } from '../witness/evaluate.ts'
import { observe } from '../witness/observe.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const polecat = program
    .command('polecat')
    .description('Workers: each has one bead, one worktree and one session.')
    .addHelpText('after', '\nExample:\n  gt polecat list')
  action(polecat.command('list').description('Who is at work.'), () => list(context))
  const run = program
    .command('run')
    .description('One bead on one worker.')
    .addHelpText('after', '\nExample:\n  gt run show ap-x3k9f\n  gt run stop app/toast --reason "wrong bead"')
  action(
    run.command('show').description('One run, and what became of it.').argument('<run>', 'fence, worker or bead'),
    (who: string) => show(context, who),
  )
  action(
    run
      .command('stop')
      .description('End a run now. Its work is archived, its bead is open again.')
      .argument('<run>', 'fence, worker or bead')
      .option('--reason <text>', 'why', 'stopped by a person'),
    (who: string, options: { reason: string }) => stop(context, who, options.reason),
  )
  action(
    program
      .command('peek')
      .description('The last lines of an agent’s screen.')
      .argument('<agent>', 'worker, run, bead, or mayor')
      .option('-n, --lines <n>', 'how many', '40')
      .addHelpText('after', '\nExample:\n  gt peek app/toast -n 100'),
    (who: string, options: { lines: string }) => peek(context, who, options.lines),
  )
  action(
    program
      .command('attach')
      .description('Go to an agent’s screen. Ctrl-b d comes back; the agent goes on.')
      .argument('<agent>', 'worker, run, bead, or mayor')
      .addHelpText('after', '\nExample:\n  gt attach app/toast'),
    (who: string) => attach(context, who),
  )
  action(
    program
      .command('restore')
      .description('Get back what a run left behind: its commits and its uncommitted files.')
      .argument('<run>', 'fence, worker or bead')
      .option('--to <dir>', 'a new folder (default: ./<run>)')
      .addHelpText('after', '\nExample:\n  gt restore k3x9f2 --to /tmp/salvage'),
    (who: string, options: { to?: string }) => restore(context, who, options.to),
  )
}

/** A run by fence, by worker address (`app/toast` too), or the newest of a bead. */
function findAnyRun(town: OpenTown, who: string): Result<{ bead: Bead; run: Run }> {
  const beads = town.ledger.state.beads
  const byFence = findRun(beads.values(), who)
  if (byFence) return ok(byFence)
  const [rig, ...rest] = who.split('/')
  if (rest.length > 0) {
    const isRefinery = rest.length === 1 && rest[0] === 'refinery'
    const address = isRefinery ? `${rig}/refinery` : `${rig}/polecats/${rest.at(-1)}`
    const all = [...allRuns(beads.values())].filter(({ run }) => run.agent === address)
    const newest = all.sort((a, b) => (a.run.claimed_at < b.run.claimed_at ? 1 : -1))
    const found = newest.find(({ bead, run }) => liveRun(bead)?.fence === run.fence) ?? newest[0]
    if (found) return ok(found)
  }
  const bead = lookUp(town.ledger.state, who)
  const run = bead && lastRun(bead)
  if (bead && run) return ok({ bead, run })
  // What a run of long ago left behind is kept (law 4), so its name is still known.
  const archived = findRun(archivedBeads(town.ledger.dir), who)
  if (archived) return ok(archived)
  return fail('E_NO_RUN', `There is no run, worker or bead with a run called ${who}.`, { hint: 'gt polecat list' })
}

function list(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const now = town.now()
    const live = [...town.ledger.state.live.values()].flat()
    const evidence = observe(town, live, await town.runtime.list())
    const rows = live.map((run) => {
      const verdict = evaluate(run, evidence.get(run.fence)!, now.getTime(), town.settings.workers.quiet_after)
      return { ...run, health: run.state === 'submitted' ? 'finished' : verdict.is }
    })
    const text = columns(
      rows.map((run) => [run.agent, run.state, run.health, age(run.since, now), run.bead, run.fence]),
    )
    return ok({ data: rows, text: text || 'Nobody is at work. Next: gt sling <bead> <rig>' })
  })
}

function show(context: Context, who: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findAnyRun(town, who)
    if (found.kind === 'error') return found
    const { run, bead } = found.value
    const rows = [
      ['run', run.fence],
      ['bead', `${bead.id}  ${plain(bead.title)}`],
      ['worker', `${run.agent} (${run.preset}), attempt ${run.attempt}, round ${run.round}`],
      ['state', `${run.state} since ${run.since}${run.reason ? `: ${plain(run.reason, 400)}` : ''}`],
      ['branch', `${run.branch} from ${run.base ?? '-'}`],
      ['worktree', run.cleared ? 'cleared' : run.worktree],
      ['archive', run.archive ? `${run.archive}: gt restore ${run.fence}` : '-'],
      ['merge', run.merge_request ?? '-'],
    ]
    return ok({ data: run, text: columns(rows) })
  })
}

function stop(context: Context, who: string, reason: string): Promise<Answer> {
  return withTown(context, async (town) => {
    if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not stop runs.')
    const found = findAnyRun(town, who)
    if (found.kind === 'error') return found
    const { bead, run } = found.value
    if (isTerminal(run)) return ok({ data: run, text: `Run ${run.fence} had ended already (${run.state}).` })
    const ended = await stopRun(town, bead, run, reason, actor(town.env))
    if (ended.kind === 'error') return ended
    const after = findRun(town.ledger.state.beads.values(), run.fence)?.run
    return ok({
      data: after,
      text: `Run ${run.fence} is stopped; ${bead.id} is open. What it left: gt restore ${run.fence}`,
    })
  })
}

/** The session a person means. */
async function sessionOf(town: OpenTown, who: string): Promise<Result<string>> {
  if (who === 'mayor') {
    const { MAYOR_SESSION } = await import('../mayor/mayor.ts')
    return ok(MAYOR_SESSION)
  }
  const found = findAnyRun(town, who)
  return found.kind === 'error' ? found : ok(found.value.run.session)
}

function peek(context: Context, who: string, lines: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const session = await sessionOf(town, who)
    if (session.kind === 'error') return session
    const screen = await town.runtime.peek(session.value, Math.max(1, Number(lines) || 40))
    if (screen.kind === 'error') return screen
    if (screen.kind === 'unknown')
      return fail('E_RUNTIME', `The screen could not be read: ${screen.why}.`, { exit: EXIT.tryAgain })
    if (screen.kind === 'empty')
      return fail('E_NO_SESSION', `${who} has no session now.`, { hint: `gt run show ${who}` })
    return ok({ data: { session: session.value, text: screen.value }, text: screen.value.trimEnd() })
  })
}

export function attach(context: Context, who: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const session = await sessionOf(town, who)
    if (session.kind === 'error') return session
    const look = await town.runtime.look(session.value)
    if (look.kind === 'error') return look
    if (look.kind !== 'ok')
      return fail('E_NO_SESSION', `${who} has no session now.`, {
        hint: who === 'mayor' ? 'gt mayor start' : `gt run show ${who}`,
      })
    const [program, ...args] = town.runtime.attachArgv(session.value)
    if (context.json) return ok({ data: { argv: [program, ...args] }, text: '' })
    if (!process.stdin.isTTY) return fail('E_NO_TTY', 'Attaching needs a terminal.', { hint: `gt peek ${who}` })
    const { execa } = await import('execa')
    const done = await execa(program!, args, { stdio: 'inherit', env: { TMUX: '' }, reject: false })
    return done.exitCode === 0
      ? ok({ data: null, text: '' })
      : fail('E_RUNTIME', `The screen of ${who} could not be shown.`)
  })
}

function restore(context: Context, who: string, to?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const found = findAnyRun(town, who)
    if (found.kind === 'error') return found
    const { run } = found.value
    const restored = await restoreArchive({
      gitDir: town.paths.rig(run.rig).repo,
      fence: run.fence,
      to: resolve(context.cwd, to ?? run.fence),
    })
    if (restored.kind === 'error') return restored
    return ok({
      data: { run: run.fence, ...restored.value },
      text: `What run ${run.fence} left is in ${restored.value.path}`,
    })
  })
}
