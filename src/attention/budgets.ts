/** Budgets that a person should know of: those that are used up wait for a word, of those that soon will be one is told. Pure. */
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Purse, Shares } from '../costs/budget.ts'
import { idsFor, isSpent } from '../costs/budget.ts'
import type { Budgets, Untold } from '../costs/refusal.ts'
import { isDaily, measure, nextWords, purseName, spentText, untoldIn, untoldText, waysOn } from '../costs/refusal.ts'
import { openMerges, RETURNED } from '../kernel/merges.ts'
import { liveRun } from '../kernel/runs.ts'
import type { Waiting } from './item.ts'
import { severityOf } from './severity.ts'
import type { Notice } from './told.ts'

/** Those that are used up or will be soon. */
export interface BudgetNews {
  purses: Purse[]
  /** Agents that are not started, for which beads, and since when the first of them waits. */
  untold: (Untold & { beads: string[]; since: string })[]
  /** In percent. */
  shares: Shares
  /** When the next day begins, ms since the epoch. */
  tomorrow: number
}

/** `unstarted`: beads without a worker. */
export function newsOf(state: State, budgets: Budgets, unstarted: readonly string[]): BudgetNews {
  const { purses, rules, tomorrow } = budgets
  const untold = new Map<string, BudgetNews['untold'][number]>()
  for (const id of unstarted) {
    const bead = state.beads.get(id)
    const { slung } = bead === undefined ? {} : facts(bead)
    const found = bead && slung && untoldIn(budgets, state, bead, slung.rig)
    if (found === undefined) continue
    const known = untold.get(found.agent) ?? { ...found, beads: [], since: slung?.at ?? bead?.updated_at ?? '' }
    untold.set(found.agent, { ...known, beads: [...known.beads, id] })
  }
  return {
    purses: [...purses.values()].filter(({ stands }) => stands !== 'within'),
    untold: [...untold.values()],
    shares: { warn: rules.town.warn, stop: rules.town.stop },
    tomorrow,
  }
}

/** A budget of one bead, run or epic waits only where somebody works under it or would. `unstarted`: beads without a worker. */
export function spentBudgets(state: State, budgets: BudgetNews, unstarted: readonly string[]): Waiting[] {
  const spent = budgets.purses.filter(isSpent)
  const untold = budgets.untold.map(ofUntold)
  if (spent.length === 0) return untold
  const runs = [...state.live.values()].flat()
  const parked = runs.filter((run) => run.state === 'parked' && run.parked?.budget !== undefined)
  const returned = openMerges(state.beads.values()).filter(({ merge }) => RETURNED.has(merge.state))
  const still = new Set([...unstarted, ...parked.map((run) => run.bead), ...returned.map(({ merge }) => merge.bead)])
  const found = spent.flatMap((purse) => {
    const stands = [...still].filter((id) => paysFor(state, purse, id))
    const atWork = runs.some((run: Run) => ACTIVE_RUN.has(run.state) && paysFor(state, purse, run.bead))
    return isDaily(purse.scope) || stands.length > 0 || atWork ? [ofPurse(budgets, purse, stands)] : []
  })
  return [...untold, ...found]
}

const ofUntold = (one: BudgetNews['untold'][number]): Waiting => ({
  id: `agent:${one.agent}`,
  key: `budget agent ${one.agent} ${one.setting}`,
  cause: 'budget',
  severity: severityOf('budget'),
  title: `${one.agent} is not started: it does not tell what it uses`,
  text: untoldText(one),
  since: one.since,
  bead: null,
  rig: null,
  who: null,
  starts: one.beads,
  stands: one.beads,
})

function paysFor(state: State, purse: Purse, id: string): boolean {
  const bead = state.beads.get(id)
  if (bead === undefined) return false
  const run = liveRun(bead)
  return idsFor(state, bead, run?.rig ?? facts(bead).slung?.rig ?? '', run).includes(purse.id)
}

function ofPurse(budgets: BudgetNews, purse: Purse, stands: string[]): Waiting {
  return {
    id: `budget:${purse.id}`,
    key: keyOf(budgets, purse, 'spent'),
    cause: 'budget',
    severity: severityOf('budget'),
    title: `${purseName(purse)} is used up`,
    text: `${spentText(purse)} ${nextWords(purse, budgets.shares)} ${waysOn(purse)}`,
    since: purse.since ?? new Date(0).toISOString(),
    bead: null,
    rig: purse.scope === 'rig' ? purse.of : null,
    who: null,
    starts: stands,
    stands,
  }
}

export function budgetWarnings(budgets: BudgetNews): Notice[] {
  return budgets.purses
    .filter(({ stands }) => stands === 'warn')
    .map((purse) => ({
      cause: 'budget',
      kind: 'news',
      severity: 'medium',
      key: keyOf(budgets, purse, 'warn'),
      title: `${purseName(purse)}: ${Math.floor((100 * purse.spent) / purse.cap.count)} % is used`,
      text: `${measure(purse)} (${purse.setting}). ${nextWords(purse, budgets.shares)}`,
    }))
}

/** Told once for each amount, and each day. */
const keyOf = ({ tomorrow }: BudgetNews, { id, scope, cap }: Purse, what: string): string =>
  `budget ${id} ${what} ${cap.count}${isDaily(scope) ? ` ${tomorrow}` : ''}`
