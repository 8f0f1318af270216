/**
 * Loops that end by a condition: the first round is in the recipe, and with its group a copy of that round in which the
 * loop's variable is still to be filled; another round is that copy under other ids. So whatever was put around the steps of
 * the first round (advice, expansions) is around those of every round.
 */
import type { Result } from '../../result.ts'
import { fail, ok } from '../../result.ts'
import type { RecipeStep, Until } from '../recipe.ts'
import { fillSingle, mapTexts } from './substitute.ts'

/** Gives every group of `untils` its `until`, and its parts the number of their round. Inner loops before outer ones. */
export function firstRounds(
  steps: RecipeStep[],
  untils: ReadonlyMap<string, { condition: string; max: number; var: string }>,
): RecipeStep[] {
  let all = steps
  for (const { id } of [...steps].reverse()) {
    const until = untils.get(id)
    if (until === undefined) continue
    const parts = partsOf(all, id)
    const body = all.filter((step) => parts.has(step.id))
    all = all.map((step) => {
      if (step.id === id) return { ...step, until: { ...until, body } }
      return parts.has(step.id) ? fillRound(step, until.var, 1) : step
    })
  }
  return all
}

/** Ids of everything under a step. Parents come before their parts. */
function partsOf(steps: readonly RecipeStep[], id: string): Set<string> {
  const parts = new Set<string>()
  for (const step of steps) if (step.parent === id || parts.has(step.parent ?? '')) parts.add(step.id)
  return parts
}

/**
 * The steps of another round of a loop, in order, with `parent` the loop's id.
 *
 * @param step the group of the loop, with its `until`, as it is in the recipe
 * @param round 1 or more; 1 gives what is in the recipe
 * Errors: E_FORMULA when the step is no such loop, or has had all its rounds.
 */
export function nextRound(step: Pick<RecipeStep, 'id' | 'until' | 'source'>, round: number): Result<RecipeStep[]> {
  const { id, until, source } = step
  const where = `Formula ${source.formula}, ${source.location}: step ${id}`
  if (until === undefined) {
    return fail('E_FORMULA', `${where} is no loop with an end by condition.`, {
      hint: `gt formula show ${source.formula}`,
    })
  }
  if (round > until.max) {
    return fail('E_FORMULA', `${where} has had its ${until.max} rounds, and ${until.condition} does not hold.`, {
      kept: 'What its rounds have made is kept.',
      hint: `Decide by hand, or give it more rounds: max in ${source.formula}.`,
    })
  }
  const inside = new Set(until.body.map((part) => part.id))
  const first = `${id}.iter1.`
  const to = (name: string): string => {
    if (!inside.has(name)) return name
    return `${id}.iter${round}.${name.startsWith(first) ? name.slice(first.length) : name}`
  }
  return ok(until.body.map((part) => fillRound(round === 1 ? part : renamed(part, to), until.var ?? 'i', round)))
}

function renamed(step: RecipeStep, to: (id: string) => string): RecipeStep {
  const { parent, waitsFor, until, when } = step
  return {
    ...step,
    id: to(step.id),
    needs: step.needs.map(to),
    ...(parent !== undefined && { parent: to(parent) }),
    ...(waitsFor !== undefined && { waitsFor: { ...waitsFor, of: to(waitsFor.of) } }),
    ...(when !== undefined && { when: when.replace(/[\w-]+(?:\.[\w-]+)*/g, (name) => whenName(name, to)) }),
    ...(until !== undefined && { until: { ...until, body: until.body.map((part) => renamed(part, to)) } }),
  }
}

/** A name in a condition may have `.status` or `.output.…` behind it. */
function whenName(text: string, to: (id: string) => string): string {
  const words = text.split('.')
  for (let length = words.length; length > 0; length--) {
    const name = words.slice(0, length).join('.')
    if (to(name) !== name) return [to(name), ...words.slice(length)].join('.')
  }
  return text
}

/** Fills the loop's variable; within a loop that has a variable of the same name it means that one's. */
function fillRound(step: RecipeStep, name: string, round: number): RecipeStep {
  const { id, parent, needs, source, onComplete, until, ...texts } = step
  const fill = (text: string): string => fillSingle(text, { [name]: String(round) })
  const copy: RecipeStep = {
    ...mapTexts(texts, fill),
    type: step.type,
    id,
    ...(parent !== undefined && { parent }),
    needs,
    source,
  }
  if (onComplete !== undefined) {
    copy.onComplete = { ...onComplete, forEach: fill(onComplete.forEach), vars: mapTexts(onComplete.vars, fill) }
  }
  if (until !== undefined) copy.until = until.var === name ? until : fillUntil(until, name, round, fill)
  return copy
}

function fillUntil(until: Until, name: string, round: number, fill: (text: string) => string): Until {
  return {
    ...until,
    condition: fill(until.condition),
    body: until.body.map((part) => fillRound(part, name, round)),
  }
}
