/** Answers about formulas, molecules, orders and the gates that wait (shapes.ts). */
import { z } from 'zod'
import { bead, id, runState, standing, time } from './shapes-base.ts'

const formulaType = z.enum(['workflow', 'convoy', 'expansion', 'aspect'])

const formulaTier = z.enum(['rig', 'town', 'shipped'])

/** A gate that is waited for. */
export const wait = z.strictObject({
  id,
  type: z.string(),
  await_id: z.string().nullable(),
  command: z.string().nullable(),
  title: z.string(),
  state: z.enum(['pending', 'open', 'failed']),
  /** What came of it. */
  came: z.string().nullable(),
  created_at: z.string(),
  deadline: time.nullable(),
  default: z.enum(['open', 'fail', 'ask']).nullable(),
  parked: z.array(z.strictObject({ run: id, agent: id, bead: id })),
  blocks: z.array(id),
  /** What the last look found; null where nobody has to look. */
  said: z.string().nullable(),
  next_check: time.nullable(),
})

const orderDid = z.enum(['slung', 'skipped', 'failed', 'busy'])

const orderChanged = z.strictObject({ order: id, did: z.enum(['added', 'paused', 'resumed', 'removed']), file: id })

/** By command. A command that is not here answers an object without promises. */
/** A step in a picture; `id` is short where it belongs to the molecule that is shown. */
const stepNode = z.strictObject({
  id,
  title: z.string(),
  state: z.enum(['done', 'ready', 'doing', 'waiting', 'gated', 'failed', 'skipped']).optional(),
  needs: z.array(id),
  parent: id.optional(),
  note: z.string().optional(),
})

const molWhere = {
  molecule: id,
  done: z.int().min(0),
  total: z.int().min(0),
  /** Number of the next step as people count. */
  n: z.int().min(1).nullable(),
  /** Why no step can be done now. */
  waits: z.string().nullable(),
}

const poured = z.strictObject({
  root: id,
  formula: id,
  kind: z.enum(['molecule', 'convoy']),
  /** Id of each step's bead, or of each leg's, by its name. */
  steps: z.record(z.string(), id),
})

export const MEOW_SHAPES: Record<string, z.ZodType> = {
  'formula list': z.array(
    z.strictObject({
      name: id,
      tier: formulaTier,
      path: id,
      /** Null when its file is broken; `problem` says how. */
      type: formulaType.nullable(),
      description: z.string(),
      problem: z.string().nullable(),
    }),
  ),
  'formula show': z.strictObject({
    name: id,
    tier: formulaTier,
    path: id,
    /** With every default filled; its keys are those of the file (`gt formula schema`). */
    formula: z.looseObject({ formula: id, type: formulaType, version: z.int().min(1) }),
    /** Other formulas that it needs. */
    uses: z.array(id),
  }),
  'formula validate': z.array(
    z.strictObject({
      name: id,
      /** None: it is valid. */
      problems: z.array(
        z.strictObject({
          file: id.nullable(),
          line: z.int().min(1).nullable(),
          text: z.string(),
          fix: z.string().nullable(),
        }),
      ),
    }),
  ),
  'formula graph': z.strictObject({ formula: id, kind: z.enum(['molecule', 'convoy']), steps: z.array(stepNode) }),
  'mol next': z.strictObject({ ...molWhere, step: bead.nullable() }),
  'mol step done': z.strictObject({ ...molWhere, step: id, next: bead.nullable() }),
  'mol status': z.strictObject({
    molecule: id,
    kind: z.enum(['molecule', 'convoy']),
    formula: id,
    title: z.string(),
    standing,
    done: z.int().min(0),
    total: z.int().min(0),
    steps: z.array(stepNode),
  }),
  'mol list': z.array(
    z.strictObject({
      molecule: id,
      formula: id,
      title: z.string(),
      standing,
      done: z.int().min(0),
      total: z.int().min(0),
      next: id.nullable(),
    }),
  ),
  /** The recipe; with --save the template. */
  'mol cook': z.union([
    z.looseObject({ formula: id, kind: z.enum(['molecule', 'convoy']), steps: z.array(z.looseObject({ id })) }),
    z.strictObject({ template: id, formulas: z.array(id) }),
  ]),
  'mol pour': poured,
  'mol wisp': poured,
  'mol bond': z.strictObject({ first: id, second: id, type: z.enum(['sequential', 'parallel', 'conditional']) }),
  'mol squash': z.strictObject({ molecule: id, digest: id }),
  'mol burn': z.strictObject({ molecule: id, burned: z.literal(true) }),
  'formula new': z.strictObject({ name: id, type: formulaType, tier: formulaTier, path: id }),
  /** A JSON Schema. */
  'formula schema': z.looseObject({ $schema: id }),
  'order list': z.array(
    z.strictObject({
      order: id,
      formula: id,
      rig: id,
      every_ms: z.number().min(1),
      /** Time of day, `HH:MM`. */
      at: z.string().nullable(),
      when: z.string().nullable(),
      paused: z.boolean(),
      /** Its next turn; now, when it is due. Null while it is paused. */
      next: time.nullable(),
      /** What it made last, while that is not over: until then it is not begun again. */
      open: id.nullable(),
      last: z.strictObject({ at: time, did: orderDid, said: z.string(), molecule: id.nullable() }).nullable(),
      bead: id.nullable(),
    }),
  ),
  'order run': z.strictObject({ order: id, did: orderDid, molecule: id.nullable(), said: z.string() }),
  'order add': orderChanged,
  'order pause': orderChanged,
  'order resume': orderChanged,
  'order remove': orderChanged,
  /** The gate: a bead with the format's \`await_type\`, \`await_id\`, \`timeout\` (nanoseconds) and \`waiters\`. */
  'gate create': bead,
  'gate show': wait.extend({ description: z.string().nullable() }),
  'gate open': wait,
  'gate check': z.array(
    z.strictObject({
      gate: id,
      verdict: z.enum(['open', 'fail', 'ask', 'wait', 'over']),
      said: z.string(),
      changed: z.boolean(),
      next: time.nullable(),
    }),
  ),
  park: z.strictObject({ bead: id, run: id, gates: z.array(id), state: runState }),
}
