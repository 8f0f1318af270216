/** From what spenders used to the rows of a table; pure. */
import type { Bead } from '../beads/bead.ts'
import type { Tokens } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { parentsOf } from '../beads/ready.ts'
import type { Prices } from './prices.ts'
import { nameOf, usdOf } from './prices.ts'
import type { Spender } from './spent.ts'
import { dayOf, NOTHING, plus } from './tokens.ts'

export const GROUPINGS = ['run', 'bead', 'convoy', 'role', 'rig', 'day', 'model'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** The least part: one model on one day by one spender, or something that is not known. */
export interface Item {
  spender: Spender
  /** Undefined: of a day that is not known. */
  day: string | undefined
  /** Without its tariff; undefined: nothing is known. */
  model: string | undefined
  tokens: Tokens
  /** Null: unknown. */
  usd: number | null
  /** What is not known of it. */
  unknown?: string
}

/** A row of `gt costs`. */
export interface Row {
  key: string
  /** More about the key, for people: a title. */
  about?: string
  tokens: Tokens
  /** What is known of it. */
  usd: number
  /** Something in it has no price, or was not to be read: it cost more than that. */
  unknown: string[]
}

export interface Query {
  by: Grouping
  /** A day; nothing before it. */
  since?: string | undefined
  rig?: string | undefined
}

export function itemsOf(spenders: readonly Spender[], prices: Prices): Item[] {
  return spenders.flatMap((spender) => {
    const items: Item[] = []
    const gap = (why: string, day: string | undefined): Item => ({
      spender,
      day,
      model: undefined,
      tokens: NOTHING,
      usd: null,
      unknown: why,
    })
    for (const { at, days, unknown } of Object.values(spender.sessions)) {
      for (const [day, models] of Object.entries(days)) {
        for (const [model, tokens] of Object.entries(models)) {
          const usd = usdOf(prices, model, tokens)
          const name = nameOf(model)
          items.push({
            spender,
            day,
            model: name,
            tokens,
            usd,
            ...(usd === null && { unknown: `no price for ${name}` }),
          })
        }
      }
      if (unknown !== undefined) items.push(gap(unknown, dayOf(Date.parse(at))))
    }
    const last = spender.run?.since
    if (spender.unknown !== undefined) items.push(gap(spender.unknown, last && dayOf(Date.parse(last))))
    return items
  })
}

/** The most expensive first; days in their order. */
export function rowsOf(items: readonly Item[], { by, since, rig }: Query, state: State): Row[] {
  const rows = new Map<string, Row>()
  for (const item of items) {
    if (rig !== undefined && item.spender.rig !== rig) continue
    if (since !== undefined && item.day !== undefined && item.day < since) continue
    const { key, about } = keyOf(item, by, state)
    const row = rows.get(key) ?? { key, ...(about !== undefined && { about }), tokens: NOTHING, usd: 0, unknown: [] }
    rows.set(key, add(row, item))
  }
  const order = by === 'day' ? byKey : byCost
  return [...rows.values()].sort(order)
}

export function totalOf(rows: readonly Row[]): Row {
  const sum: Row = { key: 'total', tokens: NOTHING, usd: 0, unknown: [] }
  for (const { tokens, usd, unknown } of rows) {
    sum.tokens = plus(sum.tokens, tokens)
    sum.usd += usd
    sum.unknown = [...new Set([...sum.unknown, ...unknown])]
  }
  return sum
}

function add(row: Row, { tokens, usd, unknown }: Item): Row {
  return {
    ...row,
    tokens: plus(row.tokens, tokens),
    usd: row.usd + (usd ?? 0),
    unknown: unknown === undefined || row.unknown.includes(unknown) ? row.unknown : [...row.unknown, unknown],
  }
}

const byKey = (a: Row, b: Row): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
const sizeOf = ({ tokens }: Row): number => tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite
const byCost = (a: Row, b: Row): number => b.usd - a.usd || sizeOf(b) - sizeOf(a) || byKey(a, b)

/** What a part is called where it belongs to nothing of the kind. */
const NONE = '-'

function keyOf({ spender, day, model }: Item, by: Grouping, state: State): { key: string; about?: string } {
  const { address, role, rig, bead, run } = spender
  switch (by) {
    case 'run':
      return run === undefined ? { key: address } : { key: run.fence, about: `${address} on ${run.bead}` }
    case 'bead':
      return bead === undefined ? { key: NONE, about: 'the Mayor and crew' } : { key: bead.id, about: bead.title }
    case 'convoy': {
      const top = bead && topOf(state, bead)
      return top === undefined ? { key: NONE, about: 'beads of their own' } : { key: top.id, about: top.title }
    }
    case 'role':
      return { key: role }
    case 'rig':
      return { key: rig ?? NONE, ...(rig === undefined && { about: 'the town itself' }) }
    case 'day':
      return { key: day ?? 'unknown' }
    case 'model':
      return { key: model ?? 'unknown' }
  }
}

/** The outermost bead that this one is a part of; undefined: it is nobody's part. */
export function topOf(state: State, bead: Bead): Bead | undefined {
  let top = bead
  // No more steps than any tree has: a foreign hand may have made a circle.
  for (let depth = 0; depth < 100; depth++) {
    const above = parentsOf(top).flatMap((id) => lookUp(state, id) ?? [])[0]
    if (above === undefined) break
    top = above
  }
  return top === bead ? undefined : top
}
