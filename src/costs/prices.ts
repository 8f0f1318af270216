/**
 * What tokens cost: list prices (prices.json, dated), and what the town says otherwise in `prices.toml` beside town.toml. A
 * model without a price has unknown dollars, never none.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import picomatch from 'picomatch'
import type { Tokens } from '../beads/facts.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { FAST, LONG } from './count.ts'
import LIST from './prices.json' with { type: 'json' }

/** US dollars per million tokens; a kind without a price is unknown. What is written to the cache is kept for 5 min, or 1 h. */
interface Rates {
  input: number
  output: number
  cache_read?: number
  cache_write?: number
  cache_write_1h?: number
}

export interface Price extends Rates {
  /** Of an answer whose prompt, cache included, has more tokens than `above`. */
  long?: Rates & { above: number }
}

export interface PriceFile {
  date: string
  source?: string
  models: Record<string, Price>
}

export interface Prices {
  /** Of when they are, and whose: for people. */
  told: string
  of(model: string): Price | undefined
}

/** Name of the file in the town's folder whose prices come first. */
export const PRICES_FILE = 'prices.toml'

/** The prices that hold in the town at `root`. Error: E_PRICES (a `prices.toml` that cannot be read). */
export async function pricesOf(root: string): Promise<Result<Prices>> {
  const path = join(root, PRICES_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ok(listPrices())
    return fail('E_PRICES', `${path} could not be read: ${messageOf(error)}.`, { hint: `See: ls -l ${path}` })
  }
  const { parsePrices } = await import('./own-prices.ts')
  const own = parsePrices(text, path)
  return own.kind === 'ok' ? ok(pricesFrom([own.value, LIST], `${PRICES_FILE} of ${own.value.date}, then `)) : own
}

let list: Prices | undefined

/** List prices alone. */
export function listPrices(): Prices {
  list ??= pricesFrom([LIST], '')
  return list
}

function pricesFrom(files: PriceFile[], before: string): Prices {
  const patterns = files.flatMap(({ models }) =>
    Object.entries(models).map(([pattern, one]) => {
      const matches = picomatch(pattern, { nobrace: true })
      // Fast answers cost more, and how much is not in every list: only a pattern that names them means them.
      const fast = pattern.endsWith(FAST)
      return { matches: (model: string) => model.endsWith(FAST) === fast && matches(model), one }
    }),
  )
  const known = new Map<string, Price | undefined>()
  return {
    told: `${before}list prices of ${LIST.date}`,
    of(model) {
      if (!known.has(model)) known.set(model, patterns.find(({ matches }) => matches(model))?.one)
      return known.get(model)
    },
  }
}

/** Dollars for these tokens; null: unknown. `model` as it was counted (count.ts), with its tariff. */
export function usdOf(prices: Prices, model: string, tokens: Tokens): number | null {
  const rates = ratesOf(prices, model)
  if (rates === undefined) return null
  const hour = tokens.cacheWrite1h ?? 0
  const parts: [number, number | undefined][] = [
    [tokens.input, rates.input],
    [tokens.output, rates.output],
    [tokens.cacheRead, rates.cache_read],
    [Math.max(0, tokens.cacheWrite - hour), rates.cache_write],
    [hour, rates.cache_write_1h],
  ]
  let sum = 0
  for (const [count, rate] of parts) {
    if (count === 0) continue
    if (rate === undefined) return null
    sum += (count * rate) / 1_000_000
  }
  return sum
}

function ratesOf(prices: Prices, model: string): Rates | undefined {
  if (!model.endsWith(LONG)) return prices.of(model)
  const found = prices.of(model.slice(0, -LONG.length))
  // Counted as long under other prices than those of today.
  return found?.long ?? found
}

/** The model's own name, without its tariff. */
export const nameOf = (model: string): string => model.replace(/#(?:long|fast)$/, '')
