/**
 * How a bead gets on, and what it hangs on when it does not: derived from the ledger and from what surrounds it. Pure.
 *
 *   over     nothing more happens
 *   now      somebody works on it, or its work is in the merge queue
 *   later    nobody does, and it goes on by itself: when a slot is free, a time has come, or what it needs has landed
 *   stuck    it does not go on before somebody does something
 *
 * The cause is the root: of a bead that needs another one, what that one hangs on.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import type { Blocked } from '../beads/ready.ts'
import { blockedBy, isOver, notReadyBecause, parentsOf } from '../beads/ready.ts'
import type { MayStart } from '../kernel/intensity.ts'
import { fixedAgent } from '../kernel/ladder.ts'
import { liveRun, restUntil } from '../kernel/runs.ts'
import { reasonOf, standing } from '../kernel/standing.ts'
import { cameOf, deadlineOf, gateFailed, gateWords, isGate, isPending, opensAt, typeOf } from '../meow/gates/gate.ts'
import { turnOf } from '../meow/gates/waits.ts'
import { unreachable } from '../result.ts'
import { isDone, sentOff } from './epics.ts'
import type { Children } from './members.ts'
import { isItsParts, membersOf, partsOf } from './members.ts'

export type Pace = 'over' | 'now' | 'later' | 'stuck'

/** In the order in which they are told: what somebody has to do comes before what passes by itself. */
export const CAUSES = [
  /** It waits for a person's answer. */
  'needs_human',
  /** It needs, or is, a bead that is not in the ledger. */
  'unknown',
  /** It needs itself, in a circle. */
  'circle',
  /** Nobody ordered it. */
  'not_slung',
  /** It needs an epic whose work is done, and which nobody closed. */
  'not_closed',
  /** By a person's word nothing starts, or it is put off. */
  'held',
  /** It waits at a gate. */
  'gate',
  /** Starts keep failing there. */
  'breaker',
  /** The account, or a budget, does not let it run. */
  'limited',
  /** The machine has nothing to give. */
  'host',
  /** It rests after a failure. */
  'resting',
  /** Its time has not come. */
  'deferred',
  'no_slot',
  /** What it needs is at work. */
  'needs',
  /** Nothing stands in its way. */
  'next',
] as const

export interface Cause {
  is: (typeof CAUSES)[number]
  /** The bead in which it lies. */
  bead: string
  text: string
  /** When it passes, or is looked at again, as far as that is known. */
  until?: string
}

export interface Getting {
  pace: Pace
  /** Absent while it is over or at work. */
  cause?: Cause
}

/** Longest chain of needs that is followed to its root. */
const MAX_DEPTH = 300

/** What of the town is not in the ledger. */
export interface Surroundings {
  now: Date
  /** What breakers and accounts say to a start (kernel/may-start.ts). */
  gate(bead: Bead, rig: string): MayStart
  /** Why nothing new starts. */
  closed: { by: 'hold' | 'host'; why: string; frozen?: boolean } | null
  slots: { free: number; all: number }
}

/** One look at a state: what was found out for one bead is not found out again for the next. */
export class Paces {
  readonly #state: State
  readonly #around: Surroundings
  readonly #known = new Map<string, Getting>()
  readonly #under = new Set<string>()
  readonly #blocked: (bead: Bead) => Blocked | null
  readonly #children: () => Children
  #sentOff: ((bead: Bead) => string[]) | undefined

