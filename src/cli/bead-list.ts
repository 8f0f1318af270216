/** `gt bead list`, `ready`: which beads there are, which could start. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { readyBeads } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import { standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { columns, plain, withTown } from './town.ts'

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
