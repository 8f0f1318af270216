/** What the plan looks at, and by which rules: everything that it may know. */
import type { Trouble } from '../agents/trouble.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import type { Budgets } from '../costs/refusal.ts'
import type { ChoreName } from '../dogs/schedule.ts'
import type { LadderPolicy } from '../kernel/ladder.ts'
import type { Recipient } from '../mail/message.ts'
import type { Reach } from '../mail/reach.ts'
import type { Checked } from '../meow/gates/evaluate.ts'
import type { ProcessId } from '../town/processes.ts'
import type { TownSettings } from '../town/settings.ts'
import type { Evidence } from '../witness/evaluate.ts'
import type { Patience } from '../witness/stuck.ts'
import type { Sighting } from './lookout.ts'

export interface Waking {
  to: Recipient
  is: Reach['is']
}

export interface Observed {
  state: State
  /** Evidence by fence, for every run that should have a session. */
  evidence: Map<string, Evidence>
  /** Whether the process that is starting a run (its saga) certainly ended. */
  dispatcherGone(run: Run): boolean
  /** Sessions that stand, by fence: whether the agent in them still runs. `null`: the runtime did not answer. */
  sessions: Map<string, boolean> | null
  /** The runtime's own process that holds them, where there is one. */
  keeper?: ProcessId | undefined
  /** What stopped the last turn of an agent, by fence; only while it is so. */
  trouble: ReadonlyMap<string, Trouble>
  /** How full an agent's context is, in percent, by fence. */
  context: ReadonlyMap<string, number>
  /** Recipients of mail that asks for a line at their prompt, and whether they can be woken now. */
  wakes: readonly Waking[]
  /** Why nothing new may start, in words: a hold, or what the machine has not to give. Null: it may. */
  closed: string | null
  /** What may be spent, and what was; undefined: nothing is limited. */
  budgets: Budgets | undefined
  /** Everything stands still by a person's order (`gt stop --all`). */
  frozen: boolean
  /** When it last went on, ms since the epoch: nobody's silence counts from before. */
  thawedAt: number | undefined
  /** Rigs whose queue has something to do (refinery/queue.ts), each with a mark that changes when its queue does. */
  movable: Map<string, string>
  /** What the merge radar last saw, by rig (refinery/radar-sweep.ts). */
  radar: ReadonlyMap<string, Sighting>
  /** The kernel ended something for want of memory a moment ago. */
  outOfMemory: boolean
  /** Chores of the Dogs that are due. */
  chores: readonly ChoreName[]
  /** The order whose turn it is, if any. */
  order: string | undefined
  /** How gates were looked at so far, by id. */
  gateChecks: ReadonlyMap<string, Checked>
  /** Whether a file is among those that any of these globs means. */
  matching(globs: readonly string[]): (file: string) => boolean
  /** Whether an action (by its key) failed lately and rests: its worker slot goes to the next in line. */
  resting(key: string): boolean
}

export interface Policy extends LadderPolicy {
  cap: number
  quietAfterMs: number
  /** A run in `starting` with no sign of life is given up after this long. */
  startTimeoutMs: number
  /** The radar of a rig looks at most this often. */
  radarEveryMs: number
  patience: Patience
  /** Workers that a limit stopped go on this far apart. */
  staggerMs: number
  /** Share of its context that a worker may fill before it is asked to hand off, in percent. */
  contextPercent: number
  /** Whether an agent's hooks deliver messages. */
  hears(preset: string): boolean
  /** Whether an agent uses tokens. */
  counts(preset: string): boolean
  /** The agent that plays the Witness; none: its step is left out. */
  witness: string | undefined
  /** The agent that does what no order says otherwise of. */
  agent: string
  accounts: TownSettings['accounts']
}
