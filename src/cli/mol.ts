/** `gt mol`: work that goes step by step. What is next, what is done, how it stands. Making molecules is in mol-make.ts. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { isOver } from '../beads/ready.ts'
import { standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { MoleculeView } from '../meow/molecule.ts'
import { moleculeView, stepsOf } from '../meow/molecule.ts'
import { toldOf } from '../meow/told.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context, Output } from './context.ts'
import { action } from './context.ts'
import { registerMake } from './mol-make.ts'
import { registerStatus } from './mol-status.ts'
import { nextData, nextText } from './mol-text.ts'
import { columns, findBead, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const mol = program
    .command('mol')
    .description('Work that goes step by step: a molecule is one bead for one worker, and each step a checkpoint.')
    .addHelpText('after', '\nExample:\n  gt mol next\n  gt mol step done ap-mol-x3k9f.4')
  action(
    mol
      .command('next')
      .description('The step that is next, with all its text.')
      .argument('[molecule]', 'default: the one on my hook')
      .addHelpText('after', '\nExample:\n  gt mol next --json'),
    (id: string | undefined) => withTown(context, (town) => next(town, id)),
  )
  const step = mol.command('step').description('One step.').addHelpText('after', '\nExample:\n  gt mol step done 4')
  action(
    step
      .command('done')
      .description('Say that a step is done. Shows the next one.')
      .argument('[step]', 'its id, its number, or its name; default: the next one')
      .option('--message <text>', 'what came of it, in one line')
      .option('--output <json>', 'what came out of it, for steps that build on it')
      .option('--molecule <id>', 'default: the one on my hook')
      .addHelpText('after', '\nExample:\n  gt mol step done ap-mol-x3k9f.4 --message "The parser reads leap years"'),
    (word: string | undefined, options: DoneOptions) => withTown(context, (town) => done(town, word, options)),
  )
  registerStatus(mol, context)
  action(
    mol
      .command('list')
      .description('Molecules that are not over, and how far they are.')
      .option('--all', 'those that are over too')
      .addHelpText('after', '\nExample:\n  gt mol list'),
    (options: { all?: boolean }) => withTown(context, (town) => list(town, options.all === true)),
  )
  registerMake(mol, context)
}

interface DoneOptions {
  message?: string
  output?: string
  molecule?: string
}

/** The molecule that is meant: named (a step of it will do), or on the hook of the agent that asks. */
export function moleculeFor(town: OpenTown, named: string | undefined): Result<Bead> {
  const { state } = town.ledger
  if (named !== undefined) {
    const bead = findBead(town, named)
    if (bead.kind === 'error') return bead
    const of = facts(bead.value).step?.of
    const root = of === undefined ? bead.value : state.beads.get(of)
    if (root !== undefined && facts(root).molecule?.kind === 'molecule') return ok(root)
    return fail('E_NO_MOLECULE', `${bead.value.id} has no steps.`, { hint: 'gt mol list' })
  }
  const fence = town.env.GT_RUN
  const own = fence ? [...state.beads.values()].find((bead) => facts(bead).runs?.[fence] !== undefined) : undefined
  if (own !== undefined && facts(own).molecule?.kind === 'molecule') return ok(own)
  if (own !== undefined) {
    return fail('E_NO_MOLECULE', `${own.id} has no steps: it is one piece of work.`, { hint: 'gt hook' })
  }
  const all = roots(town, false)
  if (all.length === 1) return ok(all[0]!)
  return fail('E_USAGE', 'Which molecule is meant?', { hint: 'gt mol list', exit: EXIT.usage })
}

function roots(town: OpenTown, over: boolean): Bead[] {
  return [...town.ledger.state.beads.values()].filter(
    (bead) => facts(bead).molecule?.kind === 'molecule' && (over || !isOver(bead)) && bead.status !== 'tombstone',
  )
}

function next(town: OpenTown, id: string | undefined): Answer {
  const root = moleculeFor(town, id)
  return root.kind === 'error' ? root : ok(nextOutput(town, root.value))
}

/** The next step and where the molecule stands. */
function nextOutput(town: OpenTown, root: Bead): Output {
  const told = toldOf(town.ledger.state, root, town.now())!
  const step = told.next && town.ledger.state.beads.get(told.next.id)
  return { data: nextData(root, told, step), text: nextText(root, told, Boolean(town.env.GT_RUN)) }
}

async function done(town: OpenTown, word: string | undefined, options: DoneOptions): Promise<Answer> {
  const output = outputOf(options.output)
  if (output.kind === 'error') return output
  const step = stepFor(town, word, options.molecule)
  if (step.kind === 'error') return step
  const fence = town.env.GT_RUN || undefined
  const { stepDone } = await import('../polecats/step.ts')
  const said = await stepDone(town, step.value.id, {
    by: actor(town.env),
    fence,
    output: output.value,
    message: options.message,
  })
  if (said.kind === 'error') return said
  const { of } = facts(said.value).step!
  const root = town.ledger.state.beads.get(of)!
  const after = nextOutput(town, root)
  const { step: following, ...where } = after.data as { step: Bead | null }
  return ok({
    data: { ...where, step: said.value.id, next: following },
    text: `${said.value.id} is done.\n\n${after.text}`,
  })
}

function outputOf(text: string | undefined): Result<unknown> {
  if (text === undefined) return ok(undefined)
  try {
    return ok(JSON.parse(text))
  } catch {
    return fail('E_USAGE', 'What --output says is not JSON.', {
      kept: 'Nothing was changed.',
      hint: `--output '{"items": ["one", "two"]}'`,
      exit: EXIT.usage,
    })
  }
}

/** A step by id, by its number as people count, or by its name in the formula. */
function stepFor(town: OpenTown, word: string | undefined, molecule: string | undefined): Result<Bead> {
  const { state } = town.ledger
  const exact = word === undefined ? undefined : state.beads.get(word)
  if (exact !== undefined) return ok(exact)
  const root = moleculeFor(town, molecule)
  if (root.kind === 'error') return word === undefined || molecule !== undefined ? root : findBead(town, word)
  const told = toldOf(state, root.value, town.now())!
  if (word === undefined) {
    const id = told.next?.id
    const bead = id === undefined ? undefined : state.beads.get(id)
    if (bead !== undefined) return ok(bead)
    return fail('E_NO_STEP', `No step of ${root.value.id} can be done now.`, { hint: `gt mol next ${root.value.id}` })
  }
  const steps = stepsOf(state, root.value.id)
  const leaves = steps.filter(({ facts: step }) => !step.parts)
  const numbered = /^\d+$/.test(word) ? leaves[Number(word) - 1] : undefined
  const found = numbered ?? steps.find(({ facts: step }) => step.name === word)
  return found === undefined ? findBead(town, word) : ok(found.bead)
}

function list(town: OpenTown, over: boolean): Answer {
  const { state } = town.ledger
  const now = town.now()
  const rows = roots(town, over).map((root) => {
    const view = moleculeView(state, root, now) as MoleculeView
    const next = view.steps.find((step) => step.state === 'ready' && !step.facts.parts)
    return {
      molecule: root.id,
      formula: facts(root).molecule!.formula,
      title: root.title,
      standing: standing(state, root, now),
      done: view.done,
      total: view.total,
      next: next?.bead.id ?? null,
    }
  })
  const text = columns(
    rows.map((row) => [row.molecule, `${row.done}/${row.total}`, row.standing, row.formula, plain(row.title, 60)]),
  )
  return ok({ data: rows, text: rows.length === 0 ? 'No molecules. Make one: gt sling <formula> <rig>' : text })
}
