/**
 * Where a bead stands, in one word: derived from its status, runs, merge request and needs, stored nowhere (law 11).
 * One function for every command, the daemon and the tests.
 *
 *   open → waiting → hooked → in_progress ⇄ parked → submitted → landed | done | declined | cancelled
 *   blocked · deferred · needs_human
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeFacts, Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { isBlocked, notReadyBecause } from '../beads/ready.ts'
import { epicRequest } from './integration.ts'
import type { MayStart } from './intensity.ts'
import { breakers, mayStart } from './intensity.ts'
import { nextRole } from './ladder.ts'
import { mergeOf, RETURNED } from './merges.ts'
import { liveRun, restUntil, runsOf } from './runs.ts'

export type Standing =
  | 'open'
  | 'blocked'
  | 'deferred'
  /** Slung, and waiting for a free slot, a rest after a failure, or a dependency. */
  | 'waiting'
  | 'hooked'
  | 'in_progress'
  /** Its worker waits for gates, without a session and a slot. */
  | 'parked'
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
  if (bead.status === 'closed') return gt.outcome ?? 'done'
  // Who deletes work that is not over cancels it: nobody who waits for it may take it for done.
  if (bead.status === 'tombstone') return gt.outcome ?? 'cancelled'
  if (gt.needs !== undefined) return 'needs_human'
  const run = liveRun(bead)
  if (run?.state === 'submitted') return waitsForPeople(mergeFor(state, run)) ? 'needs_human' : 'submitted'
  const epic = epicRequest(state, bead)?.merge
  if (epic !== undefined) return waitsForPeople(epic) ? 'needs_human' : 'submitted'
  if (run?.state === 'parked') return 'parked'
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

/** What a parked run waits for: its budget (and why that is not free), or gates, by their titles. */
function waitsFor(state: State, run: Run, why?: string): string {
  const { gates = [], budget } = run.parked ?? {}
  if (budget !== undefined) return `parked since ${run.since}; ${why ?? 'its budget was used up'}`
  const named = gates.map((id) => {
    const title = lookUp(state, id)?.title
    return title === undefined ? id : `${id} (${title})`
  })
  return `parked since ${run.since}; waits for ${named.join(', ')}`
}

/** The newest run of a bead, live or not. */
export function lastRun(bead: Bead): Run | undefined {
  return liveRun(bead) ?? runsOf(bead).at(-1)
}

/**
 * One line on why a bead is where it is, for people.
 *
 * @param gate what budgets, breakers and accounts say to a start (may-start.ts); breakers alone, unless given
 */
export function reasonOf(state: State, bead: Bead, now: Date, gate?: (bead: Bead, rig: string) => MayStart): string {
  const gt = facts(bead)
  if (bead.status === 'tombstone')
    return `deleted by ${bead.deleted_by ?? 'somebody'}: ${bead.delete_reason ?? 'no reason given'}`
  if (gt.needs !== undefined) return gt.needs.text
  // Why its last run ended is not why it is over; where it landed is told elsewhere.
  if (bead.status === 'closed') return gt.outcome === 'landed' ? '' : (bead.close_reason ?? '')
  const run = lastRun(bead)
  if (run?.state === 'parked') {
    const may = run.parked?.budget && gate?.(bead, run.rig)
    return waitsFor(state, run, may?.is === 'no' ? may.why : undefined)
  }
  const epic = epicRequest(state, bead)?.merge
  const merge = epic ?? (run && mergeFor(state, run))
  if ((run?.state === 'submitted' || epic !== undefined) && merge !== undefined) {
    const words = merge.reason ? `${merge.state}: ${merge.reason}` : merge.state
    const may = run !== undefined && RETURNED.has(merge.state) ? gate?.(bead, run.rig) : undefined
    return may?.is === 'no' && may.by === 'budget' ? `${words}; its worker waits: ${may.why}` : words
  }
  if (restUntil(gt.slung, now) !== undefined) {
    return `rests until ${gt.slung?.not_before} after: ${run?.reason ?? 'a failed attempt'}`
  }
  const blocked = isBlocked(state, bead, now)
  if (blocked !== null) return blocked.why
  if (gt.slung !== undefined && bead.status !== 'closed' && liveRun(bead) === undefined) {
    const { rig } = gt.slung
    const held = notReadyBecause(state, bead, now)
    if (held !== null) return held
    const may = gate?.(bead, rig) ?? mayStart(breakers(state, now), rig, nextRole(bead, rig))
    if (may.is === 'no') return may.why
  }
  return run?.reason ?? ''
}
