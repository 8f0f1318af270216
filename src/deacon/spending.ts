/**
 * What follows for a worker whose budget is used up (costs/budget.ts): it is told to come to an end, and parked once its turn is
 * over; it goes on in its worktree when the budget allows. Pure; a part of the plan.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ParkedByBudget, Run } from '../beads/facts.ts'
import type { Purse } from '../costs/budget.ts'
import { idOf } from '../costs/budget.ts'
import { measure, nearingText, overspentText, purseName, refusalOf, spentText, spentUp } from '../costs/refusal.ts'
import type { Refused } from '../kernel/may-start.ts'
import type { Verdict } from '../witness/evaluate.ts'
import type { Observed, Policy } from './observed.ts'

export type SpendingAction =
  /** Its budget is used up, or nearly: come to an end. `told`: what it was told about, written down with it. */
  | { do: 'budget-tell'; run: Run; text: string; told: string; why: string }
  /** Its turn is over, or it went too far: its session ends, its work stays. */
  | { do: 'budget-park'; run: Run; budget: ParkedByBudget; why: string }

/** A turn that seems over may be gone on with: a message at its end begins the next (mail/hook.ts), without a sign until then. */
export const TURN_OVER_MS = 10_000

/** Why no session may begin for this bead; undefined: budgets say nothing. `run`: the one that would go on. */
export const refusedBy = ({ budgets, state }: Observed, bead: Bead, rig: string, run?: Run): Refused | undefined =>
  budgets && refusalOf(budgets, state, bead, rig, run)

/** The purse that a worker used up, if any. */
export const overspent = ({ budgets, state }: Observed, bead: Bead, run: Run): Purse | undefined =>
  budgets && spentUp(budgets, state, bead, run)

/** A word in time to a worker whose own budget, or its bead's, is nearly used up; null: none is due. */
export function nearingAction(bead: Bead, run: Run, observed: Observed, policy: Policy): SpendingAction | null {
  const { budgets } = observed
  if (budgets === undefined || run.state !== 'working' || !policy.hears(run.preset)) return null
  const own = [idOf('run', run.fence), idOf('bead', bead.id)].flatMap((id) => budgets.purses.get(id) ?? [])
  const purse = own.find(({ stands }) => stands === 'warn')
  const told = purse && `${purse.id} warn ${purse.cap.count}`
  if (purse === undefined || told === undefined || run.told_budget === told) return null
  return { do: 'budget-tell', run, text: nearingText(purse), told, why: `${purseName(purse)}: ${measure(purse)}` }
}

/** What is done about it now; null: it is on its way to the end of its turn, or waits for a person without costing anything. */
export function spendingAction(
  bead: Bead,
  run: Run,
  purse: Purse,
  verdict: Verdict,
  observed: Observed,
  policy: Policy,
  now: Date,
): SpendingAction | null {
  if (run.state !== 'working' && run.state !== 'quiet') return null
  // Where what is seen contradicts itself, nothing may be ended.
  if (verdict.is !== 'alive' && verdict.is !== 'quiet') return null
  const { doing } = verdict
  const idle = doing.is === 'idle'
  if (facts(bead).needs !== undefined && (idle || doing.is === 'waiting')) return null
  const full = observed.trouble.get(run.fence)?.is === 'context'
  const over = idle && now.getTime() - (doing.since ?? 0) >= TURN_OVER_MS
  const fresh = run.cycle === 'asked' || full
  const hangs = verdict.is === 'quiet'
  if (over || fresh || hangs || purse.stands === 'stop') {
    const resume = !fresh && policy.judges(run.preset)
    const how = purse.stands === 'stop' && !over && !fresh && !hangs ? 'stopped where it stood' : 'its turn is over'
    return { do: 'budget-park', run, budget: { purse: purse.id, resume }, why: `${how}: ${spentText(purse)}` }
  }
  const told = `${purse.id} ${purse.cap.count}`
  if (idle || run.told_budget === told || !policy.hears(run.preset)) return null
  const text = overspentText(purse, observed.budgets?.rules.town.stop ?? 100)
  return { do: 'budget-tell', run, text, told, why: spentText(purse) }
}
