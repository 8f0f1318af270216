/** The shapes of what `gt convoy` answers (shapes.ts). */
import { z } from 'zod'
import { CAUSES } from '../convoys/pace.ts'
import { id, standing, time } from './shapes-base.ts'

const pace = z.enum(['over', 'now', 'later', 'stuck'])
const count = z.int().min(0)

export const convoyKind = z.enum(['convoy', 'epic', 'formula', 'bead'])
export const convoyState = z.enum(['empty', 'landed', 'ended', 'moving', 'waiting', 'stalled'])

/** Why it does not go on: the bead in which that lies, and when it passes by itself, if that is known. */
const cause = z.strictObject({ is: z.enum(CAUSES), bead: id, text: z.string(), until: z.string().nullable() })

const row = z.strictObject({
  convoy: id,
  /** Where its members are written: a convoy bead, an epic, the convoy of a formula; or it is one bead. */
  kind: convoyKind,
  title: z.string(),
  rig: id.nullable(),
  state: convoyState,
  total: count,
  landed: count,
  /** Over without a commit. */
  done: count,
  open: count,
  declined: z.array(id),
  cancelled: z.array(id),
  /** Named, and not in the ledger. */
  unknown: z.array(id),
  by: id.nullable(),
  at: time.nullable(),
  notify: z.array(id),
  told: time.nullable(),
  cause: cause.nullable(),
})

const view = row.extend({
  members: z.array(
    z.strictObject({
      id,
      title: z.string(),
      state: z.union([standing, z.literal('unknown')]),
      pace,
      wave: z.int().min(1),
      agent: id.nullable(),
      run: id.nullable(),
      since: z.string().nullable(),
      commit: id.nullable(),
      cause: cause.nullable(),
    }),
  ),
  /** Ids: what may go side by side, in the order in which it can. */
  waves: z.array(z.array(id)),
  circular: z.array(id),
  /** The gravest first; `members` hang on it. */
  standstills: z.array(cause.extend({ pace, members: z.array(id) })),
})

export const CONVOY_SHAPES: Record<string, z.ZodType> = {
  'convoy list': z.array(row),
  'convoy show': view,
  'convoy create': view,
  'convoy add': view,
  'convoy remove': view,
  'convoy close': view,
}
