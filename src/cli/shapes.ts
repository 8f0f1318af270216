/**
 * The shape of `data` in every `--json` answer: the contract with scripts. Not loaded by any command; the tests hold
 * real answers against it and scripts/docs.ts writes it to docs/schemas.json as JSON Schema.
 */
import { z } from 'zod'

const id = z.string().min(1)
const time = z.iso.datetime()
const standing = z.enum([
  'open',
  'blocked',
  'deferred',
  'waiting',
  'hooked',
  'in_progress',
  'submitted',
  'needs_human',
  'landed',
  'done',
  'declined',
  'cancelled',
])
const runState = z.enum([
  'claimed',
  'provisioning',
  'starting',
  'working',
  'quiet',
  'rate_limited',
  'submitted',
  'finished',
  'lost',
  'failed',
  'stopped',
])
const mergeState = z.enum([
  'queued',
  'building',
  'testing',
  'landing',
  'landed',
  'conflict',
  'red',
  'could_not_run',
  'held',
  'rejected',
])

/** A bead as the ledger keeps it; fields of other tools stay where they are. */
export const bead = z.looseObject({
  id,
  title: z.string(),
  status: z.string(),
  priority: z.int().min(0).max(4),
  issue_type: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
})

export const run = z.looseObject({
  fence: id,
  bead: id,
  rig: id,
  agent: z.string().regex(/^[\w-]+\/(polecats\/[\w-]+|refinery)$/),
  preset: id,
  attempt: z.int().min(1),
  round: z.int().min(1),
  state: runState,
  claimed_at: time,
  since: time,
  target: id,
  branch: id,
  worktree: id,
  session: id,
})

export const mergeRequest = z.looseObject({
  id,
  bead: id,
  /** Absent for an integration branch. */
  run: id.optional(),
  rig: id,
  worker: id,
  branch: id,
  head: id,
  target: id,
  state: mergeState,
  queued_at: time,
  since: time,
})

const slung = z.array(
  z.strictObject({
    bead: id,
    run: id.nullable(),
    agent: id.nullable(),
    state: standing,
    reason: z.string().optional(),
  }),
)

const said = z.strictObject({ bead: id, run: id, mergeRequest: id.nullable(), state: z.string() })

