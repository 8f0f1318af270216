/** `gt down`: no process is left and none comes back by itself. Work in progress is archived and stays slung. */

import { ACTIVE_RUN } from '../beads/facts.ts'
import { commitLedger } from '../beads/git.ts'
import { shelve } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { archiveRun, endWorker } from '../polecats/unwind.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { stopDrivers } from './daemon.ts'

export interface WentDown {
  drivers: number
  runs: string[]
}

/** Ends drivers first (so that nothing is spawned again), then sessions, then the runtime itself. Idempotent. */
export async function goDown(town: OpenTown): Promise<Result<WentDown>> {
  const drivers = await stopDrivers(town)
  if (drivers.kind === 'error') return drivers
  const runs: string[] = []
  for (const [id, live] of [...town.ledger.state.live]) {
    for (const run of live) {
      const ended = await endWorker(town, run)
      if (ended.kind === 'error') return ended
      const bead = town.ledger.state.beads.get(id)
      if (bead === undefined || !ACTIVE_RUN.has(run.state)) continue
      const archive = await archiveRun(town, run, 'the town went down')
      if (archive.kind === 'error') return archive
      const written = town.ledger.write(shelve(bead, run, town.now().toISOString(), 'deacon', archive.value))
      if (written.kind === 'error') return written
      runs.push(run.fence)
    }
  }
  const ended = await town.runtime.shutdown()
  if (ended.kind === 'error') return ended
  const committed = await commitLedger(town.ledger)
  return committed.kind === 'error' ? committed : ok({ drivers: drivers.value, runs })
}
