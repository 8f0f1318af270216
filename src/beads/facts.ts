/**
 * The typed facts that `gt` keeps with a bead, under `metadata.gt`. Everything a screen shows beyond these
 * (ready, progress, "what waits for me") is derived by query and stored nowhere (design law 11).
 */
import type { ProcessId } from '../town/processes.ts'
import type { AgentFacts } from './agent-facts.ts'
import type { Following } from './convoy-facts.ts'
import type { MessageFacts } from './message-facts.ts'
import type { GateFacts, Molecule, OrderTurn, StepFacts } from './step-facts.ts'
import type { SessionUsage, Spending } from './usage-facts.ts'

export type { AgentFacts, Conversation, ConversationEnd, CrewFacts } from './agent-facts.ts'
export type { Following } from './convoy-facts.ts'
export type { GateFacts, Molecule, OrderTurn, StepFacts } from './step-facts.ts'
export type { SessionUsage, Spending, Tokens, UsageByDay } from './usage-facts.ts'

/**
 * One bead on one worker.
 *
 *   claimed → provisioning → starting → working ⇄ quiet → submitted → finished
 *      │           │            │          │        │         │ ↘ starting (red or conflict: next round)
 *      │           │            │          │        │         ├─ failed (its rounds are used up: handed over)
 *      └───────────┴──── failed ┘          └─ lost ─┘         └─ stopped (a person cancels, any state)
 *                                          ├─ rate_limited ⇄ working
 *                                          └─ parked → starting (what it waits for is over)
 *
 * `parked` (from working or quiet) has no session and takes no worker slot, but holds its bead, its name and its worktree.
 */
export type RunState =
  | 'claimed'
  | 'provisioning'
  | 'starting'
  | 'working'
  | 'quiet'
  | 'rate_limited'
  | 'parked'
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
export const LIVE_RUN: ReadonlySet<RunState> = new Set<RunState>([...ACTIVE_RUN, 'parked', 'submitted'])

/**
 * Why a run ended badly; restarts are counted by it (kernel/intensity.ts). `start`: it never spoke. `exit`: the agent ended
 * by itself without handing in. `crash`: something ended it. `memory`: the kernel did, for want of memory.
 */
export type Cause = 'start' | 'exit' | 'crash' | 'memory'

/** What the agent's provider does not let it do now. Never the worker's fault, so it costs no attempt. */
export interface Limit {
  is: 'quota' | 'throttled' | 'overloaded' | 'auth' | 'billing'
  /** When it is tried again: told by the provider (quota), else our back-off. */
  until: string
  /** How often it was met in a row, from 1. */
  times: number
  text: string
}

/** How far a worker that is stuck was helped. Gone once it speaks again. */
export interface Stuck {
  /**
   * `silent`: no sign of any kind. `idle`: it ended its turn without handing in. `waiting`: at a dialog. `detecting`: what is
   * seen of it contradicts itself.
   */
  is: 'silent' | 'idle' | 'waiting' | 'detecting'
  since: string
  /** The last thing that was done about it, and when. */
  step: 'seen' | 'reminded' | 'woken' | 'diagnosing' | 'told' | 'asked'
  at: string
  /** What was seen, one line. */
  evidence: string
  /** The bead that asks the Witness. */
  diagnosis?: string
}

/** A budget was used up. Its purse (costs/budget.ts), and whether the conversation goes on: it left no notes. */
export interface ParkedByBudget {
  purse: string
  resume: boolean
}

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
  /** When its agent first gave a sign of life, and when it first handed in: proven, whatever becomes of it (outcomes.ts). */
  spoke?: string
  handed_in?: string
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
  /** Model that it was started with, when one was chosen, and what chose it: a setting, or the sling (agents/models.ts). */
  model?: string
  model_by?: string
  /** Name of the account (settings) that it runs under; absent: whoever is logged in. */
  account?: string
  /** While `rate_limited`, and afterwards the last one met. */
  limit?: Limit
  stuck?: Stuck
  /** Sessions it had, when more than one: brought back after a reboot, or cycled by `gt handoff`. */
  sessions?: number
  /** How often in a row it was interrupted and brought back. */
  revived?: number
  /** What its last session wrote down for the next one. */
  notes?: { text: string; at: string }
  /** It asked for a fresh session; done with the next pass. */
  cycle?: 'asked'
  /** While `parked`: the gates it waits for, and since when. Kept by the session after that, which is told what came of them. */
  parked?: { gates: string[]; at: string; budget?: ParkedByBudget }
  /** When it was told that its context is nearly full. */
  asked_to_hand_off?: string
  /** The budget about whose end it was told, and its amount: `day 50`. */
  told_budget?: string
  /** How often it was helped out of a standstill. */
  helped?: number
  /** Commit submitted by `gt done`. */
  head?: string
  merge_request?: string
  /** Why it ended, one line. */
  reason?: string
  /** Why it ended badly, for counting. */
  cause?: Cause
  /** What it used, by conversation: written when a session of it is over, because transcripts are deleted by their client. */
  usage?: Record<string, SessionUsage>
  /** Ref in the rig's repository that holds what it left behind. */
  archive?: string
  /** True once the worktree is gone (its content merged or archived). */
  cleared?: boolean
}

