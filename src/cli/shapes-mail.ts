/** The shapes of what `gt mail` answers (shapes.ts). */
import { z } from 'zod'
import { id, time } from './shapes-base.ts'

const deliveryState = z.enum(['queued', 'injected', 'acknowledged', 'expired'])

const delivery = z.strictObject({
  address: id,
  /** Fence of the run that it is for, and of no other of that name. Null: for whoever has the address. */
  run: id.nullable(),
  state: deliveryState,
  queued: time,
  injected: time.nullable(),
  acknowledged: time.nullable(),
  expired: time.nullable(),
  /** Why it expired. */
  reason: z.string().nullable(),
})

const row = z.strictObject({
  id,
  thread: id,
  from: id,
  /** As it was addressed; `deliveries` has whom that meant. */
  to: z.array(id),
  subject: id,
  priority: z.int().min(0).max(4),
  type: id,
  at: time,
  deliveries: z.array(delivery),
})

const letter = row.extend({
  /** Byte for byte. */
  body: z.string(),
  reply_to: id.nullable(),
  data: z.unknown(),
  expires: time.nullable(),
  /** The whole thread, oldest first; this one too. */
  messages: z.array(row),
})

const sent = z.strictObject({ id, thread: id, to: z.array(z.strictObject({ address: id, run: id.nullable() })) })

export const MAIL_SHAPES: Record<string, z.ZodType> = {
  'mail send': sent,
  'mail reply': sent,
  /** Unread first; `state` is how far it came to whose mail this is. */
  'mail inbox': z.array(row.extend({ state: deliveryState, unread: z.boolean() })),
  'mail sent': z.array(row),
  'mail read': letter,
  nudge: z.strictObject({
    id,
    thread: id,
    to: z.array(
      z.strictObject({
        address: id,
        run: id.nullable(),
        /** `queued`: it is at work, and sees it with its next tool call. `undelivered`: it waits in its inbox. */
        state: z.enum([...deliveryState.options, 'undelivered']),
        /** With `undelivered`: why, in a word and a sentence, and what to type next. */
        code: id.nullable(),
        reason: z.string().nullable(),
        next: z.string().nullable(),
      }),
    ),
  }),
  'mail wait': letter,
}
