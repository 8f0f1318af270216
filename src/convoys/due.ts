/**
 * Which convoys have something to say, and the change that says it. Pure and level-triggered, a part of the driver's plan.
 *
 *     ┌── an epic in it is done: closed (epics.ts)
 *     ▼ │
 *   followed ── every member is over ──► told      (a convoy bead is closed in the same change)
 *      ▲                                   │
 *      └──── a member is at work again ────┘         (and open is each epic that had closed so)
 *
 * Each step is conditional on what it was decided from, so of two drivers one takes it: told once, whoever was killed
 * where. Beads that nobody follows cost one look at a field each; what lies below epics is looked through only for those
 * that could be complete.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { isOver, parentsOf } from '../beads/ready.ts'
import { gtPath } from '../kernel/runs.ts'
import { closeEpic, isDone, sentOff, stillOver } from './epics.ts'
import type { Children, Member } from './members.ts'
import {
  canBeMember,
  followingOf,
  isComplete,
  isConvoyBead,
  memberBead,
  membersOf,
  progressOf,
  trackedBy,
} from './members.ts'

/** Name of the rule, as `gt why` shows it. */
export const LANDED_RULE = 'convoy-landed'

export interface Said {
  by: string
  at: string
}

/** Ids of the convoys for which `turnOf` has a change. */
export function dueConvoys(state: State): string[] {
  const due: string[] = []
  const look = new Quick(state)
  for (const bead of state.beads.values()) {
    if (bead.metadata?.gt?.convoy === undefined && !facts(bead).closed_with_parts) continue
    if (look.turn(bead) !== undefined) due.push(bead.id)
  }
  return due
}

export interface Turn {
  is: 'closes' | 'told' | 'reopened'
  members: Member[]
  input: ChangeInput
}

/** What a convoy has to say now, as a change; undefined when it is nothing. */
export function turnOf(state: State, bead: Bead, how: Said): Turn | undefined {
  const look = new Quick(state)
  const turn = look.turn(bead)
  if (turn === undefined) return undefined
  const members = membersOf(state, bead)
  if (turn === 'closes') {
    const input = closeEpic(state, look.closing(bead)[0]!, how.by)
    return input.kind === 'ok' ? { is: turn, members, input: input.value } : undefined
  }
  return turn === 'told' ? telling(state, bead, members, how) : reopening(bead, members, how)
}

function telling(state: State, bead: Bead, members: Member[], { by, at }: Said): Turn {
  const { id } = bead
  const { total, landed, done, declined, cancelled } = progressOf(members)
  const bad = declined.length + cancelled.length
  const words = `${landed + done} of ${total} landed or done${bad > 0 ? `, ${bad} declined or cancelled` : ''}`
  const ops: Op[] = [{ op: 'set', id, path: gtPath('convoy', 'told'), value: at }]
  if (isConvoyBead(bead)) {
    ops.push(
      { op: 'set', id, path: ['status'], value: 'closed' },
      { op: 'set', id, path: ['close_reason'], value: words },
      // Landed is said of commits (law 1), and a convoy has none.
      { op: 'set', id, path: gtPath('outcome'), value: 'done' },
    )
  }
  const others = members.filter(({ bead: of }) => of?.id !== id)
  const input: ChangeInput = {
    by,
    why: `${id}: ${words}`,
    rule: LANDED_RULE,
    evidence: members.slice(0, EVIDENCE).map(({ id: one, bead: of }) => `${one}: ${of?.close_reason ?? 'closed'}`),
    when: [asItIs(bead), ...stillOver(state, others)],
    ops,
  }
  return { is: 'told', members, input }
}

const EVIDENCE = 20

function reopening(bead: Bead, members: Member[], { by }: Said): Turn {
  const { id } = bead
  const { convoy, closed_with_parts: itself } = facts(bead)
  const open = members.filter((member) => member.bead !== undefined && !isOver(member.bead))
  const ops: Op[] = []
  if (convoy?.told !== undefined) ops.push({ op: 'unset', id, path: gtPath('convoy', 'told') })
  if (itself) ops.push({ op: 'unset', id, path: gtPath('closed_with_parts') })
  // A bead of work that was opened again is open; a group is what lies in it.
  if (isGroup(bead) && bead.status === 'closed') {
    ops.push({ op: 'set', id, path: ['status'], value: 'open' }, { op: 'unset', id, path: gtPath('outcome') })
  }
  const [first] = open
  const is = convoy === undefined ? 'is open' : 'is followed'
  const why = `${id} ${is} again: ${open.length === 0 ? 'it has other members' : `${first?.id} is ${first?.bead?.status}`}`
  return { is: 'reopened', members, input: { by, why, rule: LANDED_RULE, when: [asItIs(bead)], ops } }
}

