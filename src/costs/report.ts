/** `gt costs`: everything that was used, counted now. */
import { archivedBeads } from '../beads/archive-read.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { pricesOf } from './prices.ts'
import type { Query, Row } from './rows.ts'
import { itemsOf, rowsOf, totalOf } from './rows.ts'
import { metersOf } from './settle.ts'
import type { Meters, Spender } from './spent.ts'
import { attendedSpenders, spentByRun } from './spent.ts'
import { dayOf } from './tokens.ts'

export interface Report {
  rows: Row[]
  total: Row
  /** Which prices, in words. */
  prices: string
}

/** Errors: E_PRICES. */
export async function costsOf(town: OpenTown, query: Query): Promise<Result<Report>> {
  const prices = await pricesOf(town.root)
  if (prices.kind === 'error') return prices
  const spenders = spendersOf(town, await metersOf(town), query.since)
  const rows = rowsOf(itemsOf(spenders, prices.value), query, town.ledger.state)
  return ok({ rows, total: totalOf(rows), prices: prices.value.told })
}

/** Every run that may have used something since that day, and who works on no bead. The archive is read only if need be. */
export function spendersOf(town: OpenTown, meters: Meters, since?: string): Spender[] {
  const beads: Bead[] = [...town.ledger.state.beads.values()]
  // A bead is archived a week after its end.
  if (since === undefined || since < dayOf(town.now().getTime() - 6 * 86_400_000))
    beads.push(...archivedBeads(town.ledger.dir))
  const runs = beads.flatMap((bead) =>
    Object.values(facts(bead).runs ?? {})
      .filter((run) => since === undefined || !run.cleared || dayOf(Date.parse(bead.updated_at)) >= since)
      .map((run) => spentByRun(town, bead, run, meters)),
  )
  return [...runs, ...attendedSpenders(town, meters)]
}
