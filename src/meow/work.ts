/** What of a poured formula is put on workers: the molecule's one bead, or every leg of a convoy. Pure. */
import type { Made } from './make.ts'

export interface Work {
  /** Beads to sling, in the order of the formula. */
  beads: string[]
  /** The epic of a convoy, else the bead with the steps. */
  root: string
  /** Which agent does it, by bead, where the formula says so. */
  agents: Map<string, string>
}

export function workOf({ root, recipe, ids }: Made): Work {
  const agents = new Map<string, string>()
  if (recipe.kind === 'molecule') {
    if (recipe.agent !== undefined) agents.set(root, recipe.agent)
    return { beads: [root], root, agents }
  }
  const beads: string[] = []
  for (const step of recipe.steps) {
    const id = ids.get(step.id)!
    beads.push(id)
    const agent = step.agent ?? recipe.agent
    if (agent !== undefined) agents.set(id, agent)
  }
  return { beads, root, agents }
}
