/**
 * The shape of `data` in every `--json` answer: the contract with scripts. Not loaded by any command; the tests hold
 * real answers against it and scripts/docs.ts writes it to docs/schemas.json as JSON Schema.
 */
import { z } from 'zod'
import { ATTENTION_SHAPES, severity } from './shapes-attention.ts'
import { bead, id, mergeRequest, mergeState, run, runState, standing, time, verdict } from './shapes-base.ts'
import { BOARD_SHAPES } from './shapes-board.ts'
import { CONVOY_SHAPES } from './shapes-convoy.ts'
import { COSTS_SHAPES } from './shapes-costs.ts'
import { CREW_SHAPES } from './shapes-crew.ts'
import { DASHBOARD_SHAPES } from './shapes-dashboard.ts'
import { drillReport } from './shapes-drill.ts'
import { MAIL_SHAPES } from './shapes-mail.ts'
import { MEOW_SHAPES, wait } from './shapes-meow.ts'
import { whyBead, whyIncident, whyMerge, whyRun } from './shapes-why.ts'

export { bead, mergeRequest, run }

const chore = z.enum(['orphans', 'archive', 'compact', 'prune', 'logs', 'costs', 'backup'])

const slung = z.array(
  z.strictObject({
    bead: id,
    run: id.nullable(),
    agent: id.nullable(),
    state: standing,
    reason: z.string().optional(),
    /** What it was sent off with, when that is more than itself. */
    convoy: id.optional(),
  }),
)

const said = z.strictObject({ bead: id, run: id, mergeRequest: id.nullable(), state: z.string() })

/** By agent address (or `gates`): how many processes stand, or go on. `refused`: pids that did not. */
const standingStill = {
  by: z.record(z.string(), z.int().min(1)),
  processes: z.int().min(0),
  refused: z.array(z.int()),
}

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
    hold: z.strictObject({ reason: z.string(), frozen: z.boolean() }).nullable(),
    /** Why nothing new starts: the hold, or load, memory and disk. */
    closed: z.string().nullable(),
    running: z.array(z.strictObject({ bead: id, title: z.string(), agent: id, run: id, state: runState, since: time })),
    /** The most pressing first (`gt attend`). `bead`: where it is about none, the word that names it there. */
    needs_you: z.array(
      z.strictObject({
        bead: id,
        title: z.string(),
        cause: id,
        text: z.string(),
        since: time,
        severity,
        /** Beads that wait for it. */
        behind: z.int().min(0),
      }),
    ),
    landed: z.array(z.strictObject({ bead: id, title: z.string(), commit: id, target: id, at: time })),
    /** Since midnight, by this machine's clock. */
    landed_today: z.int().min(0),
    waiting: z.array(z.strictObject({ bead: id, title: z.string(), reason: z.string() })),
    queue: z.array(z.strictObject({ id, bead: id, state: mergeState, queued_at: time })),
    ready: z.int().min(0),
    /** `in`: nobody sent it home; whether its session lives tells gt crew list. */
    crew: z.array(z.strictObject({ address: id, branch: id, in: z.boolean() })),
  }),
  'polecat list': z.array(
    run.extend({
      health: z.enum(['alive', 'quiet', 'detecting', 'dead', 'unknown', 'parked', 'finished']),
      doing: z.enum(['starting', 'busy', 'idle', 'waiting', 'ended']).nullable(),
    }),
  ),
  'run show': run.extend({ verdict: verdict.nullable() }),
  'run stop': run,
  /** With a run: as `run stop`. */
  'stop --all': z.strictObject({ reason: z.string(), ...standingStill }),
  thaw: z.strictObject({ lifted: z.boolean(), ...standingStill }),
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
  why: z.discriminatedUnion('kind', [whyBead, whyRun, whyMerge, whyIncident]),
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
    waits: z.array(wait),
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
  /** `held`: why nothing new starts all the same. */
  up: z.strictObject({ running: z.boolean(), pid: z.int(), started: z.boolean(), held: z.string().nullable() }),
  down: z.strictObject({ drivers: z.int().min(0), runs: z.array(id) }),
  'deacon install': z.strictObject({
    kind: z.enum(['systemd', 'launchd']),
    path: id,
    text: z.string(),
    changed: z.boolean(),
  }),
  drill: drillReport,
  'deacon status': z.strictObject({ running: z.boolean(), pid: z.int().nullable() }),
  'dog list': z.array(
    z.strictObject({
      chore,
      does: z.string(),
      every_ms: z.number().min(1),
      /** The last look; null when there was none, or nothing is left of it. */
      last: z
        .strictObject({
          at: time,
          outcome: z.enum(['nothing', 'done', 'failed']),
          did: z.int().min(0),
          ms: z.number().min(0),
          lines: z.array(z.string()),
        })
        .nullable(),
      /** When it is due; null for one that is not set up. */
      next: time.nullable(),
      bead: id.nullable(),
      /** The last time that there was something to tell, as its bead keeps it. */
      report: z.strictObject({ at: time, outcome: z.enum(['done', 'failed']), text: z.string() }).nullable(),
    }),
  ),
  'dog run': z.array(
    z.strictObject({
      chore,
      outcome: z.enum(['nothing', 'done', 'failed']),
      did: z.int().min(0),
      lines: z.array(z.string()),
    }),
  ),
  'config get': z.strictObject({ key: id, value: z.unknown() }),
  'config set': z.strictObject({ key: id, value: z.string(), file: id }),
  'config models': z.array(
    z.strictObject({
      rig: id.nullable(),
      role: id,
      label: id.nullable(),
      agent: id,
      model: id.nullable(),
      /** The setting that decides. */
      by: id.nullable(),
    }),
  ),
  'config agent list': z.array(
    z.strictObject({
      name: id,
      title: z.string().nullable(),
      program: id,
      /** Where that is; null: it is not installed. */
      place: id.nullable(),
      /** The line that installs it. */
      install: z.string().nullable(),
      /** It stands in town.toml. */
      own: z.boolean(),
      /** Permission modes that it can be started in; none: they mean nothing to it. */
      modes: z.array(z.enum(['bypass', 'acceptEdits', 'manual'])),
      /** It takes up a conversation again. */
      resumes: z.boolean(),
      hooks: z.enum(['claude', 'none']),
      usage: z.enum(['claude', 'none', 'untold']),
    }),
  ),
  'config agent set': z.strictObject({ name: id, command: z.array(z.string()), file: id }),
  'mayor start': z.strictObject({ session: id, started: z.boolean() }),
  ...CONVOY_SHAPES,
  ...ATTENTION_SHAPES,
  ...MAIL_SHAPES,
  ...MEOW_SHAPES,
  ...CREW_SHAPES,
  ...COSTS_SHAPES,
  ...DASHBOARD_SHAPES,
  ...BOARD_SHAPES,
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
