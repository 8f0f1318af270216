/** What budgets, breakers and accounts say to a start, for every screen. */
import type { Bead } from '../beads/bead.ts'
import type { MayStart } from '../kernel/intensity.ts'
import { gateOf } from '../kernel/may-start.ts'
import { liveRun } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { lastBudgets } from './purses.ts'
import { refusalOf } from './refusal.ts'

/** With the budgets as they were looked at last (`budgetsOf`); whoever drives the town does that at each pass. */
export function gateNow(town: OpenTown, now: Date): (bead: Bead, rig: string) => MayStart {
  const budgets = lastBudgets(town)
  if (budgets === undefined) return gateOf(town, now)
  return gateOf(town, now, (bead, rig) => refusalOf(budgets, town.ledger.state, bead, rig, liveRun(bead)))
}
