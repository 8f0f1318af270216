/** The merge queues as a screen shows them. Pure. */
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { openMerges } from '../kernel/merges.ts'

export interface QueueLine {
  /** The merge request. */
  id: string
  bead: string
  title: string | null
  rig: string
  target: string
  worker: string
  state: string
  /** Since when it stands in line, and since when in this state. */
  queued_at: string
  since: string
  reason: string | null
}

/** By rig; within one as the line stands (kernel/merges.ts). */
export function queueOf(state: State): QueueLine[] {
  const lines = openMerges(state.beads.values()).map(({ bead, merge }) => ({
    id: bead.id,
    bead: merge.bead,
    title: lookUp(state, merge.bead)?.title ?? null,
    rig: merge.rig,
    target: merge.target,
    worker: merge.worker,
    state: merge.state,
    queued_at: merge.queued_at,
    since: merge.since,
    reason: merge.reason ?? null,
  }))
  // Stable: the order of the line stays within a rig.
  return lines.sort((a, b) => (a.rig < b.rig ? -1 : a.rig > b.rig ? 1 : 0))
}
