/**
 * Carries out the Refinery's plan for one rig. Crash-only: every step is in the ledger before the next, the driver
 * that holds an entry is named in it, and a dead driver's entry is recovered from what the repository shows.
 * One driver a rig at a time, by lease; even two would be harmless, since the target moves by compare-and-swap only.
 */
import { acquire, release } from '../beads/leases.ts'
import { fetchRemote, isAncestor } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { openMerges, step } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import type { RigSettings } from '../town/settings.ts'
import { move, recordLanding, tellPerson, untellPerson } from './books.ts'
import { Merge } from './merge.ts'
import type { Action } from './plan.ts'
import { next, releasable } from './plan.ts'

/** What one call did. `busy`: another driver has this rig's queue in hand. */
export interface Worked {
  steps: number
  busy: boolean
}

/**
 * Works the queue of a rig until nothing in it can move (or after one entry with `once`).
 * Errors: broken rig settings, a ledger that refuses writes; entries keep their place.
 */
export async function workQueue(
  town: OpenTown,
  rigName: string,
  options: { once?: boolean; signal?: AbortSignal } = {},
): Promise<Result<Worked>> {
  const lease = acquire(town.ledger, `refinery:${rigName}`, `${rigName}/refinery`)
  if (lease.kind === 'error') return lease
  if (lease.value === null) return ok({ steps: 0, busy: true })
  try {
    let steps = 0
    while (!options.signal?.aborted) {
      const read = town.ledger.refresh()
      if (read.kind === 'error') return read
      const rig = await town.rig(rigName)
      if (rig.kind === 'error') return rig
      const action = next({
        requests: openMerges(town.ledger.state.beads.values(), rigName),
        rig: rig.value,
        orphaned: isOrphan,
      })
      if (action === null) break
      const carried = await carryOut(town, rig.value, action, options.signal)
      if (carried.kind === 'error') return carried
      steps++
      if (options.once && action.do === 'merge') break
    }
    return ok({ steps, busy: false })
  } finally {
    release(lease.value)
  }
}

/** Rigs whose queue has an entry that `workQueue` could move now. A rig whose settings cannot be read has none. */
export async function movableQueues(town: OpenTown): Promise<Set<string>> {
  const byRig = new Map<string, MergeRequest[]>()
  for (const request of openMerges(town.ledger.state.beads.values())) {
    byRig.set(request.merge.rig, [...(byRig.get(request.merge.rig) ?? []), request])
  }
  const movable = new Set<string>()
  for (const [name, requests] of byRig) {
    const rig = await town.rig(name)
    if (rig.kind === 'ok' && next({ requests, rig: rig.value, orphaned: isOrphan }) !== null) movable.add(name)
  }
  return movable
}

/**
 * Queues again what was held for a setting that has been settled since, without waiting for a driver: a change of
 * settings wakes none, and whoever waits would meet the old question. Conditional, so two doing it at once are harmless.
 */
export async function releaseSettled(town: OpenTown, rigName: string): Promise<Result<void>> {
  const rig = await town.rig(rigName)
  if (rig.kind === 'error') return rig
  for (const request of openMerges(town.ledger.state.beads.values(), rigName)) {
    if (request.merge.state !== 'held' || !releasable(rig.value, request)) continue
    const note = { held_for: undefined, reason: undefined }
    const change = step(request, 'queued', town.now().toISOString(), 'what it was held for has been settled', note)
    change.ops.push({ op: 'unset', id: request.merge.bead, path: ['metadata', 'gt', 'needs'] })
    const written = town.ledger.write(change)
    if (written.kind === 'error') return written
  }
  return ok(undefined)
}

/** We hold the rig's lease, so an entry in anybody's hand is either ours from before or a dead driver's. */
function isOrphan(request: MergeRequest): boolean {
  const { executor } = request.merge
  if (executor === undefined) return true
  const alive = isRunning(executor)
  return (alive.kind === 'ok' && !alive.value) || executor.pid === process.pid
}

async function carryOut(town: OpenTown, rig: RigSettings, action: Action, signal?: AbortSignal): Promise<Result<void>> {
  switch (action.do) {
    case 'hold': {
      const moved = move(town, action.request, 'held', action.reason, { reason: action.reason, held_for: action.cause })
      return moved.kind === 'error' ? moved : tellPerson(town, action.request, action.cause, action.reason)
    }
    case 'release': {
      const moved = move(town, action.request, 'queued', action.reason, { held_for: undefined, reason: undefined })
      return moved.kind === 'error' ? moved : untellPerson(town, action.request)
    }
    case 'recover':
      return recover(town, action.request)
    case 'merge':
      return new Merge(town, rig, action.request, signal).run()
  }
}

/**
 * A driver died here. If its candidate (or the branch itself) is in the target, the landing is recorded; otherwise the
 * entry is queued again. Nothing else can be true, because the target only moves by compare-and-swap to a candidate.
 */
async function recover(town: OpenTown, request: MergeRequest): Promise<Result<void>> {
  const gitDir = town.paths.rig(request.merge.rig).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const { candidate, state } = request.merge
  if (state === 'landing' && candidate !== undefined) {
    const landed = await isAncestor(gitDir, candidate.commit, `refs/remotes/origin/${request.merge.target}`)
    if (landed.kind === 'error') return landed
    if (landed.kind === 'ok' && landed.value) return recordLanding(town, request, candidate.commit)
  }
  const moved = move(town, request, 'queued', `its driver died while ${state}`, {
    executor: undefined,
    candidate: undefined,
  })
  return moved.kind === 'error' ? moved : ok(undefined)
}
