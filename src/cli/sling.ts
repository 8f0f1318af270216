/** `gt sling <bead…> <rig or worker>`: put beads on workers; with --wait, see them landed. */
import type { Command } from 'commander'
import { takesModel } from '../agents/models.ts'
import { presetFor } from '../agents/preset.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Slung } from '../beads/facts.ts'
import { around } from '../convoys/around.ts'
import { memberBead } from '../convoys/members.ts'
import { Paces } from '../convoys/pace.ts'
import { gateNow } from '../costs/gate.ts'
import { git } from '../git/run.ts'
import { lastRun, reasonOf, SETTLED, standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Work } from '../meow/work.ts'
import { dispatch, validate } from '../polecats/dispatch.ts'
import { order, parseTarget, sling } from '../polecats/sling.ts'
import type { Err, Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context, Output } from './context.ts'
import { action } from './context.ts'
import type { FormulaOptions } from './mol-options.ts'
import { withFormulaOptions } from './mol-options.ts'
import { agreePermissions } from './permissions.ts'
import type { Asked } from './sling-groups.ts'
import { askedFor, followed, hasCome } from './sling-groups.ts'
import { columns, findBead, plain, withTown } from './town.ts'

interface SlingOptions extends FormulaOptions {
  on?: string
  agent?: string
  model?: string
  wait?: boolean
  timeout?: string
  permissions?: string
  convoy?: string
}

export function register(program: Command, context: Context): void {
  const command = program
    .command('sling')
    .description('Put beads, or a formula, on workers; several are one convoy, and so is an epic. What runs goes on.')
    .argument('<beads-and-target...>', 'beads, epics, or one formula; then a rig (or <rig>/polecats/<name>)')
    .option('--agent <name>', 'which agent does it: claude, script, or one of town.toml')
    .option('--model <name>', 'which model its agent starts with')
    .option('--wait', 'wait until everything is landed: exit 0 landed, 1 failed, 2 needs a person')
    .option('--timeout <time>', 'with --wait: give up waiting after this long, such as 20m (the work goes on)')
    .option('--on <bead>', 'with a formula: this bead gets its steps')
    .option('--convoy <name>', 'what the convoy of these beads is called')
    .option('--permissions <mode>', 'agree once to what workers may do: bypass or acceptEdits')
    .addHelpText(
      'after',
      '\nExample:\n  gt sling ap-x3k9f ap-p01qa app --wait --timeout 1h\n  gt sling polecat-work app --on ap-x3k9f\n  gt sling code-review app --var branch=main --preset quick',
    )
  withFormulaOptions(command)
  action(command, (words: string[], options: SlingOptions) => slingCommand(context, words, options))
}

/** Also for who made a bead that is to start now. */
export function slingCommand(context: Context, words: string[], options: SlingOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const formula = await ofFormula(town, context, words, options)
    if (formula.kind === 'error') return formula
    const made = formula.value
    const meant = made ? ok(ofWork(town, made)) : await askedFor(town, words, options.wait)
    if (meant.kind === 'error') return meant
    const plan = await prepare(town, context, [...meant.value.beads, ...words.slice(-1)], options)
    if (plan.kind === 'error') return made ? madeButNotSlung(plan, made, words.at(-1)!) : plan
    const { beads, slung } = plan.value
    const convoy = await convoyOf(town, meant.value, beads, options)
    if (convoy.kind === 'error') return convoy
    for (const line of meant.value.left) context.progress(`left out: ${line}`)
    for (const bead of beads) {
      const preset = options.agent ?? made?.agents.get(bead.id)
      const ordered = isThere(town, bead, options)
        ? ok(undefined)
        : sling(town, bead.id, { ...slung, ...(preset !== undefined && { preset }) })
      // It may land under our eyes.
      if (ordered.kind === 'error' && !isThere(town, bead, options)) return ordered
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
      return waitFor(town, context, ids, timeout, convoy.value)
    }
    return startNow(town, context, ids, convoy.value)
  })
}

const ofWork = ({ ledger }: OpenTown, { root, beads }: Work): Asked => {
  const bead = ledger.state.beads.get(root)
  return { asked: bead === undefined ? [] : [bead], beads, left: [] }
}

/** What is over already is followed by nobody. */
async function convoyOf(
  town: OpenTown,
  { asked }: Asked,
  beads: readonly Bead[],
  { convoy }: SlingOptions,
): Promise<Result<string | null>> {
  return beads.every(hasCome)
    ? ok(null)
    : followed(
        town,
        asked.map(({ id }) => id),
        convoy,
      )
}

/** What the words make when they name a formula; whatever would keep it from starting is said before anything is made. */
async function ofFormula(
  town: OpenTown,
  context: Context,
  words: string[],
  options: SlingOptions,
): Promise<Result<Work | undefined>> {
  const [first] = words
  const asks = options.on ?? options.var ?? options.preset ?? options.legs
  if (first === undefined || words.length < 2) return ok(undefined)
  const bead = town.ledger.state.beads.get(first)
  if (bead !== undefined && facts(bead).frozen === undefined && asks === undefined) return ok(undefined)
  const { slungFormula } = await import('./sling-formula.ts')
  const ready = async (): Promise<Result<void>> => {
    const agreed = await agreePermissions(town, context, options.permissions)
    return agreed.kind === 'error' ? agreed : neededPrograms(town)
  }
  return slungFormula(town, words, options, ready)
}