/**
 *   queued → building → testing → landing → landed
 *      ↑        │ conflict  │ red  │ could_not_run     (back to the worker: `returned`; or to a person)
 *      └────────┴───────────┴──────┘ target moved, or its driver died: queued again
 *   building → landing: a tree with a remembered verdict is not tested twice
 *   held (no gate, policy, an open pull request: a person decides) · could_not_run (also: the target itself is red)
 *   rejected (terminal)
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

/** How a change reaches the target: by itself, through a pull request, or when a person says so. */
export type LandingPolicy = 'direct' | 'pr' | 'hold'

/** One gate run that had this entry in it, for `gt why`; the newest last. */
export interface TestNote {
  at: string
  /** Entries under test together, and this one's place among them, from 1. */
  size: number
  place: number
  tree: string
  outcome: GateReport['outcome']
  ms: number
  /** One line: which gate, how it ended. */
  reason?: string
}

/** A pull request on the forge that stands for a merge request. */
export interface PullRequest {
  number: number
  url: string
  /** Branch on the remote that we push to. */
  branch: string
  /** What we pushed there last, or what somebody else pushed on top of it and we took over. */
  head: string
  /** What stood there before by our own hand, the newest last: a forge that still shows one of these lags. */
  earlier?: string[]
  /** The last head there that was somebody else's push: never overwritten, unlike our own. */
  theirs?: string
  /** Mark of the title and body that we wrote last. */
  words?: string
}

export interface MergeFacts {
  bead: string
  /** Fence of the run that handed it in. Absent for an integration branch, which is nobody's alone. */
  run?: string
  rig: string
  /** Address of the worker. */
  worker: string
  branch: string
  /** Commit to merge. */
  head: string
  base: string
  target: string
  state: MergeState
  /** Its place in line. Kept for one repair; after that a returned entry goes to the end. */
  queued_at: string
  /** When this head was handed in, or begins anew (a person's retry, a target green again): reds from before do not count. */
  handed_in_at?: string
  since: string
  /** The driver that builds, tests or lands it now; a dead one means: queue again. */
  executor?: ProcessId
  /** Exactly what is tested and lands: a commit on top of `onto`, and the commit in it that brings this change. */
  candidate?: { commit: string; tree: string; onto: string; change?: string }
  gate?: GateReport
  /** One line for people. */
  reason?: string
  /** At most 2 KB, for the worker that has to mend it. */
  evidence?: string
  /** What the worker said with `gt done --message`. */
  message?: string
  /** Commit in the target that brings this change, once landed. */
  commit?: string
  /** The commit that the target was moved to, when it landed together with others. */
  landing?: string
  /** What it waits for while `held` or `could_not_run`. */
  held_for?: 'unverified' | 'policy' | 'refused' | 'red-target' | 'pr' | 'children'
  /** The person who let it through a `hold` or `pr` policy. */
  approved_by?: string
  pr?: PullRequest
  /** Times it came back as red or as a conflict. */
  returns?: number
  /** The head that was last sent back as red: should it land unchanged, the verdict was false. */
  red_head?: string
  /** Gate runs it was part of, the newest last; at most `TESTS_KEPT`. */
  tests?: TestNote[]
  /** The rule behind the last verdict, in words. */
  rule?: string
}

/** How many gate runs a merge request remembers. */
export const TESTS_KEPT = 12

