/** `gt bead update`, `close`, `dep`: changes by a person's word. */
import type { Command } from 'commander'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { Author, BeadPatch } from '../beads/edit.ts'
import { addComment, addDependency, closeBead, removeDependency, reopenBead, updateBead } from '../beads/edit.ts'
import { deleteBead } from '../beads/remove.ts'
import { isAgent } from '../kernel/landing.ts'
import { liveRun } from '../kernel/runs.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { registerCycles } from './bead-graph.ts'
import { bodyOf, declare, declaredOf, priorityOf, typeOf } from './bead-options.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { commas, globs } from './option-lists.ts'
import { findBead, mustApply, plain, withTown } from './town.ts'

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
      .option('--landing <direct|pr|hold>', 'how its change lands; "rig": by the policy of its rig again')
      .option('--paths <glob,…>', 'what the work is expected to touch, comma-separated, or "" to clear', globs)
      .option('--comment <text>', 'leave a comment'),
    (id: string, options: UpdateOptions) => update(context, id, options),
  )
  action(
    bead
      .command('close')
      .description(
        'Close a bead by hand. Code that workers wrote closes by landing; an epic with an integration branch is handed in.',
      )
      .argument('<id>')
      .option('--reason <text>')
      .option('--cancelled', 'it will not be done'),
    (id: string, options: { reason?: string; cancelled?: boolean }) => close(context, id, options),
  )
  action(bead.command('reopen').description('Open a closed bead again.').argument('<id>'), (id: string) =>
    reopen(context, id),
  )
  action(
    bead
      .command('delete')
      .description('Delete a bead. Its record stays as a tombstone; `gt undo` brings it back.')
      .argument('<id>')
      .option('--reason <text>', 'why', 'by a person')
      .addHelpText('after', '\nExample:\n  gt bead delete ap-x3k9f --reason "a duplicate of ap-7q2mz"'),
    (id: string, options: { reason: string }) => remove(context, id, options.reason),
  )
  const dep = bead.command('dep').description('Dependencies.')
  action(
    dep
      .command('add')
      .description('The first bead needs the second.')
      .argument('<id>')
      .argument('<needs-id>')
      .option('--type <type>', 'blocks, waits-for, conditional-blocks, parent-child, related …', 'blocks'),
    (id: string, needs: string, options: { type: string }) => depend(context, 'add', id, needs, options.type),
  )
  action(
    dep.command('remove').description('It no longer does.').argument('<id>').argument('<needs-id>'),
    (id: string, needs: string) => depend(context, 'remove', id, needs),
  )
  registerCycles(dep, context)
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
  landing?: string
  paths?: string[]
  comment?: string
}

function update(context: Context, partial: string, options: UpdateOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { id } = found.value
    if (Object.keys(options).length === 0) {
      const hint = `gt bead update ${id} --title "…"   or another of gt bead update --help`
      return fail('E_USAGE', `Say what of ${id} is to be different.`, { hint, exit: EXIT.usage })
    }
    if (options.status === 'closed') {
      return fail('E_USE_CLOSE', 'Closing has a verb of its own.', { hint: `gt bead close ${id} --reason "…"` })
    }
    const body = bodyOf(options)
    if (body.kind === 'error') return body
    const type = typeOf(options.type ?? found.value.issue_type)
    if (options.type !== undefined && type.kind === 'error') return type
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
    const declared = declaredOf(options, 'rig')
    if (declared.kind === 'error') return declared
    const more = await declare(town, found.value, declared.value)
    if (more.kind === 'error') return more
    const author = { by: actor(town.env), at: town.now().toISOString() }
    // Before anything is written: a refusal says that nothing was.
    const comment =
      options.comment === undefined ? undefined : addComment(town.ledger.state, id, options.comment, author)
    if (comment?.kind === 'error') return comment
    if (Object.keys({ ...patch, ...declared.value }).length > 0) {
      const change = withFacts(updateBead(town.ledger.state, id, patch, author), id, more.value, author)
      if (change.kind === 'error') return change
      const applied = mustApply(town.ledger.write(change.value), id)
      if (applied.kind === 'error') return applied
    }
    if (comment !== undefined) {
      const applied = mustApply(town.ledger.write(comment.value.input), id)
      if (applied.kind === 'error') return applied
    }
    const bead = town.ledger.state.beads.get(id)
    return ok({ data: bead, text: `${id} was updated.` })
  })
}

