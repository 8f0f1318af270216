/** `gt bead …` (and `gt bd …`): tasks. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { BeadPatch } from '../beads/edit.ts'
import { addComment, addDependency, closeBead, createBead, removeDependency, updateBead } from '../beads/edit.ts'
import { readyBeads } from '../beads/ready.ts'
import { mergeOf } from '../kernel/merges.ts'
import { liveRun, runsOf } from '../kernel/runs.ts'
import { reasonOf, standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, findBead, mustApply, plain, withTown } from './town.ts'

interface CreateOptions {
  rig?: string
  body?: string
  bodyFile?: string
  type?: string
  priority?: string
  parent?: string
  needs?: string[]
  label?: string[]
  report?: boolean
}

const commas = (value: string, before: string[] = []): string[] => [
  ...before,
  ...value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
]

export function register(program: Command, context: Context): void {
  const bead = program
    .command('bead')
    .alias('bd')
    .description('Tasks. A bead is one task: one line of JSON kept in git.')
    .addHelpText('after', '\nExample:\n  gt bead create "Fix the date parser" --rig app --body "It reads 2026-02-30."')

  action(
    bead
      .command('create')
      .description('Create a bead.')
      .argument('<title>')
      .option('--rig <rig>', 'the project it belongs to')
      .option('--body <text>', 'what is to be done')
      .option('--body-file <file>', 'the same from a file, or - for standard input')
      .option('--type <type>', 'task, bug, feature, chore, epic …', 'task')
      .option('--priority <0-4>', '0 is urgent', '2')
      .option('--parent <id>', 'the epic it belongs to')
      .option('--needs <ids>', 'beads that must be closed first, comma-separated', commas)
      .option('--label <label>', 'may be given several times', commas)
      .option('--report', 'asks for a written report, not for commits'),
    (title: string, options: CreateOptions) => create(context, title, options),
  )
  action(
    bead.command('show').description('Show a bead, its runs and its merge request.').argument('<id>'),
    (id: string) => show(context, id),
  )
  action(
    bead
      .command('list')
      .description('List beads; without --status those that are not closed.')
      .option('--status <status>', 'open, hooked, in_progress, blocked, deferred, closed, or all')
      .option('--rig <rig>'),
    (options: { status?: string; rig?: string }) => list(context, options),
  )
  action(
    bead.command('ready').description('Beads that a worker could start now, most urgent first.').option('--rig <rig>'),
    (options: { rig?: string }) => ready(context, options.rig),
  )
  action(
    bead
      .command('update')
      .description('Change a bead.')
      .argument('<id>')
      .option('--title <text>')
      .option('--body <text>')
      .option('--body-file <file>')
      .option('--status <status>')
      .option('--priority <0-4>')
      .option('--type <type>')
      .option('--defer-until <time>', 'RFC 3339, or "" to clear')
      .option('--label <label>', 'add; may be given several times', commas)
      .option('--unlabel <label>', 'take away', commas)
      .option('--comment <text>', 'leave a comment'),
    (id: string, options: UpdateOptions) => update(context, id, options),
  )
  action(
    bead
      .command('close')
      .description('Close a bead by hand. Code that workers wrote closes by landing.')
      .argument('<id>')
      .option('--reason <text>')
      .option('--cancelled', 'it will not be done'),
    (id: string, options: { reason?: string; cancelled?: boolean }) => close(context, id, options),
  )
  const dep = bead.command('dep').description('Dependencies.')
  for (const verb of ['add', 'remove'] as const) {
    action(
      dep
        .command(verb)
        .description(verb === 'add' ? 'The first bead needs the second.' : 'It no longer does.')
        .argument('<id>')
        .argument('<needs-id>'),
      (id: string, needs: string) => depend(context, verb, id, needs),
    )
  }
}

function create(context: Context, title: string, options: CreateOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const body = bodyOf(options)
    if (body.kind === 'error') return body
    const home = await homeOf(town, options.rig, options.parent)
    if (home.kind === 'error') return home
    const links: string[] = []
    for (const id of options.needs ?? []) {
      const found = findBead(town, id)
      if (found.kind === 'error') return found
      links.push(found.value.id)
    }
    const parent = options.parent === undefined ? undefined : findBead(town, options.parent)
    if (parent?.kind === 'error') return parent
    const priority = priorityOf(options.priority)
    if (priority.kind === 'error') return priority
    const made = createBead(
      town.ledger.state,
      {
        title,
        prefix: home.value.prefix,
        needs: links,
        priority: priority.value,
        labels: options.label ?? [],
        type: options.type ?? 'task',
        ...(home.value.rig !== undefined && { rig: home.value.rig }),
        ...(body.value !== undefined && { body: body.value }),
        ...(parent !== undefined && { parent: parent.value.id }),
      },
      { by: actor(town.env), at: town.now().toISOString() },
    )
    if (made.kind === 'error') return made
    const { input, bead } = made.value
    if (options.report) input.ops.push({ op: 'set', id: bead.id, path: ['metadata', 'gt', 'kind'], value: 'report' })
    const applied = mustApply(town.ledger.write(input), bead.id)
    if (applied.kind === 'error') return applied
    const stored = town.ledger.state.beads.get(bead.id) ?? bead
    const next = home.value.rig === undefined ? '' : `\nNext: gt sling ${bead.id} ${home.value.rig}`
    return ok({ data: stored, text: `${bead.id}  ${plain(bead.title)}${next}` })
  })
}

/** The rig and prefix a new bead belongs to: as told, else its parent's, else the only rig there is. */
async function homeOf(
  town: OpenTown,
  rig?: string,
  parent?: string,
): Promise<Result<{ rig?: string; prefix: string }>> {
  let name = rig
  if (name === undefined && parent !== undefined) {
    const found = findBead(town, parent)
    if (found.kind === 'error') return found
    name = facts(found.value).rig
  }
  if (name === undefined) name = town.env.GT_RIG || undefined
  if (name === undefined) {
    const { listRigs } = await import('../town/settings.ts')
    const rigs = listRigs(town.root)
    if (rigs.kind === 'ok' && rigs.value.length === 1) name = rigs.value[0]
  }
  if (name === undefined) return ok({ prefix: 'hq' })
  const settings = await town.rig(name)
  return settings.kind === 'error' ? settings : ok({ rig: name, prefix: settings.value.prefix })
}

