/**
 * Ends a run through no fault of its own (the town goes down, the machine was restarted): what it did is archived and its bead
 * goes back in line, without an attempt counted.
 */
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import { shelve } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { archiveRun, endWorker } from './unwind.ts'

/** Answers the fence; null when there was no unfinished work (its session is ended all the same). */
export async function shelveRun(town: OpenTown, run: Run, why: string, by: string): Promise<Result<string | null>> {
  const ended = await endWorker(town, run)
  if (ended.kind === 'error') return ended
  const bead = town.ledger.state.beads.get(run.bead)
  if (bead === undefined || !ACTIVE_RUN.has(run.state)) return ok(null)
  const archive = await archiveRun(town, run, why)
  if (archive.kind === 'error') return archive
  const written = town.ledger.write(shelve(bead, run, town.now().toISOString(), by, archive.value, why))
  if (written.kind === 'error') return written
  return ok(written.value.applied ? run.fence : null)
}
