/** `gt mol cook | pour | wisp | bond | squash | burn`: molecules are made from formulas, joined, and ended. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { newBeadId, prefixOfId } from '../beads/ids.ts'
import { isAgent } from '../kernel/landing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { BondType } from '../meow/bond.ts'
import { BOND_TYPES, bondBeads, bondRecipe } from '../meow/bond.ts'
import { burn, squash } from '../meow/ending.ts'
import type { Frozen } from '../meow/formulas/formula.ts'
import { allowCommandsIn } from '../meow/gates/permission.ts'
import { cookFor, frozenNamed, make } from '../meow/make.ts'
import { frozenIn, templateBead } from '../meow/template.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import type { FormulaOptions } from './mol-options.ts'
import { VAR, varsOf, withFormulaOptions } from './mol-options.ts'
import { findBead, mustApply, plain, withTown } from './town.ts'

interface MakeOptions extends FormulaOptions {
  rig?: string
  on?: string
  save?: boolean
}

interface BondOptions {
  type: string
  at?: string
  var?: string[]
}

/** Adds the verbs. */
export function registerMake(mol: Command, context: Context): void {
  const cook = mol
    .command('cook')
    .description('What a formula amounts to with these values; --save keeps it as a template, frozen.')
    .argument('<formula>', 'a formula, or a template bead')
    .option('--rig <rig>', 'look among this rig’s formulas first')
    .option('--save', 'keep it in the ledger: later changes of the files do not reach it')
    .addHelpText('after', '\nExample:\n  gt mol cook polecat-work --save')
  action(withFormulaOptions(cook), (name: string, options: MakeOptions) =>
    withTown(context, (town) => cookCommand(town, name, options)),
  )
  for (const [verb, what] of [
    ['pour', 'Make a molecule from a formula: a bead, and a bead for each step. gt sling does this too.'],
    ['wisp', 'The same, but ephemeral: it never reaches git, and a digest is all that stays.'],
  ] as const) {
    const command = mol
      .command(verb)
      .description(what)
      .argument('<formula>', 'a formula, or a template bead')
      .option('--rig <rig>', 'the project it belongs to')
      .addHelpText('after', `\nExample:\n  gt mol ${verb} polecat-work --rig app --var issue=ap-x3k9f`)
    // A wisp is work of its own: it would leave a bead without its steps.
    if (verb === 'pour') command.option('--on <bead>', 'this bead gets the steps')
    action(withFormulaOptions(command), (name: string, options: MakeOptions) =>
      withTown(context, (town) => pourCommand(town, name, options, verb === 'wisp')),
    )
  }
  action(
    mol
      .command('bond')
      .description('Join work: the second follows the first, or a formula adds its steps to a molecule.')
      .argument('<first>', 'a bead or molecule')
      .argument('<second>', 'a bead, a molecule, or a formula')
      .option('--type <type>', 'sequential, parallel, or conditional (only if the first fails)', 'sequential')
      .option('--at <place>', 'a formula’s own place (compose.bond_points) to add the steps at')
      .option(...VAR)
      .addHelpText('after', '\nExample:\n  gt mol bond ap-mol-x3k9f security-audit-pass --type sequential'),
    (first: string, second: string, options: BondOptions) =>
      withTown(context, (town) => bond(town, first, second, options)),
  )
  action(
    mol
      .command('squash')
      .description('Leave a digest of a molecule: of a wisp nothing else stays.')
      .argument('<molecule>')
      .option('--summary <text>', 'what the digest says; default: its steps and what came of each')
      .addHelpText('after', '\nExample:\n  gt mol squash ap-wisp-x3k9f --summary "Nothing to do today"'),
    (id: string, options: { summary?: string }) =>
      withTown(context, (town) => squashCommand(town, id, options.summary)),
  )
  action(
    mol
      .command('burn')
      .description('End a molecule without a digest. A wisp’s beads go; those of a poured one are closed as cancelled.')
      .argument('<molecule>')
      .option('--reason <text>')
      .addHelpText('after', '\nExample:\n  gt mol burn ap-wisp-x3k9f --reason "started by mistake"'),
    (id: string, options: { reason?: string }) => withTown(context, (town) => burnCommand(town, id, options.reason)),
  )
}

/** A template bead of this id, or the formula of this name. */
function frozenFor(town: OpenTown, name: string, rig: string | undefined): Result<Frozen> {
  const bead = town.ledger.state.beads.get(name)
  if (bead === undefined) return frozenNamed(town, name, rig)
  const frozen = frozenIn(bead)
  if (frozen !== undefined) return ok(frozen)
  return fail('E_NO_FORMULA', `${bead.id} is no template.`, { kept: 'Nothing was changed.', hint: 'gt formula list' })
}

function cookCommand(town: OpenTown, name: string, options: MakeOptions): Answer {
  const frozen = frozenFor(town, name, options.rig)
  if (frozen.kind === 'error') return frozen
  if (options.save) return save(town, frozen.value, options.rig)
  const vars = varsOf(options.var)
  if (vars.kind === 'error') return vars
  const recipe = cookFor(frozen.value, { ...options, vars: vars.value, on: undefined })
  if (recipe.kind === 'error') return recipe
  return ok({ data: recipe.value, text: JSON.stringify(recipe.value, null, 2) })
}

function save(town: OpenTown, frozen: Frozen, rig: string | undefined): Answer {
  const by = actor(town.env)
  const at = town.now().toISOString()
  const id = newBeadId('hq-proto', (taken) => town.ledger.state.beads.has(taken))
  const bead = templateBead(frozen, { id, rig, by, at })
  const why = `froze ${frozen.formula} as ${id}`
  const written = mustApply(town.ledger.write({ by, why, ops: [{ op: 'create', bead }] }), id)
  if (written.kind === 'error') return written
  const names = Object.keys(frozen.formulas)
  const text = `${id}  ${frozen.formula}, frozen with ${names.length === 1 ? 'nothing else' : `${names.length - 1} more`}\nNext: gt mol pour ${id} --rig <rig>`
  return ok({ data: { template: id, formulas: names }, text })
}

