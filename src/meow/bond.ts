/**
 * Bonding: two pieces of work become one course. Pure.
 *
 *   formula to a molecule   its steps are added as a group: behind all that is there, beside it, or only if it fails
 *   bead to a bead          an edge: the second needs the first, or runs only if that fails, or is a part of it
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import { addDependency } from '../beads/edit.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { isOver, parentsOf } from '../beads/ready.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { layOut } from './lay-out.ts'
import { stepsOf } from './molecule.ts'
import type { Recipe, RecipeStep } from './recipe.ts'

export type BondType = 'sequential' | 'parallel' | 'conditional'

export const BOND_TYPES: readonly BondType[] = ['sequential', 'parallel', 'conditional']

const EDGE = { sequential: 'blocks', conditional: 'conditional-blocks', parallel: 'parent-child' } as const

/** `second` follows `first`. Errors: those of an edge (E_NO_BEAD, E_CYCLE, E_DEADLOCK, E_EDGE, E_NOTHING). */
export function bondBeads(
  state: State,
  first: Bead,
  second: Bead,
  type: BondType,
  how: { by: string; at: string },
): Result<ChangeInput> {
  const edge = addDependency(state, second.id, first.id, how, EDGE[type])
  if (edge.kind === 'error') return edge
  const bonds = Array.isArray(second.bonded_from) ? second.bonded_from : []
  const value = [...bonds, { source_id: first.id, bond_type: type }]
  const ops: Op[] = [...edge.value.ops, { op: 'set', id: second.id, path: ['bonded_from'], value }]
  return ok({ ...edge.value, why: `bonded ${second.id} to ${first.id}, ${type}`, ops })
}

/**
 * Adds a recipe's steps to a molecule, as one group. Sequential: behind every step that nobody needs yet; parallel: beside
 * them. Errors: E_NO_MOLECULE, E_CLOSED, E_BOND (conditional makes no sense inside one worker's course; a convoy has no steps).
 */
export function bondRecipe(
  state: State,
  root: Bead,
  recipe: Recipe,
  type: BondType,
  how: { by: string; at: string; prefix: string; point?: string | undefined },
): Result<{ input: ChangeInput; group: string }> {
  const kept = 'Nothing was changed.'
  if (facts(root).molecule?.kind !== 'molecule') {
    return fail('E_NO_MOLECULE', `${root.id} has no steps.`, {
      kept,
      hint: `gt sling ${recipe.formula} RIG --on ${root.id}`,
    })
  }
  if (isOver(root)) return fail('E_CLOSED', `${root.id} is over; it gets no steps any more.`, { kept })
  if (type === 'conditional' || recipe.kind === 'convoy') {
    const why = recipe.kind === 'convoy' ? 'is work for several workers' : 'would run only if that fails'
    return fail('E_BOND', `${recipe.formula} ${why}, so it cannot be steps of ${root.id}.`, {
      kept,
      hint: `gt mol pour ${recipe.formula}, then gt mol bond ${root.id} <the new one> --type ${type}`,
    })
  }
  const steps = stepsOf(state, root.id)
  const named = new Set(steps.map(({ facts: step }) => step.name))
  const group = freeName(recipe.formula, named)
  const last = steps.at(-1)?.facts.n ?? 0
  const place = how.point === undefined ? ok(behindAll(steps, type)) : atPoint(root, steps, how.point)
  if (place.kind === 'error') return place
  const { after, before } = place.value
  const { beads, ids } = layOut(asGroup(recipe, group), {
    root: root.id,
    prefix: how.prefix,
    rig: facts(root).rig,
    ephemeral: root.ephemeral,
    by: how.by,
    at: how.at,
    from: last + 1,
    after,
    taken: (id) => lookUp(state, id) !== undefined,
  })
  const when: Condition[] = [{ if: 'in', id: root.id, path: ['status'], values: [root.status] }]
  const ops = beads.map((bead): Op => ({ op: 'create', bead }))
  for (const bead of before) {
    // It must not have been done meanwhile: then nothing would come before it any more.
    when.push({ if: 'in', id: bead.id, path: ['status'], values: [bead.status] })
    const edge = {
      issue_id: bead.id,
      depends_on_id: ids.get(group)!,
      type: 'blocks',
      created_at: how.at,
      created_by: how.by,
    }
    ops.push({ op: 'add', id: bead.id, path: ['dependencies'], value: edge })
  }
  const why = `bonded ${recipe.formula} to ${root.id}, ${type}: ${recipe.steps.length} steps more`
  return ok({ group: ids.get(group)!, input: { by: how.by, why, when, ops } })
}

