/** The shape of a board (src/board/board.ts), which `gt feed --json` answers, and of an event, as `--follow` prints them. */
import { z } from 'zod'
import { waitingItem } from './shapes-attention.ts'
import { id, mergeState, time } from './shapes-base.ts'
import { convoyKind, convoyState } from './shapes-convoy.ts'

const eventKind = z.enum([
  'created',
  'slung',
  'claimed',
  'started',
  'said',
  'asked',
  'answered',
  'needs_you',
  'parked',
  'limited',
  'quiet',
  'step',
  'handed_in',
  'queue',
  'red',
  'conflict',
  'held',
  'landed',
  'closed',
  'reopened',
  'failed',
  'stopped',
  'edited',
  'books',
])

export const boardEvent = z.strictObject({
  id,
  at: time,
  by: z.string(),
  kind: eventKind,
  bead: id.nullable(),
  title: z.string().nullable(),
  run: id.nullable(),
  text: z.string(),
  /** Only keeps the books; with `--all` alone. */
  system: z.boolean(),
})

/** US dollars at list prices. `partly`: something of it is not known, so it was more. */
const cost = z.strictObject({ usd: z.number().min(0), partly: z.boolean() })

const agent = z.strictObject({
  address: id,
  role: id,
  rig: id.nullable(),
  bead: id.nullable(),
  title: z.string().nullable(),
  run: id.nullable(),
  /** The run's; of a session without one `in` or `ended`. */
  state: id,
  since: time.nullable(),
  health: z.enum(['alive', 'quiet', 'detecting', 'dead', 'unknown']).nullable(),
  doing: z.string().nullable(),
  waiting_for: z.string().nullable(),
  seen: time.nullable(),
  /** Percent of its context in use. */
  context: z.number().nullable(),
  session: id.nullable(),
  agent: id.nullable(),
  model: z.string().nullable(),
  attempt: z.int().nullable(),
  round: z.int().nullable(),
  /** It takes a worker slot. */
  slot: z.boolean(),
})

export const board = z.strictObject({
  at: time,
  town: z.strictObject({
    name: id,
    path: id,
    daemon: z.strictObject({ running: z.boolean(), pid: z.int().nullable() }),
    hold: z.strictObject({ reason: z.string(), frozen: z.boolean() }).nullable(),
    closed: z.string().nullable(),
    host: z.strictObject({
      load1: z.number().nullable(),
      cores: z.int().nullable(),
      memory_free_mb: z.int().nullable(),
      disk_free_mb: z.int().nullable(),
    }),
    workers: z.strictObject({ busy: z.int().min(0), max: z.int().min(0) }),
    ready: z.int().min(0),
    /** Since midnight, by this machine's clock. */
    landed_today: z.int().min(0),
    /** Why it cannot be told which sessions there are; null: it was told. */
    blind: z.string().nullable(),
  }),
  /** As `gt attend` has them, the most pressing first. */
  problems: z.array(waitingItem),
  agents: z.array(agent),
  /** By rig; within one in the order of the line. */
  queue: z.array(
    z.strictObject({
      id,
      bead: id,
      title: z.string().nullable(),
      rig: id,
      target: id,
      worker: z.string(),
      state: mergeState,
      queued_at: time,
      since: time,
      reason: z.string().nullable(),
    }),
  ),
  convoys: z.array(
    z.strictObject({
      id,
      title: z.string(),
      kind: convoyKind,
      total: z.int().min(0),
      closed: z.int().min(0),
      landed: z.int().min(0),
      running: z.int().min(0),
      stuck: z.int().min(0),
      waiting: z.int().min(0),
      state: convoyState,
      /** What keeps it, or will. */
      cause: z.string().nullable(),
      since: time,
    }),
  ),
  waiting: z.array(z.strictObject({ bead: id, title: z.string(), rig: id.nullable(), reason: z.string() })),
  landed: z.array(
    z.strictObject({ bead: id, title: z.string(), commit: id, target: id, at: time, cost: cost.nullable() }),
  ),
  /** The newest first. */
  events: z.array(boardEvent),
  /** Absent where prices cannot be read. */
  costs: z.strictObject({ today: cost, budget_usd: z.number().nullable() }).optional(),
})

export const BOARD_SHAPES: Record<string, z.ZodType> = {
  feed: board,
  /** Of each line. */
  'feed --follow': boardEvent,
}
