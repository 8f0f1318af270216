/** What a driver can do for the town, one action a thing; each is idempotent and carried out by act.ts. */
import type { Cause, Limit, Run } from '../beads/facts.ts'
import type { ChoreName } from '../dogs/schedule.ts'
import type { Rung } from '../kernel/ladder.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { Recipient } from '../mail/message.ts'
import { keyOf as recipientKey } from '../mail/message.ts'
import { unreachable } from '../result.ts'
import type { Help } from '../witness/stuck.ts'
import type { EpicAction } from './epics.ts'
import type { GateAction } from './gates.ts'
import type { SpendingAction } from './spending.ts'

/** Why an action is planned: the rule that decided and the facts it rested on, for the record (`gt why`). */
export interface Grounds {
  rule: string
  evidence: string[]
}

export type Action =
  /** Put a slung, ready bead on a new worker. */
  | { do: 'dispatch'; bead: string }
  /** A worker's process is proven gone: archive, give the bead back. */
  | {
      do: 'lose'
      bead: string
      run: Run
      to: 'lost' | 'failed'
      reason: string
      cause: Cause | undefined
      grounds: Grounds
    }
  /** The saga that was starting this run died: undo it. */
  | { do: 'unwind'; bead: string; run: Run; reason: string }
  /** Its session ended through no fault of its own, or by its own wish: the next one. */
  | { do: 'bring-back'; run: Run; mode: 'resume' | 'fresh'; why: string }
  /** The same for an agent that cannot go on where it was: archived, back in line, no attempt counted. */
  | { do: 'shelve'; run: Run; reason: string }
  /** The agent spoke although its starter died, or speaks again after a quiet time. */
  | { do: 'alive'; run: Run; why: string }
  | { do: 'quiet'; run: Run; sinceMs: number; grounds: Grounds }
  /** Its provider refuses; with `asks`, only a person can mend that. */
  | { do: 'limit'; run: Run; limit: Limit; asks?: string }
  /** A limit is over, and it did not go on by itself: one line wakes it. */
  | { do: 'go-on'; run: Run }
  /** It stands still: the next step of help. */
  | { do: 'help'; run: Run; help: Help }
  /** Its context is nearly full: it is asked to hand off. */
  | { do: 'ask-hand-off'; run: Run; percent: number }
  /** It sits idle while mail waits for it that asks for a line at its prompt. */
  | { do: 'wake'; to: Recipient }
  /** An agent that a person talks to asked for a fresh session, and whoever was to see to it is gone. */
  | { do: 'cycle'; address: string }
  /** Nobody needs the Witness's answer any more. */
  | { do: 'drop-question'; bead: string }
  /** A run handed in its work, or parked: its session is over. */
  | { do: 'end-session'; run: Run }
  /** It waits for its landing without a session: what it used so far is written down. */
  | { do: 'tally'; run: Run }
  /** An ended run: archive what is left, remove its worktree. */
  | { do: 'clear'; run: Run }
  /** A red or a conflict goes back to its worker. */
  | { do: 'rework'; bead: string; run: Run; request: MergeRequest }
  /** Its rounds are used up: its run ends, archived, and somebody else gets the bead. */
  | { do: 'hand-over'; bead: string; run: Run; to: Exclude<Rung, 'same-session'> }
  /** Only a person can decide. */
  | { do: 'ask-person'; bead: string; cause: string; text: string }
  /** A person's order: whatever runs stands still, also what was being started. */
  | { do: 'freeze' }
  /** Restarts that do not help: the beads that stand for them follow what is so. */
  | { do: 'incidents' }
  /** A Dog's chore is due. */
  | { do: 'chore'; chore: ChoreName }
  /** It is the turn of an order of town.toml. */
  | { do: 'order'; name: string }
  /** A rig's queue has something that may move. */
  | { do: 'refine'; rig: string; mark: string }
  /** Branches of a rig may have met since the radar last looked. */
  | { do: 'radar'; rig: string }
  /** A molecule is over, the last part of a convoy is, or work is not wanted any more: what follows from that. */
  | { do: 'settle'; bead: string }
  /** All of a convoy is over, or a member of one that was is at work again: say so. */
  | { do: 'convoy'; bead: string }
  /** A message is over: it is given up with whom it will not reach any more, or closed. */
  | { do: 'mail'; bead: string }
  /** Mail has waited long for an agent: it may lack in its folder. */
  | { do: 'lay'; to: Recipient }
  | EpicAction
  | GateAction
  | SpendingAction

/** Keys of orders begin with it: they are carried out one after the other. */
export const ORDER_KEY = 'order:'

/** One name for one thing to do: the same action is not begun twice while it runs. */
export function keyOf(action: Action): string {
  switch (action.do) {
    case 'dispatch':
    case 'ask-person':
    case 'integrate':
    case 'mend':
    case 'sweep':
    case 'settle':
    case 'convoy':
    case 'mail':
    case 'drop-question':
      return `${action.do}:${action.bead}`
    // One hand at a time on one run: whatever ends, clears or restarts it bears the same key.
    case 'lose':
    case 'unwind':
    case 'bring-back':
    case 'shelve':
    case 'end-session':
    case 'tally':
    case 'clear':
    case 'rework':
    case 'hand-over':
    case 'unpark':
    case 'budget-park':
      return `run:${action.run.fence}`
    case 'alive':
    case 'quiet':
    case 'limit':
    case 'go-on':
    case 'ask-hand-off':
    case 'budget-tell':
      return `${action.do}:${action.run.fence}`
    case 'help':
      return `help:${action.run.fence}:${action.help.do}`
    case 'incidents':
    case 'freeze':
      return action.do
    case 'chore':
      return `chore:${action.chore}`
    case 'order':
      return `${ORDER_KEY}${action.name}`
    case 'refine':
      // A queue in which nothing could move rests; one that changed since is another thing to do.
      return `refine:${action.rig}:${action.mark}`
    case 'lay':
      return `lay:${recipientKey(action.to)}`
    case 'wake':
      return `wake:${recipientKey(action.to)}`
    case 'cycle':
      return `cycle:${action.address}`
    case 'check-gate':
      return `check-gate:${action.gate}`
    case 'radar':
      return `radar:${action.rig}`
    default:
      return unreachable(action)
  }
}
