/** `gt formula list | show | validate | new | graph | schema`: templates of work, where they are, and what is wrong with them. */
import type { Command } from 'commander'
import { Option } from 'commander'
import type { Formula, Step, Variable } from '../meow/formulas/formula.ts'
import { freeze } from '../meow/formulas/freeze.ts'
import type { Library } from '../meow/formulas/library.ts'
import { openLibrary } from '../meow/formulas/library.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { findTown } from '../town/paths.ts'
import { loadRigSettings } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import type { GraphOptions } from './formula-graph.ts'
import { newFormula } from './formula-new.ts'
import { validate } from './formula-validate.ts'
import { withFormulaOptions } from './mol-options.ts'
import { columns, plain, printable } from './text.ts'

export interface RigOption {
  rig?: string
}

const RIG = ['--rig <rig>', 'look into this rig’s formulas first'] as const

export function register(program: Command, context: Context): void {
  const formula = program
    .command('formula')
    .description('Formulas: templates of work. Found in the rig, in the town, and with gt itself; the first has it.')
    .addHelpText(
      'after',
      '\nExample:\n  gt formula list\n  gt formula new release --type workflow\n  gt formula validate release',
    )
  action(
    formula
      .command('list')
      .description('Every formula that can be used.')
      .option(...RIG),
    (options: RigOption) => list(context, options),
  )
  action(
    formula
      .command('show')
      .description('One formula: its variables, its steps, and what it uses.')
      .argument('<name>')
      .option(...RIG),
    (name: string, options: RigOption) => show(context, name, options),
  )
  action(
    formula
      .command('validate')
      .description('Everything that is wrong with formulas, with file and line. Without a name: all of them.')
      .argument('[name-or-file...]', 'names, or files ending in .toml or .json')
      .option(...RIG),
    (names: string[], options: RigOption) => validate(context, names, options),
  )
  action(
    formula
      .command('new')
      .description('Write a new formula to begin with. Nothing is overwritten.')
      .argument('<name>')
      .addOption(
        new Option('--type <type>', 'what it is')
          .choices(['workflow', 'convoy', 'expansion', 'aspect'])
          .default('workflow'),
      )
      .option('--rig <rig>', 'in this rig’s formulas (default: the town’s)'),
    (name: string, options: RigOption & { type: Formula['type'] }) => newFormula(context, name, options),
  )
  const graph = formula
    .command('graph')
    .description('The steps that a formula amounts to, and what each waits for, as a picture.')
    .argument('<name>')
    .option(...RIG)
    .option('--mermaid', 'as a Mermaid flowchart, for documents')
    .option('--all', 'long rows of steps too')
    .addHelpText('after', '\nExample:\n  gt formula graph release --mermaid')
  action(withFormulaOptions(graph), async (name: string, options: GraphOptions) => {
    const { graph } = await import('./formula-graph.ts')
    return graph(context, name, options)
  })
  action(
    formula
      .command('schema')
      .description('Print the JSON Schema of formula files, for your editor.')
      .addHelpText(
        'after',
        '\nExample:\n  gt formula schema > formulas/formula.schema.json\n  (then `#:schema ./formula.schema.json` as a formula’s first line; `gt formula new` writes it)',
      ),
    async () => {
      const { formulaJsonSchema } = await import('../meow/formulas/schema.ts')
      const schema = formulaJsonSchema()
      return ok({ data: schema, text: JSON.stringify(schema, null, 1) })
    },
  )
}

/** The formulas that this place can use; without a town, those that come with gt. Errors: E_NO_RIG and those of a town. */
export function libraryHere(context: Context, { rig }: RigOption): Result<Library> {
  const town = findTown(context.env, context.cwd)
  if (town.kind === 'error') return town
  if (town.kind === 'unknown') return fail('E_NO_TOWN', town.why, { hint: 'cd into the town, or set GT_TOWN' })
  if (town.kind === 'empty') {
    if (rig === undefined) return ok(openLibrary({}))
    return fail('E_NO_TOWN', 'There is no town here, so there is no rig.', {
      hint: 'cd into the town, or set GT_TOWN',
    })
  }
  if (rig === undefined) return ok(openLibrary({ town: town.value }))
  const settings = loadRigSettings(town.value, rig)
  return settings.kind === 'error' ? settings : ok(openLibrary({ town: town.value, rig }))
}

