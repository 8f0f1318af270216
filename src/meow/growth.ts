/**
 * What a finished step or loop adds to its molecule (complete.ts). Pure but for the look whether a file is there.
 *
 *   on_complete   a list in the step's output: for each element, the steps of another formula, as parts of that step
 *   until         a loop whose condition does not hold yet: its next round. After as many as it may have, one more step, which
 *                 waits for a person: what comes behind the loop counts on its end
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { lookUp } from '../beads/fold.ts'
import { prefixOfId } from '../beads/ids.ts'
import { isOver, parentsOf } from '../beads/ready.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { asGroup, freeName } from './bond.ts'
import type { After, Grown, Growth } from './complete.ts'
import { conditionView } from './condition-view.ts'
import { holds, parseCondition } from './conditions.ts'
import { cook, nextRound } from './cook.ts'
import { layOut } from './lay-out.ts'
import type { RecipeStep, Until } from './recipe.ts'

/** More elements than this are a mistake of whoever wrote the output, and thousands of beads. */
const MOST_ELEMENTS = 200

type Place = Pick<OpenTown, 'ledger' | 'env'>

/** Errors: E_OUTPUT (it is not what `on_complete` needs), and those of cooking. */
export const growth =
  (town: Place): Growth =>
  (after) => {
    const { step } = after
    if (step.on_complete !== undefined && !isOver(after.bead)) return called(town, after, step.on_complete as Calls)
    if (step.until !== undefined) return round(town, after, step.until as Until)
    return ok(undefined)
  }

type Calls = NonNullable<RecipeStep['onComplete']>

function called(town: Place, after: After, calls: Calls): Result<Grown | undefined> {
  const elements = elementsOf(after.how.output, calls.forEach)
  if (elements === undefined || elements.length > MOST_ELEMENTS) {
    const field = calls.forEach.replace(/^output\./, '')
    const what =
      elements === undefined ? 'has no such list' : `has ${elements.length}, and ${MOST_ELEMENTS} are the most`
    return fail('E_OUTPUT', `What follows this step is made from ${calls.forEach}, and its output ${what}.`, {
      kept: 'Nothing was changed; the step is not done.',
      hint: `gt mol step done ${after.bead.id} --output '{"${field}": ["…"]}'   (an empty list when there is nothing)`,
    })
  }
  const names = new Set(after.steps.map(({ facts: step }) => step.name))
  const steps: RecipeStep[] = []
  let before: string | undefined
  for (const [index, element] of elements.entries()) {
    const vars = Object.fromEntries(
      Object.entries(calls.vars).map(([key, text]) => [key, filled(text, element, index)]),
    )
    const recipe = cook(calls.bond, vars)
    if (recipe.kind === 'error') return recipe
    const name = freeName(`${after.step.name}.${recipe.value.formula}-${index + 1}`, names)
    names.add(name)
    const [head, ...parts] = asGroup(recipe.value, name)
    steps.push({ ...head!, needs: calls.sequential && before !== undefined ? [before] : [] }, ...parts)
    before = name
  }
  return ok(steps.length === 0 ? undefined : { beads: laid(town, after, steps), stays: false })
}

/** The list that a step's output has at `output.items`; undefined when it has none. */
function elementsOf(output: unknown, path: string): unknown[] | undefined {
  let at: unknown = { output }
  for (const key of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[key]
  return Array.isArray(at) ? at : undefined
}

/** `{item}`, `{item.name}` and `{index}` in the value of a variable. */
function filled(text: string, element: unknown, index: number): string {
  return text.replace(/\{(item(?:\.[\w-]+)*|index)\}/g, (whole, path: string) => {
    if (path === 'index') return String(index)
    let at: unknown = { item: element }
    for (const key of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[key]
    if (at === undefined) return whole
    return typeof at === 'string' ? at : JSON.stringify(at)
  })
}

function round(town: Place, after: After, until: Until): Result<Grown | undefined> {
  const rounds = after.steps.filter(({ bead }) => parentsOf(bead).includes(after.bead.id))
  const last = Math.max(1, ...rounds.map(({ facts: step }) => step.round ?? 1))
  const { name, of } = after.step
  const asking = `${name}.ask`
  if (rounds.some(({ facts: step }) => step.name === asking)) return ok(undefined)
  const parsed = parseCondition(until.condition)
  if (parsed.kind === 'error') return parsed
  const self = rounds.filter(({ facts: step }) => (step.round ?? 1) === last).at(-1)?.facts.name
  // What cannot be told is not fulfilled: the loop goes on, and its bound ends it.
  const { root, steps, done } = after
  const view = conditionView({
    root,
    steps,
    done,
    self,
    env: town.env,
    ...(after.how.output !== undefined && { output: { of: after.finished.id, value: after.how.output } }),
  })
  const where = { scope: `${name}.iter${last}`, ...(self !== undefined && { self }) }
  if (holds(parsed.value, view, where) === true) return ok(undefined)
  const source = { formula: facts(after.root).molecule?.formula ?? of, location: name }
  if (last >= until.max) return ok({ beads: laid(town, after, [askStep(asking, until, source)]), stays: true })
  const more = nextRound({ id: name, until, source }, last + 1)
  if (more.kind === 'error') return more
  return ok({ beads: laid(town, after, more.value, last + 1), stays: true })
}

/** The loop has had its rounds and is not at its end: a person says whether the work goes on as it is. */
function askStep(id: string, { condition, max }: Until, source: RecipeStep['source']): RecipeStep {
  return {
    id,
    title: `After ${max} rounds this is not so yet: ${condition}`,
    description: `The steps before were to be repeated until ${condition}, at most ${max} times. That is not so yet. A person has looked at it and lets the work go on: see what they said (gt bead show, gt gate list), do what they want done, and go on.`,
    type: 'task',
    labels: [],
    needs: [],
    gate: { type: 'human', id: `${condition} after ${max} rounds` },
    source,
  }
}

function laid(town: Place, after: After, steps: RecipeStep[], round?: number): Bead[] {
  const { root, bead, how } = after
  const last = Math.max(...after.steps.map(({ facts: step }) => step.n))
  const top = steps.map((step) => (step.parent === after.step.name ? withoutParent(step) : step))
  return layOut(top, {
    root: root.id,
    prefix: prefixOfId(root.id),
    rig: facts(root).rig,
    ephemeral: root.ephemeral,
    by: how.by,
    at: how.at,
    from: last + 1,
    under: bead.id,
    known: new Map(after.steps.map(({ bead: one, facts: step }) => [step.name, one.id])),
    ...(round !== undefined && { round }),
    taken: (id) => lookUp(town.ledger.state, id) !== undefined,
  }).beads
}

/** The loop or step itself is their parent already (`under`). */
function withoutParent({ parent: _, ...step }: RecipeStep): RecipeStep {
  return step
}
