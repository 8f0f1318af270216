/**
 * What follows when a molecule is over, or the last part of a convoy is. Pure and level-triggered: asked at every pass of the
 * plan, in one walk over the beads.
 *
 *   convoy, all parts closed        the epic is closed
 *   molecule over, steps open       they are closed as left out: nobody will do them
 *   wisp over, its runs cleared     squashed: the digest stays, its beads go
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import type { State } from '../beads/fold.ts'
import { prefixOfId } from '../beads/ids.ts'
import { isOver, parentsOf } from '../beads/ready.ts'
import { runsOf } from '../kernel/runs.ts'
import { closeOpen, squash } from './ending.ts'

/** Ids of the beads for which `settled` has a change. */
export function unsettled(state: State): string[] {
  const roots = [...state.beads.values()].filter((bead) => facts(bead).molecule !== undefined)
  if (roots.length === 0) return []
  const open = new Set<string>()
  const parts = new Set<string>()
  for (const bead of state.beads.values()) {
    const above = [facts(bead).step?.of, ...parentsOf(bead)]
    for (const id of above) {
      if (id === undefined) continue
      parts.add(id)
      if (!isOver(bead)) open.add(id)
    }
  }
  return roots.filter((root) => isUnsettled(root, open.has(root.id), parts.has(root.id))).map(({ id }) => id)
}

function isUnsettled(root: Bead, open: boolean, parts: boolean): boolean {
  if (facts(root).molecule?.kind === 'convoy') return !isOver(root) && parts && !open
  if (!isOver(root)) return false
  return open || (root.ephemeral === true && isCleared(root))
}

/** A worktree that is not archived yet is known by its run alone, and that stands in the bead. */
const isCleared = (root: Bead): boolean => runsOf(root).every((run) => run.cleared === true)

/** The change that settles it; undefined when there is nothing to settle. */
export function settled(state: State, root: Bead, how: { by: string; at: string }): ChangeInput | undefined {
  const { by } = how
  if (!unsettled(state).includes(root.id)) return undefined
  const { id } = root
  if (facts(root).molecule?.kind === 'convoy') {
    const outcomes = [...state.beads.values()]
      .filter((bead) => parentsOf(bead).includes(id))
      .map((bead) => facts(bead).outcome)
    const bad = outcomes.filter((outcome) => outcome === 'declined' || outcome === 'cancelled').length
    const reason =
      bad === 0
        ? `all ${outcomes.length} parts are done`
        : `${outcomes.length - bad} of ${outcomes.length} parts are done`
    return {
      by,
      why: `${id}: ${reason}`,
      rule: 'convoy-done',
      when: [{ if: 'in', id, path: ['status'], values: [root.status] }],
      ops: [
        { op: 'set', id, path: ['status'], value: 'closed' },
        { op: 'set', id, path: ['close_reason'], value: reason },
        { op: 'set', id, path: ['metadata', 'gt', 'outcome'], value: 'done' },
      ],
    }
  }
  const open = closeOpen(state, root, `${id} is over`)
  if (open.length > 0) {
    const when = [{ if: 'in' as const, id, path: ['status'], values: ['closed', 'tombstone'] }]
    return { by, why: `${id} is over: what was left of it is closed`, rule: 'molecule-over', when, ops: open }
  }
  const digest = squash(state, root, { ...how, prefix: prefixOfId(root.id) })
  return digest.kind === 'ok' ? { ...digest.value.input, rule: 'wisp-over' } : undefined
}
