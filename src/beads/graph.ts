/**
 * The beads as a graph: a tree for the terminal, Mermaid for documents. Pure; an
 * arrow or a branch always says the same thing: what stands below is needed by, or part of, what stands above.
 */
import type { Bead, Dependency } from './bead.ts'
import { childrenByParent } from './epics.ts'
import type { State } from './fold.ts'
import { lookUp } from './fold.ts'
import { HOLDS, isOver, parentsOf } from './ready.ts'

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

/** They have lists of their own. */
const NO_TASK: ReadonlySet<string> = new Set(['merge-request', 'message'])

/** The beads that a graph is about: all that are not over, or one and whatever hangs below it. */
function scope(state: State, children: Map<string, Bead[]>, root?: string): Set<string> {
  if (root === undefined) {
    const live = [...state.beads.values()].filter((bead) => !isOver(bead) && !NO_TASK.has(bead.issue_type))
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
  const draw = (start: string): void => {
    const todo = [{ to: start, how: '', lead: '', branch: '' }]
    for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
      const { to: id, how, lead, branch } = one
      const again = shown.has(id)
      const words = how === 'child' || how === '' ? '' : how === 'blocks' ? 'needs ' : `${how} `
      const lines = below(id)
      const rest = again && lines.length > 0 ? '  (see above)' : ''
      text.push(`${lead}${branch}${words}${label(id, lookUp(state, id))}${rest}`)
      if (again) continue
      shown.add(id)
      const deeper = lead + (branch === '' ? '' : branch.startsWith('└') ? '   ' : '│  ')
      const next = lines.map((line, i) => ({ ...line, lead: deeper, branch: i === lines.length - 1 ? '└─ ' : '├─ ' }))
      todo.push(...next.reverse())
    }
  }
  for (const id of roots) draw(id)
  // What only circles lead to has no beginning: begin anywhere.
  for (const id of within) if (!shown.has(id)) draw(id)
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
    const bead = lookUp(state, id)
    return `  ${short}["${quoted(bead === undefined ? `${id} (not here)` : `${id}: ${bead.title} (${bead.status})`)}"]`
  })
  return ['flowchart TD', ...nodes, ...arrows].join('\n')
}

/** Text inside a quoted Mermaid label: entities for everything that could end or format it. */
function quoted(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 79)}…` : text
  return short.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').replace(/[#"<>&`\\[\]{}|%]/g, (sign) => `#${sign.charCodeAt(0)};`)
}