async function pourCommand(town: OpenTown, name: string, options: MakeOptions, wisp: boolean): Promise<Answer> {
  const on = options.on === undefined ? ok(undefined) : findBead(town, options.on)
  if (on.kind === 'error') return on
  const rig = options.rig ?? (on.value && facts(on.value).rig) ?? onlyRig(town)
  const frozen = frozenFor(town, name, rig)
  if (frozen.kind === 'error') return frozen
  const vars = varsOf(options.var)
  if (vars.kind === 'error') return vars
  const made = await make(town, frozen.value, {
    rig,
    vars: vars.value,
    on: on.value,
    preset: options.preset,
    legs: options.legs,
    ...(wisp && { ephemeral: true }),
    by: actor(town.env),
  })
  if (made.kind === 'error') return made
  const { root, recipe, ids } = made.value
  const data = { root, formula: recipe.formula, kind: recipe.kind, steps: Object.fromEntries(ids) }
  const beads = recipe.kind === 'convoy' ? [...ids.values()].join(' ') : root
  const text = `${root}  ${plain(recipe.title)}, ${recipe.steps.length} steps\nNext: gt sling ${beads} ${rig ?? '<rig>'}`
  return ok({ data, text })
}

function onlyRig(town: OpenTown): string | undefined {
  return town.env.GT_RIG || undefined
}

async function bond(town: OpenTown, first: string, second: string, options: BondOptions): Promise<Answer> {
  const type = BOND_TYPES.find((known) => known === options.type)
  if (type === undefined) {
    return fail('E_USAGE', `"${options.type}" is no way to bond.`, { hint: BOND_TYPES.join(', '), exit: EXIT.usage })
  }
  const root = findBead(town, first)
  if (root.kind === 'error') return root
  const how = { by: actor(town.env), at: town.now().toISOString() }
  const bead = findBead(town, second)
  if (bead.kind === 'ok' && frozenIn(bead.value) === undefined) {
    const change = bondBeads(town.ledger.state, root.value, bead.value, type, how)
    if (change.kind === 'error') return change
    const written = mustApply(town.ledger.write(change.value), bead.value.id)
    if (written.kind === 'error') return written
    return ok({
      data: { first: root.value.id, second: bead.value.id, type },
      text: `${bead.value.id} ${WORDS[type]} ${root.value.id}`,
    })
  }
  return bondFormula(town, root.value, second, type, options)
}

const WORDS: Record<BondType, string> = {
  sequential: 'follows',
  parallel: 'is a part of',
  conditional: 'runs only if that fails:',
}

async function bondFormula(
  town: OpenTown,
  root: Bead,
  name: string,
  type: BondType,
  options: BondOptions,
): Promise<Answer> {
  const { rig } = facts(root)
  const frozen = frozenFor(town, name, rig)
  if (frozen.kind === 'error') return frozen
  const vars = varsOf(options.var)
  if (vars.kind === 'error') return vars
  const recipe = cookFor(frozen.value, { vars: vars.value, on: root })
  if (recipe.kind === 'error') return recipe
  const settings = rig === undefined ? undefined : await town.rig(rig)
  if (settings?.kind === 'error') return settings
  const how = {
    by: actor(town.env),
    at: town.now().toISOString(),
    prefix: settings?.value.prefix ?? 'hq',
    point: options.at,
  }
  const change = bondRecipe(town.ledger.state, root, recipe.value, type, how)
  if (change.kind === 'error') return change
  const allowed = await allowCommandsIn(town, change.value.input.ops)
  if (allowed.kind === 'error') return allowed
  const written = mustApply(town.ledger.write(change.value.input), root.id)
  if (written.kind === 'error') return written
  return ok({
    data: { first: root.id, second: change.value.group, type },
    text: `${root.id} has ${recipe.value.steps.length} steps more, in ${change.value.group}: gt mol status ${root.id}`,
  })
}

async function squashCommand(town: OpenTown, id: string, summary: string | undefined): Promise<Answer> {
  const root = findBead(town, id)
  if (root.kind === 'error') return root
  const change = squash(town.ledger.state, root.value, {
    by: actor(town.env),
    at: town.now().toISOString(),
    prefix: prefixOfId(root.value.id),
    summary,
  })
  if (change.kind === 'error') return change
  const written = mustApply(town.ledger.write(change.value.input), root.value.id)
  if (written.kind === 'error') return written
  const { digest } = change.value
  return ok({ data: { molecule: root.value.id, digest }, text: `${digest}  is what is left of ${root.value.id}` })
}

async function burnCommand(town: OpenTown, id: string, reason: string | undefined): Promise<Answer> {
  // Agents have no verb that takes anything away (law 4).
  if (isAgent(town.env)) {
    return fail('E_NOT_FOR_AGENTS', 'Only a person burns a molecule.', {
      kept: 'Nothing was changed.',
      hint: 'gt mol squash <molecule>   leaves a digest; gt ask "…"   asks a person',
    })
  }
  const root = findBead(town, id)
  if (root.kind === 'error') return root
  const change = burn(town.ledger.state, root.value, { by: actor(town.env), ...(reason !== undefined && { reason }) })
  if (change.kind === 'error') return change
  const written = mustApply(town.ledger.write(change.value), root.value.id)
  if (written.kind === 'error') return written
  return ok({ data: { molecule: root.value.id, burned: true }, text: `${root.value.id} is burned.` })
}