function list(context: Context, options: RigOption): Answer {
  const library = libraryHere(context, options)
  if (library.kind === 'error') return library
  const entries = library.value.list()
  if (entries.kind === 'error') return entries
  const data = entries.value.map(({ type, problem, ...entry }) => ({
    ...entry,
    type: type ?? null,
    problem: problem ?? null,
  }))
  const rows = data.map((entry) => [
    entry.name,
    entry.type ?? 'BROKEN',
    entry.tier,
    plain(entry.problem ?? entry.description, 80),
  ])
  return ok({
    data,
    text: rows.length > 0 ? printable(columns(rows)) : 'No formula yet. Make one: gt formula new <name>',
  })
}

function show(context: Context, name: string, options: RigOption): Answer {
  const library = libraryHere(context, options)
  if (library.kind === 'error') return library
  const where = library.value.where(name)
  if (where.kind === 'error') return where
  const frozen = freeze(name, library.value)
  if (frozen.kind === 'error') return frozen
  const formula = frozen.value.formulas[name]!
  const uses = Object.keys(frozen.value.formulas).filter((each) => each !== name)
  const data = { name, ...where.value, formula, uses }
  return ok({ data, text: textOf(formula, where.value, uses) })
}

function textOf(formula: Formula, { tier, path }: { tier: string; path: string }, uses: string[]): string {
  const parts = [`${formula.formula}: ${formula.type}, version ${formula.version}, ${tier}\n${path}`]
  if (formula.description.trim() !== '') parts.push(formula.description.trim())
  const variables = Object.entries({ ...formula.inputs, ...formula.vars })
  parts.push(
    ...part(
      'Variables',
      variables.map(([name, variable]) => [name, ...aboutVariable(variable)]),
    ),
  )
  parts.push(
    ...part(
      'Legs',
      formula.legs.map((leg) => [leg.id, leg.title, plain(leg.focus, 60)]),
    ),
  )
  parts.push(
    ...part(
      'Looks at',
      formula.aspects.map((one) => [one.id, one.title, plain(one.focus, 60)]),
    ),
  )
  parts.push(
    ...part(
      'Steps',
      formula.steps.flatMap((step) => stepRows(step, '')),
    ),
  )
  parts.push(
    ...part(
      'Template',
      formula.template.flatMap((step) => stepRows(step, '')),
    ),
  )
  parts.push(
    ...part(
      'Around',
      formula.advice.map(({ target }) => [target]),
    ),
  )
  if (formula.synthesis !== undefined) parts.push(...part('Synthesis', [[formula.synthesis.title]]))
  parts.push(
    ...part(
      'Presets',
      Object.entries(formula.presets).map(([name, { legs }]) => [name, legs.join(', ')]),
    ),
  )
  if (uses.length > 0) parts.push(`Uses: ${uses.join(', ')}`)
  return printable(parts.join('\n\n'))
}

function part(title: string, rows: string[][]): string[] {
  if (rows.length === 0) return []
  const lines = columns(rows).split('\n')
  return [`${title}\n${lines.map((line) => `  ${line.trimEnd()}`).join('\n')}`]
}

function aboutVariable({ type, required, required_unless: unless, default: standard, ...more }: Variable): string[] {
  const words = [type === 'string' ? '' : type]
  if (standard !== undefined) words.push(`default ${JSON.stringify(standard)}`)
  else if (required) words.push('required')
  else if (unless.length > 0) words.push(`required unless ${unless.join(' or ')}`)
  if (more.enum.length > 0) words.push(`one of ${more.enum.join(', ')}`)
  if (more.pattern !== undefined) words.push(`like ${more.pattern}`)
  return [plain(words.filter((word) => word !== '').join(', '), 60), plain(more.description, 80)]
}

function stepRows(step: Step, indent: string): string[][] {
  const notes = [
    step.needs.length > 0 ? `after ${step.needs.join(', ')}` : '',
    step.gate === undefined ? '' : `gate ${step.gate.type}`,
    step.condition === undefined ? '' : `if ${plain(step.condition, 40)}`,
    step.expand === undefined ? '' : `expands ${step.expand}`,
    step.loop === undefined ? '' : `repeated ${step.loop.range ?? step.loop.count ?? `until ${step.loop.until}`}`,
    step.on_complete === undefined ? '' : `then ${step.on_complete.bond} for each of ${step.on_complete.for_each}`,
  ].filter((note) => note !== '')
  const inner = [...step.children, ...(step.loop?.body ?? [])].flatMap((one) => stepRows(one, `${indent}  `))
  return [[`${indent}${step.id}`, plain(step.title, 60), notes.join('; ')], ...inner]
}
