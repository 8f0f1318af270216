/**
 * Where a bead stands, in one word: derived from its status, runs, merge request and needs, stored nowhere (law 11).
 * One function for every command, the daemon and the tests.
 *
 *   open → waiting → hooked → in_progress → submitted → landed | done | declined | cancelled
 *   blocked · deferred · needs_human
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeFacts, Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { isBlocked } from '../beads/ready.ts'
import { epicRequest } from './integration.ts'
import { mergeOf } from './merges.ts'
import { liveRun, runsOf } from './runs.ts'

export type Standing =
  | 'open'
  | 'blocked'
  | 'deferred'
  /** Slung, and waiting for a free slot, a rest after a failure, or a dependency. */
  | 'waiting'
  | 'hooked'
  | 'in_progress'
  | 'submitted'
  | 'needs_human'
  | 'landed'
  | 'done'
  | 'declined'
  | 'cancelled'

/** Standings after which nothing more happens by itself. */
export const SETTLED: ReadonlySet<Standing> = new Set<Standing>([
  'landed',
  'done',
  'declined',
  'cancelled',
  'needs_human',
])

export function standing(state: State, bead: Bead, now: Date): Standing {
  const gt = facts(bead)
  if (bead.status === 'closed' || bead.status === 'tombstone') return gt.outcome ?? 'done'
  if (gt.needs !== undefined) return 'needs_human'
  const run = liveRun(bead)
  if (run?.state === 'submitted') return waitsForPeople(mergeFor(state, run)) ? 'needs_human' : 'submitted'
  const epic = epicRequest(state, bead)?.merge
  if (epic !== undefined) return waitsForPeople(epic) ? 'needs_human' : 'submitted'
  if (run !== undefined) return run.state === 'working' || run.state === 'quiet' ? 'in_progress' : 'hooked'
  if (gt.slung !== undefined) return 'waiting'
  if (bead.status === 'deferred') return 'deferred'
  if (bead.defer_until !== undefined && Date.parse(bead.defer_until) > now.getTime()) return 'deferred'
  if (bead.status === 'blocked' || isBlocked(state, bead, now) !== null) return 'blocked'
  return 'open'
}

const mergeFor = (state: State, run: Run) =>
  mergeOf(run.merge_request === undefined ? undefined : state.beads.get(run.merge_request))?.merge

/**
 * Nobody can go on until the target is green (the bead that stands for that says what to do), or until people merged an
 * open pull request; one that does not show this very head yet is still the Refinery's.
 */
function waitsForPeople(merge: MergeFacts | undefined): boolean {
  if (merge?.held_for === 'pr') return merge.state === 'held' && merge.pr?.head === merge.head
  return merge?.held_for === 'red-target'
}

/** The newest run of a bead, live or not. */
export function lastRun(bead: Bead): Run | undefined {
  return liveRun(bead) ?? runsOf(bead).at(-1)
}

/** One line on why a bead is where it is, for people. */
export function reasonOf(state: State, bead: Bead, now: Date): string {
  const gt = facts(bead)
  if (gt.needs !== undefined) return gt.needs.text
  const run = lastRun(bead)
  const epic = epicRequest(state, bead)?.merge
  const merge = epic ?? (run && mergeFor(state, run))
  if ((run?.state === 'submitted' || epic !== undefined) && merge !== undefined)
    return merge.reason ? `${merge.state}: ${merge.reason}` : merge.state
  if (gt.slung?.not_before !== undefined && Date.parse(gt.slung.not_before) > now.getTime()) {
    return `rests until ${gt.slung.not_before} after: ${run?.reason ?? 'a failed attempt'}`
  }
  const blocked = bead.status === 'closed' ? null : isBlocked(state, bead, now)
  if (blocked !== null) return blocked.why
  return run?.reason ?? ''
}
