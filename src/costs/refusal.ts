/**
 * What budgets say to one more session, and about a worker; in words for people. Pure. An agent that uses nothing is concerned
 * by none.
 */
import type { usageOf } from '../agents/preset.ts'
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Refused } from '../kernel/may-start.ts'
import { unreachable } from '../result.ts'
import { amountWords, parseAmount } from '../town/amount.ts'
import type { Purse, Rules, Scope, Shares } from './budget.ts'
import { idsFor, isSpent, settingOf } from './budget.ts'
import { topOf } from './rows.ts'

/** The budgets of a town at one moment. */
export interface Budgets {
  rules: Rules
  /** By id. */
  purses: ReadonlyMap<string, Purse>
  /** When the next day begins, ms since the epoch. */
  tomorrow: number
  /** How an agent of that name tells what it uses. */
  usage(preset: string): ReturnType<typeof usageOf>
  /** The agent that would do this bead next. */
  presetOf(bead: Bead, rig: string): string
  /** It was counted a moment ago; a new count is worth it in so many ms. */
  againMs?: number
}

/** The gravest of the used-up purses that pay for this worker; of equals the one that a person has to raise. */
export function spentUp({ purses, usage }: Budgets, state: State, bead: Bead, run: Run): Purse | undefined {
  if (usage(run.preset) === 'none') return undefined
  const found = idsFor(state, bead, run.rig, run).flatMap((id) => purses.get(id) ?? [])
  return found.find(({ stands }) => stands === 'stop') ?? found.find(isSpent)
}

/** Why no session may begin for this bead; undefined: it may. `run`: the one that would go on. */
export function refusalOf(budgets: Budgets, state: State, bead: Bead, rig: string, run?: Run): Refused | undefined {
  const preset = run?.preset ?? budgets.presetOf(bead, rig)
  if (budgets.usage(preset) === 'none') return undefined
  const untold = untoldIn(budgets, state, bead, rig, preset)
  if (untold !== undefined) return { why: untoldText(untold) }
  const found = idsFor(state, bead, rig, run).flatMap((id) => budgets.purses.get(id) ?? [])
  const spent = found.find(isSpent)
  if (spent === undefined) return undefined
  const until = isDaily(spent.scope) ? { until: new Date(budgets.tomorrow).toISOString() } : {}
  return { why: `${spentText(spent)} ${waysOn(spent)}`, ...until }
}

/** An agent that does not tell what it uses, and a setting that cannot be kept for it. */
export interface Untold {
  agent: string
  setting: string
  /** What `budget.exempt` has to be, as JSON, to let it start all the same. */
  exempt: string
}

/** Undefined: whoever would do this bead tells it, or nothing limits it. */
export function untoldIn(
  budgets: Budgets,
  state: State,
  bead: Bead,
  rig: string,
  agent = budgets.presetOf(bead, rig),
): Untold | undefined {
  if (budgets.usage(agent) !== 'untold') return undefined
  const setting = settingFor(budgets.rules, state, bead, rig)
  if (setting === undefined) return undefined
  return { agent, setting, exempt: JSON.stringify([...budgets.rules.town.exempt, agent]) }
}

/** One setting that limits this bead; undefined: none does. */
function settingFor(rules: Rules, state: State, bead: Bead, rig: string): string | undefined {
  const { town, rigs } = rules
  const all: [string, number | string | undefined][] = [
    settingOf(rules, rig, 'run'),
    settingOf(rules, rig, 'bead'),
    ['budget.convoy', topOf(state, bead) === undefined ? undefined : town.convoy],
    [`rig.${rig}.budget.day`, rigs.get(rig)?.day],
    ['budget.day', town.day],
  ]
  return all.find(([, written]) => written !== undefined && parseAmount(written))?.[0]
}

