/**
 * The fold: what the records of the journal, one after the other, amount to. Pure: the same records give the same
 * state and the same verdicts in every process, which is why a claim needs no lock (design section 5).
 */
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import { normal, same } from './canonical.ts'
import type { Change, Condition, LeaseHolder, Op, Verdict } from './change.ts'
import type { Run } from './facts.ts'
import { ACTIVE_RUN, LIVE_RUN } from './facts.ts'
import { added, isPath, removed, valueAt, withValue } from './paths.ts'

/** What the records before this moment amount to. The maps change in place; the beads in them never do (copy on write). */
export interface State {
  readonly beads: Map<string, Bead>
  readonly leases: Map<string, LeaseHolder>
  /** Ids of the records of this journal that were folded already, applied or refused. */
  readonly decided: Set<string>
  /** Runs in a live state by bead id (only beads that have one): the index behind the cap and `agent-free`. */
  readonly live: Map<string, Run[]>
  /** A bead of the archive; for readers only, the fold never looks there (archive.ts). */
  cold?: { get(id: string): Bead | undefined; ids(): Iterable<string> }
}

export function emptyState(): State {
  return { beads: new Map(), leases: new Map(), decided: new Set(), live: new Map() }
}

/** A bead wherever it stands: in the live set, or in the archive. */
export const lookUp = (state: State, id: string): Bead | undefined => state.beads.get(id) ?? state.cold?.get(id)

/** The runs of a bead in a live state (at most one unless a foreign hand made more). */
export function liveRuns(bead: Bead): Run[] {
  const runs = facts(bead).runs
  return runs === undefined ? [] : Object.values(runs).filter((run) => LIVE_RUN.has(run.state))
}

/** Every run of the town that uses a worker slot. */
export function activeRuns(state: State): Run[] {
  return [...state.live.values()].flat().filter((run) => ACTIVE_RUN.has(run.state))
}

/** Puts a bead (in normal form) into the state and keeps the index of live runs true. */
export function put(state: State, bead: Bead): void {
  state.beads.set(bead.id, bead)
  const live = liveRuns(bead)
  if (live.length > 0) state.live.set(bead.id, live)
  else state.live.delete(bead.id)
}

/**
 * Folds one change into the state: conditions first, then every operation or none. A bead that was touched counts one
 * version more; its `updated_at` never goes back. An operation on a bead that is not there, or with a path that cannot
 * be, means that the change does not apply; so does a record id that was decided before.
 */
export function apply(state: State, change: Change): Verdict {
  const refuse = (unmet: Condition): Verdict => ({ applied: false, change, unmet })
  if (state.decided.has(change.id)) return refuse({ if: 'absent', id: change.id })
  state.decided.add(change.id)
  const unmet = change.when?.find((condition) => !holds(state, condition))
  if (unmet) return refuse(unmet)

  const draft: Draft = { state, beads: new Map(), created: new Set(), exact: new Set(), out: new Set() }
  const leases: (Op & { op: 'lease' })[] = []
  let finished: Bead[]
  try {
    for (const op of change.ops) {
      if (op.op === 'lease') leases.push(op)
      else {
        const lacking = edit(draft, op)
        if (lacking) return refuse(lacking)
      }
    }
    finished = [...draft.beads.values()].map((bead) =>
      draft.exact.has(bead.id)
        ? exactly(bead, state.beads.get(bead.id))
        : finish(bead, change, draft.created.has(bead.id)),
    )
  } catch {
    // Shapes that no builder makes (a null among the dependencies): refused by every reader, never a crash of all.
    return refuse({ if: 'in', id: '', path: [], values: [] })
  }
  for (const bead of finished) put(state, bead)
  for (const id of draft.out) {
    state.beads.delete(id)
    state.live.delete(id)
  }
  for (const { name, holder } of leases) {
    if (holder === null) state.leases.delete(name)
    else state.leases.set(name, holder)
  }
  return { applied: true, change }
}

