/**
 * A convoy: one step for each leg, for several workers at once, and a synthesis that needs them. What a leg is told is the
 * formula's base prompt, filled for it, and what it says itself.
 */
import { createHash } from 'node:crypto'
import { nearest } from '../../town/nearest.ts'
import type { Leg } from '../formulas/formula.ts'
import type { RecipeStep } from '../recipe.ts'
import type { Blueprint, Table } from './draft.ts'
import { validate } from './draft.ts'
import type { Data } from './go-template.ts'
import { render } from './go-template.ts'
import { variablesOf } from './variables.ts'

/** A formula with legs; an aspect that is a list of things to look at is one too. */
export const isConvoy = (plan: Blueprint): boolean =>
  plan.type === 'convoy' || (plan.type === 'aspect' && plan.advice.length === 0 && plan.aspects.length > 0)

const SYNTHESIS = 'synthesis'

/** Steps of a convoy: its legs in the order of the file, then the synthesis. */
export function convoy(
  table: Table,
  plan: Blueprint,
  choice: { preset?: string | undefined; legs?: string[] | undefined },
): RecipeStep[] {
  const field = plan.legs.length > 0 ? 'legs' : 'aspects'
  const all = plan[field]
  if (all.length === 0) table.refuse(`Formula ${plan.formula} is a convoy without legs.`, validate(plan.formula))
  const chosen = choose(table, plan, all, choice)
  if (table.failure !== undefined) return []
  const data = dataOf(table, plan)
  const steps = chosen.map((leg) => legStep(table, plan, leg, data, `${field}[${all.indexOf(leg)}]`))
  const { synthesis } = plan
  if (synthesis !== undefined) steps.push(synthesisStep(table, plan, all, chosen, data))
  const twice = steps.find(({ id }, index) => steps.findIndex((step) => step.id === id) < index)
  if (twice !== undefined) {
    table.refuse(`Formula ${plan.formula} has two legs with the id ${twice.id}.`, validate(plan.formula))
  }
  return steps
}

function choose(
  table: Table,
  plan: Blueprint,
  all: readonly Leg[],
  { preset, legs }: { preset?: string | undefined; legs?: string[] | undefined },
): Leg[] {
  const names = new Set(legs)
  const refuse = (what: string, name: string, known: string[]): void => {
    const meant = nearest(name, known)
    const but = meant === undefined ? `It has ${known.join(', ') || 'none'}.` : `Did you mean ${meant}?`
    table.refuse(`Formula ${plan.formula} has no ${what} ${name}. ${but}`, `gt formula show ${plan.formula}`, 'E_VARS')
  }
  const ids = all.map(({ id }) => id)
  for (const name of names) if (!ids.includes(name)) refuse('leg', name, ids)
  if (preset !== undefined) {
    const known = Object.hasOwn(plan.presets, preset) ? plan.presets[preset] : undefined
    if (known === undefined) refuse('preset', preset, Object.keys(plan.presets))
    for (const id of known?.legs ?? []) {
      names.add(id)
      if (ids.includes(id)) continue
      table.refuse(
        `Formula ${plan.formula}: preset ${preset} names leg ${id}, and there is none.`,
        validate(plan.formula),
      )
    }
  }
  return names.size === 0 && preset === undefined ? [...all] : all.filter(({ id }) => names.has(id))
}

/** What prompts can name. An id that nobody gave (`review_id`) is made from the values: two convoys have two. */
function dataOf(table: Table, plan: Blueprint): { [name: string]: Data } {
  const { values } = table
  const given = Object.keys(variablesOf(plan)).filter((name) => (values[name] ?? '') !== '')
  const key = createHash('sha256').update(JSON.stringify([plan.formula, Object.entries(values).sort()]))
  const id = key.digest('hex').slice(0, 8)
  const text = JSON.stringify([plan.output, plan.prompts, plan.legs, plan.aspects, plan.synthesis])
  const ids = [...text.matchAll(/\.([\w-]+_id)\b/g)].map((match) => [match[1]!, id])
  const data: { [name: string]: Data } = {
    ...Object.fromEntries(ids),
    formula_name: plan.formula,
    target_description: given.map((name) => `${name} ${values[name]}`).join(', ') || plan.formula,
    ...(values.pr !== undefined && { pr_number: values.pr }),
    ...(values.files !== undefined && { changed_files: values.files }),
    ...values,
  }
  if (plan.output === undefined) return data
  const { directory, synthesis } = plan.output
  const filled = (words: string): string => fill(table, plan, words, data, 'output')
  return { ...data, output: { directory: filled(directory), synthesis: filled(synthesis) } }
}

