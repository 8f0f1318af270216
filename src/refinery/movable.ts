/** Whether a queue has anything to do, without working it: what the driver of a town asks at every pass. */
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND, openMerges, step } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import type { RigSettings } from '../town/settings.ts'
import { releasable } from './admission.ts'
import { isParked } from './alarm.ts'
import { isPull } from './pull.ts'
import { handedIn } from './rows.ts'

/** In the hand of a driver that certainly ended, or of this very process from before. */
export function isOrphan({ merge }: MergeRequest): boolean {
  if (!IN_HAND.has(merge.state)) return false
  if (merge.executor === undefined || merge.executor.pid === process.pid) return true
  const alive = isRunning(merge.executor)
  return alive.kind === 'ok' && !alive.value
}

/**
 * Rigs whose queue has something for `workQueue` to do, each with a mark that changes when the queue does. A rig whose
 * settings cannot be read has none.
 */
export async function movableQueues(town: OpenTown): Promise<Map<string, string>> {
  const byRig = new Map<string, MergeRequest[]>()
  for (const request of openMerges(town.ledger.state.beads.values())) {
    byRig.set(request.merge.rig, [...(byRig.get(request.merge.rig) ?? []), request])
  }
  const movable = new Map<string, string>()
  for (const [name, requests] of byRig) {
    const rig = await town.rig(name)
    if (rig.kind === 'error') continue
    const moving = requests.filter((request) => isMovable(town, rig.value, request))
    const mark = moving.map((request) => `${request.bead.id} ${request.merge.state} ${handedIn(request)}`).join()
    if (moving.length > 0) movable.set(name, mark)
  }
  return movable
}

function isMovable(town: OpenTown, rig: RigSettings, request: MergeRequest): boolean {
  const bead = town.ledger.state.beads.get(request.merge.bead)
  if (bead === undefined) return false
  if (request.merge.state === 'queued' || isParked(request) || isOrphan(request)) return true
  return releasable(rig, request, bead) || isPull(rig, request, bead)
}

/**
 * Queues again what was held for a setting that has been settled since, without waiting for a driver: a change of
 * settings wakes none, and whoever waits would meet the old question. Conditional, so two doing it at once are harmless.
 */
export async function releaseSettled(town: OpenTown, rigName: string): Promise<Result<void>> {
  const rig = await town.rig(rigName)
  if (rig.kind === 'error') return rig
  for (const request of openMerges(town.ledger.state.beads.values(), rigName)) {
    const bead = town.ledger.state.beads.get(request.merge.bead)
    if (bead === undefined || !releasable(rig.value, request, bead)) continue
    const note = { held_for: undefined, reason: undefined }
    const change = step(request, 'queued', town.now().toISOString(), 'what it was held for has been settled', note)
    change.ops.push({ op: 'unset', id: request.merge.bead, path: ['metadata', 'gt', 'needs'] })
    const written = town.ledger.write(change)
    if (written.kind === 'error') return written
  }
  return ok(undefined)
}