function madeButNotSlung(refused: Err, { root, beads }: Work, target: string): Err {
  const kept = `${root} was made and waits; it was not slung.`
  const hint = `${refused.failure.hint ?? ''}   then: gt sling ${beads.join(' ')} ${target}`.trim()
  return { kind: 'error', failure: { ...refused.failure, kept, hint } }
}

/** What a waiting sling wants has come true already: "the same command waits again" must not fail for it. */
const isThere = ({ ledger }: OpenTown, { id }: Bead, { wait }: SlingOptions): boolean => {
  const bead = ledger.state.beads.get(id)
  return wait === true && bead !== undefined && hasCome(bead)
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
  if (options.model !== undefined && !/^[A-Za-z0-9][\w.:/@[\]-]*$/.test(options.model)) {
    return fail('E_USAGE', `"${options.model}" cannot be the name of a model.`, {
      hint: '--model sonnet',
      exit: EXIT.usage,
    })
  }
  const agent = presetFor(options.agent ?? rig.value.workers.agent ?? town.settings.workers.agent, town.settings.agents)
  if (options.model !== undefined && agent.kind === 'ok' && !takesModel(agent.value)) {
    const { name } = agent.value
    return fail('E_USAGE', `The agent "${name}" is not told which model to take.`, {
      kept: 'Nothing was slung.',
      hint: 'Leave --model out, or say in its table which option names the model (model_flag, docs/agents.md).',
      exit: EXIT.usage,
    })
  }
  const slung: Slung = {
    ...target.value,
    by: actor(town.env),
    at: town.now().toISOString(),
    ...(options.agent !== undefined && { preset: options.agent }),
    ...(options.model !== undefined && { model: options.model }),
  }
  const beads: Bead[] = []
  for (const partial of words.slice(0, -1)) {
    const bead = findBead(town, partial)
    if (bead.kind === 'error') return bead
    if (!beads.some((known) => known.id === bead.value.id)) beads.push(bead.value)
    if (isThere(town, bead.value, options)) continue
    const change = order(bead.value, slung)
    if (change.kind === 'error') return change
    if (change.value === null) continue
    const agreed = await agreePermissions(town, context, options.permissions)
    if (agreed.kind === 'error') return agreed
    const valid = await validate(town, bead.value.id, slung)
    // A bead that must wait may be ordered; anything else that is wrong is said before something is changed.
    if (valid.kind === 'error' && valid.failure.code !== 'E_NOT_READY' && !isThere(town, bead.value, options))
      return valid
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
  /** What it was sent off with, when that is more than itself. */
  convoy?: string
}

/** A row for each. What keeps one from starting may stand outside the ledger: the machine, a slot, a person's hold. */
export function rowsOf(town: OpenTown, ids: string[], convoy: string | null = null): Row[] {
  let paces: Paces | undefined
  return ids.map((id) => {
    const row = rowOf(town, id, convoy)
    if (row.state !== 'waiting' || row.reason !== undefined) return row
    paces ??= new Paces(town.ledger.state, around(town))
    const { cause } = paces.of(id)
    return cause === undefined || cause.is === 'next' ? row : { ...row, reason: cause.text }
  })
}

function rowOf(town: OpenTown, id: string, convoy: string | null): Row {
  const bead = memberBead(town.ledger.state, id)
  if (bead === undefined) return { bead: id, run: null, agent: null, state: 'unknown' }
  const run = lastRun(bead)
  const state = standing(town.ledger.state, bead, town.now())
  const reason = state === 'landed' ? '' : reasonOf(town.ledger.state, bead, town.now(), gateNow(town, town.now()))
  return {
    bead: id,
    run: run?.fence ?? null,
    agent: run?.agent ?? null,
    state,
    ...(reason !== '' && { reason }),
    ...(convoy !== null && convoy !== id && { convoy }),
  }
}

export function rowsText(rows: Row[]): string {
  return columns(rows.map((row) => [row.bead, row.state, row.agent ?? '-', plain(row.reason ?? '', 120)]))
}

/** Dispatches what can start now, side by side; what has to wait stays slung. */
async function startNow(town: OpenTown, context: Context, ids: string[], convoy: string | null): Promise<Answer> {
  const failures: Failure[] = []
  const started = await Promise.all(ids.map((id) => startOne(town, context, id, failures)))
  const rows = rowsOf(town, ids, convoy)
  const waiting = rows.filter((row) => row.state === 'waiting').length
  const lines = [rowsText(rows)]
  if (waiting > 0) lines.push(`${waiting} wait${waiting === 1 ? 's for its' : ' for their'} turn: gt status`)
  const together = rows.find((row) => row.convoy !== undefined)?.convoy
  if (together !== undefined) lines.push(`Convoy ${together}: gt convoy show ${together}`)
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