const asItIs = ({ id, ...bead }: Bead): Condition => ({ if: 'version', id, is: facts(bead as Bead).version })

/** One look at a state, as cheap as it can be told whether a convoy has something to say. */
class Quick {
  readonly #state: State
  /** Everything above work that is not over. */
  #busy: Set<string> | undefined
  #belongsTo: ((bead: Bead) => string[]) | undefined
  #closing: Map<string, Bead[]> | undefined
  #children: Children | undefined

  constructor(state: State) {
    this.#state = state
  }

  turn(bead: Bead): Turn['is'] | undefined {
    if (facts(bead).closed_with_parts && bead.status !== 'tombstone' && this.#isBusy(bead.id)) return 'reopened'
    const following = followingOf(bead)
    if (following === undefined) return undefined
    const { told } = following
    const open = this.#hasOpen(bead.id, bead, new Set())
    if (told !== undefined) return open === true ? 'reopened' : undefined
    if (this.closing(bead).length > 0) return 'closes'
    if (open !== false) return undefined
    this.#children ??= childrenByParent(this.#state)
    return isComplete(progressOf(membersOf(this.#state, bead, this.#children))) ? 'told' : undefined
  }

  /** Epics in it that close next. */
  closing({ id }: Bead): Bead[] {
    this.#closing ??= this.#doneEpics()
    return this.#closing.get(id) ?? []
  }

  /** Epics whose work is over, by what they were sent off with. */
  #doneEpics(): Map<string, Bead[]> {
    const found = new Map<string, Bead[]>()
    const open = (bead: Bead): boolean => bead.issue_type === 'epic' && !isOver(bead) && !this.#isBusy(bead.id)
    for (const epic of [...this.#state.beads.values()].filter(open)) {
      this.#belongsTo ??= sentOff(this.#state)
      const roots = this.#belongsTo(epic)
      if (roots.length === 0) continue
      this.#children ??= childrenByParent(this.#state)
      if (!isDone(this.#state, epic, this.#children)) continue
      for (const root of roots) found.set(root, [...(found.get(root) ?? []), epic])
    }
    return found
  }

  /** Whether something in it is not over, as far as that is told from above; null: something in it is not known at all. */
  #hasOpen(id: string, given: Bead | undefined, seen: Set<string>): boolean | null {
    if (seen.has(id)) return false
    seen.add(id)
    const bead = given ?? memberBead(this.#state, id)
    if (bead === undefined) return null
    if (bead.status === 'tombstone') return false
    // What lies below is looked through only where nothing nearer tells.
    const own = isConvoyBead(bead)
      ? some(trackedBy(bead).map((one) => this.#hasOpen(one, undefined, seen)))
      : !isGroup(bead) && !isOver(bead)
    return own === true || this.#isBusy(id) ? true : own
  }

  #isBusy(id: string): boolean {
    this.#busy ??= aboveWork(this.#state)
    return this.#busy.has(id)
  }
}

/** True if one is; else null if one is not known; else false. */
const some = (all: (boolean | null)[]): boolean | null =>
  all.includes(true) ? true : all.includes(null) ? null : false

/** It is over when what lies in it is; an epic without children is found out of by asking for its members. */
const isGroup = (bead: Bead): boolean =>
  isConvoyBead(bead) || (bead.issue_type === 'epic' && facts(bead).integration === undefined)

/** Everything above work that is not over. */
function aboveWork(state: State): Set<string> {
  const above = new Set<string>()
  for (const bead of state.beads.values()) {
    if (isOver(bead) || bead.dependencies === undefined || !canBeMember(bead) || isGroup(bead)) continue
    const queue = parentsOf(bead)
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (above.has(id)) continue
      above.add(id)
      const parent = lookUp(state, id)
      if (parent !== undefined) queue.push(...parentsOf(parent))
    }
  }
  return above
}
