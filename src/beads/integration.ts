/**
 * Integration branches, as far as beads know them: on which one the work of a bead gathers, and how far the work of a
 * closed one has come. Pure walks up the parents; stored nowhere.
 */
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import type { Integration } from './facts.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'

/** An epic with a branch of its own. */
export interface Gathering {
  epic: Bead
  integration: Integration
}

/** Deepest chain of parents that is looked at, as in ready.ts. */
const MAX_DEPTH = 50

const isOver = (bead: Bead): boolean => bead.status === 'closed' || bead.status === 'tombstone'

/** The epics above a bead that have an integration branch, open or not, the nearest first. */
function* gatheringsAbove(state: State, bead: Bead): Generator<Gathering> {
  const seen = new Set([bead.id])
  let level = [bead]
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: Bead[] = []
    for (const child of level) {
      for (const edge of child.dependencies ?? []) {
        if (edge.type !== 'parent-child' || seen.has(edge.depends_on_id)) continue
        seen.add(edge.depends_on_id)
        const parent = lookUp(state, edge.depends_on_id)
        if (parent === undefined) continue
        next.push(parent)
        const { integration } = facts(parent)
        if (integration !== undefined) yield { epic: parent, integration }
      }
    }
    level = next
  }
}

/**
 * The integration branches of open epics that the work of a bead goes through on its way to the rig's target, its own
 * first. An epic's own branch counts as the first: what blocks the epic blocks its children.
 *
 * @param rig only branches of this rig
 */
export function wayOf(state: State, bead: Bead, rig?: string): Gathering[] {
  const own = facts(bead).integration
  const all = [
    ...(own !== undefined && bead.issue_type === 'epic' ? [{ epic: bead, integration: own }] : []),
    ...gatheringsAbove(state, bead),
  ]
  return all.filter(({ epic, integration }) => !isOver(epic) && (rig === undefined || integration.rig === rig))
}

/**
 * The open epic on whose branch the work of a closed bead stands still; null when it is in the rig's target, or was
 * never code. An epic that landed on the branch of an outer one has only come that far.
 */
export function standsOn(state: State, bead: Bead): Gathering | null {
  let branch = facts(bead).landed?.target
  if (branch === undefined) return null
  for (const gathering of gatheringsAbove(state, bead)) {
    if (gathering.integration.branch !== branch) continue
    if (!isOver(gathering.epic)) return gathering
    branch = facts(gathering.epic).landed?.target
    if (branch === undefined) return null
  }
  return null
}

/**
 * Why a closed bead does not count as done yet for one that needs it: its work stands on the branch of an epic that has
 * not landed, and the other starts from a branch that will not have it. Null when it counts.
 */
export function awaitsEpic(state: State, needed: Bead, dependant: Bead): string | null {
  const at = standsOn(state, needed)
  if (at === null) return null
  const { epic, integration } = at
  if (wayOf(state, dependant, integration.rig).some((one) => one.epic.id === epic.id)) return null
  return `it needs ${needed.id}, which has landed on ${integration.branch} only: ${epic.id} has not landed yet`
}
