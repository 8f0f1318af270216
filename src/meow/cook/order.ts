/**
 * The order of steps: whoever is needed comes first, neighbours as in the file. A group comes before its parts, its parts wait
 * for what it needs, and whoever needs it waits for all of them: so a group has a beginning and an end, and these two are what
 * is put in order. Without recursion: a chain may be thousands long.
 */

interface Ordered {
  id: string
  parent?: string
  needs: string[]
}

/** Ids in order; or a ring of them, the first again at its end. Needs of steps that are not there count for nothing. */
export function inOrder(steps: readonly Ordered[]): { order: string[] } | { ring: string[] } {
  const groups = new Set(steps.flatMap((step) => (step.parent === undefined ? [] : [step.parent])))
  const known = new Set(steps.map((step) => step.id))
  const END = '\u0000end'
  const end = (id: string): string => (groups.has(id) ? id + END : id)
  const before = new Map<string, string[]>()
  for (const { id, parent, needs } of steps) {
    const first = needs.filter((other) => known.has(other)).map(end)
    before.set(id, parent === undefined ? first : [parent, ...first])
    if (groups.has(id)) before.set(end(id), [id])
  }
  for (const { id, parent } of steps) if (parent !== undefined) before.get(end(parent))?.push(end(id))

  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const path: { node: string; next: number }[] = []
  for (const { id } of steps) {
    if (state.has(id)) continue
    path.push({ node: id, next: 0 })
    state.set(id, 'open')
    while (path.length > 0) {
      const top = path.at(-1)!
      const next = before.get(top.node)?.[top.next++]
      if (next === undefined) {
        path.pop()
        state.set(top.node, 'done')
        if (!top.node.endsWith(END)) order.push(top.node)
      } else if (state.get(next) === 'open') {
        const ring = path.slice(path.findIndex((step) => step.node === next)).map((step) => step.node.replace(END, ''))
        const names = ring.filter((name, index) => name !== ring[index - 1])
        return { ring: names.length > 1 && names.at(-1) === names[0] ? names : [...names, names[0]!] }
      } else if (!state.has(next)) {
        state.set(next, 'open')
        path.push({ node: next, next: 0 })
      }
    }
  }
  return { order }
}
