/** `gt sling <bead…> <rig or worker>`: put beads on workers; with --wait, see them landed. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Slung } from '../beads/facts.ts'
import { git } from '../git/run.ts'
import { lastRun, reasonOf, SETTLED, standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { dispatch, validate } from '../polecats/dispatch.ts'
import { order, parseTarget, sling } from '../polecats/sling.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context, Output } from './context.ts'
import { action } from './context.ts'
import { agreePermissions } from './permissions.ts'
import { columns, findBead, plain, withTown } from './town.ts'

interface SlingOptions {
  agent?: string
  wait?: boolean
  timeout?: string
  permissions?: string
}

export function register(program: Command, context: Context): void {
  const command = program
    .command('sling')
    .description('Put beads on workers. Slinging a bead that already runs answers its run.')
    .argument('<beads-and-target...>', 'one or more beads, then a rig (or <rig>/polecats/<name>)')
    .option('--agent <name>', 'which agent does it: claude, script, or one of town.toml')
    .option('--wait', 'wait until everything is landed: exit 0 landed, 1 failed, 2 needs a person')
    .option('--timeout <time>', 'with --wait: give up waiting after this long, such as 20m (the work goes on)')
    .option('--permissions <mode>', 'agree once to what workers may do: bypass or acceptEdits')
    .addHelpText('after', '\nExample:\n  gt sling ap-x3k9f ap-p01qa app --wait --timeout 1h')
  action(command, (words: string[], options: SlingOptions) => slingCommand(context, words, options))
}

export function slingCommand(context: Context, words: string[], options: SlingOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const plan = await prepare(town, context, words, options)
    if (plan.kind === 'error') return plan
    const { beads, slung } = plan.value
    for (const bead of beads) {
      if (options.wait && isOver(bead)) continue
      const ordered = sling(town, bead.id, slung)
      if (ordered.kind === 'error') return ordered
    }
    const { releaseSettled } = await import('../refinery/movable.ts')
    const released = await releaseSettled(town, slung.rig)
    if (released.kind === 'error') return released
    const ids = beads.map((bead) => bead.id)
    if (options.wait) {
      // Whoever waits for an open pull request is told how it stands now, not how it stood last.
      const { lookAtPulls } = await import('../refinery/pull.ts')
      const looked = await lookAtPulls(town, slung.rig, ids)
      if (looked.kind === 'error') context.progress(looked.failure.message)
      const { waitFor } = await import('./wait.ts')
      const timeout = options.timeout === undefined ? undefined : parseDuration(options.timeout)
      return waitFor(town, context, ids, timeout)
    }
    return startNow(town, context, ids)
  })
}

/** What a waiting sling wants has come true already: "the same command waits again" must not fail for it. */
function isOver(bead: Bead): boolean {
  const { outcome } = facts(bead)
  return bead.status === 'closed' && (outcome === 'landed' || outcome === 'done')
}

/** Checks everything before anything is written: one wrong bead and nothing is slung. */
async function prepare(
  town: OpenTown,
  context: Context,
  words: string[],
  options: SlingOptions,
): Promise<Result<{ beads: Bead[]; slung: Slung }>> {
  if (words.length < 2) {
    return fail('E_USAGE', 'Say which beads, and onto which rig.', { hint: 'gt sling <bead…> <rig>', exit: EXIT.usage })
  }
  if (options.timeout !== undefined && parseDuration(options.timeout) === undefined) {
    return fail('E_USAGE', `"${options.timeout}" is no duration.`, { hint: '--timeout 20m', exit: EXIT.usage })
  }
  const target = parseTarget(words.at(-1) ?? '')
  if (target.kind === 'error') return target
  const rig = await town.rig(target.value.rig)
  if (rig.kind === 'error') return rig
  const slung: Slung = {
    ...target.value,
    by: actor(town.env),
    at: town.now().toISOString(),
    ...(options.agent !== undefined && { preset: options.agent }),
  }
  const beads: Bead[] = []
  for (const partial of words.slice(0, -1)) {
    const bead = findBead(town, partial)
    if (bead.kind === 'error') return bead
    if (!beads.some((known) => known.id === bead.value.id)) beads.push(bead.value)
    if (options.wait && isOver(bead.value)) continue
    const change = order(bead.value, slung)
    if (change.kind === 'error') return change
    if (change.value === null) continue
    const agreed = await agreePermissions(town, context, options.permissions)
    if (agreed.kind === 'error') return agreed
    const valid = await validate(town, bead.value.id, slung)
    // A bead that must wait may be ordered; anything else that is wrong is said before something is changed.
    if (valid.kind === 'error' && valid.failure.code !== 'E_NOT_READY') return valid
  }
  const programs = await neededPrograms(town)
  return programs.kind === 'error' ? programs : ok({ beads, slung })
}

