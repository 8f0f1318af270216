/**
 * What can be wrong with a formula although each of its keys has the right shape: relations between its parts. Everything
 * that can be seen in the file alone is here; what needs other formulas (parents, expansions) is told when the formula is
 * frozen (freeze.ts), with the same words.
 */
import type { Problem } from '../../town/explain.ts'
import type { Step as Key } from '../../town/toml-map.ts'
import { checkCycles } from './check-cycles.ts'
import { checkLegs } from './check-legs.ts'
import { checkNames, checkSteps } from './check-steps.ts'
import { checkPlaceholders, checkVariables } from './check-variables.ts'
import { typeOf } from './fill.ts'
import type { FormulaFile } from './schema.ts'

/** Line of a path in the file; of the first `word` at or after it, when one is given. */
export type LineAt = (path: readonly Key[], word?: string) => number

/** What a formula has from others besides what its own file says. */
export interface Inherited {
  /** Ids of steps. */
  steps: ReadonlySet<string>
  legs: ReadonlySet<string>
  /** Names of variables. */
  variables: ReadonlySet<string>
}

const NOTHING_INHERITED: Inherited = { steps: new Set(), legs: new Set(), variables: new Set() }

/**
 * What is wrong inside one file. A formula with parents is not asked for what they may have, an expansion or an aspect not
 * for the variables of the formula that uses it: both are asked for once that is known (checkInherited).
 */
export function checkFile(file: FormulaFile, at: LineAt): Problem[] {
  const isChild = (file.extends ?? []).length > 0
  const type = typeOf(file)
  return [
    ...checkParts(file, at),
    ...checkVariables(file, at),
    ...checkSteps(file, at),
    ...checkCycles(file, at),
    ...(isChild ? [] : [...checkNames(file, at, NOTHING_INHERITED), ...checkLegs(file, at, NOTHING_INHERITED)]),
    ...(isChild || type === 'expansion' || type === 'aspect' ? [] : checkPlaceholders(file, at, NOTHING_INHERITED)),
  ]
}

/** What a file names, when all that it may name is known. */
export function checkInherited(file: FormulaFile, at: LineAt, inherited: Inherited): Problem[] {
  return [
    ...checkNames(file, at, inherited),
    ...checkLegs(file, at, inherited),
    ...checkPlaceholders(file, at, inherited),
  ]
}

/** A formula must have the parts that its type lives from. */
function checkParts(file: FormulaFile, at: LineAt): Problem[] {
  const type = typeOf(file)
  if ((file.extends ?? []).length > 0) return []
  const count = (parts: unknown[] | undefined): number => parts?.length ?? 0
  const missing =
    type === 'workflow' && count(file.steps) === 0
      ? 'steps'
      : type === 'convoy' && count(file.legs) === 0
        ? 'legs'
        : type === 'expansion' && count(file.template) === 0
          ? 'template'
          : type === 'aspect' && count(file.advice) + count(file.aspects) === 0
            ? 'advice'
            : undefined
  if (missing === undefined) return []
  const article = type === 'aspect' || type === 'expansion' ? 'an' : 'a'
  const what = missing === 'advice' || missing === 'template' ? `no \`${missing}\`` : `no ${missing}`
  return [
    {
      line: at(file.type === undefined ? ['formula'] : ['type']),
      text: `${article} ${type} with ${what} does nothing`,
      fix: `Add [[${missing}]], or give it another type.`,
    },
  ]
}
