/** `gt bead show`. */
import type { Command } from 'commander'
import { ok } from '../result.ts'
import { page, shown } from './bead-text.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findBead, withTown } from './town.ts'

/** Adds the verb. */
export function registerShow(bead: Command, context: Context): void {
  action(
    bead.command('show').description('Show a bead, its runs and its merge request.').argument('<id>'),
    (id: string) => show(context, id),
  )
}

function show(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { state } = town.ledger
    return ok({ data: shown(state, found.value, town.now()), text: page(state, found.value, town.now()) })
  })
}
