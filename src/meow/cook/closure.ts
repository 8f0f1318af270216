/** A formula and every other that it can reach, cut out of those that it was frozen with. */
import type { Formula, Frozen, Step } from '../formulas/formula.ts'
import { fillDouble } from './substitute.ts'

/** Names of the formulas that one formula names itself. */
function namedBy({ extends: parents, compose, steps, template }: Formula): string[] {
  const { expand, map, hooks, aspects } = compose
  const composed = [...expand.map((e) => e.with), ...map.map((m) => m.with), ...hooks.map((h) => h.attach), ...aspects]
  return [...new Set([...parents, ...composed, ...namedBySteps([...steps, ...template])])]
}

function namedBySteps(steps: readonly Step[]): string[] {
  return steps.flatMap(({ expand, on_complete, children, loop }) => [
    ...(expand === undefined ? [] : [expand]),
    ...(on_complete === undefined ? [] : [on_complete.bond]),
    ...namedBySteps(children),
    ...namedBySteps(loop?.body ?? []),
  ])
}

/** The closure of a name; a name with placeholders is filled with `values`. What is not there is left to whoever cooks it. */
export function closure(frozen: Frozen, name: string, values: Record<string, string> = {}): Frozen {
  const formulas: Record<string, Formula> = {}
  const left = [name]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const real = fillDouble(next, values)
    if (Object.hasOwn(formulas, real) || !Object.hasOwn(frozen.formulas, real)) continue
    formulas[real] = frozen.formulas[real]!
    left.push(...namedBy(formulas[real]!))
  }
  return { formula: name, formulas }
}
