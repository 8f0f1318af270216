/** What is running, what is on its way, what landed. Derived from the ledger (law 11). What waits for a person: attention/. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { readiness } from '../beads/ready.ts'
import type { MayStart } from './intensity.ts'
import { openMerges } from './merges.ts'
import { liveRun } from './runs.ts'
import { reasonOf, standing } from './standing.ts'

export interface Status {
  running: { bead: string; title: string; agent: string; run: string; state: string; since: string }[]
  /** The newest, newest first. */
  landed: { bead: string; title: string; commit: string; target: string; at: string }[]
  /** Since midnight, by this machine's clock. */
  landed_today: number
  /** Slung, not started yet. */
  waiting: { bead: string; title: string; reason: string }[]
  queue: { id: string; bead: string; state: string; queued_at: string }[]
  /** Free to be slung. */
  ready: number
}

/** How many landings a screen shows. */
const RECENT = 10

/** A merge request's bead stands for itself in the queue, and a convoy for its members: neither is a task. */
const NO_TASK = new Set(['merge-request', 'message', 'convoy'])
const isTask = (bead: Bead): boolean => !NO_TASK.has(bead.issue_type)

/** `gate`: what breakers and accounts say to a start (may-start.ts). */
export function statusOf(state: State, now: Date, gate?: (bead: Bead, rig: string) => MayStart): Status {
  const status: Status = { running: [], landed: [], landed_today: 0, waiting: [], queue: [], ready: 0 }
  const notReady = readiness(state, now)
  const midnight = new Date(now).setHours(0, 0, 0, 0)
  for (const bead of state.beads.values()) {
    if (!isTask(bead)) continue
    const { id, title } = bead
    const gt = facts(bead)
    const run = bead.status === 'closed' ? undefined : liveRun(bead)
    if (run)
      status.running.push({ bead: id, title, agent: run.agent, run: run.fence, state: run.state, since: run.since })
    if (gt.landed) {
      const { commit, target, at } = gt.landed
      status.landed.push({ bead: id, title, commit, target, at })
      if (Date.parse(at) >= midnight) status.landed_today++
    }
    if (bead.status === 'closed') continue
    const where = standing(state, bead, now)
    if (where === 'waiting') status.waiting.push({ bead: id, title, reason: reasonOf(state, bead, now, gate) })
    if (where === 'open' && notReady(bead) === null) status.ready++
  }
  for (const { bead, merge } of openMerges(state.beads.values())) {
    status.queue.push({ id: bead.id, bead: merge.bead, state: merge.state, queued_at: merge.queued_at })
  }
  status.landed.sort((a, b) => (a.at > b.at ? -1 : 1)).splice(RECENT)
  return status
}