/** By command. A command that is not here answers an object without promises. */
export const SHAPES: Record<string, z.ZodType> = {
  install: z.strictObject({ town: id, path: id }),
  'rig add': z.strictObject({ rig: id, prefix: id, branch: id, path: id }),
  'rig list': z.array(z.strictObject({ rig: id, prefix: id, branch: id, remote: id, gates: z.array(z.string()) })),
  'bead create': bead,
  'bead update': bead,
  'bead close': bead,
  'bead dep add': bead,
  'bead list': z.array(bead),
  'bead ready': z.array(bead),
  'bead show': bead.extend({ standing, runs: z.array(run), mergeRequest: mergeRequest.nullable() }),
  sling: slung,
  hook: z.strictObject({ bead, run }),
  done: said,
  decline: said,
  progress: said,
  ask: said,
  status: z.strictObject({
    town: id,
    path: id,
    daemon: z.strictObject({ running: z.boolean(), pid: z.int().nullable() }),
    running: z.array(z.strictObject({ bead: id, title: z.string(), agent: id, run: id, state: runState, since: time })),
    needs_you: z.array(z.strictObject({ bead: id, title: z.string(), cause: id, text: z.string(), since: time })),
    landed: z.array(z.strictObject({ bead: id, title: z.string(), commit: id, target: id, at: time })),
    waiting: z.array(z.strictObject({ bead: id, title: z.string(), reason: z.string() })),
    queue: z.array(z.strictObject({ id, bead: id, state: mergeState, queued_at: time })),
    ready: z.int().min(0),
  }),
  'polecat list': z.array(run.extend({ health: z.enum(['alive', 'quiet', 'dead', 'unknown', 'finished']) })),
  'run show': run,
  'run stop': run,
  peek: z.strictObject({ session: id, text: z.string() }),
  restore: z.looseObject({ run: id, path: id, commit: id, branch: id }),
  'mq list': z.strictObject({
    queue: z.array(
      z.strictObject({
        id,
        bead: id,
        rig: id,
        worker: id,
        state: mergeState,
        queued_at: time,
        age_seconds: z.int().min(0),
        reason: z.string().nullable(),
      }),
    ),
    oldest_seconds: z.int().min(0).nullable(),
  }),
  'mq radar': z.strictObject({
    rigs: z.array(
      z.strictObject({
        rig: id,
        runs: z.array(
          z.strictObject({ run: id, bead: id, agent: id, branch: id, commit: id, target: id, files: z.array(id) }),
        ),
        /** By run; `b` was claimed later. `why`: the two could not be compared, and `files` is empty. */
        pairs: z.array(z.strictObject({ a: id, b: id, files: z.array(id), why: z.string().optional() })),
        withTarget: z.array(z.strictObject({ run: id, files: z.array(id), why: z.string().optional() })),
        hot: z.array(z.strictObject({ file: id, runs: z.array(id) })),
      }),
    ),
  }),
  'mq show': mergeRequest,
  'mq retry': mergeRequest,
  reject: mergeRequest,
  land: mergeRequest,
  'mq verify': z.looseObject({
    commit: id,
    /** What the target moved to; another commit when the change landed in a group. */
    landing: id,
    rig: id,
    verified: z.boolean(),
    checks: z.record(z.string(), z.boolean()),
  }),
  'mq stats': z.array(
    z.strictObject({
      rig: id,
      landed: z.int().min(0),
      landings: z.int().min(0),
      landings_per_hour: z.number().min(0),
      wait_p50_seconds: z.number().nullable(),
      wait_p95_seconds: z.number().nullable(),
      runs: z.int().min(0),
      runs_per_landing: z.number().nullable(),
      red: z.int().min(0),
      conflicts: z.int().min(0),
      false_red: z.int().min(0),
      flakes: z.int().min(0),
      gate_minutes: z.number().min(0),
      gate_minutes_saved: z.number().min(0),
      p: z.number().min(0).max(1),
      f: z.number().min(0).max(1),
    }),
  ),
  why: z.strictObject({
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
    steps: z.array(z.strictObject({ at: time, by: z.string(), why: z.string() })),
  }),
  'gate run': z.strictObject({
    rig: id,
    commit: id,
    tree: id,
    verdict: z.enum(['pass', 'fail', 'could_not_run', 'flaky', 'unknown']),
    gates: z.array(
      z.strictObject({
        gate: z.string(),
        outcome: z.enum(['pass', 'fail', 'could_not_run']),
        ms: z.number(),
        retries: z.int().min(0),
        remembered: z.boolean(),
        text: z.string(),
      }),
    ),
  }),
  'gate list': z.strictObject({
    rig: id,
    gates: z.array(
      z.strictObject({
        name: z.string(),
        run: z.string(),
        timeout_ms: z.number(),
        paths: z.array(z.string()).nullable(),
      }),
    ),
  }),
  'mq integration create': z.strictObject({
    epic: id,
    rig: id,
    branch: id,
    base: id,
    at: time,
    created: z.boolean(),
  }),
  'mq integration status': z.array(
    z.strictObject({
      epic: id,
      title: z.string(),
      rig: id,
      branch: id,
      base: id,
      tip: id.nullable(),
      landed: z.array(id),
      open: z.array(id),
      ahead: z.int().min(0).nullable(),
      behind: z.int().min(0).nullable(),
      merges: z.enum(['clean', 'conflict', 'already']).nullable(),
      conflicts: z.array(z.string()),
      merge_request: z.strictObject({ id, state: mergeState, reason: z.string().nullable() }).nullable(),
    }),
  ),
  'mq integration land': bead,
  'refinery run': z.strictObject({ steps: z.int().min(0), left: z.int().min(0) }),
  up: z.strictObject({ running: z.boolean(), pid: z.int(), started: z.boolean() }),
  down: z.strictObject({ drivers: z.int().min(0), runs: z.array(id) }),
  'deacon status': z.strictObject({ running: z.boolean(), pid: z.int().nullable() }),
  'config get': z.strictObject({ key: id, value: z.unknown() }),
  'config set': z.strictObject({ key: id, value: z.string(), file: id }),
  'config agent set': z.strictObject({ name: id, command: z.array(z.string()), file: id }),
  'mayor start': z.strictObject({ session: id, started: z.boolean() }),
}

/** Every answer with `--json` is exactly one of these objects. */
export const ANSWER = z.union([
  z.strictObject({ ok: z.literal(true), data: z.unknown() }),
  z.strictObject({
    ok: z.literal(false),
    error: z.strictObject({
      code: z.string().regex(/^E_[A-Z_]+$/),
      message: z.string(),
      hint: z.string().optional(),
      kept: z.string().optional(),
    }),
    /** What is known all the same, for instance which beads landed. */
    data: z.unknown().optional(),
  }),
])

/** JSON Schema of every answer, for docs/schemas.json. */
export function jsonSchemas(): Record<string, unknown> {
  const data = Object.entries(SHAPES).map(([command, shape]) => [command, z.toJSONSchema(shape, { io: 'output' })])
  return { answer: z.toJSONSchema(ANSWER), data: Object.fromEntries(data) }
}
