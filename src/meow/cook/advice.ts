/**
 * Advice: steps put before and after steps whose ids fit a glob. What comes before takes over what the step needed; whoever
 * needed the step needs the last of what comes after it. Steps that advice has added are left alone by other advice.
 */
import picomatch from 'picomatch'
import type { Advice, AdviceStep, Pointcut } from '../formulas/formula.ts'
import type { Blueprint, Draft, Table } from './draft.ts'
import { walk } from './draft.ts'
import { fillDrafts, fillSingle, mapTexts } from './substitute.ts'
import { need, redirect, replace } from './wiring.ts'

/** A test for ids by glob; `*` fits dots too. */
export const glob = (pattern: string): ((id: string) => boolean) => picomatch(pattern, { dot: true })

/**
 * Applies a formula's advice to drafts. `values`: of the aspect's own variables, as texts that may still hold placeholders.
 */
export function advise(
  drafts: Draft[],
  { formula, advice, pointcuts }: Pick<Blueprint, 'formula' | 'advice' | 'pointcuts'>,
  values: Record<string, string> = {},
): void {
  if (advice.length === 0) return
  const rules = advice.map((rule, index) => ({ rule, index, fits: glob(rule.target) }))
  const cuts = pointcuts.map(cut)
  const touched = [...walk(drafts)]
    .map(([draft]) => draft)
    .filter((draft) => draft.added !== true && (cuts.length === 0 || cuts.some((fits) => fits(draft))))
  const after = new Map<string, readonly string[]>()
  const places: { target: Draft; before: Draft[]; after: Draft[] }[] = []
  for (const target of touched) {
    const place = { target, before: [] as Draft[], after: [] as Draft[] }
    for (const { rule, index, fits } of rules) {
      if (!fits(target.id)) continue
      const make = (where: string) => (step: AdviceStep, n: number) =>
        added(step, target, values, formula, `advice[${index}].${where}[${n}]`)
      place.before.push(...befores(rule).map(make('before')))
      place.after.push(...afters(rule).map(make('after')))
    }
    if (place.before.length + place.after.length === 0) continue
    places.push(place)
    const last = place.after.at(-1)
    if (last !== undefined) after.set(target.id, [last.id])
  }
  redirect(drafts, after)
  for (const place of places) put(drafts, place)
}

const befores = (rule: Advice): AdviceStep[] => [
  ...(rule.before === undefined ? [] : [rule.before]),
  ...(rule.around?.before ?? []),
]
const afters = (rule: Advice): AdviceStep[] => [
  ...(rule.after === undefined ? [] : [rule.after]),
  ...(rule.around?.after ?? []),
]

function put(drafts: Draft[], place: { target: Draft; before: Draft[]; after: Draft[] }): void {
  const { target, before, after } = place
  const [first] = before
  if (first !== undefined) {
    first.needs = target.needs
    target.needs = []
  }
  const chain = [...before, target, ...after]
  for (const [index, draft] of chain.entries()) if (index > 0) need(draft, [chain[index - 1]!.id])
  replace(drafts, target, chain)
}

function cut({ glob: pattern, type, label }: Pointcut): (draft: Draft) => boolean {
  const fits = pattern === undefined ? () => true : glob(pattern)
  return (draft) =>
    fits(draft.id) &&
    (type === undefined || draft.type === type) &&
    (label === undefined || draft.labels.includes(label))
}

function added(
  step: AdviceStep,
  target: Draft,
  values: Record<string, string>,
  formula: string,
  location: string,
): Draft {
  const about = { 'step.id': target.id, 'step.title': target.title, 'step.description': target.description }
  const { id, title, description, type, args, output } = mapTexts(step, (text) => fillSingle(text, about))
  const told = { ...(Object.keys(args).length > 0 && { args }), ...(Object.keys(output).length > 0 && { output }) }
  const draft = aDraft({
    id,
    title: title || id,
    description,
    type,
    metadata: told,
    conditions: [...target.conditions],
    added: true,
    source: { formula, location },
  })
  return fillDrafts([draft], values)[0]!
}

/** A draft that says nothing but what it is told to. */
function aDraft(says: Pick<Draft, 'id' | 'title' | 'source'> & Partial<Draft>): Draft {
  return {
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
    conditions: [],
    group: false,
    ...says,
  }
}

/** Advice of aspects that a formula names; on a table, so that what is missing is a complaint. */
export function adviseAll(table: Table, drafts: Draft[], aspects: readonly Blueprint[], from: Blueprint): void {
  for (const aspect of aspects) {
    if (aspect.advice.length === 0) {
      const why = `Formula ${from.formula} has ${aspect.formula} among its aspects, and that gives no advice.`
      table.refuse(why, `gt formula show ${aspect.formula}`)
      return
    }
    advise(drafts, aspect, ownValues(aspect))
  }
}

/** What variables of a formula that is put into another one are by default: texts of its author, not values yet. */
export function ownValues({ vars, inputs }: Blueprint): Record<string, string> {
  const all = Object.entries({ ...inputs, ...vars })
  return Object.fromEntries(all.flatMap(([name, { default: text }]) => (text === undefined ? [] : [[name, text]])))
}
