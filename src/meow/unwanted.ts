/**
 * Work that was ordered for the case that other work fails (`conditional-blocks`, `gt mol bond --type conditional`), and that other
 * work did not fail: everybody knows that it will never begin, so the driver closes it. Done, and not cancelled: nothing went
 * wrong, and what was ordered for the case that this one fails is not wanted either. Pure.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { closeBead } from '../beads/edit.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { hasFailed, isOver, parentsOf } from '../beads/ready.ts'

/** Ids of the beads for which `dismissed` has a change. What nobody ordered is left alone: somebody may still want it. */
export function unwanted(state: State): string[] {
  return [...state.beads.values()].filter((bead) => spared(state, bead) !== undefined).map(({ id }) => id)
}

/** The change that closes one; undefined when it may still be wanted. */
export function dismissed(state: State, bead: Bead, by: string): ChangeInput | undefined {
  const good = spared(state, bead)
  if (good === undefined) return undefined
  const closed = closeBead(state, bead.id, { reason: `not wanted: ${good.id} did not fail` }, { by })
  if (closed.kind === 'error') return undefined
  const { when = [], ...input } = closed.value
  // What is in the archive stays as it is.
  const stays = state.beads.has(good.id)
    ? [{ if: 'in' as const, id: good.id, path: ['status'], values: ['closed'] }]
    : []
  return { ...input, rule: 'not-wanted', when: [...when, ...stays] }
}

/** The bead that was to fail, for it or for something above it, and did not. */
function spared(state: State, bead: Bead): Bead | undefined {
  const { slung, needs } = facts(bead)
  if (slung === undefined || needs !== undefined || bead.status !== 'open' || state.live.has(bead.id)) return undefined
  const above = new Set([bead])
  for (const one of above) {
    for (const edge of one.dependencies ?? []) {
      const target = edge.type === 'conditional-blocks' ? lookUp(state, edge.depends_on_id) : undefined
      if (target?.status === 'closed' && !hasFailed(target)) return target
    }
    for (const parent of parentsOf(one).flatMap((id) => lookUp(state, id) ?? [])) if (!isOver(parent)) above.add(parent)
  }
  return undefined
}
