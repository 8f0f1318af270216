/** Going through the steps of a formula's file: every step with its place, whatever it is nested in. */
import type { Step as Key } from '../../town/toml-map.ts'
import type { FileStep, FormulaFile } from './schema.ts'

export interface PlacedStep {
  step: FileStep
  /** In the file: `['steps', 2, 'children', 0]`. */
  path: Key[]
  /** The step that it is a part of. */
  parent?: PlacedStep
  /**
   * Steps see the ids of their own scope and of those around it. `steps` is one, with all children in it; `template` is one;
   * and the body of a loop is one, because its ids are prefixed when it is unrolled.
   */
  scope: Scope
}

interface Scope {
  within?: Scope
  /** The first step of each id. */
  ids: Map<string, PlacedStep>
  /** Steps whose id was taken. */
  twice: PlacedStep[]
}

/** All steps of a file in its order, parents before their parts. */
export function placedSteps(file: FormulaFile): PlacedStep[] {
  const all: PlacedStep[] = []
  const visit = (steps: FileStep[], path: Key[], scope: Scope, parent?: PlacedStep): void => {
    steps.forEach((step, index) => {
      const placed: PlacedStep = { step, path: [...path, index], scope, ...(parent && { parent }) }
      all.push(placed)
      if (scope.ids.has(step.id)) scope.twice.push(placed)
      else scope.ids.set(step.id, placed)
      visit(step.children ?? [], [...placed.path, 'children'], scope, placed)
      if (step.loop !== undefined) visit(step.loop.body, [...placed.path, 'loop', 'body'], newScope(scope), placed)
    })
  }
  visit(file.steps ?? [], ['steps'], newScope())
  visit(file.template ?? [], ['template'], newScope())
  return all
}

function newScope(within?: Scope): Scope {
  return { ids: new Map(), twice: [], ...(within && { within }) }
}

/** The step that an id means from inside a scope. */
export function findStep(scope: Scope | undefined, id: string): PlacedStep | undefined {
  return scope === undefined ? undefined : (scope.ids.get(id) ?? findStep(scope.within, id))
}

/** All ids that can be named from inside a scope. */
export function idsIn(scope: Scope | undefined): string[] {
  return scope === undefined ? [] : [...scope.ids.keys(), ...idsIn(scope.within)]
}
