/** A convoy as it stands: members, waves, how far it is, and why it does not go on. Pure; stored nowhere (law 11). */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { childrenByParent } from '../beads/epics.ts'
import type { State } from '../beads/fold.ts'
import { isOver } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import type { Standing } from '../kernel/standing.ts'
import { standing } from '../kernel/standing.ts'
import type { Children, Member, Progress } from './members.ts'
import { isComplete, isConvoyBead, isItsParts, membersOf, partsOf, progressOf } from './members.ts'
import type { Cause, Getting, Pace, Surroundings } from './pace.ts'
import { byGravity, Paces } from './pace.ts'
import { wavesOf } from './waves.ts'

/**
 * `empty`: it has no member, so it never lands. `landed`: every member landed, or is done. `ended`: every member is over, and
 * one was declined or cancelled. `moving`: somebody works on a member, or its work is in the queue. `waiting`: nobody does, and
 * it goes on by itself. `stalled`: nobody does, and it does not.
 */
export type ConvoyState = 'empty' | 'landed' | 'ended' | 'moving' | 'waiting' | 'stalled'

/** Where its members are written: in a convoy bead, as children (of an epic, or one that a formula made), or it is one bead. */
export type ConvoyKind = 'convoy' | 'epic' | 'formula' | 'bead'

export interface MemberView {
  id: string
  title: string
  /** `unknown`: not in the ledger. */
  state: Standing | 'unknown'
  pace: Pace
  /** From 1. */
  wave: number
  /** Who works on it now. */
  agent: string | null
  run: string | null
  /** Since when, for a run; when it landed. */
  since: string | null
  commit: string | null
  cause: Cause | null
}

/** A cause with the members that hang on it. */
export interface Standstill extends Cause {
  pace: 'later' | 'stuck'
  members: string[]
}

export interface ConvoyView {
  bead: Bead
  kind: ConvoyKind
  state: ConvoyState
  progress: Progress
  members: MemberView[]
  waves: string[][]
  /** Members that need each other in a circle, or stand behind one. */
  circular: string[]
  /** Why members that nobody works on do not go on, the gravest first. */
  standstills: Standstill[]
}

export interface Looking {
  children?: Children
  paces?: Paces
}

export function kindOf(bead: Bead, children: Children): ConvoyKind {
  if (isConvoyBead(bead)) return 'convoy'
  if (facts(bead).molecule?.kind === 'convoy') return 'formula'
  const parts = partsOf(bead, children)
  return isItsParts(bead, parts) || (parts.length > 0 && bead.issue_type === 'epic') ? 'epic' : 'bead'
}

/** @param known what several views of one state can share */
export function convoyView(state: State, convoy: Bead, around: Surroundings, known: Looking = {}): ConvoyView {
  const children = known.children ?? childrenByParent(state)
  const paces = known.paces ?? new Paces(state, around, children)
  const members = membersOf(state, convoy, children)
  const { waves, circular } = wavesOf(
    state,
    members.map(({ id }) => id),
    children,
  )
  const waveOf = new Map(waves.flatMap((wave, i) => wave.map((id) => [id, i + 1] as const)))
  const inCircle = new Set(circular)
  const byId = new Map(members.map((member) => [member.id, member]))
  // Wave by wave: what a member needs is known before it is asked for, however long the chain.
  const getting = new Map(waves.flat().map((id) => [id, paceOf(byId.get(id)!, paces)]))
  const progress = progressOf(members)
  const views = members
    .map((member) => memberView(state, member, getting.get(member.id)!, waveOf.get(member.id)!, around.now))
    .sort((a, b) => a.wave - b.wave)
  return {
    bead: convoy,
    kind: kindOf(convoy, children),
    state: stateOf(progress, [...getting.values()]),
    progress,
    members: views,
    waves,
    circular: views.filter(({ id }) => inCircle.has(id)).map(({ id }) => id),
    standstills: standstills(getting),
  }
}

/** A wisp that is over left a digest, which is closed; the wisp itself is not in the ledger any more. */
const paceOf = ({ id, bead }: Member, paces: Paces): Getting => paces.of(bead?.id ?? id)

/** What a convoy does, from how its members get on: the definition of a stall. */
export function stateOf(progress: Progress, getting: readonly Getting[]): ConvoyState {
  if (progress.total === 0) return 'empty'
  if (isComplete(progress)) return progress.declined.length + progress.cancelled.length === 0 ? 'landed' : 'ended'
  if (getting.some(({ pace }) => pace === 'now')) return 'moving'
  return getting.some(({ pace }) => pace === 'later') ? 'waiting' : 'stalled'
}

/** Causes by the bead in which they lie, the gravest first; of equal ones that with the most behind it. */
function standstills(getting: ReadonlyMap<string, Getting>): Standstill[] {
  const found = new Map<string, { getting: Getting; standstill: Standstill }>()
  for (const [id, one] of getting) {
    const { pace, cause } = one
    if (cause === undefined || (pace !== 'later' && pace !== 'stuck')) continue
    const key = `${cause.is} ${cause.bead}`
    const held = found.get(key)
    if (held === undefined) found.set(key, { getting: one, standstill: { ...cause, pace, members: [id] } })
    else held.standstill.members.push(id)
  }
  const most = (a: Standstill, b: Standstill): number => b.members.length - a.members.length
  return [...found.values()]
    .sort((a, b) => byGravity(a.getting, b.getting) || most(a.standstill, b.standstill))
    .map(({ standstill }) => standstill)
}

/** What a line says of a convoy that does not move; of one that moves, what it will need somebody for. */
export function mainCause(state: ConvoyView['state'], standstills: readonly Standstill[]): Standstill | undefined {
  const [first] = standstills
  if (state === 'waiting' || state === 'stalled') return first
  return first?.pace === 'stuck' ? first : undefined
}

function memberView(state: State, { id, bead }: Member, getting: Getting, wave: number, now: Date): MemberView {
  const { pace } = getting
  const cause = getting.cause ?? null
  if (bead === undefined) {
    return { id, title: '', state: 'unknown', pace, wave, agent: null, run: null, since: null, commit: null, cause }
  }
  const run = liveRun(bead)
  // One that was opened again may still say where it landed before.
  const landed = isOver(bead) ? facts(bead).landed : undefined
  return {
    id,
    title: bead.title,
    state: standing(state, bead, now),
    pace,
    wave,
    agent: run?.agent ?? null,
    run: run?.fence ?? null,
    since: run?.since ?? landed?.at ?? bead.closed_at ?? null,
    commit: landed?.commit ?? null,
    cause,
  }
}
