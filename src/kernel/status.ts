/** The three questions: what is running, what is waiting for me, what landed. Derived from the ledger (law 11). */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeFacts, Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { mergeOf, openMerges } from './merges.ts'
import { liveRun } from './runs.ts'
import { reasonOf, standing } from './standing.ts'

export interface Status {
  running: { bead: string; title: string; agent: string; run: string; state: string; since: string }[]
  /** Waits for a person, oldest first, with why. */
  needs_you: { bead: string; title: string; cause: string; text: string; since: string }[]
  landed: { bead: string; title: string; commit: string; target: string; at: string }[]
  /** Slung, not started yet. */
  waiting: { bead: string; title: string; reason: string }[]
  queue: { id: string; bead: string; state: string; queued_at: string }[]
  /** Free to be slung. */
  ready: number
}

/** How many landings a screen shows. */
const RECENT = 10

/** A merge request's bead stands for itself in the queue, not among the tasks. */
const isTask = (bead: Bead): boolean => bead.issue_type !== 'merge-request' && bead.issue_type !== 'message'

/** The merge request of a run that waits with an open pull request. */
function pullFor(state: State, run: Run | undefined): MergeFacts | undefined {
  const merge = mergeOf(run?.merge_request === undefined ? undefined : state.beads.get(run.merge_request))?.merge
  return merge?.held_for === 'pr' ? merge : undefined
}

export function statusOf(state: State, now: Date): Status {
  const status: Status = { running: [], needs_you: [], landed: [], waiting: [], queue: [], ready: 0 }
  for (const bead of state.beads.values()) {
    if (!isTask(bead)) continue
    const { id, title } = bead
    const gt = facts(bead)
    const run = bead.status === 'closed' ? undefined : liveRun(bead)
    if (run)
      status.running.push({ bead: id, title, agent: run.agent, run: run.fence, state: run.state, since: run.since })
    if (gt.landed)
      status.landed.push({ bead: id, title, commit: gt.landed.commit, target: gt.landed.target, at: gt.landed.at })
    if (bead.status === 'closed') continue
    if (gt.needs)
      status.needs_you.push({ bead: id, title, cause: gt.needs.cause, text: gt.needs.text, since: gt.needs.at })
    const where = standing(state, bead, now)
    const pull = gt.needs === undefined && where === 'needs_human' ? pullFor(state, run) : undefined
    if (pull)
      status.needs_you.push({ bead: id, title, cause: 'pr', text: reasonOf(state, bead, now), since: pull.since })
    if (where === 'waiting') status.waiting.push({ bead: id, title, reason: reasonOf(state, bead, now) })
    if (where === 'open') status.ready++
  }
  for (const { bead, merge } of openMerges(state.beads.values())) {
    status.queue.push({ id: bead.id, bead: merge.bead, state: merge.state, queued_at: merge.queued_at })
  }
  status.needs_you.sort((a, b) => (a.since < b.since ? -1 : 1))
  status.landed.sort((a, b) => (a.at > b.at ? -1 : 1)).splice(RECENT)
  return status
}