function fill(table: Table, plan: Blueprint, text: string, data: Data, place: string): string {
  const done = render(text, data)
  if (done.kind === 'ok') return done.value
  table.refuse(`Formula ${plan.formula}, ${place}: ${done.failure.message}.`, validate(plan.formula))
  return ''
}

function legStep(
  table: Table,
  plan: Blueprint,
  leg: Leg,
  data: { [name: string]: Data },
  location: string,
): RecipeStep {
  const text = (words: string, more: Data): string => fill(table, plan, words, more, location)
  const named = { ...data, leg: { id: leg.id, title: leg.title, focus: leg.focus } }
  const [title, focus, description] = [leg.title, leg.focus, leg.description].map((words) => text(words, named))
  const about = { ...data, leg: { id: leg.id, title: title!, focus: focus!, description: description! } }
  const directory = (data.output as { directory?: string } | undefined)?.directory
  const path = directory === undefined ? '' : `${directory}/${text(plan.output!.leg_pattern, about)}`
  const base = plan.prompts.base ?? ''
  const prompt = fill(table, plan, base, { ...about, output_path: path }, 'prompts.base')
  // A base that says them itself has put them where they belong.
  const own = [
    ...(base.includes('.leg.focus') || focus === '' ? [] : [`Focus: ${focus}`]),
    ...(base.includes('.leg.description') ? [] : [description!]),
    ...written(path, [base, leg.description]),
  ]
  return {
    id: leg.id,
    title: `${plan.formula}: ${title || leg.id}`,
    description: [prompt, ...own]
      .map((part) => part.trim())
      .filter(Boolean)
      .join('\n\n'),
    type: 'task',
    labels: [],
    needs: [],
    ...common(plan, leg),
    source: { formula: plan.formula, location },
  }
}

/** Where the text goes, for formulas that do not say it themselves. */
const written = (path: string, texts: string[]): string[] =>
  path === '' || texts.some((text) => /output_path|output\.(directory|synthesis)/.test(text))
    ? []
    : [`Write it to the file ${path}, and commit that.`]

function pathOfSynthesis(data: { [name: string]: Data }): string {
  const { directory = '', synthesis = '' } = (data.output ?? {}) as { directory?: string; synthesis?: string }
  return synthesis === '' ? '' : `${directory}/${synthesis}`
}

function common(plan: Blueprint, leg: { agent?: string; review_only?: boolean }): Partial<RecipeStep> {
  const agent = leg.agent ?? plan.agent
  const reviewOnly = (leg.review_only ?? plan.review_only) || plan.output === undefined
  return { ...(reviewOnly && { reviewOnly }), ...(agent !== undefined && { agent }) }
}

function synthesisStep(
  table: Table,
  plan: Blueprint,
  all: readonly Leg[],
  chosen: readonly Leg[],
  data: { [name: string]: Data },
): RecipeStep {
  const { title, description, depends_on } = plan.synthesis!
  const ids = all.map(({ id }) => id)
  for (const id of depends_on) {
    if (ids.includes(id)) continue
    const meant = nearest(id, ids)
    const but = meant === undefined ? '' : ` Did you mean ${meant}?`
    const why = `Formula ${plan.formula}: the synthesis depends on leg ${id}, and there is none.${but}`
    table.refuse(why, validate(plan.formula))
  }
  const here = chosen.map(({ id }) => id)
  const [heading, text, prompt] = [title, description, plan.prompts.synthesis ?? ''].map((words) =>
    fill(table, plan, words, data, 'synthesis'),
  )
  return {
    id: SYNTHESIS,
    title: `${plan.formula}: ${heading || 'Synthesis'}`,
    description: [prompt!, text!, ...written(pathOfSynthesis(data), [plan.prompts.synthesis ?? '', description])]
      .map((part) => part.trim())
      .filter(Boolean)
      .join('\n\n'),
    type: 'task',
    labels: [],
    needs: depends_on.length === 0 ? here : here.filter((id) => depends_on.includes(id)),
    ...common(plan, {}),
    source: { formula: plan.formula, location: 'synthesis' },
  }
}
