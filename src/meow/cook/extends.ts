/**
 * What a formula extends: parents in their order, then itself. A step of the same id takes the place of the parent's, others
 * come behind; variables, prompts, presets and inputs by name; lists one after the other. Nothing of a parent is lost.
 */
import { nearest } from '../../town/nearest.ts'
import type { Compose, Formula } from '../formulas/formula.ts'
import type { Blueprint, Draft, Table } from './draft.ts'
import { draftsOf, validate } from './draft.ts'

/** The formula of a name, with all that it extends. `from`: who asks, for the complaint. */
export function blueprint(
  table: Table,
  name: string,
  from?: string,
  chain: readonly string[] = [],
): Blueprint | undefined {
  const formula = formulaOf(table, name, from)
  if (formula === undefined) return undefined
  if (chain.includes(name)) {
    const round = [...chain.slice(chain.indexOf(name)), name].join(' → ')
    table.refuse(`Formula ${name} extends itself: ${round}.`, validate(name))
    return undefined
  }
  let base: Blueprint | undefined
  for (const parent of formula.extends) {
    const above = blueprint(table, parent, name, [...chain, name])
    if (above === undefined) return undefined
    base = base === undefined ? above : merge(base, above)
  }
  const own: Blueprint = {
    ...formula,
    steps: draftsOf(formula.steps, name, 'steps'),
    template: draftsOf(formula.template, name, 'template'),
  }
  return base === undefined ? own : merge(base, own)
}

/** A formula by name; one that is not there is a complaint with the nearest name. */
export function formulaOf(table: Table, name: string, from?: string): Formula | undefined {
  const { formulas } = table.frozen
  if (Object.hasOwn(formulas, name)) return formulas[name]
  const meant = nearest(name, Object.keys(formulas))
  const but = meant === undefined ? '' : ` Did you mean ${meant}?`
  const who = from === undefined ? '' : `, which ${from} names,`
  table.refuse(`Formula ${name}${who} is not there.${but}`, from === undefined ? 'gt formula list' : validate(from))
  return undefined
}

function merge(base: Blueprint, own: Blueprint): Blueprint {
  const says = own.steps.length + own.template.length + own.legs.length > 0
  const merged: Blueprint = {
    ...base,
    ...own,
    description: own.description || base.description,
    type: own.type === 'workflow' && !says ? base.type : own.type,
    // The file's default is liquid, so only vapor is known to be meant.
    phase: own.phase === 'vapor' ? 'vapor' : base.phase,
    vars: { ...base.vars, ...own.vars },
    inputs: { ...base.inputs, ...own.inputs },
    prompts: { ...base.prompts, ...own.prompts },
    presets: { ...base.presets, ...own.presets },
    steps: mergeSteps(base.steps, own.steps),
    template: mergeSteps(base.template, own.template),
    compose: mergeCompose(base.compose, own.compose),
    advice: [...base.advice, ...own.advice],
    pointcuts: [...base.pointcuts, ...own.pointcuts],
    legs: byId(base.legs, own.legs),
    aspects: byId(base.aspects, own.aspects),
    review_only: base.review_only || own.review_only,
  }
  return merged
}

function mergeSteps(base: readonly Draft[], own: readonly Draft[]): Draft[] {
  const left = new Map(own.map((draft) => [draft.id, draft]))
  const place = (drafts: readonly Draft[]): Draft[] =>
    drafts.map((draft) => {
      const mine = left.get(draft.id)
      left.delete(draft.id)
      return mine ?? { ...draft, children: place(draft.children) }
    })
  const kept = place(base)
  return [...kept, ...own.filter((draft) => left.has(draft.id))]
}

function byId<T extends { id: string }>(base: readonly T[], own: readonly T[]): T[] {
  const mine = new Map(own.map((item) => [item.id, item]))
  const known = new Set(base.map((item) => item.id))
  return [...base.map((item) => mine.get(item.id) ?? item), ...own.filter((item) => !known.has(item.id))]
}

function mergeCompose(base: Compose, own: Compose): Compose {
  return {
    bond_points: byId(base.bond_points, own.bond_points),
    hooks: [...base.hooks, ...own.hooks],
    expand: [...base.expand, ...own.expand],
    map: [...base.map, ...own.map],
    branch: [...base.branch, ...own.branch],
    gate: [...base.gate, ...own.gate],
    aspects: [...new Set([...base.aspects, ...own.aspects])],
  }
}
