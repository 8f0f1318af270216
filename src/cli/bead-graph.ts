/** `gt bead blocked`, `epic`, `graph`, `dep cycles`: what stands in whose way, and what could close. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { findCycles } from '../beads/cycles.ts'
import { closeBead } from '../beads/edit.ts'
import { epicStatus } from '../beads/epics.ts'
import { graphMermaid, graphTree } from '../beads/graph.ts'
import { blockedBeads } from '../beads/ready.ts'
import { actor } from '../kernel/town.ts'
import { fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { columns, plain } from './text.ts'
import { findBead, knownRig, mustApply, withTown } from './town.ts'

/** Adds the verbs. */
export function registerGraph(bead: Command, context: Context): void {
  action(
    bead
      .command('blocked')
      .description('Work that waits for something else, and for what.')
      .option('--rig <rig>', 'only that project'),
    (options: { rig?: string }) => blocked(context, options.rig),
  )
  const epic = bead.command('epic').description('Epics: how far they are, and which could close.')
  action(epic.command('status').description('Every open epic with its children counted.'), () => epics(context))
  action(
    epic
      .command('close-eligible')
      .description('Close every epic whose children are all closed.')
      .option('--dry-run', 'say which, close none'),
    (options: { dryRun?: boolean }) => closeEligible(context, options.dryRun === true),
  )
  action(
    bead
      .command('graph')
      .description('What needs what, as a tree. Below a bead: its children, and what it needs.')
      .argument('[id]', 'only what hangs below this bead')
      .option('--mermaid', 'as a Mermaid flowchart')
      .addHelpText('after', '\nExample:\n  gt bead graph --mermaid > plan.mmd'),
    (id: string | undefined, options: { mermaid?: boolean }) => graph(context, id, options.mermaid === true),
  )
}

/** `gt bead dep cycles`; its noun stands with the other verbs of dependencies. */
export function registerCycles(dep: Command, context: Context): void {
  action(dep.command('cycles').description('Beads that hold each other back for ever.'), () =>
    withTown(context, (town) => {
      const cycles = findCycles(town.ledger.state)
      const lines = cycles.map((circle) => circle.join(' needs '))
      if (cycles.length > 0) lines.push('', `To break one: gt bead dep remove ${cycles[0]![0]} ${cycles[0]![1]}`)
      return ok({ data: { cycles }, text: cycles.length === 0 ? 'No circles.' : lines.join('\n') })
    }),
  )
}

function blocked(context: Context, rig?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const found = blockedBeads(town.ledger.state, { now: town.now(), ...(rig !== undefined && { rig }) })
    const known = found.length > 0 ? ok(undefined) : await knownRig(town, rig)
    if (known.kind === 'error') return known
    const data = found.map(({ bead, blocked: { by, why } }) => ({ ...bead, blocked_by: by, why }))
    const rows = found.map(({ bead, blocked: { why } }) => [
      bead.id,
      `P${bead.priority}`,
      plain(bead.title, 50),
      plain(why, 120),
    ])
    return ok({ data, text: rows.length > 0 ? columns(rows) : 'Nothing is blocked.' })
  })
}

function epics(context: Context): Promise<Answer> {
  return withTown(context, (town) => {
    const found = epicStatus(town.ledger.state)
    const data = found.map(({ epic, ...rest }) => ({ epic, ...rest }))
    const rows = found.map(({ epic, total, closed, eligible }) => [
      epic.id,
      `${closed}/${total}`,
      eligible ? 'closable' : '',
      plain(epic.title, 70),
    ])
    const hint = found.some(({ eligible }) => eligible) ? '\nNext: gt bead epic close-eligible' : ''
    return ok({ data, text: rows.length > 0 ? columns(rows) + hint : 'No open epics.' })
  })
}

function closeEligible(context: Context, dry: boolean): Promise<Answer> {
  return withTown(context, (town) => {
    if (context.env.GT_RUN) {
      return fail('E_NOT_FOR_AGENTS', 'A worker does not close beads: code closes by landing (law 1).', {
        hint: 'gt done',
      })
    }
    const closable = epicStatus(town.ledger.state).filter(({ eligible }) => eligible)
    const author = { by: actor(town.env), at: town.now().toISOString() }
    const closed: Bead[] = []
    const left: { id: string; why: string }[] = []
    for (const { epic } of closable) {
      // One with an integration branch is refused here and told so: it closes by landing.
      const change = closeBead(town.ledger.state, epic.id, { reason: 'all its children are closed' }, author)
      const done = change.kind === 'ok' && !dry ? mustApply(town.ledger.write(change.value), epic.id) : change
      if (done.kind === 'error') left.push({ id: epic.id, why: done.failure.message })
      else closed.push(town.ledger.state.beads.get(epic.id)!)
    }
    const lines = closed.map((bead) => `${bead.id}  ${plain(bead.title)}  ${dry ? 'would be closed' : 'closed'}`)
    for (const { id, why } of left) lines.push(`${id}  left open: ${plain(why, 200)}`)
    const data = { closed: closed.map(({ id }) => id), left, dryRun: dry }
    return ok({ data, text: lines.length > 0 ? lines.join('\n') : 'No epic is closable.' })
  })
}

/** How a bead is written in its line of the tree. */
const label = (id: string, bead: Bead | undefined): string =>
  bead === undefined ? `${id}  (not here)` : `${id}  ${plain(bead.title, 70)}  (${bead.status}, P${bead.priority})`

function graph(context: Context, partial: string | undefined, mermaid: boolean): Promise<Answer> {
  return withTown(context, (town) => {
    const { state } = town.ledger
    let root: string | undefined
    if (partial !== undefined) {
      const found = findBead(town, partial)
      if (found.kind === 'error') return found
      root = found.value.id
    }
    const cycles = findCycles(state)
    const drawn = mermaid ? graphMermaid(state, root) : graphTree(state, label, root)
    const circles = mermaid ? [] : cycles.map((circle) => `circle: ${circle.join(' needs ')}`)
    const text = [drawn || 'No open beads.', ...circles].join('\n')
    return ok({ data: { [mermaid ? 'mermaid' : 'tree']: drawn, cycles }, text })
  })
}
