/** `gt down`: no process is left and none comes back by itself. Work in progress is archived and stays slung (drain.ts waits first). */
import { setTimeout as delay } from 'node:timers/promises'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import { commitLedger } from '../beads/git.ts'
import { leaves, standingAgents } from '../kernel/agents.ts'
import { shelve } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { stepsUnderWay } from '../polecats/freeze.ts'
import { archiveRun, endWorker } from '../polecats/unwind.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { noteMoment } from '../town/moments.ts'
import { endTree } from '../town/process-tree.ts'
import type { ProcessId } from '../town/processes.ts'
import { isRunning } from '../town/processes.ts'
import { driversOf, stopDrivers } from './daemon.ts'

export interface WentDown {
  drivers: number
  runs: string[]
}

/** How long somebody who was starting a run may take to see that it is over. */
const STARTER_MS = 5_000
const LOOK_MS = 50

/** Ends drivers first (so that nothing is spawned again), then sessions, then the runtime itself. Idempotent. */
export async function goDown(town: OpenTown): Promise<Result<WentDown>> {
  // Seen while those who started them live: nothing else tells whose they are.
  const steps = await stepsUnderWay(town)
  if (steps.kind === 'error') return steps
  const seen = driversOf(town)
  // Those who wait for their turn to drive hold nothing by which they could be found; they see this and stop.
  noteMoment(town.root, 'down')
  const announced = town.ledger.write({ by: actor(town.env), why: 'the town goes down', ops: [] })
  if (announced.kind === 'error') return announced
  const drivers = await stopDrivers(town, seen)
  if (drivers.kind === 'error') return drivers
  const stepped = await Promise.all(steps.value.map((step) => endTree(step)))
  // Side by side: a stubborn worker takes its whole grace, and nobody should have to wait for one after another.
  const live = [...town.ledger.state.live.values()].flat()
  const shelved = await Promise.all(live.map((run) => shelveRun(town, run)))
  const failed = [...stepped, ...shelved].find((one) => one.kind === 'error')
  if (failed?.kind === 'error') return failed
  const runs = shelved.flatMap((one) => (one.kind === 'ok' && one.value !== null ? [one.value] : []))
  // A sling without a daemon may be about to start a session for a run that was just shelved.
  await startersGone(live)
  const ended = await town.runtime.shutdown()
  if (ended.kind === 'error') return ended
  const told = sayTheyLeft(town)
  if (told.kind === 'error') return told
  const committed = await commitLedger(town.ledger)
  if (committed.kind !== 'error') return ok({ drivers: drivers.value, runs })
  const kept = 'The town is down all the same, and the journal holds what git does not have yet.'
  return { kind: 'error', failure: { ...committed.failure, kept } }
}

/** The conversations of the Mayor and the crew are over for now; whoever was in comes back with `gt up`. */
function sayTheyLeft(town: OpenTown): Result<void> {
  const at = town.now().toISOString()
  for (const own of standingAgents(town.ledger.state)) {
    const change = leaves(own, 'down', at)
    const written = change === null ? ok(undefined) : town.ledger.write(change)
    if (written.kind === 'error') return written
  }
  return ok(undefined)
}

/** Waits until nobody is starting any of these runs any more; not for long, since such a process ends by itself. */
async function startersGone(runs: Run[]): Promise<void> {
  const starters = runs.flatMap((run) => (run.process === undefined && run.dispatcher ? [run.dispatcher] : []))
  const lives = (id: ProcessId): boolean => {
    const running = isRunning(id)
    return id.pid !== process.pid && running.kind === 'ok' && running.value
  }
  for (const end = performance.now() + STARTER_MS; starters.some(lives) && performance.now() < end; )
    await delay(LOOK_MS)
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
