/**
 * Cooking: from a frozen formula and values to a recipe. Pure; the same ingredients give the same recipe. The passes and their
 * order are the format's (reference: pipeline order), each in a file of its own under cook/:
 *
 *   extends → variables → loops → branches → parallel → gates → advice → expand (inline, by name, by glob) → aspects →
 *   hooks → conditions → values into texts → a list in order
 *
 * Unlike the original, a formula that extends another loses nothing of it, and whoever needs a loop waits for all of it.
 */
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { advise, adviseAll } from './cook/advice.ts'
import { branches, expansions, gates, hooks } from './cook/compose.ts'
import { convoy, isConvoy } from './cook/convoy.ts'
import type { Blueprint, Draft, Table } from './cook/draft.ts'
import { layTable, validate, walk } from './cook/draft.ts'
import { expandInline, materialise } from './cook/expand.ts'
import { blueprint } from './cook/extends.ts'
import { flatten } from './cook/flatten.ts'
import { leaveOut } from './cook/leave-out.ts'
import { MOST_STEPS, unroll } from './cook/loops.ts'
import { fillDouble } from './cook/substitute.ts'
import { valuesOf, variablesOf } from './cook/variables.ts'
import { parallel } from './cook/wiring.ts'
import type { Frozen } from './formulas/formula.ts'
import type { BondPoint, Recipe, RecipeStep } from './recipe.ts'

export { nextRound } from './cook/rounds.ts'

export interface CookOptions {
  /** What has no value stays as it is written (`{{x}}`), and no value is an error: to look at a formula. */
  keep?: boolean | undefined
  /** Of a convoy: a named choice of legs, and legs by id. Both: those of either. Neither: all. */
  preset?: string | undefined
  legs?: string[] | undefined
}

/**
 * A recipe of a formula.
 *
 * @param vars values of variables and inputs, by name, as typed
 * Errors: E_FORMULA (the formula cannot be cooked: formula, step and reason), E_VARS (a value is missing, wrong or unknown; a
 * preset or leg is unknown).
 */
export function cook(frozen: Frozen, vars: Record<string, string>, options: CookOptions = {}): Result<Recipe> {
  const table = layTable(frozen, options.keep === true)
  const plan = blueprint(table, frozen.formula)
  if (plan !== undefined && table.failure === undefined) table.values = valuesOf(table, plan, vars)
  if (plan === undefined || table.failure !== undefined) return refused(table)
  const legs = isConvoy(plan)
  if (!legs && (options.preset !== undefined || options.legs !== undefined)) {
    const what = options.preset === undefined ? 'legs' : 'presets'
    table.refuse(`Formula ${plan.formula} is a ${plan.type} and has no ${what}.`, 'Leave them out.', 'E_VARS')
  }
  const steps = legs ? convoy(table, plan, options) : stepsOf(table, plan)
  if (table.failure !== undefined) return refused(table)
  return ok({
    formula: plan.formula,
    version: plan.version,
    kind: legs ? 'convoy' : 'molecule',
    phase: plan.phase,
    title: titleOf(plan, vars),
    description: fillDouble(plan.description, table.values),
    vars: table.values,
    steps,
    ...(plan.agent !== undefined && { agent: plan.agent }),
    ...bondPoints(plan, steps),
  })
}

/** Those whose step is in the recipe; one that was left out, or replaced, is no place any more. */
function bondPoints({ compose }: Blueprint, steps: readonly RecipeStep[]): { bondPoints?: BondPoint[] } {
  const ids = new Set(steps.map(({ id }) => id))
  const points = compose.bond_points.flatMap(
    ({ id, after_step: after, before_step: before, parallel }): BondPoint[] => {
      const place = after !== undefined ? { after } : before !== undefined ? { before } : undefined
      if (place === undefined || !ids.has(after ?? before!)) return []
      return [{ id, ...place, ...(parallel && { parallel: true as const }) }]
    },
  )
  return points.length === 0 ? {} : { bondPoints: points }
}

const refused = (table: Table): Result<Recipe> => ({ kind: 'error', failure: table.failure! })

/** Its name, and the first value that was given: enough to tell two of them apart in a list. */
function titleOf(plan: Blueprint, vars: Record<string, string>): string {
  const told = Object.keys(variablesOf(plan)).find((name) => (vars[name] ?? '').trim() !== '')
  const value = told === undefined ? '' : vars[told]!.trim().split('\n')[0]!
  return value === '' ? plan.formula : `${plan.formula}: ${value.length > 80 ? `${value.slice(0, 79)}…` : value}`
}

function stepsOf(table: Table, plan: Blueprint) {
  let drafts = begin(table, plan)
  const passes: (() => void)[] = [
    () => branches(table, drafts, plan),
    () => parallel(drafts),
    () => gates(table, drafts, plan),
    () => plan.type !== 'aspect' && advise(drafts, plan),
    () => expandInline(table, drafts),
    () => expansions(table, drafts, plan),
    () => aspects(table, drafts, plan),
    () => hooks(table, drafts, plan),
    () => enough(table, drafts, plan),
    () => {
      drafts = leaveOut(table, drafts)
    },
  ]
  for (const pass of passes) if (table.failure === undefined) pass()
  if (table.failure !== undefined) return []
  if (drafts.length === 0) {
    table.refuse(`With these values formula ${plan.formula} has no step left.`, `gt formula show ${plan.formula}`)
  }
  return flatten(table, drafts, plan)
}

/** Its steps without loops. An expansion is cooked alone as if for a step `main`. */
function begin(table: Table, plan: Blueprint): Draft[] {
  if (plan.type === 'expansion' && plan.steps.length === 0) {
    const main = { id: 'main', title: plan.formula, description: plan.description, notes: '', acceptance: '' }
    return materialise(table, plan, main, {})
  }
  if (plan.steps.length === 0) {
    const why =
      plan.type === 'aspect'
        ? 'is advice for steps of other formulas: name it in their compose.aspects'
        : 'has no steps'
    table.refuse(`Formula ${plan.formula} ${why}.`, validate(plan.formula))
  }
  return unroll(table, plan.steps)
}

function aspects(table: Table, drafts: Draft[], plan: Blueprint): void {
  const found = plan.compose.aspects.map((name) => blueprint(table, fillDouble(name, table.values), plan.formula))
  const all = found.flatMap((aspect) => (aspect === undefined ? [] : [aspect]))
  if (table.failure === undefined) adviseAll(table, drafts, all, plan)
}

function enough(table: Table, drafts: readonly Draft[], plan: Blueprint): void {
  const count = [...walk(drafts)].length
  if (count > MOST_STEPS) {
    const why = `Formula ${plan.formula} amounts to ${count} steps, and ${MOST_STEPS} are the most.`
    table.refuse(why, validate(plan.formula))
  }
}