  constructor(state: State, around: Surroundings, children?: Children) {
    this.#state = state
    this.#around = around
    this.#blocked = blockedBy(state, around.now)
    let made = children
    this.#children = () => {
      made ??= childrenByParent(state)
      return made
    }
  }

  of(id: string): Getting {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    if (this.#under.has(id)) return stuck('circle', id, `it needs itself: gt bead graph ${id}`)
    if (this.#under.size >= MAX_DEPTH) return later('needs', id, 'a long chain of others comes first')
    this.#under.add(id)
    const found = this.#look(id)
    this.#under.delete(id)
    this.#known.set(id, found)
    return found
  }

  #look(id: string): Getting {
    const bead = lookUp(this.#state, id)
    if (bead === undefined) return stuck('unknown', id, 'it is not in the ledger')
    if (isOver(bead)) return { pace: 'over' }
    if (isGate(bead)) return this.#gate(bead)
    const { step } = facts(bead)
    if (step !== undefined) return this.of(step.of)
    const { now } = this.#around
    const where = standing(this.#state, bead, now)
    const run = liveRun(bead)
    switch (where) {
      case 'needs_human':
        return stuck('needs_human', id, reasonOf(this.#state, bead, now))
      case 'submitted':
      case 'hooked':
      case 'in_progress':
        return this.#atWork(bead, run)
      case 'parked':
        return this.#parked(bead, run)
      case 'waiting':
        return this.#group(bead) ?? this.#waiting(bead)
      case 'open':
      case 'blocked':
      case 'deferred':
        return this.#group(bead) ?? this.#idle(bead)
      case 'landed':
      case 'done':
      case 'declined':
      case 'cancelled':
        return { pace: 'over' }
      default:
        return unreachable(where)
    }
  }

  #atWork(bead: Bead, run: Run | undefined): Getting {
    const { closed } = this.#around
    if (closed?.frozen) return stuck('held', bead.id, closed.why)
    if (run?.state !== 'rate_limited') return { pace: 'now' }
    const until = run.limit?.until
    return later('limited', bead.id, `${run.agent} was stopped by a limit: ${run.limit?.text ?? ''}`, until)
  }

  #gate(gate: Bead): Getting {
    const { needs, gate: { asked, default: by } = {} } = facts(gate)
    const what = `gate ${gateWords(gate)}`
    if (gateFailed(gate)) return stuck('gate', gate.id, `${what} failed: gt gate show ${gate.id}`)
    const from = turnOf(this.#state, gate)
    const until = opensAt(gate, from) ?? deadlineOf(gate, from)
    const passes = by !== undefined && by !== 'ask' && until !== undefined
    if (!passes && needs !== undefined) return stuck('gate', gate.id, `${what}: ${needs.text}`)
    if (!isPending(gate) || (!passes && (typeOf(gate) === 'human' || asked !== undefined)))
      return stuck('gate', gate.id, `${what}: gt gate open ${gate.id}`)
    return later('gate', gate.id, what, until === undefined ? undefined : new Date(until).toISOString())
  }

  #parked(bead: Bead, run: Run | undefined): Getting {
    // It goes on when all of them are over, also with one that failed, and is told.
    const pending = (run?.parked?.gates ?? []).filter((id) => cameOf(lookUp(this.#state, id)) === undefined)
    return worst(pending.map((id) => this.of(id))) ?? this.#start(bead, run?.rig ?? '')
  }

  /** Ordered, and nobody is on it. */
  #waiting(bead: Bead): Getting {
    const { now } = this.#around
    const { slung } = facts(bead)
    if (bead.status === 'blocked') return stuck('held', bead.id, `a person says that it is blocked`)
    if (isPutOff(bead, now)) return putOff(bead)
    const needs = this.#needs(bead)
    if (needs !== null) return needs
    if (restUntil(slung, now) !== undefined) {
      return later('resting', bead.id, reasonOf(this.#state, bead, now), slung?.not_before)
    }
    const no = notReadyBecause(this.#state, bead, now)
    return no === null ? this.#start(bead, slung?.rig ?? '') : stuck('held', bead.id, no)
  }

  /** Nobody ordered it. */
  #idle(bead: Bead): Getting {
    const { id } = bead
    return stuck('not_slung', id, `nobody ordered it: gt sling ${id} ${facts(bead).rig ?? '<rig>'}`)
  }

  /** An epic or a convoy gets on as what lies in it does. Null: it is one piece of work. */
  #group(bead: Bead): Getting | null {
    const landsAsOne = facts(bead).integration !== undefined
    if (!landsAsOne && !isItsParts(bead, partsOf(bead, this.#children()))) return null
    const inside = membersOf(this.#state, bead, this.#children()).filter(({ id }) => id !== bead.id)
    const open = inside.map(({ id }) => this.of(id)).filter(({ pace }) => pace !== 'over')
    if (open.some(({ pace }) => pace === 'now')) return { pace: 'now' }
    const { id } = bead
    const done = landsAsOne
      ? later('next', id, 'its integration branch is handed in next')
      : this.#closes(bead)
        ? later('next', id, 'its work is done: it closes next')
        : stuck('not_closed', id, `its work is done, and nobody closed it: gt bead close ${id}`)
    return worst(open) ?? done
  }

  /** Whether an epic closes by itself now. */
  #closes(epic: Bead): boolean {
    this.#sentOff ??= sentOff(this.#state)
    return this.#sentOff(epic).length > 0 && isDone(this.#state, epic, this.#children())
  }

  /** What it needs first, and what that hangs on. */
  #needs(bead: Bead): Getting | null {
    const blocked = this.#blocked(bead)
    if (blocked === null) return null
    const above = ancestorsOf(this.#state, bead)
    const found = blocked.by.map((id) => {
      const parent = above.get(id)
      if (parent !== undefined) {
        return isPutOff(parent, this.#around.now) ? putOff(parent) : stuck('held', id, blocked.why)
      }
      const getting = this.of(id)
      if (getting.pace === 'now') return later('needs', id, 'it is at work')
      // It is over, and its landing is not where this one starts; or what blocks it says so only in words.
      return getting.pace === 'over' ? later('needs', id, blocked.why) : getting
    })
    return worst(found) ?? stuck('held', bead.id, blocked.why)
  }

  /** It may start as far as the ledger goes. */
  #start(bead: Bead, rig: string): Getting {
    const { closed, slots, gate } = this.#around
    if (closed !== null) {
      return closed.by === 'hold' ? stuck('held', bead.id, closed.why) : later('host', bead.id, closed.why)
    }
    const may = gate(bead, rig)
    if (may.is === 'no') return later(may.nodes.length > 0 ? 'breaker' : 'limited', bead.id, may.why, may.until)
    const agent = fixedAgent(bead)
    if (agent !== undefined && isBusy(this.#state, agent)) return later('no_slot', bead.id, `it waits for ${agent}`)
    if (slots.free <= 0) return later('no_slot', bead.id, `no worker slot is free (workers.max is ${slots.all})`)
    return later('next', bead.id, 'it starts next')
  }
}

const isBusy = (state: State, agent: string): boolean =>
  [...state.live.values()].some((runs) => runs.some((run) => run.agent === agent))

function ancestorsOf(state: State, bead: Bead): Map<string, Bead> {
  const found = new Map<string, Bead>()
  const queue = [bead]
  for (const one of queue) {
    for (const id of parentsOf(one)) {
      const parent = found.has(id) ? undefined : lookUp(state, id)
      if (parent === undefined) continue
      found.set(id, parent)
      queue.push(parent)
    }
  }
  return found
}

const isPutOff = (bead: Bead, now: Date): boolean =>
  bead.status === 'deferred' || (bead.defer_until !== undefined && Date.parse(bead.defer_until) > now.getTime())

const putOff = (bead: Bead): Getting =>
  bead.defer_until === undefined
    ? stuck('held', bead.id, `it is put off: gt bead update ${bead.id} --status open`)
    : later('deferred', bead.id, `it is put off until ${bead.defer_until}`, bead.defer_until)

const stuck = (is: Cause['is'], bead: string, text: string): Getting => ({ pace: 'stuck', cause: { is, bead, text } })

const later = (is: Cause['is'], bead: string, text: string, until?: string): Getting => ({
  pace: 'later',
  cause: { is, bead, text, ...(until !== undefined && { until }) },
})

/** Of several things that must all pass, the one that is told. */
function worst(all: readonly Getting[]): Getting | null {
  const [first] = [...all].sort(byGravity)
  return first ?? null
}

const PACES: readonly Pace[] = ['stuck', 'later', 'now', 'over']

/** The gravest first: stuck before what passes by itself, then by cause. */
export function byGravity(a: Getting, b: Getting): number {
  const rank = ({ pace, cause }: Getting): number =>
    PACES.indexOf(pace) * CAUSES.length + (cause === undefined ? 0 : CAUSES.indexOf(cause.is))
  return rank(a) - rank(b)
}
