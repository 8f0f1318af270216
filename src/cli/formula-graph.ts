/** `gt formula graph`: the steps that a formula amounts to, as a picture. */
import { cook } from '../meow/cook.ts'
import { freeze } from '../meow/formulas/freeze.ts'
import { nodesOfRecipe } from '../meow/nodes.ts'
import { mermaid } from '../meow/picture.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { drawn } from './drawn.ts'
import type { RigOption } from './formula.ts'
import { libraryHere } from './formula.ts'
import type { FormulaOptions } from './mol-options.ts'
import { varsOf } from './mol-options.ts'

export type GraphOptions = RigOption & FormulaOptions & { mermaid?: boolean; all?: boolean }

/** Values that are not given stay as they are written, so that every formula can be looked at. */
export function graph(context: Context, name: string, options: GraphOptions): Answer {
  const library = libraryHere(context, options)
  if (library.kind === 'error') return library
  const frozen = freeze(name, library.value)
  if (frozen.kind === 'error') return frozen
  const vars = varsOf(options.var)
  if (vars.kind === 'error') return vars
  const { preset, legs } = options
  const recipe = cook(frozen.value, vars.value, { keep: true, preset, legs })
  if (recipe.kind === 'error') return recipe
  const nodes = nodesOfRecipe(recipe.value)
  const data = { formula: name, kind: recipe.value.kind, steps: nodes }
  return ok({ data, text: options.mermaid ? mermaid(nodes) : drawn(nodes, context, options.all) })
}