/** What every start needs beside its agent: a claim that cannot start would only have to be undone again. */
async function neededPrograms(town: OpenTown): Promise<Result<void>> {
  const [version, sessions] = await Promise.all([git(['--version']), town.runtime.list()])
  for (const asked of [version, sessions]) {
    if (asked.kind === 'error') return { kind: 'error', failure: { ...asked.failure, kept: 'Nothing was slung.' } }
  }
  return ok(undefined)
}

/** One row of the answer. */
export interface Row {
  bead: string
  run: string | null
  agent: string | null
  state: string
  reason?: string
}

export function rowOf(town: OpenTown, id: string): Row {
  const bead = town.ledger.state.beads.get(id)
  if (bead === undefined) return { bead: id, run: null, agent: null, state: 'unknown' }
  const run = lastRun(bead)
  const state = standing(town.ledger.state, bead, town.now())
  const reason = state === 'landed' ? '' : reasonOf(town.ledger.state, bead, town.now())
  return { bead: id, run: run?.fence ?? null, agent: run?.agent ?? null, state, ...(reason !== '' && { reason }) }
}

export function rowsText(rows: Row[]): string {
  return columns(rows.map((row) => [row.bead, row.state, row.agent ?? '-', plain(row.reason ?? '', 120)]))
}

/** Dispatches what can start now, side by side; what has to wait stays slung. */
async function startNow(town: OpenTown, context: Context, ids: string[]): Promise<Answer> {
  const failures: Failure[] = []
  const started = await Promise.all(ids.map((id) => startOne(town, context, id, failures)))
  const rows = ids.map((id) => rowOf(town, id))
  const waiting = rows.filter((row) => row.state === 'waiting').length
  const lines = [rowsText(rows)]
  if (waiting > 0) lines.push(`${waiting} wait${waiting === 1 ? 's' : ''} for a free worker or a dependency.`)
  lines.push(await hintAboutDriver(town))
  const output: Output = { data: rows, text: lines.filter(Boolean).join('\n') }
  const failure = failures[0]
  if (failure === undefined || started.some(Boolean)) return ok(output)
  return ok({
    ...output,
    exit: failure.exit,
    problem: {
      code: failure.code,
      message: `${failure.message}${failure.kept ? ` ${failure.kept}` : ''}`,
      ...(failure.hint && { hint: failure.hint }),
    },
  })
}

async function startOne(town: OpenTown, context: Context, id: string, failures: Failure[]): Promise<boolean> {
  const bead = town.ledger.state.beads.get(id)
  if (bead === undefined || SETTLED.has(standing(town.ledger.state, bead, town.now()))) return true
  const done = await dispatch(town, id, actor(town.env))
  if (done.kind === 'ok') {
    if (done.value.is === 'running')
      context.progress(`${id} runs on ${done.value.run.agent}: gt attach ${done.value.run.agent}`)
    return true
  }
  if (done.failure.code === 'E_NOT_READY') return true
  context.progress(done.failure.message)
  failures.push(done.failure)
  return false
}

/** Nobody lands work while neither the Deacon nor a waiting sling runs: say so. */
async function hintAboutDriver(town: OpenTown): Promise<string> {
  const { driverAlive } = await import('../deacon/daemon.ts')
  return driverAlive(town) ? '' : 'The town’s daemon is not running, so nothing lands yet: gt up   (or add --wait)'
}