/** Whether a condition holds. A bead that is not there meets only `absent`: unknown never proceeds. */
function holds(state: State, condition: Condition): boolean {
  switch (condition.if) {
    case 'absent':
      return !state.beads.has(condition.id)
    case 'version': {
      const bead = state.beads.get(condition.id)
      return bead !== undefined && facts(bead).version === condition.is
    }
    case 'in': {
      const bead = state.beads.get(condition.id)
      if (bead === undefined) return false
      const value = valueAt(bead, condition.path) ?? null
      return condition.values.some((wanted) => same(wanted, value))
    }
    case 'no-live-run':
      return state.beads.has(condition.id) && !state.live.has(condition.id)
    case 'active-runs-below':
      return activeRuns(state).length < condition.max
    case 'agent-free':
      return ![...state.live.values()].some((runs) => runs.some((run) => run.agent === condition.agent))
    case 'lease':
      return (state.leases.get(condition.name)?.token ?? null) === condition.token
    default:
      // A condition of a newer gt: not known to hold, so it does not.
      return false
  }
}

/** Beads as the operations so far leave them; the state itself is touched only when all of them went well. */
interface Draft {
  state: State
  beads: Map<string, Bead>
  created: Set<string>
  /** Put, and nothing done to them since: they stay as they are. */
  exact: Set<string>
  /** Out of the live set: archived, or dropped. */
  out: Set<string>
}

/** Applies one operation to the draft; the condition that it lacks when it cannot. */
function edit(draft: Draft, op: Exclude<Op, { op: 'lease' }>): Condition | null {
  if (op.op === 'create') {
    const { id } = op.bead
    if (draft.state.beads.has(id) || draft.beads.has(id)) return { if: 'absent', id }
    draft.beads.set(id, op.bead)
    draft.created.add(id)
    return null
  }
  if (op.op === 'put') {
    draft.beads.set(op.bead.id, op.bead)
    draft.exact.add(op.bead.id)
    return null
  }
  const bead = draft.beads.get(op.id) ?? draft.state.beads.get(op.id)
  if (bead === undefined) return { if: 'in', id: op.id, path: ['id'], values: [op.id] }
  if (op.op === 'archive') {
    const over = bead.status === 'closed' || bead.status === 'tombstone'
    if (!over || liveRuns(bead).length > 0)
      return { if: 'in', id: op.id, path: ['status'], values: ['closed', 'tombstone'] }
    draft.out.add(op.id)
    return null
  }
  if (op.op === 'drop') {
    if (bead.ephemeral !== true || liveRuns(bead).length > 0)
      return { if: 'in', id: op.id, path: ['ephemeral'], values: [true] }
    draft.out.add(op.id)
    return null
  }
  if (!isPath(op.path)) return { if: 'in', id: op.id, path: op.path, values: [] }
  draft.beads.set(op.id, edited(bead, op))
  draft.exact.delete(op.id)
  return null
}

function edited(bead: Bead, op: Exclude<Op, { op: 'lease' | 'create' | 'put' | 'archive' | 'drop' }>): Bead {
  switch (op.op) {
    case 'set':
      return withValue(bead, op.path, op.value)
    case 'unset':
      return withValue(bead, op.path, undefined)
    case 'add':
      return withValue(bead, op.path, added(valueAt(bead, op.path), op.value))
    case 'remove':
      return withValue(bead, op.path, removed(valueAt(bead, op.path), op.key))
  }
}

/** A bead that was put; other content under a version that stood here would let a stale condition hold. */
function exactly(bead: Bead, held: Bead | undefined): Bead {
  const next = normal(bead)
  const version = held === undefined ? -1 : (facts(held).version ?? 0)
  if ((facts(next).version ?? 0) > version || same(next, held)) return next
  const gt = { ...facts(next), version: version + 1 }
  return normal({ ...next, metadata: { ...next.metadata, gt } })
}

/** What every touched bead gets: its version, its time, and `closed_at` exactly when it is closed. */
function finish(bead: Bead, change: Change, created: boolean): Bead {
  const gt = { ...facts(bead), version: (facts(bead).version ?? 0) + 1 }
  const next: Bead = { ...bead, metadata: { ...bead.metadata, gt } }
  // Another program's bead keeps its own time; a bead edited here never goes back in time.
  if (!created && !(Date.parse(bead.updated_at) > Date.parse(change.at))) next.updated_at = change.at
  if (next.status === 'closed') next.closed_at ??= change.at
  else if (next.status !== 'tombstone' && (next.closed_at !== undefined || next.close_reason !== undefined)) {
    delete next.closed_at
    delete next.close_reason
  }
  return normal(next)
}
