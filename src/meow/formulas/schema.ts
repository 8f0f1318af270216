/**
 * A formula as it stands in its file: which keys there may be and of what kind (reference: formula schema of the format,
 * and what Gas Town's own parser takes besides). Unknown keys are errors. Only shapes are here: no defaults (fill.ts) and
 * no relations between parts (check.ts), so that the JSON Schema for editors says the same as the parser.
 */
import { z } from 'zod'
import { WRITTEN_TYPES } from '../gates/gate.ts'

const text = z.string()
const id = z.string().min(1)
const words = z.array(text)
const values = z.record(text, text)

const TYPES = ['task', 'bug', 'feature', 'epic', 'chore'] as const

const scalar = z.union([text, z.number(), z.boolean()])

/** A variable: its default alone, or a table. */
const variable = z.union([
  scalar,
  z.strictObject({
    description: text.exactOptional(),
    type: z.enum(['string', 'int', 'bool', 'number']).exactOptional(),
    required: z.boolean().exactOptional(),
    default: scalar.exactOptional(),
    enum: z.array(scalar).exactOptional(),
    pattern: text.exactOptional(),
  }),
])

const input = z.union([
  scalar,
  z.strictObject({
    description: text.exactOptional(),
    type: z.enum(['string', 'int', 'bool', 'number']).exactOptional(),
    required: z.boolean().exactOptional(),
    required_unless: words.exactOptional(),
    default: scalar.exactOptional(),
    enum: z.array(scalar).exactOptional(),
    pattern: text.exactOptional(),
  }),
])

const gate = z.strictObject({
  type: z.enum(WRITTEN_TYPES),
  id: text.exactOptional(),
  await_id: text.exactOptional(),
  timeout: text.exactOptional(),
  default: z.enum(['open', 'fail', 'ask']).exactOptional(),
})

const onComplete = z.strictObject({
  for_each: id,
  bond: id,
  vars: values.exactOptional(),
  parallel: z.boolean().exactOptional(),
  sequential: z.boolean().exactOptional(),
})

const step = z.strictObject({
  id,
  title: text.exactOptional(),
  description: text.exactOptional(),
  notes: text.exactOptional(),
  acceptance: text.exactOptional(),
  /** The same as `acceptance`. */
  acceptance_criteria: text.exactOptional(),
  type: z.enum(TYPES).exactOptional(),
  priority: z.int().min(0).max(4).exactOptional(),
  labels: words.exactOptional(),
  metadata: z.record(text, z.unknown()).exactOptional(),
  needs: words.exactOptional(),
  /** The same as `needs`; a step may have both. */
  depends_on: words.exactOptional(),
  parallel: z.boolean().exactOptional(),
  interactive: z.boolean().exactOptional(),
  waits_for: text.exactOptional(),
  assignee: text.exactOptional(),
  agent: text.exactOptional(),
  expand: id.exactOptional(),
  expand_vars: values.exactOptional(),
  condition: text.exactOptional(),
  get children(): z.ZodExactOptional<z.ZodArray<typeof step>> {
    return z.array(step).exactOptional()
  },
  gate: gate.exactOptional(),
  get loop(): z.ZodExactOptional<typeof loop> {
    return loop.exactOptional()
  },
  on_complete: onComplete.exactOptional(),
})

const loop = z.strictObject({
  count: z.union([z.int().min(0), text]).exactOptional(),
  until: text.exactOptional(),
  max: z.int().min(1).exactOptional(),
  range: text.exactOptional(),
  var: text.regex(/^[A-Za-z_]\w*$/, { error: 'must be a name such as "i"' }).exactOptional(),
  get body(): z.ZodArray<typeof step> {
    return z.array(step).min(1)
  },
})

const compose = z.strictObject({
  bond_points: z
    .array(
      z.strictObject({
        id,
        description: text.exactOptional(),
        after_step: text.exactOptional(),
        before_step: text.exactOptional(),
        parallel: z.boolean().exactOptional(),
      }),
    )
    .exactOptional(),
  hooks: z
    .array(z.strictObject({ trigger: id, attach: id, at: text.exactOptional(), vars: values.exactOptional() }))
    .exactOptional(),
  expand: z.array(z.strictObject({ target: id, with: id, vars: values.exactOptional() })).exactOptional(),
  map: z.array(z.strictObject({ select: id, with: id, vars: values.exactOptional() })).exactOptional(),
  branch: z.array(z.strictObject({ from: id, steps: z.array(id).min(1), join: id })).exactOptional(),
  gate: z.array(z.strictObject({ before: id, condition: id })).exactOptional(),
  aspects: z.array(id).exactOptional(),
})

const adviceStep = z.strictObject({
  id,
  title: text.exactOptional(),
  description: text.exactOptional(),
  type: z.enum(TYPES).exactOptional(),
  args: values.exactOptional(),
  output: values.exactOptional(),
})

const leg = z.strictObject({
  id,
  title: text.exactOptional(),
  focus: text.exactOptional(),
  description: text.exactOptional(),
  agent: text.exactOptional(),
  review_only: z.boolean().exactOptional(),
})

export const formulaSchema = z.strictObject({
  formula: id,
  description: text.exactOptional(),
  version: z.int().min(1).exactOptional(),
  type: z.enum(['workflow', 'convoy', 'expansion', 'aspect']).exactOptional(),
  phase: z.enum(['liquid', 'vapor']).exactOptional(),
  /** Make a bead of every step: what is always done here. */
  pour: z.boolean().exactOptional(),
  extends: z.array(id).exactOptional(),
  vars: z.record(text, variable).exactOptional(),
  steps: z.array(step).exactOptional(),
  template: z.array(step).exactOptional(),
  compose: compose.exactOptional(),
  advice: z
    .array(
      z.strictObject({
        target: id,
        before: adviceStep.exactOptional(),
        after: adviceStep.exactOptional(),
        around: z
          .strictObject({ before: z.array(adviceStep).exactOptional(), after: z.array(adviceStep).exactOptional() })
          .exactOptional(),
      }),
    )
    .exactOptional(),
  pointcuts: z
    .array(z.strictObject({ glob: text.exactOptional(), type: text.exactOptional(), label: text.exactOptional() }))
    .exactOptional(),
  inputs: z.record(text, input).exactOptional(),
  prompts: values.exactOptional(),
  output: z
    .strictObject({
      directory: text.exactOptional(),
      leg_pattern: text.exactOptional(),
      synthesis: text.exactOptional(),
    })
    .exactOptional(),
  legs: z.array(leg).exactOptional(),
  aspects: z.array(leg).exactOptional(),
  synthesis: z
    .strictObject({ title: text.exactOptional(), description: text.exactOptional(), depends_on: words.exactOptional() })
    .exactOptional(),
  presets: z.record(text, z.strictObject({ description: text.exactOptional(), legs: words })).exactOptional(),
  agent: text.exactOptional(),
  review_only: z.boolean().exactOptional(),
})

export type FormulaFile = z.output<typeof formulaSchema>
export type FileStep = z.output<typeof step>
export type FileVariable = z.output<typeof input>

/** JSON Schema of a formula's file, for editors. */
export function formulaJsonSchema(): Record<string, unknown> {
  return { title: 'Gas Town formula', ...z.toJSONSchema(formulaSchema, { io: 'input' }) }
}
