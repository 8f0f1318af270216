/** The answers of `gt why` (shapes.ts). */
import { z } from 'zod'
import { id, mergeState, runState, standing, time } from './shapes-base.ts'

/** One decision of `gt why`. */
const steps = z.array(
  z.strictObject({
    at: time,
    by: z.string(),
    fence: id.nullable(),
    why: z.string(),
    rule: id.nullable(),
    evidence: z.array(z.string()),
  }),
)

export const whyMerge = z.strictObject({
  kind: z.literal('merge-request'),
  id,
  bead: id,
  state: mergeState,
  rule: z.string().nullable(),
  reason: z.string().nullable(),
  batch: z.array(id).nullable(),
  tree: z.string().nullable(),
  verdict: z.enum(['pass', 'fail', 'could_not_run', 'flaky']).nullable(),
  tests: z.array(
    z.looseObject({
      at: time,
      size: z.int().min(1),
      place: z.int().min(1),
      tree: id,
      outcome: z.string(),
      ms: z.number(),
    }),
  ),
  steps,
})

const cause = z.enum(['start', 'exit', 'crash', 'memory'])

const runLine = z.strictObject({
  run: id,
  agent: id,
  attempt: z.int().min(1),
  round: z.int().min(1),
  state: runState,
  since: time,
  cause: cause.nullable(),
  reason: z.string().nullable(),
  archive: id.nullable(),
  model: z.string().nullable(),
  /** The setting that chose it, or the sling. */
  model_by: z.string().nullable(),
})

export const whyBead = z.strictObject({
  kind: z.literal('bead'),
  id,
  title: z.string(),
  standing,
  reason: z.string().nullable(),
  runs: z.array(runLine),
  merge_request: whyMerge.nullable(),
  steps,
})

export const whyRun = runLine.extend({
  kind: z.literal('run'),
  bead: id,
  title: z.string(),
  claimed_at: time,
  merge_request: id.nullable(),
  /** What is seen of it at this moment, while it is at work. */
  verdict: z.string().nullable(),
  evidence: z.array(z.string()),
  steps,
})

export const whyIncident = z.strictObject({
  kind: z.literal('incident'),
  id,
  title: z.string(),
  open: z.boolean(),
  node: id,
  cause,
  breaker: z
    .strictObject({
      state: z.enum(['closed', 'open', 'half-open']),
      times: z.int().min(0),
      text: z.string(),
      until: time.nullable(),
      probe: id.nullable(),
    })
    .nullable(),
  failures: z.array(z.strictObject({ at: time, run: id, bead: id, agent: id, reason: z.string() })),
  rule: id,
  rule_text: z.string(),
  steps,
})
