/**
 * Writes docs/commands.md from what the commands say about themselves, docs/schemas.json from the shapes of their
 * answers, and docs/formula.schema.json from what the parser of formulas takes: `npm run docs`. A test compares the files
 * with what stands here (test/docs/commands.test.ts), so help and reference cannot drift apart.
 */
import { realpathSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import type { Context } from '../src/cli/context.ts'
import { jsonSchemas } from '../src/cli/shapes.ts'
import type { Entry } from '../src/cli/table.ts'
import { TABLE } from '../src/cli/table.ts'
import { formulaJsonSchema } from '../src/meow/formulas/schema.ts'

/** JSON Schema of every `--json` answer. */
export const SCHEMAS = fileURLToPath(new URL('../docs/schemas.json', import.meta.url))
export const schemaText = (): string => `${JSON.stringify(jsonSchemas(), null, 1)}\n`

/** JSON Schema of formula files, for editors. */
export const FORMULA_SCHEMA = fileURLToPath(new URL('../docs/formula.schema.json', import.meta.url))
export const formulaSchemaText = (): string => `${JSON.stringify(formulaJsonSchema(), null, 1)}\n`

export const REFERENCE = fileURLToPath(new URL('../docs/commands.md', import.meta.url))

/** Columns of the help texts; fixed, so that no terminal's width gets into the file. */
const WIDTH = 100

const GROUPS: Record<Exclude<Entry['group'], 'hidden'>, string> = {
  start: 'Start',
  work: 'Work',
  watch: 'Watch',
  town: 'Keep the town',
  worker: 'Inside a worker',
}

/** What the general table of exit codes does not say. */
const EXIT_NOTES: Record<string, string> = {
  sling:
    'With `--wait`: 0 when every bead landed (a report: was handed in), 2 when one needs a person, 1 when one was declined or cancelled, 75 when the time was up or the wait was interrupted; the work goes on then. Without `--wait`: 0 when at least one bead started or has to wait for its turn, else the code of the first failure.',
  'formula validate': '1 when something is wrong with one of them; with `--json`, `data` has all of it.',
  status: 'Plain `gt` is the same command.',
  feed: '0 also when it was left, ended with Ctrl-C, or its town is gone.',
  attach: '1 without a terminal; `gt peek` needs none.',
  'mq verify': '1 when there is no receipt, or when it does not hold.',
  'mq retry': '75 while the entry is being merged at this moment.',
  reject: '75 while the entry is being merged at this moment.',
  land: '75 while the entry is being merged at this moment.',
  'refinery run': '75 when another process works this queue already.',
  done: '1 when the work is refused; the text says what is missing, and the run goes on.',
  'dog run':
    '75 while another process does this chore. With `--all`: the code of the first that failed; the others are done.',
  'run stop': '75 when the run is being merged at this moment.',
  stop: '75 when the run is being merged at this moment. With `--all`: 1 when something did not stop, or the hold could not be written.',
  down: 'With `--drain`: 75 when the time was up, the wait was interrupted, or somebody lifted the hold; the town goes on then.',
  'deacon install': '69 on a machine without systemd or launchd; `--print` works everywhere systemd or launchd could.',
}

const HEAD = `# Commands

Written by \`npm run docs\` from the help of each command; do not edit by hand.

\`--json\` works with every command. Standard output is then exactly one object, \`{"ok":true,"data":…}\` or
\`{"ok":false,"error":{"code":"E_…","message":"…","hint":"…"}}\`. When a command has an answer and a problem at once
(\`gt sling --wait\` with a bead that needs a person), the second form carries \`data\` too. A word \`--json\` behind \`--\`
is an ordinary argument. The shape of \`data\`, command by command, is in [schemas.json](schemas.json) (JSON Schema).

\`gt bd …\` is the same as \`gt bead …\`. A bead may be named by any unique beginning of its id, or of the part behind
its hyphen.

## Exit codes

| code | meaning |
|---:|---|
| 0 | Done. With \`--wait\`: landed. |
| 1 | Refused or failed. |
| 2 | A person is needed. |
| 64 | The command was called in a wrong way. |
| 69 | A program that is needed is missing. |
| 70 | A bug of \`gt\`. \`GT_DEBUG=1\` shows where. |
| 75 | Try again: somebody else was faster, or the time was up. |
`

/** The whole text of docs/commands.md, from the modules in the table of commands. Reads no town and no file. */
export async function commandReference(): Promise<string> {
  const parts = [HEAD]
  for (const [group, title] of Object.entries(GROUPS)) {
    parts.push(`## ${title}\n`)
    for (const [name, entry] of Object.entries(TABLE)) {
      if (entry.group === group) parts.push(...(await sectionsOf(name, entry)))
    }
  }
  return `${parts.join('\n').trimEnd()}\n`
}

/** One section for the command, and one for each of its verbs. */
async function sectionsOf(name: string, entry: Entry): Promise<string[]> {
  const program = new Command('gt').enablePositionalOptions()
  // Registering only builds the parser; nothing here runs a command, so nothing reads the context.
  const { register } = await entry.load()
  register(program, {} as Context)
  const command = program.commands.find((one) => one.name() === name)
  // A module that does not register its command yet has no section; the test says which one is missing.
  return command === undefined ? [] : [...leaves(command, name)].map(([path, one]) => section(path, one))
}

function* leaves(command: Command, path: string): Generator<[string, Command]> {
  yield [path, command]
  for (const verb of command.commands) yield* leaves(verb, `${path} ${verb.name()}`)
}

function section(path: string, command: Command): string {
  const note = EXIT_NOTES[path]
  const lines = [`### gt ${path}\n`, `\`\`\`text\n${helpOf(command)}\n\`\`\`\n`]
  if (note !== undefined) lines.push(`Exit codes: ${note}\n`)
  return lines.join('\n')
}

/** The help as a terminal shows it, examples included. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (piece) => {
      text += piece
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.trim()
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(REFERENCE, await commandReference())
  writeFileSync(SCHEMAS, schemaText())
  writeFileSync(FORMULA_SCHEMA, formulaSchemaText())
}
