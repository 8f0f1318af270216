/**
 * Pouring a recipe: one change that makes a molecule (or the legs of a convoy) in the ledger, whole or not at all. Pure.
 *
 *   alone     a bead of its own is the work, and the steps are its children
 *   onto      a bead that is there already gets the steps; it stays what it is
 *   convoy    an epic, and a bead for each worker
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { normal } from '../beads/canonical.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { GtFacts, Molecule } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import { isOver } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Ground } from './lay-out.ts'
import { layOut, titleOf } from './lay-out.ts'
import type { Recipe, RecipeStep } from './recipe.ts'

export interface Pouring {
  /** Prefix of the rig's ids. */
  prefix: string
  rig?: string | undefined
  /** Bead that gets the steps. */
  on?: Bead | undefined
  /** Never reaches git (a wisp). */
  ephemeral?: boolean | undefined
  by: string
  at: string
}

export interface Poured {
  input: ChangeInput
  /** Bead of the molecule, or epic of the convoy. */
  root: string
  /** Id of each step's bead, by the step's name. */
  ids: Map<string, string>
}

/**
 * The change that pours a recipe. Applies only while nothing else took the ids, and, onto a bead, while that is open, nobody
 * works on it and it has no steps yet. Errors: E_EMPTY_RECIPE, E_POURED (it has steps already), E_CLOSED, E_LIVE_RUN.
 */
export function pour(state: State, recipe: Recipe, how: Pouring): Result<Poured> {
  const { on, prefix, by, at } = how
  const refused = cannotPour(recipe, on)
  if (refused !== undefined) return refused
  const taken = (id: string): boolean => lookUp(state, id) !== undefined
  const infix = how.ephemeral ? 'wisp' : 'mol'
  const attached = on !== undefined && recipe.kind === 'molecule'
  const root = attached ? on.id : newBeadId(`${prefix}-${infix}`, taken)
  const rig = how.rig ?? (on && facts(on).rig)
  const ground: Ground = { root, prefix, rig, ephemeral: how.ephemeral, by, at, from: 1, taken }
  const molecule: Molecule = {
    formula: recipe.formula,
    version: recipe.version,
    vars: recipe.vars,
    kind: recipe.kind,
    ...(recipe.bondPoints !== undefined && { bond_points: recipe.bondPoints }),
    at,
    by,
  }
  const laid = layOut(recipe.steps, ground)
  const beads = recipe.kind === 'convoy' ? legs(laid.beads, laid.ids, recipe) : laid.beads
  const begin: Op[] = attached
    ? [{ op: 'set', id: root, path: ['metadata', 'gt', 'molecule'], value: molecule }]
    : [{ op: 'create', bead: rootBead(root, recipe, molecule, how, rig) }]
  return ok({
    root,
    ids: laid.ids,
    input: {
      by,
      why: `poured ${recipe.formula} (${recipe.steps.length} steps)${attached ? ` onto ${root}` : ''}`,
      ...(attached && { when: unpoured(root) }),
      ops: [...begin, ...beads.map((bead): Op => ({ op: 'create', bead }))],
    },
  })
}

function cannotPour(recipe: Recipe, on: Bead | undefined): Result<never> | undefined {
  const kept = 'Nothing was changed.'
  if (recipe.steps.length === 0) {
    return fail('E_EMPTY_RECIPE', `${recipe.formula} has no steps with these values.`, {
      kept,
      hint: `gt formula show ${recipe.formula}`,
    })
  }
  if (on === undefined || recipe.kind === 'convoy') return undefined
  if (isOver(on)) return fail('E_CLOSED', `${on.id} is closed; it gets no steps any more.`, { kept })
  const run = liveRun(on)
  if (run !== undefined) {
    return fail('E_LIVE_RUN', `${run.agent} works on ${on.id} already (run ${run.fence}).`, {
      kept,
      hint: `gt mol bond ${on.id} ${recipe.formula}   adds steps to work that runs`,
    })
  }
  const held = facts(on).molecule
  if (held !== undefined || facts(on).step !== undefined) {
    const what = held === undefined ? 'is a step itself' : `has the steps of ${held.formula} already`
    return fail('E_POURED', `${on.id} ${what}.`, { kept, hint: `gt mol status ${on.id}` })
  }
  return undefined
}

const unpoured = (id: string): Condition[] => [
  { if: 'in', id, path: ['metadata', 'gt', 'molecule'], values: [null] },
  { if: 'in', id, path: ['status'], values: ['open', 'blocked', 'deferred'] },
  { if: 'no-live-run', id },
]

function rootBead(
  id: string,
  recipe: Recipe,
  molecule: Molecule,
  { by, at, ephemeral, on }: Pouring,
  rig?: string,
): Bead {
  const report = recipe.steps.every((step) => step.reviewOnly)
  const gt: GtFacts = { version: 0, ...(rig && { rig }), ...(report && { kind: 'report' as const }), molecule }
  return {
    id,
    title: titleOf(recipe.title),
    ...(recipe.description !== '' && { description: recipe.description }),
    status: 'open',
    priority: on?.priority ?? 2,
    issue_type: recipe.kind === 'convoy' ? 'epic' : 'molecule',
    created_at: at,
    created_by: by,
    updated_at: at,
    ...(on !== undefined && {
      dependencies: [{ issue_id: id, depends_on_id: on.id, type: 'related', created_at: at, created_by: by }],
    }),
    ...(ephemeral && { ephemeral: true }),
    source_formula: recipe.formula,
    metadata: { gt },
  }
}

/** The children of a convoy are work of their own: no steps, but beads that are slung. What builds on others is told on which. */
function legs(beads: Bead[], ids: ReadonlyMap<string, string>, { steps }: Recipe): Bead[] {
  const byId = new Map<string, RecipeStep>(steps.map((step) => [ids.get(step.id)!, step]))
  return beads.map((bead) => {
    const { step: _, ...gt } = facts(bead)
    const kind = byId.get(bead.id)?.reviewOnly ? { kind: 'report' as const } : {}
    const needs = byId.get(bead.id)?.needs ?? []
    const on = needs.map((need) => `- ${ids.get(need)} ${steps.find(({ id }) => id === need)?.title ?? need}`)
    const words =
      on.length === 0 ? [] : [`It builds on these; each whole, with its report: gt bead show ID\n${on.join('\n')}`]
    const description = [bead.description ?? '', ...words].filter(Boolean).join('\n\n')
    return normal({
      ...bead,
      ...(description !== '' && { description }),
      metadata: { ...bead.metadata, gt: { ...gt, ...kind } },
    })
  })
}
