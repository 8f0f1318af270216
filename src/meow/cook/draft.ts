/**
 * What the passes of cooking hand to each other: a step while it is still a tree with loops, conditions and placeholders, and
 * the table that they work at. Passes change drafts in place; each cook makes its own from the formula.
 */
import type { Failure } from '../../result.ts'
import { fail } from '../../result.ts'
import type { Formula, Frozen, Loop, Step } from '../formulas/formula.ts'

export interface Draft extends Omit<Step, 'children' | 'loop' | 'condition' | 'waits_for'> {
  children: Draft[]
  loop?: Omit<Loop, 'body'> & { body: Draft[] }
  /** All must hold, or the step is left out. */
  conditions: string[]
  /** Ids; `of` is the step whose parts it waits for. */
  waits?: { gate: 'all-children' | 'any-children'; of: string }
  when?: string
  until?: { condition: string; max: number; var: string }
  /** Has parts, perhaps none that are left. */
  group: boolean
  /** Put there by advice; advice leaves it alone. */
  added?: boolean
  source: { formula: string; location: string }
}

/** A formula whose steps are drafts, with everything that it extends. */
export interface Blueprint extends Omit<Formula, 'steps' | 'template'> {
  steps: Draft[]
  template: Draft[]
}

/** The table of one cook. The first complaint is kept, and ends the cook after the pass that made it. */
export interface Table {
  frozen: Frozen
  values: Record<string, string>
  /** What has no value stays as it is written. */
  keep: boolean
  failure?: Failure
  refuse(message: string, hint: string, code?: 'E_FORMULA' | 'E_VARS'): void
}

export function layTable(frozen: Frozen, keep: boolean): Table {
  const table: Table = {
    frozen,
    values: {},
    keep,
    refuse(message, hint, code = 'E_FORMULA') {
      table.failure ??= fail(code, message, { kept: 'Nothing was made.', hint }).failure
    },
  }
  return table
}

/** What to type to look at a formula that is wrong. */
export const validate = (formula: string): string => `gt formula validate ${formula}`

/** Drafts of steps as a file has them; of what passes change, they have their own. `location`: where they stand, such as `steps`. */
export function draftsOf(steps: readonly Step[], formula: string, location: string): Draft[] {
  return steps.map((step, index) => {
    const here = `${location}[${index}]`
    const { children, loop, condition, waits_for, ...rest } = step
    const draft: Draft = {
      ...rest,
      needs: [...rest.needs],
      children: draftsOf(children, formula, `${here}.children`),
      conditions: condition === undefined ? [] : [condition],
      group: children.length > 0 || loop !== undefined,
      source: { formula, location: here },
    }
    if (loop !== undefined) draft.loop = { ...loop, body: draftsOf(loop.body, formula, `${here}.loop.body`) }
    const waits = /^(all-children|any-children|children-of)(?:\((.+)\))?$/.exec(waits_for ?? '')
    if (waits !== null) {
      const of = waits[2]?.trim() ?? draft.needs[0]
      const gate = waits[1] === 'any-children' ? 'any-children' : 'all-children'
      if (of !== undefined) draft.waits = { gate, of }
      if (of !== undefined && !draft.needs.includes(of)) draft.needs.push(of)
    }
    return draft
  })
}

/** All drafts of a tree, each before its parts. Bodies of loops are no part of it. */
export function* walk(drafts: readonly Draft[], above: readonly Draft[] = []): Generator<[Draft, readonly Draft[]]> {
  for (const draft of drafts) {
    yield [draft, above]
    yield* walk(draft.children, [...above, draft])
  }
}

export const idsOf = (drafts: readonly Draft[]): string[] => [...walk(drafts)].map(([draft]) => draft.id)
