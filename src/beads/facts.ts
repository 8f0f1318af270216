/**
 * The typed facts that `gt` keeps with a bead, under `metadata.gt`. Everything a screen shows beyond these
 * (ready, progress, "what waits for me") is derived by query and stored nowhere (design law 11).
 */
import type { ProcessId } from '../town/processes.ts'

/**
 * One bead on one worker.
 *
 *   claimed → provisioning → starting → working ⇄ quiet → submitted → finished
 *      │           │            │          │        │         │ ↘ starting (red or conflict: next round)
 *      └───────────┴──── failed ┘          └─ lost ─┘         └─ stopped (a person cancels, any state)
 *                                          └─ rate_limited ⇄ working
 */
export type RunState =
  | 'claimed'
  | 'provisioning'
  | 'starting'
  | 'working'
  | 'quiet'
  | 'rate_limited'
  | 'submitted'
  | 'finished'
  | 'lost'
  | 'failed'
  | 'stopped'

/** States that use one of the town's worker slots: a session is or will be there. */
export const ACTIVE_RUN: ReadonlySet<RunState> = new Set<RunState>([
  'claimed',
  'provisioning',
  'starting',
  'working',
  'quiet',
  'rate_limited',
])

/** States that hold the bead: nobody else may work on it (law 6). */
export const LIVE_RUN: ReadonlySet<RunState> = new Set<RunState>([...ACTIVE_RUN, 'submitted'])

export interface Run {
  /** Unique for ever; a stale one is refused. */
  fence: string
  bead: string
  rig: string
  /** Address, for people and authorship: `gp/polecats/toast`. May come back; fences never do. */
  agent: string
  /** Which agent table runs it: `claude`, `script`, or one of town.toml's. */
  preset: string
  /** 1 for the first run of this bead. */
  attempt: number
  /** 1, then one more each time the Refinery sends the work back to the same worktree. */
  round: number
  state: RunState
  claimed_at: string
  /** When `state` was entered. */
  since: string
  /** The process that provisions (gt itself), so that a dead one is known. */
  dispatcher?: ProcessId
  target: string
  branch: string
  /** Commit that the branch started from. */
  base?: string
  worktree: string
  /** Runtime session name. */
  session: string
  process?: ProcessId
  /** The agent's own session id (Claude Code's --session-id), for resuming. */
  conversation?: string
  /** Commit submitted by `gt done`. */
  head?: string
  merge_request?: string
  /** Why it ended, one line. */
  reason?: string
  /** Ref in the rig's repository that holds what it left behind. */
  archive?: string
  /** True once the worktree is gone (its content merged or archived). */
  cleared?: boolean
}

/**
 *   queued → building → testing → landing → landed
 *      ↑        │ conflict  │ red  │ could_not_run     (back to the worker: `returned`; or to a person)
 *      └────────┴───────────┴──────┘ target moved: queued again
 *   held (no gate, or policy: a person decides) · rejected (terminal)
 */
export type MergeState =
  | 'queued'
  | 'building'
  | 'testing'
  | 'landing'
  | 'landed'
  | 'conflict'
  | 'red'
  | 'could_not_run'
  | 'held'
  | 'rejected'

export interface MergeFacts {
  bead: string
  run: string
  rig: string
  /** Address of the worker. */
  worker: string
  branch: string
  /** Commit to merge. */
  head: string
  base: string
  target: string
  state: MergeState
  queued_at: string
  since: string
  /** The driver that builds, tests or lands it now; a dead one means: queue again. */
  executor?: ProcessId
  /** Exactly what is tested and lands: a commit on top of `onto`. */
  candidate?: { commit: string; tree: string; onto: string }
  gate?: GateReport
  /** One line for people. */
  reason?: string
  /** At most 2 KB, for the worker that has to mend it. */
  evidence?: string
  /** What the worker said with `gt done --message`. */
  message?: string
  /** Commit in the target, once landed. */
  commit?: string
  /** What it waits for while `held`. */
  held_for?: 'unverified' | 'policy' | 'refused' | 'red-target'
  /** The person who let it through a `hold` policy. */
  approved_by?: string
}

export interface GateReport {
  outcome: 'pass' | 'fail' | 'could_not_run'
  command: string
  tree: string
  ms: number
  exit_code?: number
  at: string
}

/** The standing order "get this done": stays until the bead closes, survives every session. */
export interface Slung {
  rig: string
  /** A fixed worker address, when the sling named one. */
  agent?: string
  preset?: string
  by: string
  at: string
  /** Not dispatched before this instant (back-off after a failed attempt). */
  not_before?: string
}

export interface NeedsHuman {
  /** Machine-readable cause, for deduplication: `attempts`, `declined`, `ask`, `red`, `conflict`, `unverified` … */
  cause: string
  text: string
  at: string
}

export interface GtFacts {
  /** Number of changes applied to this bead. */
  version: number
  rig?: string
  /** What counts as evidence of done: commits, or a written report. */
  kind?: 'code' | 'report'
  slung?: Slung
  runs?: Record<string, Run>
  attempts?: number
  needs?: NeedsHuman
  outcome?: 'landed' | 'done' | 'declined' | 'cancelled'
  landed?: { commit: string; target: string; merge_request: string; at: string }
  /** Only on beads of type `merge-request`. */
  merge?: MergeFacts
  [key: string]: unknown
}
