/** Circles among what holds beads back. Pure. */
import type { Bead } from './bead.ts'
import { childrenByParent } from './epics.ts'
import type { State } from './fold.ts'
import { HOLDS, isOver, waitOf } from './ready.ts'

/**
 * Circles of beads that hold each other back for ever, each as the chain of ids from its smallest id back to it; one
 * per knot of beads. Only what still counts: a closed bead breaks every circle. An edge that waits for children leads
 * to those children.
 */
export function findCycles(state: State): string[][] {
  const next = holders(state)
  return knots([...state.beads.keys()].sort(), next).map((knot) => circleFrom(knot[0]!, next, new Set(knot))!)
}

/**
 * The circle that a bead would stand in if it were as given (it need not be in the state yet), as the chain of ids from it
 * back to it; null when there is none. Sees what comes of children, too: that of what waits for them.
 */
export function circleWith(state: State, bead: Bead): string[] | null {
  return circleFrom(bead.id, holders(state, bead))
}

/** What holds a bead back, by id; `as`: one that counts as given here. An edge that waits for children leads to those. */
function holders(state: State, as?: Bead): (id: string) => string[] {
  let children: Map<string, Bead[]> | undefined
  const childrenOf = (id: string): Bead[] => {
    // Few beads wait for children: most circles are looked for without this pass over everything.
    children ??= childrenByParent({ beads: as ? new Map([...state.beads, [as.id, as]]) : state.beads })
    return children.get(id) ?? []
  }
  return (id) => {
    const bead = id === as?.id ? as : state.beads.get(id)
    if (bead === undefined || isOver(bead)) return []
    return (bead.dependencies ?? []).flatMap((edge) => {
      if (!HOLDS.has(edge.type)) return []
      return edge.type === 'waits-for'
        ? childrenOf(waitOf(edge).spawner).map((child) => child.id)
        : [edge.depends_on_id]
    })
  }
}

/** Strongly connected sets of more than one id, or of one that leads to itself (Tarjan, without recursion). */
function knots(ids: string[], next: (id: string) => string[]): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const open = new Set<string>()
  const stack: string[] = []
  const found: string[][] = []
  for (const root of ids) {
    if (index.has(root)) continue
    const work: { id: string; to: string[]; at: number }[] = []
    const enter = (id: string): void => {
      index.set(id, index.size)
      low.set(id, index.get(id)!)
      stack.push(id)
      open.add(id)
      work.push({ id, to: next(id), at: 0 })
    }
    enter(root)
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const to = top.to[top.at++]
      if (to === undefined) {
        work.pop()
        const above = work.at(-1)
        if (above) low.set(above.id, Math.min(low.get(above.id)!, low.get(top.id)!))
        if (low.get(top.id) !== index.get(top.id)) continue
        const knot = stack.splice(stack.lastIndexOf(top.id))
        for (const id of knot) open.delete(id)
        if (knot.length > 1 || next(top.id).includes(top.id)) found.push(knot.sort())
      } else if (!index.has(to)) enter(to)
      else if (open.has(to)) low.set(top.id, Math.min(low.get(top.id)!, index.get(to)!))
    }
  }
  return found.sort((a, b) => (a[0]! < b[0]! ? -1 : 1))
}

/** The shortest way from an id back to itself (within a knot, where one is given). */
function circleFrom(start: string, next: (id: string) => string[], knot?: ReadonlySet<string>): string[] | null {
  const from = new Map<string, string>()
  const queue = [start]
  for (let at = 0; at < queue.length; at++) {
    for (const to of next(queue[at]!)) {
      if (to === start) {
        const way = [queue[at]!]
        while (way[0] !== start) way.unshift(from.get(way[0]!)!)
        return [...way, start]
      }
      if (knot?.has(to) === false || from.has(to)) continue
      from.set(to, queue[at]!)
      queue.push(to)
    }
  }
  return null
}
