/** Answers about the crew, hand-offs and past sessions (shapes.ts). */
import { z } from 'zod'
import { id, time } from './shapes-base.ts'

const count = z.int().min(0)

export const CREW_SHAPES: Record<string, z.ZodType> = {
  'crew add': z.strictObject({
    address: id,
    rig: id,
    name: id,
    branch: id,
    worktree: id,
    /** The branch of the remote that it began from, and the commit. */
    from: id,
    base: id,
  }),
  'crew start': z.strictObject({
    address: id,
    session: id,
    /** False: it was in already. */
    started: z.boolean(),
    conversation: id,
    /** The conversation goes on where it was. */
    resumed: z.boolean(),
  }),
  'crew stop': z.strictObject({ address: id, running: z.boolean() }),
  'crew list': z.array(
    z.strictObject({
      address: id,
      rig: id,
      name: id,
      branch: id,
      worktree: id,
      /** `making`: its making was cut short. */
      state: z.enum(['making', 'ready']),
      /** `gone`: its session ended by itself. */
      session: z.enum(['in', 'out', 'gone', 'unknown']),
      doing: z.enum(['starting', 'busy', 'idle', 'waiting', 'ended']).nullable(),
      last_seen: time.nullable(),
      agent: id.nullable(),
      conversation: id.nullable(),
      /** Commits that the target has not, and the other way round. Null: it could not be told. */
      ahead: count.nullable(),
      behind: count.nullable(),
      dirty: count.nullable(),
      unread: count,
    }),
  ),
  /** Without `--ask`: a list of these, and whether each can be asked. With it: the answer. */
  seance: z.union([
    z.array(
      z.strictObject({
        address: id,
        conversation: id,
        agent: id,
        model: id.nullable(),
        account: id.nullable(),
        started: time,
        ended: time.nullable(),
        how: z.string().nullable(),
        run: id.nullable(),
        bead: id.nullable(),
        title: z.string().nullable(),
        cwd: id,
        config: id.nullable(),
        askable: z.boolean(),
      }),
    ),
    z.strictObject({
      address: id,
      conversation: id,
      run: id.nullable(),
      bead: id.nullable(),
      question: z.string(),
      answer: z.string(),
      usage: z.strictObject({ input: count, output: count, cacheRead: count, cacheWrite: count }),
    }),
  ]),
  'crew remove': z.strictObject({ address: id, fence: id, archive: id.nullable(), dirty: count }),
}
