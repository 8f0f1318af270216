/**
 * The settings of a town and of a rig: their keys, types, ranges and defaults (design sections 4, 7, 8). Names are those
 * of the files; every duration is in milliseconds once loaded. Unknown keys are errors.
 */
import { z } from 'zod'
import { messageOf } from '../result.ts'
import { parseAmount } from './amount.ts'
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

/** A word that goes behind `--model`: no option of its own. */
const model = z.string().regex(/^[A-Za-z0-9][\w.:/@[\]-]{0,119}$/, {
  error: (issue) => `must be the name of a model such as "sonnet", not ${JSON.stringify(issue.input)}`,
})

/** Kept as it is written. */
const amount = z
  .unknown()
  .transform((written, context) => {
    if (parseAmount(written) !== undefined) return written as number | string
    const message = `must be dollars such as 50, tokens such as "20M tokens", or "none", not ${JSON.stringify(written)}`
    context.addIssue(message)
    return z.NEVER
  })
  .optional()

/** Which model each role starts with (agents/models.ts). */
const models = z
  .strictObject({
    mayor: model.optional(),
    crew: model.optional(),
    polecat: model.optional(),
    witness: model.optional(),
    refinery: model.optional(),
    /** By label of the bead, for polecats; the first in this order that the bead bears. */
    label: z.record(text, model).default({}),
  })
  .prefault({})

