/** The verbs of `bd` that write, over the same changes as `gt bead` (bead-compat.ts). */
import type { Bead } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { showJson } from '../beads/compat.ts'
import type { Author, BeadPatch } from '../beads/edit.ts'
import {
  addComment,
  addDependency,
  closeBead,
  createBead,
  removeDependency,
  reopenBead,
  updateBead,
} from '../beads/edit.ts'
import { lookUp } from '../beads/fold.ts'
import { deleteBead } from '../beads/remove.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { BdAnswer, BdOptions } from './bead-compat.ts'
import { homeOf } from './bead-create.ts'
import { priorityOf } from './bead-options.ts'
import { commas } from './option-lists.ts'
import { findBead, mustApply } from './town.ts'

/** Does what the words say; E_USAGE for a verb that is not there. */
export async function write(
  town: OpenTown,
  verb: string,
  rest: string[],
  options: BdOptions,
): Promise<Result<BdAnswer>> {
  const author: Author = { by: options.actor ?? actor(town.env), at: town.now().toISOString() }
  switch (verb) {
    case 'create':
      return create(town, rest, options, author)
    case 'update':
      return each(town, rest, (bead) => update(town, bead, options, author))
    case 'close':
    case 'delete':
      if (town.env.GT_RUN) {
        return fail('E_NOT_FOR_AGENTS', `A worker does not ${verb} beads: code closes by landing.`, { hint: 'gt done' })
      }
      if (verb === 'delete' && isAgent(town.env)) return fail('E_NOT_FOR_AGENTS', 'Agents delete no beads (law 4).')
      return each(town, rest, (bead) => {
        const { state } = town.ledger
        const reason = options.reason ?? (isAgent(town.env) ? `by ${author.by}` : 'by a person')
        return apply(
          town,
          bead,
          verb === 'close' ? closeBead(state, bead.id, { reason }, author) : deleteBead(state, bead.id, reason, author),
        )
      })
    case 'reopen':
      return each(town, rest, (bead) => apply(town, bead, reopenBead(town.ledger.state, bead.id, author)))
    case 'dep':
      return link(town, rest, options, author)
    case 'label':
      return label(town, rest, author)
    case 'comment':
    case 'comments':
      return comment(town, verb === 'comments' ? rest.slice(1) : rest, options, author)
    default:
      return fail('E_USAGE', `This bd does not know "${verb}".`, { hint: 'gt bead --help' })
  }
}

/** Does something to every bead that the words name, and shows them. */
function each(town: OpenTown, ids: string[], body: (bead: Bead) => Result<unknown>): Result<BdAnswer> {
  if (ids.length === 0) return fail('E_USAGE', 'An id is missing.')
  const shown: unknown[] = []
  for (const id of ids) {
    const bead = findBead(town, id)
    if (bead.kind === 'error') return bead
    const done = body(bead.value)
    if (done.kind === 'error') return done
    shown.push(showJson(town.ledger.state, lookUp(town.ledger.state, bead.value.id) ?? bead.value))
  }
  return ok({ json: shown, text: `✓ ${ids.join(' ')}` })
}

function apply(town: OpenTown, bead: Bead, change: Result<ChangeInput>): Result<unknown> {
  if (change.kind === 'error') return change.failure.code === 'E_NOTHING' ? ok(undefined) : change
  return mustApply(town.ledger.write(change.value), bead.id)
}

async function create(town: OpenTown, rest: string[], options: BdOptions, author: Author): Promise<Result<BdAnswer>> {
  const home = await homeOf(town, undefined, options.parent)
  if (home.kind === 'error') return home
  const priority = priorityOf(options.priority)
  if (priority.kind === 'error') return priority
  const { rig, prefix } = home.value
  const body = options.description ?? options.body
  const made = createBead(
    town.ledger.state,
    {
      title: options.title ?? rest.join(' '),
      prefix,
      priority: priority.value,
      type: options.type ?? 'task',
      labels: commas(options.labels ?? options.label ?? ''),
      needs: commas(options.deps ?? '').map((id) => id.replace(/^blocks:/, '')),
      ...(rig !== undefined && { rig }),
      ...(body !== undefined && { body }),
      ...(options.parent !== undefined && { parent: options.parent }),
      ...(options.assignee !== undefined && { assignee: options.assignee }),
    },
    author,
  )
  if (made.kind === 'error') return made
  const { bead, input } = made.value
  const applied = mustApply(town.ledger.write(input), bead.id)
  if (applied.kind === 'error') return applied
  const json = showJson(town.ledger.state, town.ledger.state.beads.get(bead.id)!)
  return ok({ json, text: `✓ Created issue: ${bead.id}` })
}