export interface GateReport {
  /** `flaky`: red, then green on the same tree. It counts as a pass. */
  outcome: 'pass' | 'fail' | 'could_not_run' | 'flaky'
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
  /** The model that was asked for with it. */
  model?: string
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

/** What an earlier run left for the next one: why it did not land, and the ref that holds its work. */
export interface Handover {
  /** Fence of the run that handed over. */
  run: string
  ref: string
  /** At most 2 KB. */
  evidence: string
  /** Who goes on: a fresh worker, or the Refinery's own session. */
  to: 'worker' | 'refinery'
}

/** A branch on the remote on which the work of an epic gathers before it lands as one. */
export interface Integration {
  rig: string
  branch: string
  /** The branch that it was cut from and lands on: an outer epic's, or the rig's target. */
  base: string
  at: string
  /** The newest merge request that brings it to its base. */
  merge_request?: string
  /** When the branch was seen to be settled after the landing: deleted, or left to a person because it had moved. */
  swept?: string
}

/** A word to people that something is wrong. It is a record: no work, no agent, and nothing that escalates further. */
export interface Escalation {
  /** Address of the agent, or `person`. */
  from: string
  /** Fence of the run that spoke. */
  run?: string
  about?: string
  /** What is the same each time: of one cause about one bead (or from one agent) there is one open escalation. */
  cause: string
  severity: 'low' | 'medium' | 'high' | 'critical'
  /** How often it was said. */
  count: number
  last: string
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
  /** On an epic: it closed by itself, with its last child. It stays when a person opens it: it is not closed under their hands. */
  closed_with_parts?: true
  /** `commit` brings the change; `landing` is what the target was moved to, when that is another (a group). */
  landed?: { commit: string; landing?: string; target: string; merge_request: string; at: string }
  /** How this bead lands, when not by the rig's policy. Set by people; an agent may only make it stricter. */
  landing?: LandingPolicy
  /** An agent set it: should the rig's policy be stricter, now or later, that one holds. */
  landing_by_agent?: true
  /** Paths (globs) that the work is expected to touch, so that beads on hot files can wait. */
  paths?: string[]
  /** On an epic: the branch that its children land on; it lands as one when they are all closed. */
  integration?: Integration
  /** On a child that was made to mend its epic's integration branch: the merge request that came back. */
  mends?: string
  /** On the urgent bead that stands for a red target: which one, and the commit that was found red. */
  red_target?: { rig: string; target: string; commit: string; tree: string }
  /** The pull request that this bead's work goes to: named by a person (then perhaps only its number), or opened by us. */
  pr?: Partial<PullRequest> & Pick<PullRequest, 'number'>
  handover?: Handover
  /** On a bead that asks the Witness what is wrong with a worker: which one. */
  diagnosis?: { run: string; bead: string; evidence: string }
  /** On the bead that stands for restarts that do not help: where (`town`, `gp`, `gp/polecats` …), and why they failed. */
  incident?: { node: string; cause: Cause; count: number; first: string; last: string }
  /** On a bead that stands for what somebody told people of: who, about which bead, and how often (attention/escalation.ts). */
  escalation?: Escalation
  /** On the bead of a Dog: its chore, and what came of it the last time it had something to do. */
  dog?: { chore: string; last?: { at: string; outcome: 'done' | 'failed'; report: string; ms: number } }
  /** On the bead of the Mayor or a crew member. */
  agent?: AgentFacts
  /** What that agent used, as it was last written down. */
  spending?: Spending
  /** Somebody is told when it has landed: on a convoy bead, on an epic, or on a bead that is a convoy by itself. */
  convoy?: Following
  molecule?: Molecule
  step?: StepFacts
  gate?: GateFacts
  /** On a digest: the molecule that it is what is left of. */
  digest_of?: string
  /**
   * On the bead of an order (`[orders.NAME]` of town.toml): what came of it the last time that there was something to tell, and
   * what it made last.
   */
  order?: { name: string; last: OrderTurn; slung?: { at: string; molecule: string }; removed?: true }
  /** On a template: the formulas that it was frozen from (meow/formula.ts). */
  frozen?: unknown
  /** Only on beads of type `merge-request`. */
  merge?: MergeFacts
  /** Only on beads of type `message` that this town sent. */
  message?: MessageFacts
  [key: string]: unknown
}