const pattern = text.superRefine((written, context) => {
  try {
    new RegExp(written, 'm')
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is no regular expression: ${messageOf(error)}` })
  }
})

const agent = z.strictObject({
  /** Absent: the built-in agent of this name, with what stands here changed (agents/preset.ts). */
  command: argv.optional(),
  /** How the prompt reaches it: last argument, standard input, or a file named by the last argument. */
  prompt: z.enum(['arg', 'stdin', 'file']).optional(),
  /** The option that goes before a prompt in the arguments. */
  prompt_flag: text.optional(),
  hooks: z.enum(['claude', 'none']).optional(),
  /** Arguments added to `command` to begin a conversation, and to continue one. */
  start: argv.optional(),
  resume: argv.optional(),
  /** The permission modes that it can work in, and the arguments of each; absent: modes mean nothing to it. */
  modes: z
    .strictObject({
      bypass: z.array(z.string()).optional(),
      acceptEdits: z.array(z.string()).optional(),
      manual: z.array(z.string()).optional(),
    })
    .optional(),
  /** Text files that it needs, by name; `{files}` in an argument is their folder. */
  files: z.record(z.string().regex(/^\w[\w.-]{0,99}$/), z.string()).optional(),
  /** A regular expression that its screen matches only while its prompt is empty. */
  ready: pattern.optional(),
  env: z.record(z.string(), z.string()).optional(),
  model: text.optional(),
  /** The option that names the model. */
  model_flag: text.optional(),
  /** How its usage is read: from Claude Code's transcripts (with its hooks by itself), or `none`: it uses none. */
  usage: z.enum(['claude', 'none']).optional(),
  /** False: it does the same again whatever it is told, so its work is not handed over when it comes back. */
  judgement: z.boolean().optional(),
})

/** Agents that every town has; their tables stand in agents/preset.ts. */
export const BUILT_IN_AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'script'] as const

const agents = z
  .record(slug, agent)
  .superRefine((tables, context) => {
    for (const [name, { command }] of Object.entries(tables)) {
      if (command !== undefined || BUILT_IN_AGENTS.some((one) => one === name)) continue
      context.addIssue({ code: 'invalid_type', expected: 'array', input: undefined, path: [name, 'command'] })
    }
  })
  .default({})

/** A formula on a timetable. */
const order = z
  .strictObject({
    /** Name of a formula, as `gt formula list` shows it. */
    formula: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, {
      error: (issue) => `must be the name of a formula (gt formula list), not ${JSON.stringify(issue.input)}`,
    }),
    rig: slug,
    /** From one turn to the next. */
    every: duration('1d').refine((ms) => ms >= 60_000, 'must be at least "1m"'),
    /** The turn's time of day, by this machine's clock. */
    at: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, {
        error: (issue) => `must be a time of day from "00:00" to "23:59", not ${JSON.stringify(issue.input)}`,
      })
      .optional(),
    /** A shell command line, run by `sh -c`: the owner's own setting. Exit 0: the order is carried out. Absent: always. */
    when: text.optional(),
    /** Values for the formula's variables. */
    vars: z
      .record(
        z.string(),
        z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value)),
      )
      .default({}),
    /** Which agent does it, instead of the formula's and the rig's. */
    agent: slug.optional(),
    paused: z.boolean().default(false),
  })
  .superRefine(({ at, every }, context) => {
    if (at === undefined || every % 86_400_000 === 0) return
    const message = 'must be whole days, such as "1d" or "7d", beside `at`'
    context.addIssue({ code: 'custom', path: ['every'], message })
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
  /** How workers that are stuck are helped (witness/). */
  witness: z
    .strictObject({
      /** An agent that ended its turn this long ago without handing in is reminded. */
      idle_after: duration('2m'),
      /** Between two steps of help: reminder, wake-up line, diagnosis, a person. */
      step: duration('3m'),
      /** How long a diagnosis may take. */
      diagnosis: duration('15m'),
      /** How long what is seen of a worker may contradict itself before a person is asked. */
      detecting: duration('5m'),
      /** A worker at a dialog or an unknown screen: a person is asked after this long. */
      dialog: duration('45s'),
      /** Workers that a limit stopped go on one after another, this far apart. */
      stagger: duration('20s'),
      /** Share of its context that a worker may fill before it is asked to hand off (percent). */
      context: z.int().min(10).max(100).default(85),
      /** The agent that plays the Witness; the town's worker agent, unless said. */
      agent: slug.optional(),
    })
    .prefault({}),
  /** Nothing new starts while the machine has less to give than this; 0 switches one off. */
  host: z
    .strictObject({
      /** Load average of the last minute, for each core. */
      max_load: z.number().min(0).default(5),
      min_memory_mb: z.int().min(0).default(512),
      min_disk_mb: z.int().min(0).default(512),
    })
    .prefault({}),
  /** The Dogs' chores: how often each is looked at (dogs/). */
  dogs: z
    .strictObject({
      archive: duration('1d'),
      prune: duration('1d'),
      compact: duration('1d'),
      orphans: duration('10m'),
      backup: duration('1h'),
      logs: duration('1d'),
      costs: duration('1d'),
      /** Where the ledger is backed up: a git URL, or a folder. Absent: nowhere. */
      backup_to: text.optional(),
      /** What ended runs left is kept in a rig's repository for this long. */
      keep_work: duration('90d'),
      /** A log longer than this is put aside, compressed. */
      log_mb: z.int().min(1).max(1024).default(8),
    })
    .prefault({}),
  /** Formulas on a timetable (meow/orders/). */
  orders: z.record(slug, order).default({}),
  /** Messages between agents and people (mail/). */
  mail: z
    .strictObject({
      /** A message that nobody was shown for this long is given up, and its sender told. To a person it never expires. */
      expire: duration('7d'),
      /** Names for several addresses, written `@name`. */
      groups: z
        .record(
          slug.refine((name) => !['all', 'polecats', 'crew'].includes(name), 'is a group of every town already'),
          z.array(text).min(1),
        )
        .default({}),
    })
    .prefault({}),
  /** How a person is told that something waits (attention/). Each channel that is set up is used. */
  notify: z
    .strictObject({
      /** Gets title and text as its last two arguments. */
      command: argv.optional(),
      /** The bell of every terminal that is attached to the town. */
      bell: z.boolean().default(false),
      /** notify-send, or osascript on a Mac. */
      desktop: z.boolean().default(false),
      /** Gets one POST with JSON for each message. */
      webhook: z
        .string()
        .refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), {
          error: (issue) =>
            `must be a web address such as "https://example.org/hook", not ${JSON.stringify(issue.input)}`,
        })
        .optional(),
      /** What weighs less is on the screens alone. */
      min_severity: z.enum(['low', 'medium', 'high', 'critical']).default('low'),
    })
    .prefault({}),
  /** Logins that agents run under, in the order of preference: environment for the agent, and for which roles. */
  accounts: z
    .record(
      slug,
      z.strictObject({
        env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
        roles: z.array(z.enum(['mayor', 'polecat', 'witness', 'refinery', 'crew', 'dog'])).optional(),
      }),
    )
    .default({}),
  /** What may be spent (costs/budget.ts). */
  budget: z
    .strictObject({
      /** By the whole town, the Mayor and crew too, in a day of this machine's clock. */
      day: amount,
      /** By an epic and all that is under it. */
      convoy: amount,
      /** By all runs of one bead. */
      bead: amount,
      run: amount,
      /** From this share on a person is told (percent). */
      warn: z.int().min(1).max(100).default(80),
      /** From this share on workers are stopped where they stand, not at the end of their turn (percent). */
      stop: z.int().min(100).max(1000).default(120),
      /** Agents that no budget concerns: they are started whatever was spent, and what they use does not count. */
      exempt: z.array(slug).default([]),
    })
    .prefault({}),
  models,
  agents,
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
    /** `day`: of this rig alone, beside the town's. The others instead of the town's. */
    budget: z.strictObject({ day: amount, bead: amount, run: amount }).prefault({}),
    /** Instead of the town's. */
    models,
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
export type OrderSettings = z.output<typeof order>
export type GateSettings = z.output<typeof gate>
export type PermissionMode = 'bypass' | 'acceptEdits' | 'manual'