function bodyOf(options: { body?: string; bodyFile?: string }): Result<string | undefined> {
  if (options.bodyFile === undefined) return ok(options.body)
  try {
    return ok(readFileSync(options.bodyFile === '-' ? 0 : options.bodyFile, 'utf8'))
  } catch (error) {
    return fail('E_FILE', `The body could not be read: ${messageOf(error)}.`, {
      kept: 'No bead was written.',
      hint: '--body-file <file>, or --body-file - for standard input',
    })
  }
}

function priorityOf(text = '2'): Result<number> {
  const value = Number(text.replace(/^[pP]/, ''))
  return Number.isInteger(value) && value >= 0 && value <= 4
    ? ok(value)
    : fail('E_PRIORITY', `"${text}" is no priority: it is a number from 0 (urgent) to 4.`)
}

function show(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const bead = found.value
    const now = town.now()
    const runs = runsOf(bead)
    const request = runs.map((run) => mergeOf(town.ledger.state.beads.get(run.merge_request ?? ''))).findLast(Boolean)
    const mergeRequest = request ? { id: request.bead.id, ...request.merge } : null
    const data = { ...bead, standing: standing(town.ledger.state, bead, now), runs, mergeRequest }
    return ok({ data, text: page(town, bead, now) })
  })
}

function page(town: OpenTown, bead: Bead, now: Date): string {
  const { state } = town.ledger
  const lines = [`${bead.id}  ${plain(bead.title, 200)}`, '']
  const where = standing(state, bead, now)
  const why = reasonOf(state, bead, now)
  lines.push(`state     ${where}${why ? `: ${plain(why, 400)}` : ''}`)
  lines.push(`type      ${bead.issue_type}, priority ${bead.priority}, rig ${facts(bead).rig ?? '-'}`)
  lines.push(`created   ${bead.created_at} by ${plain(bead.created_by ?? 'unknown')}`)
  if (bead.labels?.length) lines.push(`labels    ${bead.labels.map((label) => plain(label)).join(', ')}`)
  for (const dep of bead.dependencies ?? []) {
    const target = state.beads.get(dep.depends_on_id)
    lines.push(
      `${dep.type.padEnd(9)} ${dep.depends_on_id}  ${target ? `${plain(target.title, 60)} (${target.status})` : '(not here)'}`,
    )
  }
  const landed = facts(bead).landed
  if (landed) lines.push(`landed    ${landed.commit} on ${landed.target}, ${age(landed.at, now)} ago`)
  for (const run of runsOf(bead)) {
    lines.push(
      `run       ${run.fence}  ${run.agent}, attempt ${run.attempt}, round ${run.round}: ${run.state}${run.reason ? ` (${plain(run.reason, 160)})` : ''}`,
    )
  }
  if (bead.description) lines.push('', ...bead.description.split('\n').map((line) => plain(line, 400)))
  for (const comment of bead.comments ?? [])
    lines.push('', `${comment.author}, ${age(comment.created_at, now)} ago:`, `  ${plain(comment.text, 400)}`)
  return lines.join('\n')
}

function list(context: Context, options: { status?: string; rig?: string }): Promise<Answer> {
  return withTown(context, (town) => {
    const { status, rig } = options
    const beads = [...town.ledger.state.beads.values()].filter((bead) => {
      if (rig !== undefined && facts(bead).rig !== rig) return false
      if (status === 'all') return true
      if (status !== undefined) return bead.status === status
      return bead.status !== 'closed' && bead.status !== 'tombstone' && bead.issue_type !== 'merge-request'
    })
    return ok({ data: beads, text: beads.length > 0 ? table(town, beads) : 'No beads.' })
  })
}

