/** When each chore has to be looked at again. Pure: settings and last looks in, names and an instant out. */
import type { TownSettings } from '../town/settings.ts'

/** The chores, in the order in which they run when several are due: what makes room comes before what counts it. */
export const CHORES = ['orphans', 'archive', 'compact', 'prune', 'logs', 'costs', 'backup'] as const
export type ChoreName = (typeof CHORES)[number]

export const isChore = (name: string): name is ChoreName => (CHORES as readonly string[]).includes(name)

type Dogs = TownSettings['dogs']

/** What nobody set up is never due: without a place for it there is no backup to make. */
const isSet = (name: ChoreName, dogs: Dogs): boolean => name !== 'backup' || dogs.backup_to !== undefined

/** When a chore is due next, in ms since the epoch: at once when it was never looked at, or by a clock that was set back. */
function dueAt(name: ChoreName, last: ReadonlyMap<string, number>, dogs: Dogs, now: number): number {
  const at = last.get(name)
  return at === undefined || at > now ? now : at + dogs[name]
}

/**
 * Chores to look at now.
 *
 * @param last when each was looked at, in ms since the epoch (looks.ts)
 */
export function choresDue(last: ReadonlyMap<string, number>, dogs: Dogs, now: Date): ChoreName[] {
  const at = now.getTime()
  return CHORES.filter((name) => isSet(name, dogs) && dueAt(name, last, dogs, at) <= at)
}

/** The next instant at which a chore is due, in ms since the epoch; `now` when one is due already. */
export function nextChore(last: ReadonlyMap<string, number>, dogs: Dogs, now: Date): number {
  const at = now.getTime()
  return Math.min(
    ...CHORES.filter((name) => isSet(name, dogs)).map((name) => Math.max(at, dueAt(name, last, dogs, at))),
  )
}

/** When one chore is due, for people; undefined for one that is not set up. */
export function nextOf(name: ChoreName, last: ReadonlyMap<string, number>, dogs: Dogs, now: Date): number | undefined {
  return isSet(name, dogs) ? Math.max(now.getTime(), dueAt(name, last, dogs, now.getTime())) : undefined
}
