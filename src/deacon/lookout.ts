/** When the merge radar has to look. Pure. */
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { watched } from '../refinery/radar-plan.ts'

/** What the last sweep of a rig left for the plan. */
export interface Sighting {
  /** When it looked, in ms since the epoch. */
  at: number
  /** Files by the fence of the run whose branch changed them. */
  touched: ReadonlyMap<string, readonly string[]>
}

/** Rigs in which two or more branches could meet, and somebody is there who can still be told. */
function crowded(state: State): string[] {
  const rigs = new Set([...state.live.values()].flat().map((run) => run.rig))
  return [...rigs].filter((rig) => {
    const runs = watched(state, rig)
    return runs.length > 1 && runs.some((run) => ACTIVE_RUN.has(run.state))
  })
}

/** Rigs to look at now: crowded ones that nobody looked at for `everyMs`. An idle town has none. */
export function radarsDue(state: State, seen: ReadonlyMap<string, Sighting>, everyMs: number, now: Date): string[] {
  return crowded(state).filter((rig) => {
    const age = now.getTime() - (seen.get(rig)?.at ?? Number.NaN)
    // Never, or at an hour that is still to come: then the clock was set back.
    return !(age >= 0 && age < everyMs)
  })
}

/** The next instant at which a rig is due, in ms since the epoch; no commit in a worktree wakes the loop. */
export function nextRadar(
  state: State,
  seen: ReadonlyMap<string, Sighting>,
  everyMs: number,
  now: Date,
): number | undefined {
  const ahead = crowded(state).flatMap((rig) => {
    const at = (seen.get(rig)?.at ?? Number.NaN) + everyMs
    return at > now.getTime() ? [at] : []
  })
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}
