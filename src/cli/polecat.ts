/** Workers as people see them: `gt polecat list`, `gt run show | stop`, `gt peek`, `gt attach`, `gt restore`. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { Crew } from '../crew/who.ts'
import { crewSession, findCrew } from '../crew/who.ts'
import { hasArchive, restoreArchive } from '../git/archive.ts'
import { findRun, isTerminal } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { stopRun } from '../polecats/stop.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { lookAt, verdictWords } from '../witness/look.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findAnyRun } from './find-run.ts'
import { age, columns, plain, withTown, withTownAnyhow } from './town.ts'

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
    (who: string, options: { reason: string }) => stopOne(context, who, options.reason),
  )
  action(
    program
      .command('peek')
      .description('The last lines of an agent’s screen.')
      .argument('<agent>', 'worker, run, bead, crew member, or mayor')
      .option('-n, --lines <n>', 'how many', '40')
      .addHelpText('after', '\nExample:\n  gt peek app/toast -n 100'),
    (who: string, options: { lines: string }) => peek(context, who, options.lines),
  )
  action(
    program
      .command('attach')
      .description('Go to an agent’s screen. Ctrl-b d comes back; the agent goes on.')
      .argument('[agent]', 'worker, run, bead, crew member, or mayor')
      .option('--next', 'the agent whose trouble is first in gt attend; after it, the one after that')
      .addHelpText('after', '\nExample:\n  gt attach app/toast\n  gt attach --next'),
    (who: string | undefined, options: { next?: boolean }) =>
      who === undefined && !options.next ? usage() : attach(context, options.next ? undefined : who),
  )
  action(
    program
      .command('restore')
      .description('Get back what a run or a crew member left behind: commits and uncommitted files.')
      .argument('<run>', 'fence, worker, bead or crew member')
      .option('--to <dir>', 'a new folder (default: ./<run>)')
      .addHelpText('after', '\nExample:\n  gt restore k3x9f2 --to /tmp/salvage'),
    (who: string, options: { to?: string }) => restore(context, who, options.to),
  )
}

function list(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const now = town.now()
    const live = [...town.ledger.state.live.values()].flat()
    const active = live.filter((run) => ACTIVE_RUN.has(run.state))
    const verdicts = await lookAt(town, active)
    const rows = live.map((run) => {
      const verdict = verdicts.get(run.fence)
      if (verdict === undefined) return { ...run, health: run.state === 'parked' ? 'parked' : 'finished', doing: null }
      const doing = 'doing' in verdict && verdict.doing.is !== 'unknown' ? verdict.doing.is : null
      return { ...run, health: verdict.is, doing }
    })
    const text = columns(
      rows.map((run) => [
        run.agent,
        run.state,
        run.doing === null ? run.health : `${run.health}, ${run.doing}`,
        age(run.since, now),
        run.bead,
        run.fence,
      ]),
    )
    return ok({ data: rows, text: text || 'Nobody is at work. Next: gt sling <bead> <rig>' })
  })
}

function show(context: Context, who: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const found = findAnyRun(town, who)
    if (found.kind === 'error') return found
    const { run, bead } = found.value
    const verdict = ACTIVE_RUN.has(run.state) ? (await lookAt(town, [run], true)).get(run.fence) : undefined
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
    if (verdict !== undefined) {
      rows.push(['verdict', plain(verdictWords(verdict), 400)])
      verdict.evidence.forEach((line, n) => void rows.push([n === 0 ? 'evidence' : '', plain(line, 200)]))
    }
    return ok({ data: { ...run, verdict: verdict ?? null }, text: columns(rows) })
  })
}

/** `gt stop <run>` and `gt run stop <run>`: one run ends now, its whole process tree with it. */
export function stopOne(context: Context, who: string, reason: string): Promise<Answer> {
  return withTownAnyhow(context, (town) => stopIn(town, who, reason))
}

export async function stopIn(town: OpenTown, who: string, reason: string): Promise<Answer> {
  if (town.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not stop runs.')
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
}

/** The session a person means. */
async function sessionOf(town: OpenTown, who: string): Promise<Result<string>> {
  if (who === 'mayor') {
    const { MAYOR_SESSION } = await import('../mayor/mayor.ts')
    return ok(MAYOR_SESSION)
  }
  const member = crewMeant(town, who)
  if (member !== undefined) return member.kind === 'error' ? member : ok(crewSession(member.value.crew))
  const found = findAnyRun(town, who)
  return found.kind === 'error' ? found : ok(found.value.run.session)
}

/** The crew member that these words mean; undefined: they mean none. A short name that a worker has too is the worker's. */
function crewMeant(town: OpenTown, who: string, past = false): Result<Crew> | undefined {
  const found = findCrew(town.ledger.state, who, past)
  if (who.split('/')[1] === 'crew') return found
  return found.kind === 'ok' && findAnyRun(town, who).kind === 'error' ? found : undefined
}

async function peek(context: Context, who: string, lines: string): Promise<Answer> {
  if (!/^[1-9]\d{0,5}$/.test(lines)) {
    return fail('E_USAGE', `"${lines}" is no number of lines.`, { hint: `gt peek ${who} -n 40`, exit: EXIT.usage })
  }
  return withTown(context, async (town) => {
    const session = await sessionOf(town, who)
    if (session.kind === 'error') return session
    const screen = await town.runtime.peek(session.value, Number(lines))
    if (screen.kind === 'error') return screen
    if (screen.kind === 'unknown')
      return fail('E_RUNTIME', `The screen could not be read: ${screen.why}.`, { exit: EXIT.tryAgain })
    if (screen.kind === 'empty')
      return fail('E_NO_SESSION', `${who} has no session now.`, { hint: startHint(town, who) })
    return ok({ data: { session: session.value, text: screen.value }, text: screen.value.trimEnd() })
  })
}

const usage = (): Answer =>
  fail('E_USAGE', 'Say whose screen.', { hint: 'gt attach <agent>, or gt attach --next', exit: EXIT.usage })

/** Without a name: to whoever waits for the person and is not on this screen. */
export function attach(context: Context, name: string | undefined): Promise<Answer> {
  return withTown(context, async (town) => {
    const session =
      name === undefined ? await (await import('./attach-next.ts')).nextSession(town) : await sessionOf(town, name)
    if (session.kind === 'error') return session
    const who = name ?? session.value
    const look = await town.runtime.look(session.value)
    if (look.kind === 'error') return look
    if (look.kind !== 'ok')
      return fail('E_NO_SESSION', `${who} has no session now.`, {
        hint: startHint(town, who),
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

function startHint(town: OpenTown, who: string): string {
  if (who === 'mayor') return 'gt mayor start'
  return crewMeant(town, who) === undefined ? `gt run show ${who}` : `gt crew start ${who}`
}

/** A fence that the ledger does not know (any more) and whose worktree a Dog archived. */
async function unknownRun(town: OpenTown, fence: string): Promise<Pick<Run, 'fence' | 'rig'> | undefined> {
  const { listRigs } = await import('../town/settings.ts')
  const rigs = listRigs(town.root)
  for (const rig of rigs.kind === 'ok' ? rigs.value : []) {
    const kept = await hasArchive({ gitDir: town.paths.rig(rig).repo, fence })
    if (kept.kind === 'ok') return { fence, rig }
  }
  return undefined
}

function restore(context: Context, who: string, to?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const member = crewMeant(town, who, true)
    if (member?.kind === 'error') return member
    const found = findAnyRun(town, who)
    const run = member?.value.crew ?? (found.kind === 'ok' ? found.value.run : await unknownRun(town, who))
    if (run === undefined) return found as Result<never>
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
