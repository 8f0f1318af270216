/**
 * Budgets: what may be spent, what was, and what follows. Pure; derived at each look, stored nowhere (law 11). A purse is one
 * budget with what was spent of it. What is not known counts as all of it (design: unknown never continues as empty).
 *
 *   within ──warn %──▶ warn ──100 %, or unknown──▶ over ──stop %──▶ stop
 *   nothing            a person    nothing new starts;         its workers are stopped
 *                      is told     workers finish their turn   where they stand
 */
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { LIVE_RUN } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { isOver } from '../beads/ready.ts'
import type { Amount } from '../town/amount.ts'
import { parseAmount } from '../town/amount.ts'
import type { RigSettings, TownSettings } from '../town/settings.ts'
import type { Item } from './rows.ts'
import { topOf } from './rows.ts'
import { total } from './tokens.ts'

/** `day` is the town's, `rig` a rig's own day. */
export type Scope = 'day' | 'rig' | 'convoy' | 'bead' | 'run'

/** From the mildest; `stop` only by what is known: unknown never ends anything (law 5). */
export const STANDS = ['within', 'warn', 'over', 'stop'] as const
export type Stands = (typeof STANDS)[number]

export interface Purse {
  /** `day`, `rig:app`, `convoy:ap-x3k9f`, `bead:ap-x3k9f`, `run:<fence>`. */
  id: string
  scope: Scope
  /** The rig, bead or run; null: the town. */
  of: string | null
  /** The setting that it comes from: `budget.day`, `rig.app.budget.day`. */
  setting: string
  /** What may be spent, as a person raised it (raises.ts). */
  cap: Amount
  /** The same without a raise. */
  base: number
  /** In the unit of the cap, as far as it is known. */
  spent: number
  /** `name`: the run's fence, or the address of an agent without runs. */
  unknown: { name: string; who: string; why: string }[]
  stands: Stands
  /** Since when it is used up, RFC 3339. */
  since?: string
}

/** In percent of a budget. */
export type Shares = Pick<TownSettings['budget'], 'warn' | 'stop'>

export interface Rules {
  town: TownSettings['budget']
  rigs: ReadonlyMap<string, RigSettings['budget']>
}

/** A person's word on one purse: for its day where it has one, else for as long as its subject lives. */
export interface Raise {
  cap: Amount
  /** Whose unknown use counts as nothing, by name (Purse.unknown). */
  accepts: string[]
  /** `2026-11-27`. */
  day?: string
  by: string
  at: string
}

export interface Spending {
  items: readonly Item[]
  rules: Rules
  raises: Readonly<Record<string, Raise>>
  state: State
  /** The day of this machine's clock. */
  today: string
}

/** Every purse: those of the day always, others once something was used for what is not over. */
export function pursesOf({ items, rules, raises, state, today }: Spending): Map<string, Purse> {
  const purses = new Map<string, Purse>()
  const open = (scope: Scope, of: string | null, setting: string, written: number | string | undefined): void => {
    const id = idOf(scope, of)
    const cap = written === undefined ? undefined : parseAmount(written)
    if (cap === undefined || cap === null || purses.has(id)) return
    const raise = raiseOf(raises[id], cap, today)
    const count = Math.max(cap.count, raise?.cap.count ?? 0)
    const fresh = { id, scope, of, setting, base: cap.count, spent: 0, unknown: [], stands: 'within' as const }
    purses.set(id, { ...fresh, cap: { ...cap, count } })
  }
  open('day', null, 'budget.day', rules.town.day)
  for (const [rig, { day }] of rules.rigs) open('rig', rig, `rig.${rig}.budget.day`, day)
  const payersOf = ({ spender: { bead, rig, run }, day }: Item): string[] => {
    const ids: string[] = []
    if (day === undefined || day === today) ids.push('day', ...(rig === undefined ? [] : [idOf('rig', rig)]))
    if (bead === undefined) return ids
    const also = (scope: Scope, of: string, setting: string, written: number | string | undefined): void => {
      open(scope, of, setting, written)
      ids.push(idOf(scope, of))
    }
    const top = rules.town.convoy === undefined ? undefined : topOf(state, bead)
    if (top !== undefined && !isOver(top)) also('convoy', top.id, 'budget.convoy', rules.town.convoy)
    if (!isOver(bead)) also('bead', bead.id, ...settingOf(rules, rig, 'bead'))
    if (run !== undefined && LIVE_RUN.has(run.state)) also('run', run.fence, ...settingOf(rules, rig, 'run'))
    return ids
  }
  for (const item of items) {
    for (const id of payersOf(item)) {
      const purse = purses.get(id)
      if (purse !== undefined) pay(purse, item, raiseOf(raises[id], purse.cap, today))
    }
  }
  for (const purse of purses.values()) purse.stands = standsAt(purse, rules.town)
  return purses
}

export const idOf = (scope: Scope, of: string | null): string => (of === null ? scope : `${scope}:${of}`)

/** Which setting holds for beads and runs of a rig, and what it says. */
export function settingOf(
  { town, rigs }: Rules,
  rig: string | undefined,
  key: 'bead' | 'run',
): [setting: string, written: number | string | undefined] {
  const own = rig === undefined ? undefined : rigs.get(rig)?.[key]
  return own === undefined ? [`budget.${key}`, town[key]] : [`rig.${rig}.budget.${key}`, own]
}

/** A raise of yesterday, or of a budget that was written in another unit, is over. */
function raiseOf(raise: Raise | undefined, cap: Amount, today: string): Raise | undefined {
  if (raise === undefined || raise.cap.unit !== cap.unit) return undefined
  return raise.day === undefined || raise.day === today ? raise : undefined
}

function pay(purse: Purse, item: Item, raise: Raise | undefined): void {
  const { tokens, usd, model, unknown, spender } = item
  const inDollars = purse.cap.unit === 'usd'
  purse.spent += inDollars ? (usd ?? 0) : total(tokens)
  // Tokens without a price are known all the same.
  if (unknown === undefined || (!inDollars && model !== undefined)) return
  const who = spender.address
  const name = spender.run?.fence ?? who
  if (raise?.accepts.includes(name)) return
  if (!purse.unknown.some((one) => one.name === name && one.why === unknown))
    purse.unknown.push({ name, who, why: unknown })
}

export function standsAt({ cap, spent, unknown }: Pick<Purse, 'cap' | 'spent' | 'unknown'>, shares: Shares): Stands {
  const percent = (100 * spent) / cap.count
  if (percent >= shares.stop) return 'stop'
  if (percent >= 100 || unknown.length > 0) return 'over'
  return percent >= shares.warn ? 'warn' : 'within'
}

export const isSpent = ({ stands }: Purse): boolean => stands === 'over' || stands === 'stop'

/** Ids of all purses that pay for one bead in a rig, the narrowest first. */
export function idsFor(state: State, bead: Bead, rig: string, run?: Run): string[] {
  const top = topOf(state, bead)
  return [
    ...(run === undefined ? [] : [idOf('run', run.fence)]),
    idOf('bead', bead.id),
    ...(top === undefined ? [] : [idOf('convoy', top.id)]),
    idOf('rig', rig),
    'day',
  ]
}