export const untoldText = ({ agent, setting, exempt }: Untold): string =>
  `The agent ${agent} does not tell what it uses, so ${setting} cannot be kept for it. To let it work uncounted: gt config set budget.exempt '${exempt}'   For no budget: gt config set ${setting} none`

export const isDaily = (scope: Scope): boolean => scope === 'day' || scope === 'rig'

const NAMES: Record<Scope, (of: string) => string> = {
  day: () => 'The town’s budget for today',
  rig: (rig) => `The budget of ${rig} for today`,
  convoy: (id) => `The budget of the convoy ${id}`,
  bead: (id) => `The budget of ${id}`,
  run: (fence) => `The budget of the run ${fence}`,
}

/** "The budget of app for today". */
export const purseName = ({ scope, of }: Pick<Purse, 'scope' | 'of'>): string => NAMES[scope](of ?? '')

/** "$12.40 of $10.00". */
export const measure = ({ spent, cap, unknown }: Purse): string =>
  `${unknown.length > 0 ? 'more than ' : ''}${amountWords({ ...cap, count: spent })} of ${amountWords(cap)}`

/** One sentence: used up, and by how much or why. */
export function spentText(purse: Purse): string {
  const { unknown, cap, spent, setting } = purse
  const head = purseName(purse)
  if (spent >= cap.count) return `${head} is used up: ${measure(purse)} (${setting}).`
  const [first] = unknown
  const more = unknown.length > 1 ? ` and ${unknown.length - 1} more` : ''
  return `${head} counts as used up (${measure(purse)}, ${setting}): not all is known, ${first?.who} (${first?.why})${more}.`
}

/** What happens next, by where it stands. */
export function nextWords({ cap, stands, spent }: Purse, { warn, stop }: Shares): string {
  const at = (percent: number): string => amountWords({ ...cap, count: (cap.count * percent) / 100 })
  switch (stands) {
    case 'within':
      return `At ${at(warn)} you are told.`
    case 'warn':
      return `At ${at(100)} nothing new starts and workers finish their turn; at ${at(stop)} they are stopped, their work kept.`
    case 'over':
      return `Nothing new starts, and workers finish their turn${spent < cap.count ? '' : `; at ${at(stop)} they are stopped, their work kept`}.`
    case 'stop':
      return 'Nothing new starts; workers are stopped, their work is kept.'
    default:
      return unreachable(stands)
  }
}

/** How it goes on. */
export function waysOn(purse: Purse): string {
  const raise = `gt costs raise ${typedName(purse)}`
  const lets = purse.spent < purse.cap.count ? 'To let what is unknown pass' : 'To go on'
  return isDaily(purse.scope) ? `It is new at midnight. ${lets} now: ${raise}` : `${lets}: ${raise}`
}

/** What `gt costs raise` calls it. */
export const typedName = ({ of }: Pick<Purse, 'of'>): string => of ?? 'day'

/** For the inbox of a worker whose budget is used up. `stop`: from how many percent on it is stopped. */
export function overspentText(purse: Purse, stop: number): string {
  const limit = { ...purse.cap, count: (purse.cap.count * stop) / 100 }
  const goesOn = isDaily(purse.scope) ? 'on a new day, or when a person raises it' : 'when a person raises it'
  return (
    `From the town: ${spentText(purse)} Begin nothing new. Finish the step that you are at and commit what you have. If the ` +
    'work is finished: gt done --message "…". If it is not: gt handoff "what is done, what is next, what you learned". Then end ' +
    `your turn. Your session ends there, and your work goes on in this worktree ${goesOn}. ` +
    (purse.spent < purse.cap.count ? '' : `At ${amountWords(limit)} your session is ended wherever it is.`)
  ).trim()
}

/** For the inbox of a worker whose budget is nearly used up. */
export const nearingText = (purse: Purse): string =>
  `From the town: ${purseName(purse)} is nearly used up, ${measure(purse)}. Come to an end: do what was asked and no more, and commit as you go. When it is used up you are asked to hand in or to hand off.`
