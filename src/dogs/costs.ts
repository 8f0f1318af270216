/** The chore `costs`: what the Mayor and crew used is written into the ledger, before their client deletes its transcripts. */
import { attendedChanges } from '../costs/settle.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Seen } from './chores.ts'
import type { Report } from './report.ts'

export async function look(town: OpenTown): Promise<Result<Seen>> {
  const read = town.ledger.refresh()
  return read.kind === 'error' ? read : ok({ todo: (await attendedChanges(town)).length, lines: [] })
}

export async function run(town: OpenTown): Promise<Result<Report>> {
  const lines: string[] = []
  for (const { address, change } of await attendedChanges(town)) {
    const written = town.ledger.write(change)
    if (written.kind === 'error') return written
    if (written.value.applied) lines.push(`wrote down what ${address} used`)
  }
  return ok({ did: lines.length, lines })
}
