/** `gt escalate`: tells people that something is wrong. A record and a word; no work comes of it. */
import type { Command } from 'commander'
import type { Raise } from '../attention/escalation.ts'
import { closeEscalation, escalate, escalationOf, openEscalations } from '../attention/escalation.ts'
import { isSeverity, SEVERITIES } from '../attention/severity.ts'
import type { Bead } from '../beads/bead.ts'
import { isAgent } from '../kernel/landing.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, findBead, mustApply, plain, withTown } from './town.ts'

interface Options {
  severity: string
  bead?: string
  cause?: string
}

export function register(program: Command, context: Context): void {
  const command = program
    .command('escalate')
    .description('Tell people that something is wrong beyond your task. They are told once; nothing is started by it.')
    .argument('<text...>')
    .option('--severity <how>', SEVERITIES.join(', '), 'medium')
    .option('--bead <id>', 'what it is about')
    .option('--cause <word>', 'the same each time; without it, the text, numbers aside')
    .addHelpText(
      'after',
      '\nExample:\n  gt escalate "The staging database refuses every login"\n  gt escalate close ap-e0k2m9x1q4 --reason "they work again"',
    )
  action(command, (words: string[], options: Options) => raise(context, words.join(' '), options))
  action(command.command('list').description('Those that are open.'), () => list(context))
  action(
    command
      .command('close')
      .description('It is over. A person says so, or whoever raised it.')
      .argument('<id>')
      .option('--reason <text>', 'how it ended', 'closed')
      .addHelpText('after', '\nExample:\n  gt escalate close ap-e0k2m9x1q4 --reason "they work again"'),
    (id: string, options: { reason: string }) => close(context, id, options.reason),
  )
}

/** How often a change of the ledger between look and write is looked at again. */
const TRIES = 3

function raise(context: Context, text: string, options: Options): Promise<Answer> {
  return withTown(context, (town) => {
    const { severity } = options
    if (!isSeverity(severity)) {
      const hint = `--severity ${SEVERITIES.join(' | ')}`
      return fail('E_USAGE', `"${severity}" is no severity.`, { hint, exit: EXIT.usage })
    }
    const about = options.bead === undefined ? undefined : findBead(town, options.bead)
    if (about?.kind === 'error') return about
    const words: Raise = {
      text,
      severity,
      from: actor(context.env),
      at: town.now().toISOString(),
      ...(options.cause !== undefined && { cause: options.cause }),
      ...(about !== undefined && { about: about.value }),
      ...(context.env.GT_RUN && { fence: context.env.GT_RUN }),
    }
    for (let tries = 1; ; tries++) {
      const raised = escalate(town.ledger.state, words)
      if (raised.kind === 'error') return raised
      const { id, again, input } = raised.value
      const applied = mustApply(town.ledger.write(input), id)
      // Somebody said the same at this very moment: then it is counted up.
      if (applied.kind === 'error' && applied.failure.code === 'E_CHANGED' && tries < TRIES) continue
      if (applied.kind === 'error') return applied
      const bead = town.ledger.state.beads.get(id)
      const escalation = bead && escalationOf(bead)
      const times = escalation?.count ?? 1
      const said = again ? `people know already (said ${times} times).` : 'people are told.'
      return ok({ data: { id, again, ...escalation }, text: `${id}: ${said} Go on with what you can do.` })
    }
  })
}

function list(context: Context): Promise<Answer> {
  return withTown(context, (town) => {
    const now = town.now()
    const open = openEscalations(town.ledger.state).map(({ bead, escalation }) => ({
      id: bead.id,
      title: bead.title,
      since: bead.created_at,
      ...escalation,
    }))
    const rows = open.map((one) => [
      one.id,
      one.severity,
      age(one.since, now),
      `${one.count} ×`,
      one.from,
      plain(one.title, 60),
    ])
    return ok({ data: open, text: rows.length > 0 ? columns(rows) : 'No escalation is open.' })
  })
}

function close(context: Context, id: string, reason: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, id)
    if (found.kind === 'error') return found
    const bead = found.value
    const mine = mayClose(context, bead)
    if (mine.kind === 'error') return mine
    if (bead.status === 'closed') return ok({ data: bead, text: `${bead.id} is closed already.` })
    const written = town.ledger.write(
      closeEscalation(bead, reason, actor(context.env), context.env.GT_RUN || undefined),
    )
    const applied = mustApply(written, bead.id)
    if (applied.kind === 'error') return applied
    return ok({ data: town.ledger.state.beads.get(bead.id), text: `${bead.id} is closed.` })
  })
}

function mayClose(context: Context, bead: Bead): Result<void> {
  const escalation = escalationOf(bead)
  if (escalation === undefined)
    return fail('E_NO_ESCALATION', `${bead.id} is no escalation.`, { hint: 'gt escalate list' })
  if (!isAgent(context.env) || context.env.GT_ROLE === 'mayor' || escalation.from === actor(context.env))
    return ok(undefined)
  return fail('E_NOT_FOR_AGENTS', `${bead.id} is ${escalation.from}’s; that one closes it, or a person.`, {
    kept: 'Nothing was changed.',
  })
}
