/** Values inside a bead by path, and lists whose elements have a key. Nothing here changes what it was given. */
import type { Bead } from './bead.ts'

type Tree = Record<string, unknown>

const isTree = (value: unknown): value is Tree => value !== null && typeof value === 'object' && !Array.isArray(value)

/**
 * Whether a path may be written: not empty, never the id (a bead is its id), no piece through which JavaScript would
 * reach a prototype.
 */
export function isPath(path: string[]): boolean {
  return path.length > 0 && path[0] !== 'id' && !path.includes('__proto__')
}

/** The value at a path; undefined when any piece of it is not there. */
export function valueAt(bead: Bead, path: string[]): unknown {
  let value: unknown = bead
  for (const piece of path) {
    if (!isTree(value) || !Object.hasOwn(value, piece)) return undefined
    value = value[piece]
  }
  return value
}

/** A copy of the bead with the value at the path; undefined takes it out. Missing parents become objects. */
export function withValue(bead: Bead, path: string[], value: unknown): Bead {
  return withIn(bead, path, value) as Bead
}

function withIn(tree: Tree, path: string[], value: unknown): Tree {
  const [piece, ...rest] = path as [string, ...string[]]
  const copy = { ...tree }
  if (rest.length > 0) {
    const child = Object.hasOwn(tree, piece) ? tree[piece] : undefined
    // Taking something out of what is not there must not leave an empty parent behind.
    if (value === undefined && !isTree(child)) return tree
    copy[piece] = withIn(isTree(child) ? child : {}, rest, value)
  } else if (value === undefined) delete copy[piece]
  else copy[piece] = value
  return copy
}

/** What tells elements of a list apart: dependencies by target, comments by id, plain values by themselves. */
export function keyOf(element: unknown): string {
  if (isTree(element)) return String(element.depends_on_id ?? element.id ?? JSON.stringify(element))
  return String(element)
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The list with the element, unless one with its key is there. */
export function added(list: unknown, element: unknown): unknown[] {
  const key = keyOf(element)
  return listOf(list).some((held) => keyOf(held) === key) ? listOf(list) : [...listOf(list), element]
}

/** The list without the element of that key. */
export function removed(list: unknown, key: string): unknown[] {
  return listOf(list).filter((held) => keyOf(held) !== key)
}
