/** `gt bead create`. */
import type { Command } from 'commander'
import { facts } from '../beads/bead.ts'
import { createBead } from '../beads/edit.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { bodyOf, declare, declaredOf, priorityOf, typeOf } from './bead-options.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { commas, globs } from './option-lists.ts'
import { findBead, mustApply, plain, withTown } from './town.ts'

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
  landing?: string
  paths?: string[]
  silent?: boolean
}

/** Adds the verb. */
export function registerCreate(bead: Command, context: Context): void {
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
      .option('--report', 'asks for a written report, not for commits')
      .option('--landing <direct|pr|hold>', 'how its change lands, when not by the policy of its rig')
      .option('--paths <glob,…>', 'what the work is expected to touch, comma-separated', globs)
      .option('--silent', 'print nothing but its id, for scripts'),
    (title: string, options: CreateOptions) => create(context, title, options),
  )
}

function create(context: Context, title: string, options: CreateOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    const body = bodyOf(options)
    if (body.kind === 'error') return body
    const declared = declaredOf(options)
    if (declared.kind === 'error') return declared
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
    const type = typeOf(options.type ?? 'task')
    if (type.kind === 'error') return type
    const made = createBead(
      town.ledger.state,
      {
        title,
        prefix: home.value.prefix,
        needs: links,
        priority: priority.value,
        labels: options.label ?? [],
        type: type.value,
        ...(home.value.rig !== undefined && { rig: home.value.rig }),
        ...(body.value !== undefined && { body: body.value }),
        ...(parent !== undefined && { parent: parent.value.id }),
      },
      { by: actor(town.env), at: town.now().toISOString() },
    )
    if (made.kind === 'error') return made
    const { input, bead } = made.value
    if (options.report) input.ops.push({ op: 'set', id: bead.id, path: ['metadata', 'gt', 'kind'], value: 'report' })
    const more = await declare(town, bead, declared.value)
    if (more.kind === 'error') return more
    input.ops.push(...more.value.ops)
    const applied = mustApply(town.ledger.write(input), bead.id)
    if (applied.kind === 'error') return applied
    const stored = town.ledger.state.beads.get(bead.id) ?? bead
    const next = home.value.rig === undefined ? '' : `\nNext: gt sling ${bead.id} ${home.value.rig}`
    if (options.silent) return ok({ data: stored, text: bead.id })
    return ok({ data: stored, text: `${bead.id}  ${plain(bead.title)}${next}` })
  })
}

/** The rig and prefix a new bead belongs to: as told, else its parent's, else the only rig there is. */
export async function homeOf(
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
