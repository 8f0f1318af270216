/** The session of a crew member: a person's long-lived helper in a worktree of its own. */
import { existsSync } from 'node:fs'
import type { Started } from '../kernel/attended.ts'
import { startAttended, stopAttended } from '../kernel/attended.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { holdWords, lookAtHold } from '../town/hold.ts'
import { permissionMode } from '../town/permissions.ts'
import type { Crew } from './who.ts'
import { allCrew, crewSession, isThere } from './who.ts'

/**
 * Brings a crew member in unless it is; its conversation goes on where it was. Errors: E_HALF_MADE, E_WORKTREE (its folder is
 * gone), E_HELD, and those of `startAttended`.
 */
export async function startCrew(town: OpenTown, own: Crew, agent?: string): Promise<Result<Started>> {
  const { crew } = own
  const { address } = own.agent
  const again = `gt crew add ${crew.rig} ${crew.name}`
  if (crew.state !== 'ready') {
    return fail('E_HALF_MADE', `${address} was never finished: its making was cut short.`, { hint: again })
  }
  if (!existsSync(crew.worktree)) {
    return fail('E_WORKTREE', `The worktree ${crew.worktree} is gone.`, {
      kept: `Its commits, on branch ${crew.branch} of ${town.paths.rig(crew.rig).repo}.`,
      hint: `gt crew remove ${address}   archives them; then: ${again}`,
    })
  }
  const hold = lookAtHold(town.root)
  if (hold.kind === 'error') return hold
  if (hold.kind !== 'empty') {
    const why = hold.kind === 'ok' ? holdWords(hold.value) : hold.why
    return fail('E_HELD', `The town is held, so nothing new starts: ${why}.`, { hint: 'gt thaw', exit: EXIT.tryAgain })
  }
  const rig = await town.rig(crew.rig)
  if (rig.kind === 'error') return rig
  return startAttended(town, {
    address,
    role: 'crew',
    rig: crew.rig,
    session: crewSession(crew),
    cwd: crew.worktree,
    // A person sits there; what they agreed to for the workers of this rig holds here as well.
    permission: permissionMode(town.settings, rig.value) ?? 'manual',
    trust: [town.paths.rig(crew.rig).repo, crew.worktree],
    chosen: agent,
    usual: rig.value.workers.agent ?? town.settings.workers.agent,
  })
}

/** Ends its session; worktree and conversation are kept. */
export const stopCrew = (town: OpenTown, { agent, crew }: Crew): Promise<Result<void>> =>
  stopAttended(town, agent.address, crewSession(crew))

/** Those who were in when the machine or the town went down; each with whether it is back now. False: it was there already. */
export async function bringCrewBack(town: OpenTown): Promise<{ address: string; back: Result<boolean> }[]> {
  const wanted = allCrew(town.ledger.state).filter((one) => isThere(one) && one.agent.in)
  return Promise.all(
    wanted.map(async (one) => {
      const started = await startCrew(town, one)
      return { address: one.agent.address, back: started.kind === 'error' ? started : ok(started.value.started) }
    }),
  )
}
