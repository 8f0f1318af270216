/**
 * A recipe: what a formula amounts to once its variables have values. Every loop is unrolled, every condition decided, every
 * placeholder filled; what is left is a list of steps and what each waits for. Pouring it is bookkeeping (pour.ts).
 */
import type { Frozen, Step, StepGate } from './formulas/formula.ts'

export interface Recipe {
  formula: string
  version: number
  /** `convoy`: its steps are beads for several workers. `molecule`: they are the steps of one bead, for one worker. */
  kind: 'molecule' | 'convoy'
  phase: 'liquid' | 'vapor'
  /** Of the bead that the steps belong to. */
  title: string
  description: string
  /** The values that it was cooked with. */
  vars: Record<string, string>
  /** Whoever is needed comes first; neighbours in the order of the file. */
  steps: RecipeStep[]
  agent?: string
  /** Places at which other formulas may be bonded to it, each behind or before a step. */
  bondPoints?: BondPoint[]
}

export interface BondPoint {
  id: string
  after?: string
  before?: string
  /** What is bonded there holds nothing up. */
  parallel?: true
}

export interface RecipeStep {
  /** Unique in the recipe: `build`, `test.iter2.run`. */
  id: string
  /** The step that this one is a part of. A step with parts is done when all its parts are. */
  parent?: string
  title: string
  description: string
  notes?: string
  acceptance?: string
  type: Step['type']
  priority?: number
  labels: string[]
  metadata?: Record<string, unknown>
  assignee?: string
  /** Ids of steps that must be done first. */
  needs: string[]
  /** Waits for what the parts of another step will be once it is done (`on_complete`). */
  waitsFor?: { gate: 'all-children' | 'any-children'; of: string }
  gate?: StepGate
  /** A condition on the steps before it that must hold when its turn comes (`compose.gate`). */
  when?: string
  onComplete?: { forEach: string; bond: Frozen; vars: Record<string, string>; sequential: boolean }
  /** Of a step whose parts are repeated until the condition holds. */
  until?: Until
  /** Its worker reports and changes nothing. */
  reviewOnly?: boolean
  agent?: string
  /** Where it was written: formula and place, such as `steps[2].children[0]`. */
  source: { formula: string; location: string }
}

/** A loop whose end is known only at run time. Its first round is in the recipe; `nextRound` (cook.ts) makes the others. */
export interface Until {
  condition: string
  max: number
  /** Name of the loop's variable. */
  var?: string
  /** Its first round, in order, with all placeholders filled but the loop's own: what another round is copied from. */
  body: RecipeStep[]
}
