/** Beads in the shapes that `bd --json` prints, for programs made for it. Pure. */
import type { Bead } from './bead.ts'
import { epicStatus } from './epics.ts'
import { withoutVersion } from './export.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'
import { blockedBeads } from './ready.ts'

/** One bead in a list: the record and its counts. */
export type IssueJson = Bead & { dependency_count: number; dependent_count: number; comment_count: number }

/** How many edges lead to each bead. */
function dependents(state: State): Map<string, Bead[]> {
  const found = new Map<string, Bead[]>()
  for (const bead of state.beads.values()) {
    for (const { depends_on_id: id } of bead.dependencies ?? []) {
      const held = found.get(id)
      if (held) held.push(bead)
      else found.set(id, [bead])
    }
  }
  return found
}

/** As `bd list --json`: the same records as in the file, with counts. */
export function listJson(state: State, beads: Bead[]): IssueJson[] {
  const needed = dependents(state)
  return beads.map((bead) => counted(bead, needed))
}

const counted = (bead: Bead, needed: Map<string, Bead[]>): IssueJson => ({
  ...withoutVersion(bead),
  dependency_count: bead.dependencies?.length ?? 0,
  dependent_count: needed.get(bead.id)?.length ?? 0,
  comment_count: bead.comments?.length ?? 0,
})

/** As `bd show --json`: edges as the beads at their other ends, both ways, each with `dependency_type`. */
export function showJson(state: State, bead: Bead): Record<string, unknown> {
  const needed = dependents(state)
  const linked = (other: Bead, type: string) => {
    const { dependencies: _dependencies, comments: _comments, ...rest } = counted(other, needed)
    return { ...rest, dependency_type: type }
  }
  const needs = (bead.dependencies ?? []).flatMap((edge) => {
    const target = lookUp(state, edge.depends_on_id)
    return target ? [linked(target, edge.type)] : []
  })
  const neededBy = (needed.get(bead.id) ?? []).map((other) =>
    linked(other, other.dependencies!.find((edge) => edge.depends_on_id === bead.id)!.type),
  )
  const parent = bead.dependencies?.find((edge) => edge.type === 'parent-child')?.depends_on_id
  return {
    ...counted(bead, needed),
    labels: bead.labels ?? [],
    dependencies: needs,
    dependents: neededBy,
    comments: bead.comments ?? [],
    ...(parent === undefined ? {} : { parent }),
  }
}

/** As `bd blocked --json`. */
export function blockedJson(state: State, now: Date): Record<string, unknown>[] {
  const needed = dependents(state)
  return blockedBeads(state, { now }).map(({ bead, blocked }) => ({
    ...counted(bead, needed),
    blocked_by_count: blocked.by.length,
    blocked_by: blocked.by,
  }))
}

/** As `bd epic status --json`. */
export function epicJson(state: State): Record<string, unknown>[] {
  return epicStatus(state).map(({ epic, total, closed, eligible }) => ({
    epic: withoutVersion(epic),
    total_children: total,
    closed_children: closed,
    eligible_for_close: eligible,
  }))
}