type Steps = ReturnType<typeof stepsOf>

/** What the new steps need, and whom they hold up. */
interface Place {
  after: string[]
  before: Bead[]
}

const needsOf = (bead: Bead): string[] =>
  (bead.dependencies ?? []).flatMap((edge) => (edge.type === 'parent-child' ? [] : [edge.depends_on_id]))

/** Behind every step that nobody needs yet; parallel: beside all of them. */
function behindAll(steps: Steps, type: BondType): Place {
  if (type !== 'sequential') return { after: [], before: [] }
  const needed = new Set(steps.flatMap(({ bead }) => needsOf(bead)))
  const groups = new Set(steps.filter(({ facts: step }) => step.parts).map(({ bead }) => bead.id))
  const top = steps.filter(({ bead }) => !parentsOf(bead).some((id) => groups.has(id)))
  return { after: top.filter(({ bead }) => !needed.has(bead.id)).map(({ bead }) => bead.id), before: [] }
}

/** At one of the formula's own places: behind its step and before whoever needs that, or before its step. */
function atPoint(root: Bead, steps: Steps, name: string): Result<Place> {
  const points = facts(root).molecule?.bond_points ?? []
  const point = points.find(({ id }) => id === name)
  const step = steps.find(({ facts: one }) => one.name === (point?.after ?? point?.before))?.bead
  const kept = 'Nothing was changed.'
  if (point === undefined || step === undefined) {
    const known = points.map(({ id }) => id).join(', ')
    return fail('E_BOND', `${root.id} has no place ${name} to bond at.`, {
      kept,
      hint: known === '' ? 'Leave --at out: it is put behind all that is there.' : `Its places: ${known}.`,
    })
  }
  if (point.after !== undefined) {
    const needers = steps.filter(({ bead }) => needsOf(bead).includes(step.id) && !isOver(bead))
    return ok({ after: [step.id], before: point.parallel ? [] : needers.map(({ bead }) => bead) })
  }
  if (!isOver(step)) return ok({ after: needsOf(step), before: [step] })
  return fail('E_BOND', `${step.id} is done already, so nothing comes before it any more.`, {
    kept,
    hint: 'Leave --at out: it is put behind all that is there.',
  })
}

/** A recipe's steps as the parts of one group, with names of their own. */
export function asGroup(
  recipe: Pick<Recipe, 'formula' | 'title' | 'description' | 'steps'>,
  group: string,
): RecipeStep[] {
  const inside = (id: string): string => `${group}.${id}`
  const head: RecipeStep = {
    id: group,
    title: recipe.title,
    description: recipe.description,
    type: 'epic',
    labels: [],
    needs: [],
    source: { formula: recipe.formula, location: '' },
  }
  const parts = recipe.steps.map((step) => ({
    ...step,
    id: inside(step.id),
    parent: step.parent === undefined ? group : inside(step.parent),
    needs: step.needs.map(inside),
    ...(step.waitsFor && { waitsFor: { ...step.waitsFor, of: inside(step.waitsFor.of) } }),
  }))
  return [head, ...parts]
}

/** `name`, or `name-2`, `name-3` … while that is taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let n = 2; ; n++) if (!taken.has(`${name}-${n}`)) return `${name}-${n}`
}