function table(town: OpenTown, beads: Bead[]): string {
  const now = town.now()
  return columns(
    beads.map((bead) => [
      bead.id,
      `P${bead.priority}`,
      standing(town.ledger.state, bead, now),
      liveRun(bead)?.agent ?? '',
      plain(bead.title, 70),
    ]),
  )
}

function ready(context: Context, rig?: string): Promise<Answer> {
  return withTown(context, (town) => {
    const beads = readyBeads(town.ledger.state, { now: town.now(), ...(rig !== undefined && { rig }) })
    const text =
      beads.length > 0
        ? table(town, beads)
        : 'Nothing is ready. gt bead list shows what waits, and gt bead show <id> why.'
    return ok({ data: beads, text })
  })
}

interface UpdateOptions {
  title?: string
  body?: string
  bodyFile?: string
  status?: string
  priority?: string
  type?: string
  deferUntil?: string
  label?: string[]
  unlabel?: string[]
  comment?: string
}

function update(context: Context, partial: string, options: UpdateOptions): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { id } = found.value
    if (options.status === 'closed') {
      return fail('E_USE_CLOSE', 'Closing has a verb of its own.', { hint: `gt bead close ${id} --reason "…"` })
    }
    const body = bodyOf(options)
    if (body.kind === 'error') return body
    const patch: BeadPatch = {
      ...(options.title !== undefined && { title: options.title }),
      ...(body.value !== undefined && { description: body.value }),
      ...(options.status !== undefined && { status: options.status }),
      ...(options.type !== undefined && { issue_type: options.type }),
      ...(options.deferUntil !== undefined && { defer_until: options.deferUntil || null }),
      ...(options.label !== undefined && { addLabels: options.label }),
      ...(options.unlabel !== undefined && { removeLabels: options.unlabel }),
    }
    if (options.priority !== undefined) {
      const priority = priorityOf(options.priority)
      if (priority.kind === 'error') return priority
      patch.priority = priority.value
    }
    const author = { by: actor(town.env), at: town.now().toISOString() }
    if (Object.keys(patch).length > 0) {
      const change = updateBead(town.ledger.state, id, patch, author)
      if (change.kind === 'error') return change
      const applied = mustApply(town.ledger.write(change.value), id)
      if (applied.kind === 'error') return applied
    }
    if (options.comment !== undefined) {
      const comment = addComment(town.ledger.state, id, options.comment, author)
      if (comment.kind === 'error') return comment
      const applied = mustApply(town.ledger.write(comment.value.input), id)
      if (applied.kind === 'error') return applied
    }
    const bead = town.ledger.state.beads.get(id)
    return ok({ data: bead, text: `${id} was updated.` })
  })
}

function close(context: Context, partial: string, options: { reason?: string; cancelled?: boolean }): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const bead = found.value
    if (context.env.GT_RUN) {
      return fail('E_NOT_FOR_AGENTS', 'A worker does not close beads: code closes by landing (law 1).', {
        hint: 'gt done',
      })
    }
    const run = liveRun(bead)
    if (run !== undefined) {
      return fail('E_RUNNING', `${bead.id} is being worked on by ${run.agent} (run ${run.fence}).`, {
        kept: 'Nothing was changed.',
        hint: `gt run stop ${run.fence}   first, if that is what you want`,
      })
    }
    const outcome = options.cancelled ? 'cancelled' : 'done'
    const reason = options.reason ?? (options.cancelled ? 'cancelled by a person' : 'closed by a person')
    const change = closeBead(
      town.ledger.state,
      bead.id,
      { reason, outcome },
      { by: actor(town.env), at: town.now().toISOString() },
    )
    if (change.kind === 'error') return change
    change.value.ops.push(
      { op: 'unset', id: bead.id, path: ['metadata', 'gt', 'slung'] },
      { op: 'unset', id: bead.id, path: ['metadata', 'gt', 'needs'] },
    )
    const applied = mustApply(town.ledger.write(change.value), bead.id)
    if (applied.kind === 'error') return applied
    return ok({ data: town.ledger.state.beads.get(bead.id), text: `${bead.id} is closed (${outcome}).` })
  })
}

function depend(context: Context, verb: 'add' | 'remove', from: string, to: string): Promise<Answer> {
  return withTown(context, (town) => {
    const bead = findBead(town, from)
    if (bead.kind === 'error') return bead
    const needs = findBead(town, to)
    if (needs.kind === 'error') return needs
    const author = { by: actor(town.env), at: town.now().toISOString() }
    const edit = verb === 'add' ? addDependency : removeDependency
    const change = edit(town.ledger.state, bead.value.id, needs.value.id, author)
    if (change.kind === 'error') return change
    const applied = mustApply(town.ledger.write(change.value), bead.value.id)
    if (applied.kind === 'error') return applied
    const text =
      verb === 'add'
        ? `${bead.value.id} now waits for ${needs.value.id}.`
        : `${bead.value.id} no longer waits for ${needs.value.id}.`
    return ok({ data: town.ledger.state.beads.get(bead.value.id), text })
  })
}
