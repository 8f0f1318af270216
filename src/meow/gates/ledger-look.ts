/**
 * What the ledger and the clock say of a gate, so that the plan of the daemon knows it without anybody looking anywhere: timers,
 * beads, mail, conditions, people. Pure; null for what lies outside (look.ts).
 */
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { State } from '../../beads/fold.ts'
import { lookUp } from '../../beads/fold.ts'
import { hasFailed } from '../../beads/ready.ts'
import { conditionHolds } from './condition.ts'
import type { Look } from './evaluate.ts'
import { awaitedId, gateFacts, isLookedAt, opensAt, typeOf } from './gate.ts'
import { hasTurn, turnOf } from './waits.ts'

export function lookInLedger(
  state: State,
  gate: Bead,
  now: Date,
  holds: typeof conditionHolds = conditionHolds,
): Look | null {
  const turn = turnOf(state, gate)
  if (turn === null) return { is: 'not-yet', said: 'the turn of its step has not come' }
  if (isLookedAt(gate)) return null
  switch (typeOf(gate)) {
    case 'timer':
      return timer(gate, turn, now)
    case 'bead':
      return awaitedBead(state, gate)
    case 'mail':
      return mail(state, gate)
    case 'human':
      return human(state, gate)
    case 'condition':
      return condition(state, gate, holds)
    default:
      return {
        is: 'unknown',
        said: `gates of type "${typeOf(gate)}" are not known here; a person opens it: gt gate open`,
      }
  }
}

function human(state: State, gate: Bead): Look {
  const look = { is: 'not-yet', said: 'a person decides: gt gate open' } as const
  if (gateFacts(gate).asked !== undefined || !hasTurn(state, gate.id)) return look
  return { ...look, asks: gate.description?.trim() || 'somebody waits for your decision.' }
}

function timer(gate: Bead, turn: number, now: Date): Look {
  const at = opensAt(gate, turn)
  if (at === undefined) return { is: 'unknown', said: 'a timer without a time; a person opens it: gt gate open' }
  const when = new Date(at).toISOString()
  return now.getTime() >= at
    ? { is: 'met', said: `the time was over at ${when}` }
    : { is: 'not-yet', said: `opens at ${when}` }
}

/** Id of the bead that a `bead` gate waits for: `rig:id` or `id`. */
export const beadOf = (gate: Bead): string => awaitedId(gate).slice(awaitedId(gate).lastIndexOf(':') + 1)

function awaitedBead(state: State, gate: Bead): Look {
  const id = beadOf(gate)
  const bead = lookUp(state, id)
  if (bead === undefined) return { is: 'unknown', said: `${id || 'no bead'} is not in the ledger` }
  if (bead.status === 'tombstone') return { is: 'failed', said: `${id} was deleted` }
  if (bead.status !== 'closed') return { is: 'not-yet', said: `${id} is ${bead.status}` }
  const reason = bead.close_reason ? `: ${bead.close_reason}` : ''
  if (hasFailed(bead)) return { is: 'failed', said: `${id} was closed as a failure${reason}` }
  return { is: 'met', said: `${id} is closed${reason}` }
}

/**
 * A message that came after the gate was made: of this thread, with this subject, or from this sender; without an id, any to
 * one of its waiters. As this town writes messages (facts), and as the format's own tools do (title = subject, assignee = to,
 * labels `thread:` and `from:`).
 */
function mail(state: State, gate: Bead): Look {
  const id = awaitedId(gate)
  const waiters = Array.isArray(gate.waiters) ? (gate.waiters as unknown[]) : []
  const fits = (one: Bead): boolean =>
    id === ''
      ? [one.assignee, ...recipientsOf(one)].some((to) => to !== undefined && waiters.includes(to))
      : [one.id, one.title, one.sender, one.created_by, facts(one).message?.thread].includes(id) ||
        (one.labels ?? []).some((label) => label === `thread:${id}` || label === `from:${id}`)
  for (const one of state.beads.values()) {
    if (one.issue_type !== 'message' || Date.parse(one.created_at) < Date.parse(gate.created_at)) continue
    if (fits(one)) return { is: 'met', said: `message ${one.id} came: ${one.title.slice(0, 120)}` }
  }
  return { is: 'not-yet', said: 'no such message yet' }
}

const recipientsOf = (message: Bead): string[] =>
  Object.values(facts(message).message?.deliveries ?? {}).map(({ address }) => address)

function condition(state: State, gate: Bead, holds: typeof conditionHolds): Look {
  const { condition } = gateFacts(gate)
  if (condition === undefined) return { is: 'unknown', said: 'a condition gate without a condition' }
  const held = holds(state, condition.text, condition.of)
  if (held === 'unknown') return { is: 'unknown', said: `whether it holds is not known: ${condition.text}` }
  return held
    ? { is: 'met', said: `it holds: ${condition.text}` }
    : { is: 'not-yet', said: `does not hold yet: ${condition.text}` }
}
