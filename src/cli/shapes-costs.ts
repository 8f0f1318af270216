/** What `gt costs` answers (shapes.ts). */
import { z } from 'zod'
import { id } from './shapes-base.ts'

const count = z.int().min(0)
const row = z.strictObject({
  /** By what was asked: a run, a bead, an address, a day …; `-`: belongs to nothing of the kind. */
  key: id,
  about: z.string().optional(),
  tokens: z.strictObject({ input: count, output: count, cache_read: count, cache_write: count }),
  /** What is known of it; it cost more where `unknown` says something. */
  usd: z.number().min(0),
  unknown: z.array(z.string()),
})

const budget = z.strictObject({
  /** `day`, `rig:app`, `convoy:ap-x3k9f`, `bead:ap-x3k9f`, `run:<fence>`. */
  id,
  scope: z.enum(['day', 'rig', 'convoy', 'bead', 'run']),
  of: id.nullable(),
  setting: z.string(),
  unit: z.enum(['usd', 'tokens']),
  /** As it was raised. */
  cap: z.number(),
  spent: z.number().min(0),
  /** What counts as all of it. */
  unknown: z.array(z.strictObject({ who: z.string(), why: z.string() })),
  stands: z.enum(['within', 'warn', 'over', 'stop']),
})

export const COSTS_SHAPES: Record<string, z.ZodType> = {
  costs: z.strictObject({
    by: z.enum(['run', 'bead', 'convoy', 'role', 'rig', 'day', 'model']),
    since: z.iso.date().nullable(),
    rig: id.nullable(),
    rows: z.array(row),
    total: row,
    prices: z.string(),
    budgets: z.array(budget),
  }),
  'costs raise': z.array(budget),
}
