/**
 * The chore `compact`: beads that closed more than a week ago and that nobody needs move to their month's archive file
 * (beads/archive.ts). A commit of the ledger does the same in passing; this is for towns in which nothing is committed.
 */
import { archiveCold, coldBeads } from '../beads/archive.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Seen } from './chores.ts'
import type { Report } from './report.ts'

export async function look(town: OpenTown): Promise<Result<Seen>> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  return ok({ todo: coldBeads(town.ledger.state, town.now()).length, lines: [] })
}

export async function run(town: OpenTown): Promise<Result<Report>> {
  const moved = archiveCold(town.ledger, town.now())
  if (moved.kind === 'error') return moved
  const did = moved.value.moved
  const lines =
    did > 0 ? [`moved ${did} closed beads to the archive of their month; every command still finds them`] : []
  return ok({ did, lines })
}
