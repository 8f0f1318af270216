/** Starts the agents that a person talks to, whatever their role: for `gt up`, `gt handoff` and the loop. */
import { bringCrewBack, startCrew } from '../crew/crew.ts'
import { findCrew } from '../crew/who.ts'
import type { Started } from '../kernel/attended.ts'
import type { OpenTown } from '../kernel/town.ts'
import { bringMayorBack, MAYOR, startMayor } from '../mayor/mayor.ts'
import type { Result } from '../result.ts'

/** Brings the agent at this address into the session that the ledger wants. */
export function startAgent(town: OpenTown, address: string): Promise<Result<Started>> {
  if (address === MAYOR) return startMayor(town)
  const member = findCrew(town.ledger.state, address)
  return member.kind === 'error' ? Promise.resolve(member) : startCrew(town, member.value)
}

/** Everybody who was in when the machine or the town went down; each with whether they are back now. */
export async function bringAttendedBack(town: OpenTown): Promise<{ address: string; back: Result<boolean> }[]> {
  const [mayor, crew] = await Promise.all([bringMayorBack(town), bringCrewBack(town)])
  return [{ address: MAYOR, back: mayor }, ...crew]
}
