/**
 * `gt gate create | show | open | check`: gates that are waited for, not the commands that test
 * a landing (cli/gate.ts). What the daemon does by itself these do at once, by the same functions.
 */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { GateFacts } from '../beads/facts.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { openGate } from '../meow/gates/change.ts'
import { checkGate } from '../meow/gates/check.ts'
import { readChecks } from '../meow/gates/checks.ts'
import { createGate } from '../meow/gates/create.ts'
import { gateWords, isGate, isPending } from '../meow/gates/gate.ts'
import { allowCommand } from '../meow/gates/permission.ts'
import { openGates } from '../meow/gates/waits.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import { homeOf } from './bead-create.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { rowOf } from './gate-rows.ts'
import { columns, findBead, mustApply, plain, withTown } from './town.ts'

interface CreateOptions {
  type?: string
  id?: string
  timer?: string
  timeout?: string
  deadline?: string
  default?: string
  blocks?: string[]
  command?: string
  reason?: string
  rig?: string
}

export function registerWaits(gate: Command, context: Context): void {
  action(
    gate
      .command('create')
      .description('Make a wait: a gate that opens when something has happened. Beads that need it start then.')
      .option('--type <type>', 'timer, bead, mail, human, gh:run, gh:pr or command')
      .option('--id <id>', 'what is waited for: bead, subject or sender, run or workflow, pull request')
      .option('--timer <time>', 'short for --type timer --timeout <time>')
      .option('--command <line>', 'short for --type command: it opens when this shell line exits with 0')
      .option('--timeout <time>', 'of a timer: how long; of the others: the latest, after which --default holds')
      .option('--deadline <when>', 'the same as a point in time')
      .option('--default <what>', 'at the deadline: open, fail, or ask a person', 'ask')
      .option('--blocks <bead...>', 'beads that need it')
      .option('--reason <text>', 'why there is a wait, for people')
      .option('--rig <rig>', 'default: that of the first bead it blocks, of this worker, or the only one')
      .addHelpText(
        'after',
        '\nExamples:\n  gt gate create --timer 2h --blocks ap-x3k9f\n  gt gate create --type gh:pr --id 41 --timeout 3d --default fail\n  gt gate create --type human --reason "Is the new price list signed?"',
      ),
    (options: CreateOptions) => create(context, options),
  )
  action(
    gate
      .command('show')
      .description('One gate: what it waits for, who waits for it, what came of it.')
      .argument('<gate>')
      .addHelpText('after', '\nExample:\n  gt gate show ap-g81qz'),
    (id: string) => show(context, id),
  )
  action(
    gate
      .command('open')
      .description('Open a gate by a person’s word, also one that failed.')
      .argument('<gate>')
      .option('--reason <text>', 'what came', 'opened by a person')
      .addHelpText('after', '\nExample:\n  gt gate open ap-g81qz --reason "signed on Monday"'),
    (id: string, options: { reason: string }) => open(context, id, options.reason),
  )
  action(
    gate
      .command('check')
      .description('Look now, without waiting for the daemon: at one gate, or at all that are pending.')
      .argument('[gate]')
      .addHelpText('after', '\nExample:\n  gt gate check'),
    (id?: string) => check(context, id),
  )
}

function create(context: Context, options: CreateOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const type = options.type ?? (options.timer ? 'timer' : options.command ? 'command' : undefined)
    if (type === undefined)
      return usage('What is waited for?', 'gt gate create --timer 2h   or --type human, bead, gh:pr …')
    if (options.timer !== undefined && (type !== 'timer' || options.timeout !== undefined))
      return usage('--timer is a type and a time by itself.', 'gt gate create --timer 2h')
    if (options.command !== undefined && type !== 'command')
      return usage(`A gate of type ${type} runs no command.`, 'gt gate create --command "test -f done"')
    const by = defaultOf(options.default)
    if (by.kind === 'error') return by
    const time = options.timer ?? options.timeout
    const timeoutMs = time === undefined ? undefined : parseDuration(time)
    if (time !== undefined && timeoutMs === undefined) return usage(`"${time}" is no duration.`, '--timeout 90m')
    const cwd = worktreeOf(town)
    const command =
      options.command === undefined ? undefined : { run: options.command, ...(cwd !== undefined && { cwd }) }
    if (command !== undefined) {
      const allowed = await allowCommand(town, command)
      if (allowed.kind === 'error') return allowed
    }
    const blocks: Bead[] = []
    for (const id of options.blocks ?? []) {
      const found = findBead(town, id)
      if (found.kind === 'error') return found
      blocks.push(found.value)
    }
    const home = await homeOf(town, options.rig ?? (blocks[0] && facts(blocks[0]).rig))
    if (home.kind === 'error') return home
    const made = createGate(
      town.ledger.state,
      {
        prefix: home.value.prefix,
        type,
        ...(home.value.rig !== undefined && { rig: home.value.rig }),
        ...(options.id !== undefined && { awaitId: awaited(town, type, options.id) }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(options.deadline !== undefined && { deadline: options.deadline }),
        ...(type !== 'timer' && by.value !== 'ask' && { default: by.value }),
        ...(command !== undefined && { command }),
        ...(options.reason !== undefined && { reason: options.reason }),
        ...(town.env.GT_RUN && { waiters: [actor(town.env)] }),
        blocks: blocks.map(({ id }) => id),
      },
      { by: actor(town.env), at: town.now().toISOString() },
    )
    if (made.kind === 'error') return made
    const { gate, input } = made.value
    const applied = mustApply(town.ledger.write(input), gate.id)
    if (applied.kind === 'error') return applied
    const stored = town.ledger.state.beads.get(gate.id) ?? gate
    const next = town.env.GT_RUN ? `\nNext: gt park ${gate.id}` : ''
    return ok({ data: stored, text: `${gate.id}  ${plain(gate.title)}${next}` })
  })
}

