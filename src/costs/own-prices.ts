/** The town's own prices, `prices.toml` beside town.toml. Brings zod and smol-toml along, so callers `await import()` it. */
import { parse } from 'smol-toml'
import { z } from 'zod'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { PriceFile } from './prices.ts'

const rates = {
  input: z.number().min(0),
  output: z.number().min(0),
  cache_read: z.number().min(0).optional(),
  cache_write: z.number().min(0).optional(),
  cache_write_1h: z.number().min(0).optional(),
}

/** The shape of the list that comes with `gt` (prices.json) as well. */
export const priceFile = z.strictObject({
  /** Of when the prices are. */
  date: z.preprocess((at) => (at instanceof Date ? at.toISOString().slice(0, 10) : at), z.string().min(1)),
  source: z.string().optional(),
  /** By pattern of the model's name; the first that matches counts. */
  models: z.record(
    z.string().min(1),
    z.strictObject({ ...rates, long: z.strictObject({ above: z.int().min(1), ...rates }).optional() }),
  ),
})

/** Errors: E_PRICES, with file and key. */
export function parsePrices(text: string, path: string): Result<PriceFile> {
  const hint =
    'Write: date = "2026-11-27"   then [models."claude-opus-5-5*"] with input = 4, output = 20 (docs/costs.md)'
  try {
    const read = priceFile.safeParse(parse(text))
    if (read.success) return ok(read.data as PriceFile)
    const [issue] = read.error.issues
    const key = issue?.path.join('.') || 'the file'
    return fail('E_PRICES', `${path}: \`${key}\`: ${issue?.message ?? 'is wrong'}.`, { hint })
  } catch (error) {
    return fail('E_PRICES', `${path} is not TOML: ${messageOf(error).split('\n')[0]}`, { hint })
  }
}
