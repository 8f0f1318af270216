/**
 * Whether the condition of a `condition` gate holds: a molecule's own (`review.output.approved == true`,
 * `children(build).all(status == 'complete')`), over the steps of the bead that it was poured under.
 */
import type { State } from '../../beads/fold.ts'
import { conditionView } from '../condition-view.ts'
import { holds, parseCondition } from '../conditions.ts'
import { stepsOf } from '../molecule.ts'

/** `text` as it was written, `of` the bead that the molecule was poured under. Looks at the state, and whether files are there. */
export function conditionHolds(state: State, text: string, of: string): boolean | 'unknown' {
  const root = state.beads.get(of)
  const parsed = parseCondition(text)
  if (root === undefined || parsed.kind === 'error') return 'unknown'
  return holds(parsed.value, conditionView({ root, steps: stepsOf(state, of), env: process.env }))
}
