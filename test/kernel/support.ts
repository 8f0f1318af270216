/** Beads, runs and merge requests made by hand, and the fold they are put into. Only for tests of pure parts. */
import type { Bead } from '../../src/beads/bead.ts'
import type { ChangeInput, Verdict } from '../../src/beads/change.ts'
import type { GtFacts, MergeFacts, Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { apply, emptyState, put } from '../../src/beads/fold.ts'
import type { MergeRequest } from '../../src/kernel/merges.ts'

/** Noon of some day plus `seconds`, RFC 3339. */
export const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString()

export function aBead(id: string, more: Partial<Bead> = {}, gt: Partial<GtFacts> = {}): Bead {
  return {
    id,
    title: `Bead ${id}`,
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: at(0),
    updated_at: at(0),
    ...more,
    metadata: { gt: { version: 0, rig: 'gp', ...gt } },
  }
}

export function aRun(fence: string, bead: string, more: Partial<Run> = {}): Run {
  return {
    fence,
    bead,
    rig: 'gp',
    agent: `gp/polecats/${fence}`,
    preset: 'script',
    attempt: 1,
    round: 1,
    state: 'working',
    claimed_at: at(0),
    since: at(0),
    target: 'main',
    branch: `gt/${bead}/${fence}`,
    base: 'b'.repeat(40),
    worktree: `/town/gp/polecats/${fence}`,
    session: `gp-${fence}`,
    process: { pid: 4242, started: `boot.${fence}` },
    ...more,
  }
}

/** A bead with one run on it, in the status that goes with the run's state. */
export function beadWith(run: Run, gt: Partial<GtFacts> = {}, more: Partial<Bead> = {}): Bead {
  return aBead(run.bead, { status: 'in_progress', ...more }, { runs: { [run.fence]: run }, ...gt })
}

export function aMerge(id: string, run: Run, more: Partial<MergeFacts> = {}, bead: Partial<Bead> = {}): MergeRequest {
  const merge: MergeFacts = {
    bead: run.bead,
    run: run.fence,
    rig: run.rig,
    worker: run.agent,
    branch: run.branch,
    head: 'c'.repeat(40),
    base: run.base ?? '',
    target: run.target,
    state: 'queued',
    queued_at: at(0),
    since: at(0),
    ...more,
  }
  return { bead: aBead(id, { issue_type: 'merge-request', ...bead }, { merge }), merge }
}

/** A state that holds these beads. */
export function stateOf(...beads: Bead[]): State {
  const state = emptyState()
  for (const bead of beads) put(state, bead)
  return state
}

let changes = 0

/** Folds what a builder asked for, as the ledger would. */
export function write(state: State, input: ChangeInput, when: string = at(0)): Verdict {
  return apply(state, { ...input, id: `change-${++changes}`, at: when })
}
