/** What was spent, for screens that are looked at all day: what today cost, and each bead of the last days. */
import type { OpenTown } from '../kernel/town.ts'
import { pricesOf } from './prices.ts'
import { spendersOf } from './report.ts'
import type { Row } from './rows.ts'
import { itemsOf, rowsOf, totalOf } from './rows.ts'
import { metersOf } from './settle.ts'
import type { Meters } from './spent.ts'
import { dayOf } from './tokens.ts'

/** US dollars at list prices: what is known. `partly`: something in it is not, so it was more. */
export interface Cost {
  usd: number
  partly: boolean
}

export interface Glance {
  today: Cost
  /** By bead, of those that cost something in the last days. */
  beads: ReadonlyMap<string, Cost>
}

/** Older beads may lie in the archive, which is too much to read for a glance (report.ts). */
const DAYS = 6
const DAY_MS = 86_400_000

/** It is looked at more often than it is counted. */
const KEPT_MS = 10_000

/** Keeps its meters, so that a further look reads only what was added. */
export class Glances {
  readonly #town: OpenTown
  #meters: Meters | undefined
  #last: { at: number; glance: Glance | undefined } | undefined

  constructor(town: OpenTown) {
    this.#town = town
  }

  /** At most ten seconds old. Undefined: prices cannot be read (`gt costs` says why). */
  async look(): Promise<Glance | undefined> {
    const now = this.#town.now().getTime()
    if (this.#last === undefined || now - this.#last.at > KEPT_MS || now < this.#last.at)
      this.#last = { at: now, glance: await this.#count(now) }
    return this.#last.glance
  }

  async #count(now: number): Promise<Glance | undefined> {
    const prices = await pricesOf(this.#town.root)
    if (prices.kind === 'error') return undefined
    this.#meters ??= await metersOf(this.#town)
    this.#meters.sweep()
    const since = dayOf(now - DAYS * DAY_MS)
    const items = itemsOf(spendersOf(this.#town, this.#meters, since), prices.value)
    const { state } = this.#town.ledger
    const today = totalOf(rowsOf(items, { by: 'bead', since: dayOf(now) }, state))
    return { today: costOf(today), beads: byBead(rowsOf(items, { by: 'bead' }, state)) }
  }
}

const costOf = ({ usd, unknown }: Row): Cost => ({ usd: Math.round(usd * 1e6) / 1e6, partly: unknown.length > 0 })

const byBead = (rows: Row[]): Map<string, Cost> => new Map(rows.map((row) => [row.key, costOf(row)]))
