/** Where a person goes next, from pane to pane: to the agents of what waits, in the order of the list. Pure. */
import type { SessionView } from '../agents/runtime.ts'
import type { Item } from './item.ts'

/** Names of the sessions to go to, each once: those that an answer of the list would go to as well. */
export function sessionsToVisit(items: readonly Item[], sessions: readonly SessionView[]): string[] {
  const agents = items.flatMap(({ answers }) => {
    const there = answers.find(({ argv }) => argv[1] === 'attach')
    return there === undefined ? [] : [there.argv[2]]
  })
  const names = agents.flatMap((agent) => sessions.find((one) => one.alive && one.labels.agent === agent)?.name ?? [])
  return [...new Set(names)]
}

/** The one after `here`, or the first; undefined: there is no other. */
export function nextVisit(names: readonly string[], here: string | undefined): string | undefined {
  const next = names[(names.indexOf(here ?? '') + 1) % Math.max(1, names.length)]
  return next === here ? undefined : next
}
