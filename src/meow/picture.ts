/** Pictures of steps: a graph for the terminal, Mermaid for documents, and the same in numbers. Pure. */
export { type DrawOptions, draw } from './picture/draw.ts'
export { mermaid } from './picture/mermaid.ts'
export type { Node, NodeState } from './picture/node.ts'
export { type Summary, summary } from './picture/summary.ts'
