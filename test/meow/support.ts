/** Formulas for tests of the meow room: what a file would say, with everything else as the format's defaults have it. */

import type { CookOptions } from '../../src/meow/cook.ts'
import { cook } from '../../src/meow/cook.ts'
import type { Compose, Formula, Frozen, Leg, Loop, Step, Variable } from '../../src/meow/formulas/formula.ts'
import type { Recipe } from '../../src/meow/recipe.ts'

export type Says<T> = Partial<T>
type StepSays = Omit<Says<Step>, 'children' | 'loop'> & {
  children?: Step[]
  loop?: Loop
}

export function aStep(id: string, says: StepSays = {}): Step {
  return {
    id,
    title: id,
    description: '',
    notes: '',
    acceptance: '',
    type: 'task',
    labels: [],
    metadata: {},
    needs: [],
    parallel: false,
    interactive: false,
    expand_vars: {},
    children: [],
    ...says,
  }
}

/** `a`, `b < a`: step b, which needs a; several with spaces. */
export const stepsOf = (...lines: string[]): Step[] =>
  lines.map((line) => {
    const [id = '', needs = ''] = line.split('<').map((part) => part.trim())
    return aStep(id, { needs: needs.split(' ').filter(Boolean) })
  })

export const aVar = (says: Says<Variable> = {}): Variable => ({
  description: '',
  type: 'string',
  required: false,
  required_unless: [],
  enum: [],
  ...says,
})

export const aLeg = (id: string, says: Says<Leg> = {}): Leg => ({
  id,
  title: `${id} title`,
  focus: `${id} focus`,
  description: `${id} words`,
  ...says,
})

export function aFormula(formula: string, says: Omit<Says<Formula>, 'compose'> & { compose?: Says<Compose> } = {}) {
  const compose: Compose = {
    bond_points: [],
    hooks: [],
    expand: [],
    map: [],
    branch: [],
    gate: [],
    aspects: [],
    ...says.compose,
  }
  const whole: Formula = {
    formula,
    description: '',
    version: 1,
    type: 'workflow',
    phase: 'liquid',
    extends: [],
    vars: {},
    steps: [],
    template: [],
    advice: [],
    pointcuts: [],
    inputs: {},
    prompts: {},
    legs: [],
    aspects: [],
    presets: {},
    review_only: false,
    ...says,
    compose,
  }
  return whole
}

/** The first is the one to cook. */
export const frozenOf = (...formulas: [Formula, ...Formula[]]): Frozen => ({
  formula: formulas[0].formula,
  formulas: Object.fromEntries(formulas.map((formula) => [formula.formula, formula])),
})

/** Cooks the first of some formulas; throws what went wrong. */
export function cooked(formulas: [Formula, ...Formula[]], vars: Record<string, string> = {}, options?: CookOptions) {
  const done = cook(frozenOf(...formulas), vars, options)
  if (done.kind === 'error') throw new Error(done.failure.message)
  return done.value
}

/** `b < a` for each step, in order; parts with their parent in front: `group/part`. */
export const edges = ({ steps }: Pick<Recipe, 'steps'>): string[] =>
  steps.map(({ id, parent, needs }) => {
    const name = parent === undefined ? id : `${parent}/${id}`
    return needs.length === 0 ? name : `${name} < ${needs.join(' ')}`
  })

/** The message of what went wrong; throws when nothing did. */
export function complaint(formulas: [Formula, ...Formula[]], vars: Record<string, string> = {}, options?: CookOptions) {
  const done = cook(frozenOf(...formulas), vars, options)
  if (done.kind === 'ok') throw new Error(`cooked: ${edges(done.value).join(', ')}`)
  return done.failure.message
}
