/**
 * Slinging a formula: what it makes is slung. Alone it makes a bead of its own; with --on a bead gets its steps; a convoy
 * makes a bead for each leg, and one that brings together what they found.
 */
import { facts } from '../beads/bead.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Frozen } from '../meow/formulas/formula.ts'
import type { Work } from '../meow/work.ts'
import { parseTarget } from '../polecats/sling.ts'
import type { Err, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { FormulaOptions } from './mol-options.ts'
import { varsOf } from './mol-options.ts'
import { findBead } from './town.ts'

/**
 * What `gt sling WORD… TARGET` makes when its first word is a formula or a template; undefined when it is a bead. `ready`
 * says what would keep it from starting, before anything is made.
 */
export async function slungFormula(
  town: OpenTown,
  words: string[],
  options: FormulaOptions & { on?: string },
  ready: () => Promise<Result<void>>,
): Promise<Result<Work | undefined>> {
  const [name = '', target = ''] = words
  const asks = options.on !== undefined || options.var !== undefined || options.preset !== undefined || options.legs
  if (town.ledger.state.beads.has(name)) {
    if (!asks || facts(town.ledger.state.beads.get(name)!).frozen !== undefined)
      return templateOr(town, words, options, ready)
    return usage(`--on, --var, --preset and --legs belong to a formula, and ${name} is a bead.`)
  }
  const rig = parseTarget(words.at(-1) ?? '')
  const { openLibrary } = await import('../meow/formulas/library.ts')
  const place = { town: town.root, ...(rig.kind === 'ok' && { rig: rig.value.rig }) }
  const found = openLibrary(place).pathOf(name)
  if (found.kind === 'error') return asks ? found : neither(town, name, found)
  if (words.length !== 2) return usage('A formula is slung by itself: one formula, one rig.')
  if (rig.kind === 'error') return rig
  const { frozenNamed } = await import('../meow/make.ts')
  const frozen = frozenNamed(town, name, rig.value.rig)
  if (frozen.kind === 'error') return frozen
  return pourFrozen(town, frozen.value, target, options, ready)
}

/** A template bead is poured, not worked on. */
async function templateOr(
  town: OpenTown,
  words: string[],
  options: FormulaOptions & { on?: string },
  ready: () => Promise<Result<void>>,
): Promise<Result<Work | undefined>> {
  const bead = town.ledger.state.beads.get(words[0] ?? '')
  const { frozenIn } = await import('../meow/template.ts')
  const frozen = bead && frozenIn(bead)
  if (frozen === undefined) return ok(undefined)
  if (words.length !== 2) return usage('A template is slung by itself: one template, one rig.')
  return pourFrozen(town, frozen, words[1]!, options, ready)
}

async function pourFrozen(
  town: OpenTown,
  frozen: Frozen,
  target: string,
  options: FormulaOptions & { on?: string },
  ready: () => Promise<Result<void>>,
): Promise<Result<Work>> {
  const vars = varsOf(options.var)
  if (vars.kind === 'error') return vars
  const rig = parseTarget(target)
  if (rig.kind === 'error') return rig
  const on = options.on === undefined ? ok(undefined) : findBead(town, options.on)
  if (on.kind === 'error') return on
  const [{ cookFor, make }, { workOf }] = await Promise.all([import('../meow/make.ts'), import('../meow/work.ts')])
  const cooked = cookFor(frozen, { vars: vars.value, on: on.value, preset: options.preset, legs: options.legs })
  if (cooked.kind === 'error') return cooked
  const may = await ready()
  if (may.kind === 'error') return may
  const made = await make(town, frozen, {
    rig: rig.value.rig,
    vars: vars.value,
    on: on.value,
    preset: options.preset,
    legs: options.legs,
    by: actor(town.env),
  })
  return made.kind === 'error' ? made : ok(workOf(made.value))
}

const usage = (message: string): Result<never> =>
  fail('E_USAGE', message, {
    kept: 'Nothing was slung.',
    hint: 'gt sling <formula> <rig> [--on <bead>] [--var name=value]',
    exit: EXIT.usage,
  })

/** Part of a bead's id it may be; if it is not that either, the library knows which names are near. */
function neither(town: OpenTown, name: string, found: Err): Result<undefined> {
  const bead = findBead(town, name)
  if (bead.kind === 'ok' || bead.failure.code !== 'E_NO_BEAD') return ok(undefined)
  const { hint } = found.failure
  if (!hint?.startsWith('Did you mean')) return ok(undefined)
  return fail('E_NO_BEAD', `There is no bead and no formula ${name}.`, { kept: 'Nothing was slung.', hint })
}
