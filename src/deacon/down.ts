/** `gt down`: no process is left and none comes back by itself. Work in progress is archived and stays slung. */

import type { Run } from '../beads/facts.ts'
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
  // Side by side: a stubborn worker takes its whole grace, and nobody should have to wait for one after another.
  const live = [...town.ledger.state.live.values()].flat()
  const shelved = await Promise.all(live.map((run) => shelveRun(town, run)))
  const failed = shelved.find((one) => one.kind === 'error')
  if (failed?.kind === 'error') return failed
  const runs = shelved.flatMap((one) => (one.kind === 'ok' && one.value !== null ? [one.value] : []))
  const ended = await town.runtime.shutdown()
  if (ended.kind === 'error') return ended
  const committed = await commitLedger(town.ledger)
  return committed.kind === 'error' ? committed : ok({ drivers: drivers.value, runs })
}

/** Ends one worker; unfinished work is archived and its bead goes back in line. Answers the fence, or null. */
async function shelveRun(town: OpenTown, run: Run): Promise<Result<string | null>> {
  const ended = await endWorker(town, run)
  if (ended.kind === 'error') return ended
  const bead = town.ledger.state.beads.get(run.bead)
  if (bead === undefined || !ACTIVE_RUN.has(run.state)) return ok(null)
  const archive = await archiveRun(town, run, 'the town went down')
  if (archive.kind === 'error') return archive
  const written = town.ledger.write(shelve(bead, run, town.now().toISOString(), 'deacon', archive.value))
  if (written.kind === 'error') return written
  return ok(written.value.applied ? run.fence : null)
}
