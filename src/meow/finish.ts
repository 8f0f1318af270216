/** Says that a step is done, and tries again when somebody else changed the molecule at the same moment. */
import type { Bead } from '../beads/bead.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Completing } from './complete.ts'
import { completeStep } from './complete.ts'
import { allowCommandsIn } from './gates/permission.ts'
import { growth } from './growth.ts'

/** Two who finish parts of one group at once: one of them has to look again. */
const TRIES = 8

/** The step as it stands afterwards. Errors: those of completeStep; E_CHANGED when it could not be written. */
export async function finishStep(town: OpenTown, id: string, how: Omit<Completing, 'at'>): Promise<Result<Bead>> {
  for (let tries = 0; tries < TRIES; tries++) {
    const read = town.ledger.refresh()
    if (read.kind === 'error') return read
    const { state } = town.ledger
    const bead = state.beads.get(id)
    if (bead === undefined) return fail('E_NO_BEAD', `There is no bead ${id}.`, { hint: 'gt mol next' })
    const change = completeStep(state, bead, { ...how, at: town.now().toISOString() }, growth(town))
    if (change.kind === 'error') return change
    const allowed = await allowCommandsIn(town, change.value.ops)
    if (allowed.kind === 'error') return allowed
    const written = town.ledger.write(change.value)
    if (written.kind === 'error') return written
    if (written.value.applied) return ok(town.ledger.state.beads.get(id) ?? bead)
  }
  return fail('E_CHANGED', `The molecule of ${id} changed at the same moment, again and again; nothing was written.`, {
    hint: 'try again',
    exit: EXIT.tryAgain,
  })
}
