/** The report card of `gt drill` (shapes.ts). */
import { z } from 'zod'
import { id, time } from './shapes-base.ts'

/** ms, over all faults of a kind: the middle one and the largest. */
const drillFigures = z.strictObject({ p50: z.number().nullable(), max: z.number().nullable() })
export const drillReport = z.strictObject({
  seed: z.int(),
  /** Name of the town whose shape it has. */
  like: z.string().nullable(),
  rigs: z.int().min(1),
  workers: z.int().min(1),
  seconds: z.number(),
  rest_seconds: z.number(),
  beads: z.strictObject({ acknowledged: z.int().min(0), landed: z.int().min(0) }),
  runs: z.strictObject({ begun: z.int().min(0), most_at_once: z.int().min(0) }),
  person: z.strictObject({ answered: z.int().min(0), ups: z.int().min(0), rests: z.int().min(0) }),
  faults: z.array(
    z.strictObject({
      kind: id,
      title: id,
      count: z.int().min(1),
      noticed: drillFigures,
      recovered: drillFigures,
    }),
  ),
  hits: z.array(
    z.strictObject({
      n: z.int().min(1),
      kind: id,
      at: time,
      what: z.string(),
      noticed_ms: z.number().nullable(),
      recovered_ms: z.number().nullable(),
    }),
  ),
  untried: z.array(z.strictObject({ kind: id, title: id, why: id })),
  laws: z.array(z.strictObject({ law: id, held: z.boolean(), seen: z.array(z.string()) })),
  kept: z.string().nullable(),
})
