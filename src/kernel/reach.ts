/** Whom an open breaker keeps from starting, and whom not. Pure; the drawing is in breaker-tree.ts. */
import { isWithin, TOWN } from './outcomes.ts'

/** Nodes right below one that is open while some of them work. */
export interface Beside {
  /** They work, and have not failed more than a slip since: known since when, ms. At least one. */
  works: { node: string; since: number }[]
  /** Had a breaker of their own open when the first of those was known. */
  broken: string[]
}

/** As far as it decides whom an open breaker holds. */
export interface Reach {
  node: string
  /** Opened by this node below it alone, which has a breaker of its own. */
  through?: string
  /** Absent when nothing below works. */
  beside?: Beside
}

/** Whether what is open at a node keeps a leaf from starting: not what it opened through, nor whose state is known. */
export const holds = ({ node, through, beside }: Reach, leaf: string): boolean =>
  isWithin(leaf, node) &&
  !(through !== undefined && isWithin(leaf, through)) &&
  !beside?.works.some((one) => isWithin(leaf, one.node)) &&
  !beside?.broken.some((one) => isWithin(leaf, one))

export const isBelow = (node: string, above: string): boolean => node !== above && isWithin(node, above)

/** The node right below `above` that a node below it is in: of the town a rig, of a rig a role. */
export const branchOf = (above: string, node: string): string => (above === TOWN ? node.split('/')[0]! : node)
