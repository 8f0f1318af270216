/** Opening the town for a command, and the little that many commands share. */
import type { Bead } from '../beads/bead.ts'
import type { Verdict } from '../beads/change.ts'
import { lookUp } from '../beads/fold.ts'
import { resolveId } from '../beads/ids.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'

export { age, columns, plain } from './text.ts'

/** Opens the town that the context means and closes its ledger when the body is done. */
export async function withTown(context: Context, body: (town: OpenTown) => Answer | Promise<Answer>): Promise<Answer> {
  const town = await openTown(context.env, context.cwd)
  if (town.kind === 'error') return town
  try {
    return await body(town.value)
  } finally {
    town.value.ledger.close()
  }
}

/** The bead that a person means by a whole or partial id. */
export function findBead(town: OpenTown, partial: string): Result<Bead> {
  const id = resolveId(town.ledger.state, partial)
  if (id.kind === 'error') return id
  const bead = id.kind === 'ok' ? lookUp(town.ledger.state, id.value) : undefined
  return bead ? ok(bead) : fail('E_NO_BEAD', `There is no bead ${partial}.`, { hint: 'gt bead list' })
}

/** A verdict that must have applied: losing a race is "try again", never silence. */
export function mustApply(verdict: Result<Verdict>, what: string): Result<void> {
  if (verdict.kind === 'error') return verdict
  if (verdict.value.applied) return ok(undefined)
  return fail('E_CHANGED', `${what} was changed by somebody else at the same moment; nothing was written.`, {
    hint: 'try again',
    exit: EXIT.tryAgain,
  })
}