const usage = (message: string, hint: string): Result<never> => fail('E_USAGE', message, { hint, exit: EXIT.usage })

function defaultOf(text = 'ask'): Result<NonNullable<GateFacts['default']>> {
  const known = (['open', 'fail', 'ask'] as const).find((one) => one === text)
  return known === undefined ? usage(`"${text}" is no default.`, '--default open | fail | ask') : ok(known)
}

/** A bead is named by its whole id, whatever part of it was typed. */
function awaited(town: OpenTown, type: string, id: string): string {
  const found = type === 'bead' ? findBead(town, id) : undefined
  return found?.kind === 'ok' ? found.value.id : id
}

/** The worktree of the agent that calls: a command that it makes is about what is there. */
function worktreeOf(town: OpenTown): string | undefined {
  const { GT_RUN: fence } = town.env
  const run = [...town.ledger.state.live.values()].flat().find((one) => one.fence === fence)
  return run?.worktree
}

function findGate(town: OpenTown, partial: string): Result<Bead> {
  const found = findBead(town, partial)
  if (found.kind === 'error' || isGate(found.value)) return found
  return fail('E_NOT_A_GATE', `${found.value.id} is no gate, it is a ${found.value.issue_type}.`, {
    hint: 'gt gate list',
  })
}

function show(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findGate(town, partial)
    if (found.kind === 'error') return found
    const row = rowOf(town, found.value, readChecks(town.paths.runtime))
    const lines = [
      ['gate', `${row.id}  ${plain(row.title)}`],
      ['waits for', plain(gateWords(found.value), 300)],
      ['state', plain(row.came ?? 'pending', 400)],
      ['made', `${row.created_at} by ${found.value.created_by ?? '-'}`],
      ['deadline', row.deadline === null ? '-' : `${row.deadline}, then: ${row.default}`],
      ['parked', row.parked.map(({ agent, run }) => `${agent} (${run})`).join(', ') || '-'],
      ['blocks', row.blocks.join(' ') || '-'],
      ['last look', plain(row.said ?? '-', 300)],
      ['next', row.next_check ?? '-'],
    ]
    return ok({ data: { ...row, description: found.value.description ?? null }, text: columns(lines) })
  })
}

function open(context: Context, partial: string, reason: string): Promise<Answer> {
  return withTown(context, (town) => {
    if (isAgent(context.env)) {
      return fail('E_NOT_FOR_AGENTS', 'An agent does not open gates: what they wait for does, or a person.', {
        kept: 'Nothing was changed.',
        hint: 'gt park <gate>   waits for it without costing anything; gt ask "…" asks a person',
      })
    }
    const found = findGate(town, partial)
    if (found.kind === 'error') return found
    const gate = found.value
    const checks = readChecks(town.paths.runtime)
    if (gate.status === 'closed') return ok({ data: rowOf(town, gate, checks), text: `${gate.id} is open already.` })
    const at = town.now().toISOString()
    const applied = mustApply(town.ledger.write(openGate(gate, reason, { by: actor(town.env), at })), gate.id)
    if (applied.kind === 'error') return applied
    const now = town.ledger.state.beads.get(gate.id) ?? gate
    return ok({ data: rowOf(town, now, checks), text: `${gate.id} is open: ${plain(reason)}` })
  })
}

function check(context: Context, partial?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const one = partial === undefined ? undefined : findGate(town, partial)
    if (one?.kind === 'error') return one
    const gates = one === undefined ? openGates(town.ledger.state).filter(isPending) : [one.value]
    const found = []
    // One after another: each may be a program of its own.
    for (const { id } of gates) {
      const looked = await checkGate(town, id, actor(town.env), context.signal)
      if (looked.kind === 'error') return looked
      found.push(looked.value)
    }
    const text = columns(found.map((row) => [row.gate, row.verdict, plain(row.said, 120)]))
    return ok({ data: found, text: text || 'No gate is pending.' })
  })
}
