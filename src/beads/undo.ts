/**
 * Taking back the last change of somebody, when nothing depends on it. Pure but for reading the journals: the plan is one
 * change, and it applies only if the beads are still as they were looked at.
 *
 * What depends on a change: a later change of the same value; anything at all that happened to a bead since it was
 * created; a bead that needs a created one; a worker who began after it on the bead, or on a bead that it set free.
 */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import { same } from './canonical.ts'
import type { Change, ChangeInput, Op } from './change.ts'
import type { Author } from './edit.ts'
import type { State } from './fold.ts'
import type { Step } from './history.ts'
import { replay, touched } from './history.ts'
import { keyOf, valueAt } from './paths.ts'
import { tombstoneOps, UNDONE } from './remove.ts'
import type { Difference } from './trail.ts'
import { differences } from './trail.ts'

export interface UndoPlan {
  /** What is taken back. */
  of: Change
  input: ChangeInput
}

/** Facts that follow from what processes and git did: taking back the word would not take back the deed. */
const DEEDS = new Set(['runs', 'merge', 'landed', 'attempts'])

/**
 * @param dir the ledger's folder, `state` its present state
 * @returns E_NOTHING_TO_UNDO; E_UNDO_DEED for what a process did; E_UNDO_DEPENDS, which names what depends on it
 */
export function planUndo(dir: string, state: State, author: Author): Result<UndoPlan> {
  const { step, later } = lastOf(dir, author)
  if (step === undefined) {
    return fail('E_NOTHING_TO_UNDO', `There is no change by ${author.by} that could be taken back.`, { hint: 'gt log' })
  }
  const { change } = step
  const kept = { kept: 'Nothing was changed.' }
  const did = `“${change.why}” (${change.at})`
  const ops: Op[] = []
  let needers: Map<string, Bead[]> | undefined
  const needing = (): Map<string, Bead[]> => {
    needers ??= needersOf(state)
    return needers
  }
  const touchers = later.map((other) => ({ other, ids: new Set(touched(other)) }))
  for (const [id, before] of step.before) {
    const [after, now] = [step.after.get(id), state.beads.get(id)]
    const differing = differences(before, after)
    if (before !== undefined && differing.some(isDeed)) {
      return fail(
        'E_UNDO_DEED',
        `Your last change was ${did}. It says what a worker or a merge did, and that is not undone by words.`,
        {
          ...kept,
          hint: 'gt run stop <run>, or gt reject <merge request>',
        },
      )
    }
    const since = touchers.filter(({ ids }) => ids.has(id)).map(({ other }) => other)
    const dependent =
      now === undefined || after === undefined
        ? `${id} is gone`
        : (startedSince(state, now, change, differing) ??
          (before === undefined ? useOf(now, after, since, step.before, needing) : inverse(now, differing, since, ops)))
    if (dependent !== null) {
      return fail('E_UNDO_DEPENDS', `Your last change was ${did}, and something depends on it: ${dependent}.`, {
        ...kept,
        hint: `gt trail ${id}`,
      })
    }
    if (before === undefined) ops.push(...tombstoneOps(now!, author.by, author.at ?? new Date().toISOString(), UNDONE))
  }
  if (ops.length === 0) {
    return fail('E_NOTHING_TO_UNDO', `Your last change was ${did}; things are as they were before it already.`, kept)
  }
  const when: ChangeInput['when'] = [...step.before.keys()].map((id) => ({
    if: 'version',
    id,
    is: facts(state.beads.get(id)!).version,
  }))
  const { by, fence } = author
  return ok({
    of: change,
    input: { by, ...(fence && { fence }), why: `took back: ${change.why}`, undoes: change.id, ops, when },
  })
}

/** The last change of an author that was not taken back, and what was done after it and still counts. */
function lastOf(dir: string, author: Author): { step: Step | undefined; later: Change[] } {
  const mine: Step[] = []
  const undone = new Set<string>()
  const all: Change[] = []
  for (const step of replay(dir)) {
    const { change } = step
    // Moving to the archive is housekeeping, nobody's word.
    if (!step.verdict.applied || !change.ops.some((op) => op.op !== 'lease' && op.op !== 'archive' && op.op !== 'drop'))
      continue
    all.push(change)
    if (change.undoes !== undefined) undone.add(change.undoes)
    else if (change.by === author.by && (author.fence === undefined || change.fence === author.fence)) mine.push(step)
  }
  const step = mine.findLast(({ change }) => !undone.has(change.id))
  const counts = ({ id, undoes }: Change): boolean => undoes === undefined && !undone.has(id)
  const later = step === undefined ? [] : all.slice(all.indexOf(step.change) + 1).filter(counts)
  return { step, later }
}

const isDeed = ({ path }: Difference): boolean => path[0] === 'metadata' && path[1] === 'gt' && DEEDS.has(path[2] ?? '')

/** A worker who began on the bead, or on one that waited for it, after the change. */
function startedSince(state: State, bead: Bead, change: Change, differing: Difference[]): string | null {
  const setFree = differing.some(({ path }) => path[0] === 'status')
  const needing = (other: Bead): boolean => other.dependencies?.some((edge) => edge.depends_on_id === bead.id) === true
  for (const [id, runs] of state.live) {
    const other = state.beads.get(id)
    if (other === undefined || (id !== bead.id && !(setFree && needing(other)))) continue
    const run = runs.find(({ claimed_at }) => Date.parse(claimed_at) >= Date.parse(change.at))
    if (run) return `${run.agent} began to work on ${id} after it (run ${run.fence})`
  }
  return null
}

/** What has come of a created bead. `needing`: who has an edge to which bead. */
function useOf(
  now: Bead,
  after: Bead,
  since: Change[],
  before: Step['before'],
  needing: () => Map<string, Bead[]>,
): string | null {
  if (differences(after, now).length > 0) return `${now.id} was changed since: ${last(since)}`
  for (const other of needing().get(now.id) ?? []) {
    // What was created together goes together.
    if (!(before.has(other.id) && before.get(other.id) === undefined)) return `${other.id} has an edge to ${now.id}`
  }
  return null
}

/** The beads that have an edge to each bead; deleted ones do not count. */
function needersOf(state: State): Map<string, Bead[]> {
  const found = new Map<string, Bead[]>()
  for (const bead of state.beads.values()) {
    if (bead.status === 'tombstone') continue
    for (const { depends_on_id: id } of bead.dependencies ?? []) {
      const held = found.get(id)
      if (held) held.push(bead)
      else found.set(id, [bead])
    }
  }
  return found
}

const last = (since: Change[]): string => {
  const change = since.at(-1)
  return change === undefined ? 'by another program' : `“${change.why}” by ${change.by}`
}

/** Adds the operations that bring the values back; what is in the way when one has changed again. */
function inverse(now: Bead, differing: Difference[], since: Change[], ops: Op[]): string | null {
  const { id } = now
  for (const { path, key, before, after } of differing) {
    const value = key === undefined ? valueAt(now, path) : elementOf(valueAt(now, path), key)
    if (same(value, before)) continue
    if (!same(value, after)) return `the ${path.at(-1)} of ${id} was changed since: ${last(since)}`
    if (key === undefined)
      ops.push(before === undefined ? { op: 'unset', id, path } : { op: 'set', id, path, value: before })
    else {
      if (after !== undefined) ops.push({ op: 'remove', id, path, key })
      if (before !== undefined) ops.push({ op: 'add', id, path, value: before })
    }
  }
  return null
}

const elementOf = (list: unknown, key: string): unknown =>
  Array.isArray(list) ? list.find((one) => keyOf(one) === key) : undefined
