/** From drafts to the steps of a recipe: values filled in, the tree as a list, each step after what it needs. */
import { nearest } from '../../town/nearest.ts'
import { parseCondition, stepsNamedIn } from '../conditions.ts'
import type { RecipeStep } from '../recipe.ts'
import { closure } from './closure.ts'
import type { Blueprint, Draft, Table } from './draft.ts'
import { validate, walk } from './draft.ts'
import { formulaOf } from './extends.ts'
import { inOrder } from './order.ts'
import { firstRounds } from './rounds.ts'
import { fillDouble, fillDrafts } from './substitute.ts'

/** Steps in order. Complaints: two of one id, a need that is not there, a ring. */
export function flatten(table: Table, drafts: readonly Draft[], plan: Blueprint): RecipeStep[] {
  const filled = fillDrafts(drafts, table.values)
  const untils = new Map<string, NonNullable<Draft['until']>>()
  const steps: RecipeStep[] = []
  for (const [draft, above] of walk(filled)) {
    if (draft.until !== undefined) untils.set(draft.id, draft.until)
    steps.push(stepOf(table, draft, above.at(-1)?.id, plan))
  }
  check(table, steps, plan)
  if (table.failure !== undefined) return []
  const sorted = inOrder(steps)
  if ('ring' in sorted) {
    const ring = sorted.ring.join(' → ')
    table.refuse(
      `Formula ${plan.formula} goes round in a ring, each needing the next: ${ring}.`,
      validate(plan.formula),
    )
    return []
  }
  const byId = new Map(steps.map((step) => [step.id, step]))
  return firstRounds(
    sorted.order.map((id) => byId.get(id)!),
    untils,
  )
}

function stepOf(table: Table, draft: Draft, parent: string | undefined, plan: Blueprint): RecipeStep {
  const { id, title, description, notes, acceptance, priority, metadata, assignee, waits, gate, when } = draft
  const agent = draft.agent ?? plan.agent
  return {
    id,
    ...(parent !== undefined && { parent }),
    title: title || id,
    description,
    ...(notes !== '' && { notes }),
    ...(acceptance !== '' && { acceptance }),
    type: draft.group ? 'epic' : draft.type,
    ...(priority !== undefined && { priority }),
    labels: draft.interactive ? [...new Set([...draft.labels, 'interactive'])] : draft.labels,
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(assignee !== undefined && { assignee }),
    needs: [...new Set(draft.needs)],
    ...(waits !== undefined && { waitsFor: waits }),
    ...(gate !== undefined && { gate }),
    ...(when !== undefined && { when }),
    ...(draft.on_complete !== undefined && { onComplete: onCompleteOf(table, draft) }),
    ...(plan.review_only && { reviewOnly: true }),
    ...(agent !== undefined && { agent }),
    source: draft.source,
  }
}

function onCompleteOf(table: Table, { on_complete, source }: Draft): NonNullable<RecipeStep['onComplete']> {
  const { for_each, bond, vars, sequential } = on_complete!
  const name = fillDouble(bond, table.values)
  formulaOf(table, name, source.formula)
  return { forEach: for_each, bond: closure(table.frozen, name, table.values), vars, sequential }
}

function check(table: Table, steps: readonly RecipeStep[], plan: Blueprint): void {
  const known = new Map<string, RecipeStep>()
  const hint = validate(plan.formula)
  for (const step of steps) {
    const other = known.get(step.id)
    if (other !== undefined) {
      const [a, b] = [other, step].map(({ source }) => `${source.formula} ${source.location}`)
      table.refuse(`Formula ${plan.formula} has two steps with the id ${step.id}: ${a} and ${b}.`, hint)
    }
    known.set(step.id, step)
  }
  const missing = (step: RecipeStep, id: string, verb: string): void => {
    const meant = nearest(id, [...known.keys()])
    const but = meant === undefined ? '' : ` Did you mean ${meant}?`
    const where = `Formula ${step.source.formula}, ${step.source.location}: step ${step.id}`
    table.refuse(`${where} ${verb} ${id}, and there is no such step.${but}`, hint)
  }
  for (const step of steps) {
    for (const id of step.needs) if (!known.has(id)) missing(step, id, 'needs')
    if (step.when === undefined || table.keep) continue
    const condition = parseCondition(step.when)
    const names = condition.kind === 'ok' ? stepsNamedIn(condition.value) : []
    for (const name of names) if (name !== 'step' && !known.has(name)) missing(step, name, 'looks in its gate at')
  }
}
