/** `gt bead update`, `close`, `dep`: changes by a person's word. */
import type { Command } from 'commander'
import type { BeadPatch } from '../beads/edit.ts'
import { addComment, addDependency, closeBead, removeDependency, updateBead } from '../beads/edit.ts'
import { liveRun } from '../kernel/runs.ts'
import { actor } from '../kernel/town.ts'
import { fail, ok } from '../result.ts'
import { bodyOf, commas, priorityOf } from './bead-options.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findBead, mustApply, withTown } from './town.ts'

/** Adds the verbs. */
export function registerUpdate(bead: Command, context: Context): void {
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
