/** Who a crew member is: its address, and which one a person means. Pure. */
import type { CrewFacts } from '../beads/agent-facts.ts'
import type { State } from '../beads/fold.ts'
import type { AgentBead } from '../kernel/agents.ts'
import { allAgents } from '../kernel/agents.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { nearest } from '../town/nearest.ts'

/** A crew member as the ledger knows it. */
export interface Crew extends AgentBead {
  crew: CrewFacts
}

/** `gp/crew/max`. */
export const crewAddress = (rig: string, name: string): string => `${rig}/crew/${name}`

/** The session's name, for people. No name holds the word `crew`, so no two of them can be the same. */
export const crewSession = ({ rig, name }: Pick<CrewFacts, 'rig' | 'name'>): string => `${rig}-crew-${name}`

/** Words with a meaning of their own in addresses. */
const RESERVED = new Set('mayor deacon witness refinery polecats polecat crew dogs dog person human all'.split(' '))

/** Refuses what cannot name a crew member: `E_CREW_NAME` (64). */
export function checkName(name: string): Result<void> {
  const words = name.split(/[-_]/)
  if (/^[a-z][a-z0-9_-]{0,30}$/.test(name) && !RESERVED.has(name) && !words.includes('crew')) return ok(undefined)
  return fail('E_CREW_NAME', `${JSON.stringify(name.slice(0, 60))} cannot name a crew member.`, {
    kept: 'Nothing was made.',
    hint: 'Use up to 31 lower-case letters, digits, `-` and `_`, beginning with a letter; no word of the town.',
    exit: EXIT.usage,
  })
}

/** Every crew member that ever was; those who were removed come last, the newest of them first. */
export function allCrew(state: State): Crew[] {
  const found = allAgents(state).flatMap(({ id, agent }) => (agent.crew ? [{ id, agent, crew: agent.crew }] : []))
  const gone = ({ crew }: Crew): string => crew.removed_at ?? ''
  return found.sort((a, b) => (isThere(a) !== isThere(b) ? (isThere(a) ? -1 : 1) : gone(a) > gone(b) ? -1 : 0))
}

/** Not removed; it may be half made. */
export const isThere = ({ crew }: Crew): boolean => crew.state !== 'removed'

/**
 * The crew member that a person means: `gp/crew/max`, `gp/max`, or `max` where only one rig has one of that name. `past`:
 * one that was removed will do, when there is no other. Errors: E_NO_CREW with the nearest name, E_AMBIGUOUS.
 */
export function findCrew(state: State, who: string, past = false): Result<Crew> {
  const all = allCrew(state)
  const there = all.filter(isThere)
  const meant = (one: Crew): boolean =>
    [one.agent.address, `${one.crew.rig}/${one.crew.name}`, one.crew.name].includes(who)
  const found = there.filter(meant)
  if (found.length === 1) return ok(found[0]!)
  if (found.length > 1) {
    const names = found.map(({ agent }) => agent.address)
    return fail('E_AMBIGUOUS', `"${who}" is ${names.length}: ${names.join(', ')}.`, {
      hint: 'Write the whole address.',
    })
  }
  const removed = past ? all.find(meant) : undefined
  if (removed !== undefined) return ok(removed)
  const near = nearest(
    who,
    there.flatMap(({ agent, crew }) => [agent.address, `${crew.rig}/${crew.name}`, crew.name]),
  )
  return fail('E_NO_CREW', `There is no crew member ${JSON.stringify(who.slice(0, 100))}.`, {
    hint: near !== undefined ? `Did you mean ${near}?` : there.length > 0 ? 'gt crew list' : 'gt crew add <rig> <name>',
  })
}
