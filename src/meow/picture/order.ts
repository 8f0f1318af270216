/**
 * The order of the lines: the parts of a group stand together under it, and whoever is needed stands above. A need that
 * crosses the border of a group is drawn between the two neighbours that it connects, and written out where it is exact.
 */
import type { Node } from './node.ts'
import { parentsOf, placesOf } from './node.ts'
import { isOver } from './summary.ts'

/** A line to be: places are places in the list of items, which is the order of the lines. */
export interface Item {
  node: Node
  /** Its group, -1 for none. */
  parent: number
  depth: number
  /** Neighbours in the same group that are drawn above it and that it waits for. */
  needs: number[]
  /** Ids that it needs and that no lane can show. */
  after: string[]
  group: boolean
  /** Of a group, where anything has a state: how many of its steps are over, of how many. */
  progress?: Progress
}

export interface Progress {
  done: number
  total: number
}

/** Every node once. Never fails: of a circle, one need is written out instead of drawn. */
export function ordered(nodes: readonly Node[]): Item[] {
  const places = placesOf(nodes)
  const parents = parentsOf(nodes, places)
  const depths: number[] = []
  for (const [at, parent] of parents.entries()) depths[at] = parent < 0 ? 0 : depths[parent]! + 1
  const progress = progressOf(nodes, parents)
  const groups = new Set(parents)

  const needs = nodes.map(() => new Set<number>())
  const own: (Set<string> | undefined)[] = []
  const ownNeeds = (at: number): Set<string> => {
    const set = own[at] ?? new Set(nodes[at]!.needs)
    own[at] = set
    return set
  }
  const unclear: { at: number; id: string; from?: number; to?: number }[] = []
  for (const at of nodes.keys()) {
    for (const id of ownNeeds(at)) {
      const place = places.get(id)
      if (place === undefined) unclear.push({ at, id })
      const pair = place === undefined ? undefined : neighbours(place, at, parents, depths)
      if (pair === undefined) continue
      needs[pair.to]!.add(pair.from)
      unclear.push({ at, id, ...pair })
    }
  }

  const order = sequence(parents, needs)
  const lines: number[] = []
  for (const [line, at] of order.entries()) lines[at] = line
  const items = order.map((at, line): Item => {
    const drawn = [...needs[at]!].map((need) => lines[need]!).filter((need) => need < line)
    const counted = progress[at]
    return {
      node: nodes[at]!,
      parent: parents[at]! < 0 ? -1 : lines[parents[at]!]!,
      depth: depths[at]!,
      needs: drawn.sort((a, b) => a - b),
      after: [],
      group: groups.has(at),
      ...(counted && { progress: counted }),
    }
  })
  for (const { at, id, from, to } of unclear) {
    const shown = from !== undefined && to !== undefined && lines[from]! < lines[to]!
    if (!shown || !ownNeeds(to).has(nodes[from]!.id)) items[lines[at]!]!.after.push(id)
  }
  return items
}

/** The two that stand in the same group and of which one is, or contains, `from`, the other `to`. */
function neighbours(from: number, to: number, parents: number[], depths: number[]) {
  while (depths[from]! > depths[to]!) from = parents[from]!
  while (depths[to]! > depths[from]!) to = parents[to]!
  while (from !== to && parents[from] !== parents[to]) {
    from = parents[from]!
    to = parents[to]!
  }
  return from === to ? undefined : { from, to }
}

/** How far each group is; nothing for steps, nor where nothing has a state. */
export function progressOf(nodes: readonly Node[], parents: number[]): (Progress | undefined)[] {
  const counts: (Progress | undefined)[] = nodes.map(() => undefined)
  if (!nodes.some(({ state }) => state !== undefined)) return counts
  for (let at = nodes.length - 1; at >= 0; at--) {
    const own = counts[at] ?? { done: isOver(nodes[at]!) ? 1 : 0, total: 1 }
    const parent = parents[at]!
    if (parent < 0) continue
    const sum = counts[parent] ?? { done: 0, total: 0 }
    counts[parent] = { done: sum.done + own.done, total: sum.total + own.total }
  }
  return counts
}

/** Depth first through the groups, in each the needed ones first, else as in the list. */
function sequence(parents: number[], needs: Set<number>[]): number[] {
  const parts = new Map<number, number[]>()
  for (const [at, parent] of parents.entries()) {
    const list = parts.get(parent)
    if (list) list.push(at)
    else parts.set(parent, [at])
  }
  const seen = new Set<number>()
  const sorted = (group: number): number[] => {
    const out: number[] = []
    for (const first of parts.get(group) ?? []) {
      const todo = [first]
      while (todo.length > 0) {
        const at = todo.at(-1)!
        const missing = seen.has(at) ? [] : [...needs[at]!].filter((need) => !seen.has(need))
        const fresh = !seen.has(at)
        seen.add(at)
        if (fresh && missing.length > 0) todo.push(...missing.sort((a, b) => b - a))
        else {
          todo.pop()
          if (!placed.has(at)) out.push(at)
          placed.add(at)
        }
      }
    }
    return out
  }
  const placed = new Set<number>()
  const order: number[] = []
  const todo = sorted(-1).reverse()
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    order.push(at)
    todo.push(...sorted(at).reverse())
  }
  return order
}
