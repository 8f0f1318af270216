/** Answers about what waits for a person (shapes.ts). */
import { z } from 'zod'
import { bead, id, time } from './shapes-base.ts'

export const severity = z.enum(['low', 'medium', 'high', 'critical'])

export const waitingItem = z.strictObject({
  /** The bead's id; where it is about none, a word: `hold`, `daemon`, `agent:mayor`. */
  id,
  /** The same as long as it waits for this. */
  key: id,
  cause: id,
  severity,
  title: z.string(),
  text: z.string(),
  since: time,
  bead: id.nullable(),
  rig: id.nullable(),
  who: id.nullable(),
  behind: z.strictObject({ n: z.int().min(0), ids: z.array(id) }),
  answers: z.array(
    z.strictObject({
      key: z.string().length(1),
      label: id,
      /** The whole command. */
      argv: z.array(z.string()).min(2),
      /** What is asked for; the words are the last argument. */
      asks: id.optional(),
      /** It decides nothing. */
      looks: z.literal(true).optional(),
    }),
  ),
})

const escalation = z.strictObject({
  from: id,
  run: id.optional(),
  about: id.optional(),
  cause: id,
  severity,
  count: z.int().min(1),
  last: time,
})

export const ATTENTION_SHAPES: Record<string, z.ZodType> = {
  /** The most pressing first; with an id one of them. */
  attend: z.union([z.array(waitingItem), waitingItem]),
  answer: z.strictObject({
    bead: id,
    to: id.nullable(),
    woken: z.boolean(),
    hears: z.boolean(),
    budget: z.string().nullable(),
  }),
  escalate: escalation.extend({ id, again: z.boolean() }),
  'escalate list': z.array(escalation.extend({ id, title: z.string(), since: time })),
  'escalate close': bead,
}
