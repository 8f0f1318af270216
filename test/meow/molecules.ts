/** Recipes and molecules made by hand, in a fold. Only for tests of pure parts. */
import { expect } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { ChangeInput } from '../../src/beads/change.ts'
import type { State } from '../../src/beads/fold.ts'
import type { Completing, Growth } from '../../src/meow/complete.ts'
import { completeStep } from '../../src/meow/complete.ts'
import { nextStep, stepsOf } from '../../src/meow/molecule.ts'
import { pour } from '../../src/meow/pour.ts'
import type { Recipe, RecipeStep } from '../../src/meow/recipe.ts'
import type { Result } from '../../src/result.ts'
import { at, write } from '../kernel/support.ts'

/** `b` needs `a`, and so on. */
export const aStep = (id: string, needs: string[] = [], more: Partial<RecipeStep> = {}): RecipeStep => ({
  id,
  title: `Do ${id}`,
  description: `What ${id} is about.`,
  type: 'task',
  labels: [],
  needs,
  source: { formula: 'made-up', location: id },
  ...more,
})

export const aRecipe = (steps: RecipeStep[], more: Partial<Recipe> = {}): Recipe => ({
  formula: 'made-up',
  version: 1,
  kind: 'molecule',
  phase: 'liquid',
  title: 'A molecule',
  description: '',
  vars: {},
  steps,
  ...more,
})

/** Steps that each need the one before. */
export const chain = (...ids: string[]): RecipeStep[] => ids.map((id, i) => aStep(id, i === 0 ? [] : [ids[i - 1]!]))

export function value<T>(result: Result<T>): T {
  if (result.kind === 'error') throw new Error(`${result.failure.code}: ${result.failure.message}`)
  return result.value
}

/** Pours into the fold; the id of the molecule's bead. */
export function poured(state: State, recipe: Recipe, on?: Bead): string {
  const made = value(pour(state, recipe, { prefix: 'gp', rig: 'gp', on, by: 'person', at: at(0) }))
  expect(write(state, made.input).applied).toBe(true)
  return made.root
}

export const NOW = new Date(at(60))

/** The bead of a step by its name. */
export function step(state: State, root: string, name: string): Bead {
  const found = stepsOf(state, root).find(({ facts: one }) => one.name === name)
  if (found === undefined) throw new Error(`no step ${name}`)
  return found.bead
}

export const next = (state: State, root: string): string | undefined => nextStep(state, root, NOW)?.facts.name

export function completion(
  state: State,
  root: string,
  name: string,
  more: Partial<Completing> = {},
  grow?: Growth,
): Result<ChangeInput> {
  return completeStep(state, step(state, root, name), { by: 'person', at: at(60), ...more }, grow)
}

/** Says that a step is done; whether the change applied. */
export const complete = (
  state: State,
  root: string,
  name: string,
  more: Partial<Completing> = {},
  grow?: Growth,
): boolean => write(state, value(completion(state, root, name, more, grow))).applied

export const isDone = (state: State, root: string, name: string): boolean =>
  step(state, root, name).status === 'closed' && facts(step(state, root, name)).outcome === 'done'