/** A change of a bead's fields and of facts of ours as one; of those alone when no field becomes different. */
function withFacts(
  change: Result<ChangeInput>,
  id: string,
  more: { ops: Op[]; when: Condition[] },
  author: Author,
): Result<ChangeInput> {
  if (more.ops.length === 0) return change
  if (change.kind === 'error' && change.failure.code !== 'E_NOTHING') return change
  const names = more.ops.map((op) => ('path' in op ? op.path.at(-1) : '')).join(', ')
  if (change.kind === 'error') return ok({ by: author.by, why: `updated ${id}: ${names}`, ...more })
  const { why, ops, when = [], ...rest } = change.value
  return ok({ ...rest, why: `${why}, ${names}`, ops: [...ops, ...more.ops], when: [...when, ...more.when] })
}

function close(context: Context, partial: string, options: { reason?: string; cancelled?: boolean }): Promise<Answer> {
  return withTown(context, async (town) => {
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
    if (facts(bead).integration !== undefined) {
      const { closeGathering } = await import('./mq-integration.ts')
      const answer = await closeGathering(town, bead, options.cancelled === true)
      if (answer !== null) return answer
    }
    const outcome = options.cancelled ? 'cancelled' : 'done'
    const who = isAgent(town.env) ? actor(town.env) : 'a person'
    const reason = options.reason ?? `${options.cancelled ? 'cancelled' : 'closed'} by ${who}`
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

function reopen(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { id } = found.value
    const change = reopenBead(town.ledger.state, id, { by: actor(town.env), at: town.now().toISOString() })
    if (change.kind === 'error') return change
    const applied = mustApply(town.ledger.write(change.value), id)
    if (applied.kind === 'error') return applied
    return ok({ data: town.ledger.state.beads.get(id), text: `${id} is open again.` })
  })
}

function remove(context: Context, partial: string, reason: string): Promise<Answer> {
  return withTown(context, (town) => {
    if (isAgent(context.env)) {
      return fail('E_NOT_FOR_AGENTS', 'Agents delete no beads (law 4).', {
        hint: context.env.GT_RUN
          ? 'gt decline --reason "…"'
          : `gt bead close ${plain(partial, 40)} --cancelled --reason "…"`,
      })
    }
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { id } = found.value
    const change = deleteBead(town.ledger.state, id, reason, { by: actor(town.env), at: town.now().toISOString() })
    if (change.kind === 'error') return change
    const applied = mustApply(town.ledger.write(change.value), id)
    if (applied.kind === 'error') return applied
    return ok({ data: town.ledger.state.beads.get(id), text: `${id} is deleted. gt undo brings it back.` })
  })
}

function depend(context: Context, verb: 'add' | 'remove', from: string, to: string, type = 'blocks'): Promise<Answer> {
  return withTown(context, (town) => {
    const bead = findBead(town, from)
    if (bead.kind === 'error') return bead
    const needs = findBead(town, to)
    if (needs.kind === 'error') return needs
    if (!/^[a-z][a-z0-9-]{0,49}$/.test(type)) {
      return fail('E_BAD_TYPE', `"${type}" is no type of dependency.`, {
        hint: 'Lower case, one word: blocks, related …',
      })
    }
    const { state } = town.ledger
    const author = { by: actor(town.env), at: town.now().toISOString() }
    const [id, other] = [bead.value.id, needs.value.id]
    const change =
      verb === 'add' ? addDependency(state, id, other, author, type) : removeDependency(state, id, other, author)
    if (change.kind === 'error') return change
    const applied = mustApply(town.ledger.write(change.value), id)
    if (applied.kind === 'error') return applied
    const words =
      verb === 'remove' ? 'no longer waits for' : type === 'blocks' ? 'now waits for' : `now has the edge ${type} to`
    return ok({ data: state.beads.get(id), text: `${id} ${words} ${other}.` })
  })
}
