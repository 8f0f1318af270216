/** `gt bead list`, `ready`: which beads there are, which could start. */
import type { Command } from 'commander'
import { readyBeads } from '../beads/ready.ts'
import { ok } from '../result.ts'
import { listed, listText, readyText } from './bead-text.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { knownRig, withTown } from './town.ts'

/** Adds the verbs. */
export function registerList(bead: Command, context: Context): void {
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
}

function list(context: Context, options: { status?: string; rig?: string }): Promise<Answer> {
  return withTown(context, async (town) => {
    const { state } = town.ledger
    const beads = listed(state, options)
    const known = beads.length > 0 ? ok(undefined) : await knownRig(town, options.rig)
    if (known.kind === 'error') return known
    return ok({ data: beads, text: listText(state, beads, town.now()) })
  })
}

function ready(context: Context, rig?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const { state } = town.ledger
    const beads = readyBeads(state, { now: town.now(), ...(rig !== undefined && { rig }) })
    const known = beads.length > 0 ? ok(undefined) : await knownRig(town, rig)
    if (known.kind === 'error') return known
    return ok({ data: beads, text: readyText(state, beads, town.now()) })
  })
}
