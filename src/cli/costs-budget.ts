/** Budgets below the table of `gt costs`, and `gt costs raise`. */
import type { Command } from 'commander'
import type { Purse } from '../costs/budget.ts'
import { isSpent } from '../costs/budget.ts'
import { budgetsOf } from '../costs/purses.ts'
import { raiseFor, readRaises, writeRaises } from '../costs/raises.ts'
import type { Budgets } from '../costs/refusal.ts'
import { isDaily, measure, nextWords, purseName, typedName, waysOn } from '../costs/refusal.ts'
import { dayOf } from '../costs/tokens.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { amountWords, parseAmount } from '../town/amount.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findBead, plain, withTown } from './town.ts'

/** Lines that a screen shows. */
const LINES = 6

/** As --json has it. */
export const budgetRow = ({ id, scope, of, setting, cap, spent, unknown, stands }: Purse) => ({
  id,
  scope,
  of,
  setting,
  unit: cap.unit,
  cap: cap.count,
  /** What is known of it; more than that where something is unknown. */
  spent: Math.round(spent * 1e6) / 1e6,
  unknown: unknown.map(({ who, why }) => ({ who, why })),
  stands,
})

/** Those of the day, and whatever is near its end; each with what happens next. */
export function budgetLines(budgets: Budgets | undefined): string[] {
  const all = [...(budgets?.purses.values() ?? [])].filter(({ scope, stands }) => isDaily(scope) || stands !== 'within')
  if (budgets === undefined || all.length === 0) return []
  const lines = all.slice(0, LINES).map((purse) => {
    const percent = Math.floor((100 * purse.spent) / purse.cap.count)
    const next = [nextWords(purse, budgets.rules.town), ...(isSpent(purse) ? [waysOn(purse)] : [])].join(' ')
    const gaps = purse.unknown.slice(0, 2).map(({ who, why }) => `\n    ? ${plain(who, 60)}: ${plain(why, 100)}`)
    return `${purseName(purse)}: ${measure(purse)} (${percent} %)${gaps.join('')}\n    ${next}`
  })
  if (all.length > LINES) lines.push(`… and ${all.length - LINES} more (--json shows all)`)
  return ['', ...lines]
}

export function registerRaise(costs: Command, context: Context): void {
  action(
    costs
      .command('raise')
      .description('Let a budget be exceeded: its amount once more, today or for this bead, run or epic. Work goes on.')
      .argument('[what]', 'day, a rig, a bead, an epic or a run; all that are used up, unless said')
      .option('--to <amount>', 'up to this: dollars, or "20M tokens"')
      .addHelpText('after', '\nExample:\n  gt costs raise\n  gt costs raise day --to 80\n  gt costs raise ap-x3k9f'),
    (what: string | undefined, options: { to?: string }) => raise(context, what, options.to),
  )
}

function raise(context: Context, what: string | undefined, to: string | undefined): Promise<Answer> {
  return withTown(context, async (town) => {
    if (isAgent(context.env)) return fail('E_NOT_FOR_AGENTS', 'Budgets are raised by people.', { kept: 'It stands.' })
    const budgets = await budgetsOf(town)
    const meant = pursesFor(town, budgets, what)
    if (meant.kind === 'error') return meant
    const count = to === undefined ? undefined : amountIn(to, meant.value)
    if (count?.kind === 'error') return count
    const by = actor(town.env)
    const how = { to: count?.value, today: dayOf(town.now().getTime()), by, at: town.now().toISOString() }
    const before = readRaises(town.paths.runtime)
    const raises = meant.value.map(
      (purse) => [purse.id, raiseFor(purse, { ...how, before: before[purse.id] })] as const,
    )
    const written = writeRaises(town.paths.runtime, Object.fromEntries(raises))
    if (written.kind === 'error') return written
    const now = await budgetsOf(town)
    const rows = raises.flatMap(([id]) => now?.purses.get(id) ?? [])
    const told = rows.map((purse) => `${purseName(purse)}: ${amountWords(purse.cap)}`)
    // An empty change: it stands in the trail, and wakes whoever drives the town.
    town.ledger.write({ by, why: `raised: ${told.join('; ')}`, ops: [] })
    const lines = rows.map(
      (purse, n) => `${told[n]}, and ${measure(purse)} is spent.${isSpent(purse) ? ' That is still used up.' : ''}`,
    )
    return ok({ data: rows.map(budgetRow), text: lines.join('\n') })
  })
}

/** The budgets that a person means. Of several of one name those that are used up, if any is. */
function pursesFor(town: OpenTown, budgets: Budgets | undefined, what: string | undefined): Result<Purse[]> {
  const all = [...(budgets?.purses.values() ?? [])]
  const spent = all.filter(isSpent)
  if (budgets === undefined) {
    return fail('E_NO_BUDGET', 'Nothing is limited here.', { hint: 'gt config set budget.day 50   limits a day' })
  }
  if (what === undefined) {
    if (spent.length > 0) return ok(spent)
    return fail('E_NO_BUDGET', 'No budget is used up.', { hint: 'gt costs   shows them; gt costs raise day' })
  }
  const bead = findBead(town, what)
  const names = [what, ...(bead.kind === 'ok' ? [bead.value.id] : [])]
  const found = all.filter((purse) => names.includes(purse.id) || names.includes(typedName(purse)))
  if (found.length === 0) {
    const known = all.slice(0, 8).map(typedName).join(', ')
    return fail('E_NO_BUDGET', `Nothing was spent of a budget called ${plain(what, 60)}.`, {
      hint: known === '' ? 'gt costs' : `There are: ${known}`,
    })
  }
  const used = found.filter(isSpent)
  return ok(used.length > 0 ? used : found)
}

function amountIn(written: string, purses: readonly Purse[]): Result<number> {
  const amount = parseAmount(written)
  if (amount != null && purses.every(({ cap }) => cap.unit === amount.unit)) return ok(amount.count)
  const units = [...new Set(purses.map(({ cap }) => (cap.unit === 'usd' ? 'dollars' : 'tokens')))].join(' and ')
  return fail('E_USAGE', `"${plain(written, 40)}" is no amount of ${units}.`, {
    hint: 'gt costs raise day --to 80   or --to "20M tokens"',
    exit: EXIT.usage,
  })
}
