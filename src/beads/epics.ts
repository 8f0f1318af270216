/**
 * Epics: how far they are, and which could close. When its last child is over an epic becomes closable: the driver closes it if
 * it was sent off (convoys/epics.ts), else a person does (or `gt bead epic close-eligible`).
 */
import type { Bead } from './bead.ts'
import type { State } from './fold.ts'
import { parentsOf } from './ready.ts'

export interface EpicStatus {
  epic: Bead
  /** Children that count: a deleted child is no child (docs/ready.md). */
  total: number
  closed: number
  /** At least one child, and all of them closed. */
  eligible: boolean
}

/** The children of every parent, in one pass. Ids of parents need not be in the ledger. */
export function childrenByParent(state: { readonly beads: ReadonlyMap<string, Bead> }): Map<string, Bead[]> {
  const children = new Map<string, Bead[]>()
  for (const bead of state.beads.values()) {
    for (const parent of parentsOf(bead)) {
      const siblings = children.get(parent)
      if (siblings) siblings.push(bead)
      else children.set(parent, [bead])
    }
  }
  return children
}

/** Every epic that is not over, by id. An epic whose children were all deleted has nothing to show for itself: not closable. */
export function epicStatus(state: State): EpicStatus[] {
  const children = childrenByParent(state)
  const epics = [...state.beads.values()].filter(
    (bead) => bead.issue_type === 'epic' && bead.status !== 'closed' && bead.status !== 'tombstone',
  )
  return epics
    .map((epic) => {
      const counted = (children.get(epic.id) ?? []).filter((child) => child.status !== 'tombstone')
      const closed = counted.filter((child) => child.status === 'closed').length
      return { epic, total: counted.length, closed, eligible: counted.length > 0 && closed === counted.length }
    })
    .sort((a, b) => (a.epic.id < b.epic.id ? -1 : 1))
}
