/**
 * Steps as a Mermaid flowchart, for documents. Words are data, never Mermaid: they stand in quotes, and all signs that could
 * end, format or direct anything are written as Mermaid’s own entities (`#34;`). Ids are ours, so no id can be a keyword.
 */

import { harmless } from '../../screen/width.ts'
import type { Node, NodeState } from './node.ts'
import { parentsOf, placesOf } from './node.ts'
import { progressOf } from './order.ts'

/** Dark words on a light ground, so that they can be read on a dark page as well. */
const CLASSES: Record<NodeState, string> = {
  done: 'fill:#d3f2d9,stroke:#2e7d32,color:#123',
  doing: 'fill:#cfe8fc,stroke:#1565c0,color:#123,stroke-width:3px',
  ready: 'fill:#fff6cc,stroke:#b28900,color:#123',
  waiting: 'fill:#f2f2f2,stroke:#9e9e9e,color:#333,stroke-dasharray:4',
  gated: 'fill:#f0dcf7,stroke:#7b1fa2,color:#123',
  failed: 'fill:#fbd5d5,stroke:#c62828,color:#123,stroke-width:3px',
  skipped: 'fill:#f7f7f7,stroke:#bdbdbd,color:#777,stroke-dasharray:2',
}

const TITLE_MOST = 80

/**
 * A `flowchart TD`: groups are subgraphs, states are classes, an arrow leads to the step that needs. Needs that are not in
 * the list are left out, and so is an arrow between a group and its own part. Mermaid itself draws no more than 500 arrows
 * unless its `maxEdges` is raised.
 */
export function mermaid(nodes: readonly Node[]): string {
  const places = placesOf(nodes)
  const parents = parentsOf(nodes, places)
  const progress = progressOf(nodes, parents)
  const parts = new Map<number, number[]>()
  for (const [at, parent] of parents.entries()) {
    const list = parts.get(parent)
    if (list) list.push(at)
    else parts.set(parent, [at])
  }

  const lines = ['flowchart TD']
  const todo = (parts.get(-1) ?? []).map((at) => ({ at, depth: 1, end: false })).reverse()
  for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
    const { at, depth, end } = one
    const lead = '  '.repeat(depth)
    const inner = parts.get(at)
    if (end) lines.push(`${lead}end`)
    else if (inner === undefined) lines.push(`${lead}n${at}["${label(nodes[at]!)}"]`)
    else {
      const far = progress[at] ? ` (${progress[at].done}/${progress[at].total})` : ''
      lines.push(`${lead}subgraph n${at}["${label(nodes[at]!)}${far}"]`)
      todo.push(
        { at, depth, end: true },
        ...inner.map((part) => ({ at: part, depth: depth + 1, end: false })).reverse(),
      )
    }
  }
  for (const [at, node] of nodes.entries()) {
    for (const id of new Set(node.needs)) {
      const need = places.get(id)
      if (need === undefined || within(need, at, parents) || within(at, need, parents)) continue
      lines.push(`  n${need} --> n${at}`)
    }
  }
  for (const state of Object.keys(CLASSES) as NodeState[]) {
    const ids = nodes.flatMap((node, at) => (node.state === state ? [`n${at}`] : []))
    if (ids.length > 0) lines.push(`  classDef ${state} ${CLASSES[state]}`, `  class ${ids.join(',')} ${state}`)
  }
  return lines.join('\n')
}

/** Whether `at` is `group` or a part of it, at any depth. */
function within(at: number, group: number, parents: number[]): boolean {
  for (let one = at; one >= group; one = parents[one]!) if (one === group) return true
  return false
}

function label({ id, title, note }: Node): string {
  const words = [id === title || title === '' ? id : `${id}: ${title}`, ...(note ? [`(${note})`] : [])]
  const text = harmless(words.join(' '))
  const signs = [...text]
  const short = signs.length > TITLE_MOST ? `${signs.slice(0, TITLE_MOST - 1).join('')}…` : text
  return short.replace(/[\x00-\x7f]/g, (sign) =>
    /[A-Za-z0-9 .,:()/+=?!-]/.test(sign) ? sign : `#${sign.charCodeAt(0)};`,
  )
}
