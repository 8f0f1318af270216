/** The budgets of a town as they stand now: counted from the ledger and the transcripts. Nothing is counted where there are none. */
import { readdirSync, readFileSync } from 'node:fs'
import { presetFor, usageOf } from '../agents/preset.ts'
import { facts } from '../beads/bead.ts'
import { isOver } from '../beads/ready.ts'
import { allAgents } from '../kernel/agents.ts'
import { refineryPreset } from '../kernel/ladder.ts'
import type { OpenTown } from '../kernel/town.ts'
import { parseAmount } from '../town/amount.ts'
import type { RigSettings } from '../town/settings.ts'
import type { Rules } from './budget.ts'
import { pursesOf } from './budget.ts'
import { listPrices, pricesOf } from './prices.ts'
import { readRaises } from './raises.ts'
import type { Budgets } from './refusal.ts'
import type { Item } from './rows.ts'
import { itemsOf, topOf } from './rows.ts'
import { metersOf } from './settle.ts'
import { dateSpent } from './since.ts'
import type { Meters, Spender } from './spent.ts'
import { attendedSpenders, spentByRun } from './spent.ts'
import { dayOf, nextDay } from './tokens.ts'

/** A count is good for so many times what it took: counting takes at most a twentieth of the time. */
const GOOD_FOR = 20
const GOOD_MS = { least: 200, most: 30_000 }

interface Count {
  items: Item[]
  /** The town's own prices cannot be read: why. */
  unpriced?: string
  day: string
  /** When it was made, and until when it is good: of the monotonic clock. */
  at: number
  until: number
}

/** What an open town counted last; the meters know how far they read. */
const counts = new WeakMap<OpenTown['ledger'], { meters: Meters; last?: Count }>()
const latest = new WeakMap<OpenTown['ledger'], Budgets>()

/** As `budgetsOf` found them last for this open town. */
export const lastBudgets = (town: Pick<OpenTown, 'ledger'>): Budgets | undefined => latest.get(town.ledger)

/** Undefined: nothing is limited. */
export async function budgetsOf(town: OpenTown): Promise<Budgets | undefined> {
  const limits = await limitsOf(town)
  const found = limits && (await lookAt(town, limits))
  if (found === undefined) latest.delete(town.ledger)
  else latest.set(town.ledger, found)
  return found
}

async function lookAt(town: OpenTown, limits: Limits): Promise<Budgets> {
  const { rules, rigs } = limits
  const now = town.now().getTime()
  const today = dayOf(now)
  const began = performance.now()
  const { items, unpriced, at, until } = await countOf(town, today)
  const { state } = town.ledger
  const purses = pursesOf({ items, rules, raises: readRaises(town.paths.runtime), state, today })
  for (const purse of purses.values()) {
    if (unpriced === undefined || purse.cap.unit !== 'usd') continue
    purse.unknown.push({ name: 'prices.toml', who: 'prices.toml', why: unpriced })
    if (purse.stands !== 'stop') purse.stands = 'over'
  }
  dateSpent(town.paths.runtime, purses.values(), today, town.now())
  const { agents, budget, workers } = town.settings
  return {
    rules,
    purses,
    tomorrow: nextDay(now),
    ...(at < began && { againMs: Math.max(0, until - performance.now()) }),
    usage: (name) => {
      if (budget.exempt.includes(name)) return 'none'
      const preset = presetFor(name, agents)
      return preset.kind === 'ok' ? usageOf(preset.value) : 'untold'
    },
    presetOf: (bead, rig) => {
      const own = rigs.get(rig)
      return (own && refineryPreset(bead, own)) ?? facts(bead).slung?.preset ?? own?.workers.agent ?? workers.agent
    },
  }
}

interface Limits {
  rules: Rules
  rigs: ReadonlyMap<string, RigSettings>
}

const isLimit = (written: unknown): boolean => parseAmount(written) != null

/** Undefined: there are none. The rigs' settings are loaded only if need be: that takes longer than most commands. */
async function limitsOf(town: OpenTown): Promise<Limits | undefined> {
  const { budget } = town.settings
  const inTown = [budget.day, budget.convoy, budget.bead, budget.run].some(isLimit)
  const names = rigNames(town)
  if (!inTown && !names.some((rig) => /\bbudget\b/.test(textOf(town.paths.rig(rig).toml)))) return undefined
  const rigs = new Map<string, RigSettings>()
  for (const name of names) {
    const rig = await town.rig(name)
    if (rig.kind === 'ok') rigs.set(name, rig.value)
  }
  const own = [...rigs].map(([name, rig]) => [name, rig.budget] as const)
  const inRigs = own.some(([, { day, bead, run }]) => [day, bead, run].some(isLimit))
  return inTown || inRigs ? { rules: { town: budget, rigs: new Map(own) }, rigs } : undefined
}

function rigNames(town: OpenTown): string[] {
  try {
    return readdirSync(town.root).filter((name) => /^[a-z0-9]/.test(name) && textOf(town.paths.rig(name).toml) !== '')
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function countOf(town: OpenTown, day: string): Promise<Count> {
  const known = counts.get(town.ledger) ?? { meters: await metersOf(town) }
  counts.set(town.ledger, known)
  const began = performance.now()
  if (known.last !== undefined && known.last.until > began && known.last.day === day) return known.last
  known.meters.sweep()
  const prices = await pricesOf(town.root)
  const items = itemsOf(spendersOf(town, known.meters, day), prices.kind === 'ok' ? prices.value : listPrices())
  const took = performance.now() - began
  const until = performance.now() + Math.min(GOOD_MS.most, Math.max(GOOD_MS.least, GOOD_FOR * took))
  known.last = { items, day, at: began, until, ...(prices.kind === 'error' && { unpriced: prices.failure.message }) }
  return known.last
}

/** All that may count: what was used today, and for whatever is not over. What does not use anything is not unknown either. */
function spendersOf(town: OpenTown, meters: Meters, today: string): Spender[] {
  const { state } = town.ledger
  const { agents, budget } = town.settings
  const uses = (preset: string): boolean => {
    const found = presetFor(preset, agents)
    return found.kind !== 'ok' || usageOf(found.value) !== 'none'
  }
  const found: Spender[] = []
  for (const bead of state.beads.values()) {
    const { runs } = facts(bead)
    if (runs === undefined) continue
    const counts = !isOver(bead) || dayOf(Date.parse(bead.updated_at)) >= today
    const top = counts || budget.convoy === undefined ? undefined : topOf(state, bead)
    for (const run of Object.values(runs)) {
      if (budget.exempt.includes(run.preset)) continue
      if (!counts && run.cleared && (top === undefined || isOver(top))) continue
      const spender = spentByRun(town, bead, run, meters)
      found.push(uses(run.preset) ? spender : silent(spender))
    }
  }
  // Of an agent that nobody called in, or that is exempt, nothing unknown can come.
  const here = new Set(
    allAgents(state).flatMap(({ id, agent }) => {
      const preset = agent.conversations[agent.session?.conversation ?? '']?.preset ?? ''
      return agent.in && !budget.exempt.includes(preset) ? [id] : []
    }),
  )
  for (const { id, unknown, ...spender } of attendedSpenders(town, meters))
    found.push(here.has(id) && unknown !== undefined ? { ...spender, unknown } : spender)
  return found
}

/** Its agent was declared to use nothing: so what it could not tell before is nothing. */
function silent(spender: Spender): Spender {
  const sessions = Object.entries(spender.sessions).map(([key, { unknown: _unknown, ...kept }]) => [key, kept])
  return { ...spender, sessions: Object.fromEntries(sessions), unknown: undefined }
}