function update(town: OpenTown, bead: Bead, options: BdOptions, author: Author): Result<unknown> {
  const { state } = town.ledger
  const { status } = options
  if (status === 'closed') {
    if (town.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker does not close beads: code closes by landing.')
    return bead.status === 'closed' ? ok(undefined) : apply(town, bead, closeBead(state, bead.id, {}, author))
  }
  if (status !== undefined && bead.status === 'closed') {
    const reopened = apply(town, bead, reopenBead(state, bead.id, author))
    if (reopened.kind === 'error') return reopened
  }
  const patch: BeadPatch = {
    ...(status !== undefined && { status }),
    ...(options.title !== undefined && { title: options.title }),
    ...(options.type !== undefined && { issue_type: options.type }),
    ...(options.assignee !== undefined && { assignee: options.assignee || null }),
    ...(options.claim && { assignee: author.by, status: 'in_progress' }),
    ...(options.design !== undefined && { design: options.design || null }),
    ...(options.notes !== undefined && { notes: options.notes || null }),
    ...(options['add-label'] !== undefined && { addLabels: commas(options['add-label']) }),
    ...(options['remove-label'] !== undefined && { removeLabels: commas(options['remove-label']) }),
  }
  const description = options.description ?? options.body
  if (description !== undefined) patch.description = description || null
  const acceptance = options['acceptance-criteria'] ?? options.acceptance
  if (acceptance !== undefined) patch.acceptance_criteria = acceptance || null
  if (options.priority !== undefined) {
    const priority = priorityOf(options.priority)
    if (priority.kind === 'error') return priority
    patch.priority = priority.value
  }
  return apply(town, bead, updateBead(state, bead.id, patch, author))
}

function link(town: OpenTown, rest: string[], options: BdOptions, author: Author): Result<BdAnswer> {
  const [verb, from, to] = rest
  if ((verb !== 'add' && verb !== 'remove') || from === undefined || to === undefined) {
    return fail('E_USAGE', 'dep needs add or remove, and two ids.')
  }
  const needs = findBead(town, to)
  if (needs.kind === 'error') return needs
  return each(town, [from], (bead) => {
    const { state } = town.ledger
    return apply(
      town,
      bead,
      verb === 'add'
        ? addDependency(state, bead.id, needs.value.id, author, options.type ?? 'blocks')
        : removeDependency(state, bead.id, needs.value.id, author),
    )
  })
}

function label(town: OpenTown, rest: string[], author: Author): Result<BdAnswer> {
  const [verb, id, ...words] = rest
  if ((verb !== 'add' && verb !== 'remove') || id === undefined || words.length === 0) {
    return fail('E_USAGE', 'label needs add or remove, an id and a label.')
  }
  const patch: BeadPatch = verb === 'add' ? { addLabels: words } : { removeLabels: words }
  return each(town, [id], (bead) => apply(town, bead, updateBead(town.ledger.state, bead.id, patch, author)))
}

function comment(town: OpenTown, rest: string[], options: BdOptions, author: Author): Result<BdAnswer> {
  const [id, ...words] = rest
  if (id === undefined) return fail('E_USAGE', 'comment needs an id and a text.')
  return each(town, [id], (bead) => {
    const made = addComment(town.ledger.state, bead.id, words.join(' '), author)
    if (made.kind === 'error') return made
    // Who said it, as the calling program knows; who wrote it here stays in the trail.
    if (options.author) made.value.comment.author = options.author
    return mustApply(town.ledger.write(made.value.input), bead.id)
  })
}
