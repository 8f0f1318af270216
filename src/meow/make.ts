/**
 * From the name of a formula to beads in the ledger: found, frozen, cooked with values, poured in one change. What a
 * template bead holds was frozen before, and later changes of files do not reach it.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import type { State } from '../beads/fold.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { cook } from './cook.ts'
import type { Formula, Frozen } from './formulas/formula.ts'
import { freeze } from './formulas/freeze.ts'
import { openLibrary } from './formulas/library.ts'
import { allowCommandsIn } from './gates/permission.ts'
import { pour } from './pour.ts'
import type { Recipe } from './recipe.ts'

export interface Making {
  rig?: string | undefined
  vars: Record<string, string>
  /** Bead that gets the steps. */
  on?: Bead | undefined
  /** Of a convoy: the named choice of legs, or the legs themselves. */
  preset?: string | undefined
  legs?: string[] | undefined
  /** A wisp, whatever the formula says. */
  ephemeral?: boolean | undefined
  by: string
  /**
   * What belongs into the same change, whole or not at all with the beads (`beads`: as they are made, by id). Asked again when
   * the ledger changed meanwhile; an error ends the making.
   */
  also?: ((made: Made, beads: ReadonlyMap<string, Bead>, state: State) => Result<Addition>) | undefined
}

export type Addition = Pick<ChangeInput, 'ops' | 'when'>

export interface Made {
  root: string
  recipe: Recipe
  /** Id of each step's (or leg's) bead by its name. */
  ids: Map<string, string>
}

/** The formula of this name with all that it needs, from the rig, the town or this installation. Errors: E_NO_FORMULA, E_FORMULA. */
export function frozenNamed(town: Pick<OpenTown, 'root'>, name: string, rig?: string): Result<Frozen> {
  return freeze(name, openLibrary({ town: town.root, ...(rig !== undefined && { rig }) }))
}

/** Cooks for a bead: what a formula asks for and the bead knows is filled in. Errors: E_VARS, E_FORMULA. */
export function cookFor(frozen: Frozen, how: Pick<Making, 'vars' | 'on' | 'preset' | 'legs'>): Result<Recipe> {
  const { on, preset, legs } = how
  const known = on === undefined ? {} : knownOf(frozen, on)
  return cook(frozen, { ...known, ...how.vars }, { preset, legs })
}

/** Variables that the field's formulas use for the bead that they are put onto. */
function knownOf({ formula, formulas }: Frozen, on: Bead): Record<string, string> {
  const asked = new Set<string>()
  const look = (name: string): void => {
    const found: Formula | undefined = formulas[name]
    for (const key of Object.keys({ ...found?.vars, ...found?.inputs })) asked.add(key)
    for (const parent of found?.extends ?? []) look(parent)
  }
  look(formula)
  const known: Record<string, string> = { issue: on.id, bead: on.id, feature: on.title, title: on.title }
  return Object.fromEntries(Object.entries(known).filter(([key]) => asked.has(key)))
}

/** Ids that somebody else took at the same moment are made again. */
const TRIES = 5

/** Makes the beads. Errors: those of cooking and pouring; E_CHANGED when the bead changed meanwhile. */
export async function make(town: OpenTown, frozen: Frozen, how: Making): Promise<Result<Made>> {
  const recipe = cookFor(frozen, how)
  if (recipe.kind === 'error') return recipe
  const rig = how.rig ?? (how.on && facts(how.on).rig)
  const prefix = rig === undefined ? ok('hq') : await prefixOf(town, rig)
  if (prefix.kind === 'error') return prefix
  for (let tries = 0; tries < TRIES; tries++) {
    const { state } = town.ledger
    const on = how.on && state.beads.get(how.on.id)
    const poured = pour(state, recipe.value, {
      prefix: prefix.value,
      rig,
      on,
      // Steps of a bead that is there stay as long as that does.
      ephemeral: on === undefined ? (how.ephemeral ?? recipe.value.phase === 'vapor') : on.ephemeral === true,
      by: how.by,
      at: town.now().toISOString(),
    })
    if (poured.kind === 'error') return poured
    const { root, ids, input } = poured.value
    const allowed = await allowCommandsIn(town, input.ops)
    if (allowed.kind === 'error') return allowed
    const made: Made = { root, recipe: recipe.value, ids }
    const more = how.also?.(made, createdBy(input), town.ledger.state) ?? ok({ ops: [] })
    if (more.kind === 'error') return more
    const written = town.ledger.write(withMore(input, more.value))
    if (written.kind === 'error') return written
    if (written.value.applied) return ok(made)
  }
  return fail('E_CHANGED', `${how.on?.id ?? recipe.value.formula} changed at the same moment; nothing was written.`, {
    hint: 'try again',
    exit: EXIT.tryAgain,
  })
}

const createdBy = ({ ops }: ChangeInput): Map<string, Bead> =>
  new Map(ops.flatMap((op) => (op.op === 'create' ? [[op.bead.id, op.bead]] : [])))

const withMore = (input: ChangeInput, { ops, when = [] }: Addition): ChangeInput => ({
  ...input,
  ...((input.when !== undefined || when.length > 0) && { when: [...(input.when ?? []), ...when] }),
  ops: [...input.ops, ...ops],
})

async function prefixOf(town: OpenTown, rig: string): Promise<Result<string>> {
  const settings = await town.rig(rig)
  return settings.kind === 'error' ? settings : ok(settings.value.prefix)
}
