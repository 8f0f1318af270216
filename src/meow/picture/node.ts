/** What a picture is made of: steps, what they need, and the groups that they are parts of. */

export type NodeState = 'done' | 'ready' | 'doing' | 'waiting' | 'gated' | 'failed' | 'skipped'

/**
 * One step. A list of them is in topological order: whoever is needed, and the group, comes first. What breaks that order
 * is still shown: a later or unknown parent counts as none, a later or unknown need is written out instead of drawn.
 */
export interface Node {
  /** Unique in the picture. */
  id: string
  title: string
  /** Absent where nothing runs, as in the picture of a formula. */
  state?: NodeState
  needs: string[]
  /** The group that it is a part of. A node that is somebody's parent is a group. */
  parent?: string
  /** A few words for people, written after the title. */
  note?: string
}

/** The place of each node's group in the list, -1 for none. */
export function parentsOf(nodes: readonly Node[], places = placesOf(nodes)): number[] {
  return nodes.map(({ parent }, at) => {
    const place = parent === undefined ? undefined : places.get(parent)
    return place !== undefined && place < at ? place : -1
  })
}

/** Where each id stands in the list; the first one, should an id be there twice. */
export function placesOf(nodes: readonly Node[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const [at, { id }] of nodes.entries()) if (!places.has(id)) places.set(id, at)
  return places
}
