/** A picture in numbers. */
import type { Node } from './node.ts'
import { parentsOf } from './node.ts'

export interface Summary {
  total: number
  /** Over: done, or skipped because nobody needs it any more. */
  done: number
  ready: string[]
  doing: string[]
  waiting: number
  gated: string[]
}

/** Counts steps, not groups: a group is as far as its parts are. Ids in the order of the list. */
export function summary(nodes: readonly Node[]): Summary {
  const groups = new Set(parentsOf(nodes))
  const leaves = nodes.filter((_, at) => !groups.has(at))
  const ids = (state: Node['state']): string[] => leaves.filter((node) => node.state === state).map(({ id }) => id)
  return {
    total: leaves.length,
    done: leaves.filter(isOver).length,
    ready: ids('ready'),
    doing: ids('doing'),
    waiting: ids('waiting').length,
    gated: ids('gated'),
  }
}

/** Whether nothing is left to do in a step. */
export const isOver = ({ state }: Node): boolean => state === 'done' || state === 'skipped'
