/**
 * The beads as a graph: circles among what holds beads back, a tree for the terminal, Mermaid for documents. Pure; an
 * arrow or a branch always says the same thing: what stands below is needed by, or part of, what stands above.
 */
import type { Bead, Dependency } from './bead.ts'
import { childrenByParent } from './epics.ts'
import type { State } from './fold.ts'
import { HOLDS, isOver, parentsOf, waitOf } from './ready.ts'

/**
 * Circles of beads that hold each other back for ever, each as the chain of ids from its smallest id back to it; one
 * per knot of beads. Only what still counts: a closed bead breaks every circle. An edge that waits for children leads
 * to those children.
 */
export function findCycles(state: State): string[][] {
  const children = childrenByParent(state)
  const next = (id: string): string[] => {
    const bead = state.beads.get(id)
    if (bead === undefined || isOver(bead)) return []
    return (bead.dependencies ?? []).flatMap((edge) => {
      if (!HOLDS.has(edge.type)) return []
      const to = edge.type === 'waits-for' ? (children.get(waitOf(edge).spawner) ?? []).map((child) => child.id) : []
      return edge.type === 'waits-for' ? to : [edge.depends_on_id]
    })
  }
  return knots([...state.beads.keys()].sort(), next).map((knot) => circleIn(new Set(knot), knot[0]!, next))
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
        const knot = stack.splice(stack.indexOf(top.id))
        for (const id of knot) open.delete(id)
        if (knot.length > 1 || next(top.id).includes(top.id)) found.push(knot.sort())
      } else if (!index.has(to)) enter(to)
      else if (open.has(to)) low.set(top.id, Math.min(low.get(top.id)!, index.get(to)!))
    }
  }
  return found.sort((a, b) => (a[0]! < b[0]! ? -1 : 1))
}

/** The shortest way within a knot from an id back to itself. */
function circleIn(knot: Set<string>, start: string, next: (id: string) => string[]): string[] {
  const from = new Map<string, string>()
  const queue = [start]
  for (let at = 0; at < queue.length; at++) {
    for (const to of next(queue[at]!)) {
      if (to === start) {
        const way = [queue[at]!]
        while (way[0] !== start) way.unshift(from.get(way[0]!)!)
        return [...way, start]
      }
      if (!knot.has(to) || from.has(to)) continue
      from.set(to, queue[at]!)
      queue.push(to)
    }
  }
  return [start]
}

/** What a graph shows: beads and the lines between them, from the one above to the one below. */
interface Line {
  to: string
  /** How the one above is bound to the one below: `child`, or the type of its edge. */
  how: string
}

const linesOf = (bead: Bead, children: Map<string, Bead[]>): Line[] => [
  ...(children.get(bead.id) ?? []).map((child) => ({ to: child.id, how: 'child' })),
  ...(bead.dependencies ?? []).filter(isNeed).map((edge) => ({ to: edge.depends_on_id, how: edge.type })),
]

const isNeed = (edge: Dependency): boolean => HOLDS.has(edge.type) && edge.type !== 'parent-child'

/** The beads that a graph is about: all that are not over, or one and whatever hangs below it. */
function scope(state: State, children: Map<string, Bead[]>, root?: string): Set<string> {
  if (root === undefined) {
    const live = [...state.beads.values()].filter((bead) => !isOver(bead) && bead.issue_type !== 'merge-request')
    return new Set(live.map((bead) => bead.id).sort())
  }
  const found = new Set([root])
  for (const id of found) {
    const bead = state.beads.get(id)
    if (bead) for (const { to } of linesOf(bead, children)) found.add(to)
  }
  return found
}

/**
 * A tree of text: children and needs of a bead hang below it. A bead that was shown already is only named again. Without
 * `root`: every bead that is not over, beginning at those that nothing else leads to.
 *
 * @param label how a bead is written in its line; undefined stands for one that is not in the ledger
 */
export function graphTree(state: State, label: (id: string, bead: Bead | undefined) => string, root?: string): string {
  const children = childrenByParent(state)
  const within = scope(state, children, root)
  const below = (id: string): Line[] => {
    const bead = state.beads.get(id)
    if (bead === undefined) return []
    return linesOf(bead, children).filter(({ to }) => within.has(to) || !state.beads.has(to))
  }
  const led = new Set([...within].flatMap((id) => below(id).map(({ to }) => to)))
  const roots = root !== undefined ? [root] : [...within].filter((id) => !led.has(id))
  const shown = new Set<string>()
  const text: string[] = []
  const draw = (id: string, lead: string, branch: string, how: string): void => {
    const again = shown.has(id)
    const words = how === 'child' || how === '' ? '' : how === 'blocks' ? 'needs ' : `${how} `
    const lines = below(id)
    const rest = again && lines.length > 0 ? '  (see above)' : ''
    text.push(`${lead}${branch}${words}${label(id, state.beads.get(id))}${rest}`)
    if (again) return
    shown.add(id)
    const deeper = lead + (branch === '' ? '' : branch.startsWith('└') ? '   ' : '│  ')
    for (const [i, line] of lines.entries()) {
      draw(line.to, deeper, i === lines.length - 1 ? '└─ ' : '├─ ', line.how)
    }
  }
  for (const id of roots) draw(id, '', '', '')
  // What only circles lead to has no beginning: begin anywhere.
  for (const id of within) if (!shown.has(id)) draw(id, '', '', '')
  return text.join('\n')
}

/** The same as a Mermaid flowchart. Titles are quoted and escaped: they are data, never Mermaid. */
export function graphMermaid(state: State, root?: string): string {
  const children = childrenByParent(state)
  const within = scope(state, children, root)
  const names = new Map<string, string>()
  const name = (id: string): string => {
    const held = names.get(id)
    if (held !== undefined) return held
    names.set(id, `n${names.size}`)
    return name(id)
  }
  const arrows: string[] = []
  for (const id of within) {
    const bead = state.beads.get(id)
    name(id)
    if (bead === undefined) continue
    for (const edge of (bead.dependencies ?? []).filter(isNeed)) {
      if (state.beads.has(edge.depends_on_id) && !within.has(edge.depends_on_id)) continue
      const how = edge.type === 'blocks' ? '-->' : `-->|${edge.type}|`
      arrows.push(`  ${name(edge.depends_on_id)} ${how} ${name(id)}`)
    }
    for (const parent of parentsOf(bead)) if (within.has(parent)) arrows.push(`  ${name(parent)} -.-> ${name(id)}`)
  }
  const nodes = [...names].map(([id, short]) => {
    const bead = state.beads.get(id)
    return `  ${short}["${quoted(bead === undefined ? `${id} (not here)` : `${id}: ${bead.title} (${bead.status})`)}"]`
  })
  return ['flowchart TD', ...nodes, ...arrows].join('\n')
}

/** Text inside a quoted Mermaid label: entities for everything that could end or format it. */
function quoted(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 79)}…` : text
  return short.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').replace(/[#"<>&`\\[\]{}|%]/g, (sign) => `#${sign.charCodeAt(0)};`)
}
