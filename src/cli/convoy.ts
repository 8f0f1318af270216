/** `gt convoy`: what was sent off, how far it is, and what keeps it. Text is in convoy-text.ts. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { addressesOf } from '../convoys/addresses.ts'
import { around } from '../convoys/around.ts'
import { addMembers, newConvoy, removeMembers, unfollow } from '../convoys/follow.ts'
import { convoyViews } from '../convoys/list.ts'
import { trackedBy } from '../convoys/members.ts'
import { convoyView } from '../convoys/view.ts'
import { budgetsOf } from '../costs/purses.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { listText, rowData, showText, viewData } from './convoy-text.ts'
import { findBead, mustApply, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const convoy = program
    .command('convoy')
    .description(
      'Work that was sent off together: how far it is, and what keeps it. An epic is a convoy of its children.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  gt sling ap-x3k9f ap-p01qa app --convoy "Leap years"\n  gt convoy show hq-cv-a3f8k',
    )
  action(
    convoy
      .command('list')
      .description('What was sent off and has not landed. A bead slung alone is its own convoy.')
      .option('--all', 'those that have landed too')
      .addHelpText('after', '\nExample:\n  gt convoy list'),
    ({ all }: { all?: boolean }) => withTown(context, (town) => list(town, all === true)),
  )
  action(
    convoy
      .command('show')
      .description('One of them: waves, members, who works on them, and why they stand.')
      .argument('<id>', 'a convoy, an epic, or any bead')
      .addHelpText('after', '\nExample:\n  gt convoy show hq-cv-a3f8k'),
    (id: string) => withTown(context, (town) => withBead(town, id, (bead) => shown(town, bead))),
  )
  action(
    convoy
      .command('create')
      .description('Follow beads together. Nothing is slung by it.')
      .argument('<name>', 'what it is called')
      .argument('<beads...>', 'beads, epics, other convoys')
      .option('--notify <address...>', 'who is told besides you when it has landed: mayor, person, app/crew/max')
      .addHelpText('after', '\nExample:\n  gt convoy create "Leap years" ap-x3k9f ap-p01qa --notify mayor'),
    (name: string, ids: string[], options: { notify?: string[] }) =>
      withTown(context, (town) => create(town, name, ids, options.notify ?? [])),
  )
  action(
    convoy
      .command('add')
      .description('More members.')
      .argument('<id>', 'the convoy')
      .argument('<beads...>', 'beads, epics, other convoys')
      .addHelpText('after', '\nExample:\n  gt convoy add hq-cv-a3f8k ap-90rtz'),
    (id: string, ids: string[]) => withTown(context, (town) => withBead(town, id, (bead) => add(town, bead, ids))),
  )
  action(
    convoy
      .command('remove')
      .description('Fewer members: what is taken out is not waited for any more, and goes on.')
      .argument('<id>', 'the convoy')
      .argument('<beads...>', 'members')
      .addHelpText('after', '\nExample:\n  gt convoy remove hq-cv-a3f8k ap-90rtz'),
    (id: string, ids: string[]) => withTown(context, (town) => withBead(town, id, (bead) => remove(town, bead, ids))),
  )
  action(
    convoy
      .command('close')
      .description('Follow it no more: nobody is told. The work goes on (gt run stop ends a worker).')
      .argument('<id>', 'the convoy')
      .option('--reason <text>', 'why')
      .addHelpText('after', '\nExample:\n  gt convoy close hq-cv-a3f8k --reason "it was the wrong list"'),
    (id: string, { reason }: { reason?: string }) =>
      withTown(context, (town) => withBead(town, id, (bead) => close(town, bead, reason))),
  )
}

async function withBead(
  town: OpenTown,
  partial: string,
  body: (bead: Bead) => Answer | Promise<Answer>,
): Promise<Answer> {
  const bead = findBead(town, partial)
  return bead.kind === 'error' ? bead : body(bead.value)
}

async function list(town: OpenTown, all: boolean): Promise<Answer> {
  await budgetsOf(town)
  const views = convoyViews(town.ledger.state, around(town), all)
  return ok({ data: views.map(rowData), text: listText(views, all) })
}

async function shown(town: OpenTown, bead: Bead): Promise<Answer> {
  await budgetsOf(town)
  const now = town.now()
  const view = convoyView(town.ledger.state, bead, around(town, now))
  const { driverAlive } = await import('../deacon/daemon.ts')
  return ok({ data: viewData(view), text: showText(view, { now, driven: driverAlive(town) }) })
}

/** The beads that are meant; each once. */
function beadsOf(town: OpenTown, words: readonly string[]): Result<Bead[]> {
  const found = new Map<string, Bead>()
  for (const word of words) {
    const bead = findBead(town, word)
    if (bead.kind === 'error') return bead
    found.set(bead.value.id, bead.value)
  }
  return ok([...found.values()])
}

const author = (town: OpenTown) => ({ by: actor(town.env), at: town.now().toISOString() })

async function create(town: OpenTown, title: string, words: string[], notify: string[]): Promise<Answer> {
  const members = beadsOf(town, words)
  if (members.kind === 'error') return members
  const told = addressesOf(town, notify)
  if (told.kind === 'error') return told
  const made = newConvoy(town.ledger.state, { title, members: members.value, notify: told.value }, author(town))
  if (made.kind === 'error') return made
  return written(town, made.value.bead.id, made.value.input)
}

async function add(town: OpenTown, convoy: Bead, words: string[]): Promise<Answer> {
  const members = beadsOf(town, words)
  if (members.kind === 'error') return members
  const change = addMembers(town.ledger.state, convoy, members.value, author(town))
  return change.kind === 'error' ? change : written(town, convoy.id, change.value)
}

async function remove(town: OpenTown, convoy: Bead, words: string[]): Promise<Answer> {
  const refused = refuseOthers(town, convoy)
  if (refused !== null) return refused
  const named = new Set(trackedBy(convoy))
  const ids: string[] = []
  for (const word of words) {
    // One that the ledger does not know can be taken out all the same.
    const bead = named.has(word) ? ok({ id: word }) : findBead(town, word)
    if (bead.kind === 'error') return bead
    ids.push(bead.value.id)
  }
  const change = removeMembers(convoy, ids, author(town))
  return change.kind === 'error' ? change : written(town, convoy.id, change.value)
}

async function close(town: OpenTown, convoy: Bead, reason: string | undefined): Promise<Answer> {
  const refused = refuseOthers(town, convoy)
  if (refused !== null) return refused
  const change = unfollow(town.ledger.state, convoy, reason, author(town))
  return change.kind === 'error' ? change : written(town, convoy.id, change.value)
}

async function written(town: OpenTown, id: string, change: ChangeInput): Promise<Answer> {
  const applied = mustApply(town.ledger.write(change), id)
  if (applied.kind === 'error') return applied
  return shown(town, town.ledger.state.beads.get(id)!)
}

/** What somebody waits for is not made smaller by an agent, unless it is its own. */
function refuseOthers(town: OpenTown, convoy: Bead): Answer | null {
  if (!isAgent(town.env) || facts(convoy).convoy?.by === actor(town.env)) return null
  return fail(
    'E_NOT_FOR_AGENTS',
    `${convoy.id} was sent off by ${facts(convoy).convoy?.by ?? 'a person'}, who may change it so.`,
    {
      kept: 'Nothing was changed.',
      hint: 'gt ask "May I take … out of …?"',
    },
  )
}
