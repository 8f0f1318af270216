/**
 * The settings of a town and of a rig: their keys, types, ranges and defaults (design sections 4, 7, 8). Names are those
 * of the files; every duration is in milliseconds once loaded. Unknown keys are errors.
 */
import { z } from 'zod'
import { parseDuration } from './duration.ts'

/** The settings version this gt reads and writes. */
export const SCHEMA = 1

const text = z.string().min(1)
const duration = (standard: string) =>
  z
    .unknown()
    .transform((written, context) => {
      const ms = typeof written === 'string' ? parseDuration(written) : undefined
      if (ms !== undefined && ms > 0) return ms
      context.addIssue(`must be a duration such as "90s", "5m" or "2h", not ${JSON.stringify(written)}`)
      return z.NEVER
    })
    .prefault(standard)

/** An argument vector: never a shell string. */
const argv = z.array(z.string()).min(1)

/** A name that becomes a folder, a branch part or a session name. */
const slug = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, {
  error: (issue) =>
    `must be lower-case letters, digits, \`-\` and \`_\` (at most 40), beginning with a letter or digit, not ${JSON.stringify(issue.input)}`,
})

const permissions = z
  .strictObject({
    /** Absent until a person agreed (asked once, at the first sling). */
    mode: z.enum(['bypass', 'acceptEdits', 'manual']).optional(),
    agreed_by: text.optional(),
    /** Text, or a date and time of TOML. */
    agreed_at: z.preprocess((at) => (at instanceof Date ? at.toISOString() : at), text).optional(),
  })
  .prefault({})

const agent = z.strictObject({
  command: argv,
  /** How the prompt reaches it: last argument, standard input, or a file named by the last argument. */
  prompt: z.enum(['arg', 'stdin', 'file']).default('arg'),
  hooks: z.enum(['claude', 'none']).default('none'),
  /** Arguments added to `command` to continue a conversation. */
  resume: argv.optional(),
  env: z.record(z.string(), z.string()).default({}),
  model: text.optional(),
  /** False: it does the same again whatever it is told, so its work is not handed over when it comes back. */
  judgement: z.boolean().optional(),
})

export const townSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  name: text,
  workers: z
    .strictObject({
      /** The cap: runs that may use a worker slot at once. */
      max: z.int().min(1).max(64).default(4),
      /** The agent that runs beads unless the sling or the rig says otherwise. */
      agent: slug.default('claude'),
      /** Runs of one bead before a person is asked. */
      attempts: z.int().min(1).max(20).default(3),
      /** Times the Refinery sends work back to one worker before somebody else gets it (kernel/ladder.ts). */
      rounds: z.int().min(0).max(20).default(3),
      /** From the start of the session to its first sign of life. */
      start_timeout: duration('5m'),
      /** No sign of life for this long: quiet. */
      quiet_after: duration('10m'),
      /** Pause after the first failed attempt; doubles to 10 minutes. */
      backoff: duration('30s'),
    })
    .prefault({}),
  permissions,
  /** `radar`: running branches are compared at most this often. */
  deacon: z.strictObject({ heartbeat: duration('2m'), radar: duration('1m') }).prefault({}),
  notify: z.strictObject({ command: argv.optional() }).prefault({}),
  agents: z.record(slug, agent).default({}),
})

const gate = z.strictObject({
  name: text,
  /** A shell command line, run by `sh -c`: the owner's own setting. */
  run: text,
  timeout: duration('15m'),
  /** Globs: this gate depends on these files alone. A change that touches none of them does not wait for it. */
  paths: z.array(text).min(1).optional(),
  /** Added to its environment, and part of what a remembered verdict is remembered by. */
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).optional(),
  /** Output kept in the log, in MB; more is read and dropped. */
  output_mb: z.int().min(1).max(1024).default(8),
})

/** Words that git would take for an option, or for something other than one plain ref. */
const branchName = z.string().regex(/^(?![-/.])(?!.*(?:\.\.|\/\/|@\{|\.lock$|[/.]$))[^\s~^:?*[\\\x00-\x20\x7f]+$/, {
  error: (issue) => `must be a branch name such as "main", not ${JSON.stringify(issue.input)}`,
})

export const rigSchema = z
  .strictObject({
    schema: z.literal(SCHEMA),
    name: slug,
    /** What git clones from: a URL or an absolute path. */
    remote: z.string().regex(/^(?!-)[^\x00-\x1f\x7f]+$/, {
      error: (issue) => `must be a git URL or an absolute path, not ${JSON.stringify(issue.input)}`,
    }),
    /** The target branch. */
    branch: branchName,
    prefix: z.string().regex(/^[a-z][a-z0-9]{0,7}$/, {
      error: (issue) =>
        `must be 1 to 8 lower-case letters and digits, beginning with a letter, not ${JSON.stringify(issue.input)}`,
    }),
    /** Shorthand for one gate; loaded as a gate named `gate`. */
    gate: text.optional(),
    gates: z.array(gate).default([]),
    landing: z
      .strictObject({
        policy: z.enum(['direct', 'pr', 'hold']).default('direct'),
        /** Explicit consent to land with no gate at all. */
        unverified: z.boolean().default(false),
        strategy: z.enum(['merge', 'squash', 'rebase']).default('merge'),
        /** What gh takes as --repo, for pull requests; without it, what the remote's URL says. */
        repo: z
          .string()
          .regex(/^(?!-)[^\s\x00-\x1f\x7f]+$/, {
            error: (issue) => `must be a repository such as "owner/name", not ${JSON.stringify(issue.input)}`,
          })
          .optional(),
      })
      .prefault({}),
    refinery: z
      .strictObject({
        /** Gates that run side by side, each in a worktree of its own. */
        slots: z.int().min(1).max(8).default(1),
        /** Entries that are tested together at the most. */
        batch: z.int().min(1).max(64).default(30),
        /** Whether greens of gates that workers ran (`gt gate run`) count for landings; the Refinery's own always do. */
        shared: z.boolean().default(true),
        /** The agent of the Refinery's own session, asked for merges that workers could not mend. */
        agent: slug.optional(),
      })
      .prefault({}),
    provision: z.strictObject({ run: text, timeout: duration('15m') }).optional(),
    workers: z.strictObject({ agent: slug.optional() }).prefault({}),
    permissions,
  })
  .superRefine((rig, context) => {
    if (rig.gate !== undefined && rig.gates.length > 0) {
      context.addIssue({ code: 'custom', path: ['gate'], message: 'stands beside `[[gates]]`; keep one of the two' })
    }
    const names = rig.gates.map((each) => each.name)
    const twice = names.findIndex((name, index) => names.indexOf(name) < index)
    if (twice >= 0) {
      context.addIssue({ code: 'custom', path: ['gates', twice, 'name'], message: `"${names[twice]}" names two gates` })
    }
  })
  .transform(({ gate: command, ...rig }) => ({
    ...rig,
    gates: command === undefined ? rig.gates : [{ name: 'gate', run: command, timeout: 15 * 60_000, output_mb: 8 }],
  }))

export type TownSettings = z.output<typeof townSchema>
export type RigSettings = z.output<typeof rigSchema>
export type AgentTable = z.output<typeof agent>
export type GateSettings = z.output<typeof gate>
export type PermissionMode = 'bypass' | 'acceptEdits' | 'manual'
