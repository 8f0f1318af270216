/** A molecule as its worker is told about it (agents/steps.ts). */
import { taskText } from '../agents/brief.ts'
import type { StepsTold } from '../agents/steps.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { isOver } from '../beads/ready.ts'
import { firstReady, isDone, stepsOf } from './molecule.ts'

/**
 * Undefined when the bead has no steps. Steps are numbered as people count: groups left out. Asked at every step of long
 * work, so it looks at no more of them than it takes.
 */
export function toldOf(state: State, root: Bead, now: Date): StepsTold | undefined {
  if (facts(root).molecule?.kind !== 'molecule') return undefined
  const leaves = stepsOf(state, root.id)
    .filter((step) => !step.facts.parts)
    .map((step, i) => ({ ...step, n: i + 1 }))
  const list = leaves.map(({ bead, n }) => ({ n, title: bead.title, done: isDone(bead) }))
  const at = firstReady(
    state,
    leaves.filter(({ bead }) => !isOver(bead)),
    now,
  )
  return {
    done: list.filter(({ done }) => done).length,
    total: leaves.length,
    list,
    ...('next' in at ? { next: toldStep(at.next.bead, at.next.n) } : at),
  }
}

/** One step with its text. `n`: as people count. */
export const toldStep = (bead: Bead, n: number): NonNullable<StepsTold['next']> => ({
  id: bead.id,
  n,
  title: bead.title,
  text: taskText(bead),
})
