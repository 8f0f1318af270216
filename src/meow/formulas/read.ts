/** From the text of a formula's file to a formula, or to every problem in it: file, line, what is wrong, what to write. */
import { basename } from 'node:path'
import type { Result } from '../../result.ts'
import { fail, ok } from '../../result.ts'
import type { Problem } from '../../town/explain.ts'
import { explainAll, show } from '../../town/explain.ts'
import type { Places } from '../../town/toml-map.ts'
import { lineOf, mapToml } from '../../town/toml-map.ts'
import { parseToml, problemsError } from '../../town/validate.ts'
import type { LineAt } from './check.ts'
import { checkFile } from './check.ts'
import { fill } from './fill.ts'
import type { Formula } from './formula.ts'
import { mapJson } from './json-map.ts'
import type { FormulaFile } from './schema.ts'
import { formulaSchema } from './schema.ts'

/** A formula and where it was read from: what messages about it need. */
export interface Source {
  formula: Formula
  /** As the file says it; its paths are those of the text. */
  written: FormulaFile
  file: string
  line: LineAt
}

/**
 * Reads one formula. `file` is its name in messages; one that ends in `.json` is JSON, all others are TOML. Error: E_FORMULA,
 * whose `details` are all problems (`Problem[]`). What only other formulas can tell is not asked here (freeze.ts).
 */
export function readFormula(text: string, file: string): Result<Formula> {
  const source = readSource(text, file)
  return source.kind === 'ok' ? ok(source.value.formula) : source
}

/** The same, with what later messages need. */
export function readSource(text: string, file: string): Result<Source> {
  const json = file.endsWith('.json')
  const document = json ? parseJson(text, file) : parseToml(text, file, 'E_FORMULA')
  if (document.kind === 'error') return document
  let map: Places | undefined
  // Only messages need the map, and most formulas have nothing to say.
  const places = (): Places => (map ??= json ? mapJson(text) : mapToml(text))
  const parsed = formulaSchema.safeParse(document.value)
  if (!parsed.success) {
    const refused = {
      document: document.value,
      schema: formulaSchema,
      places: places(),
      examples: json ? {} : EXAMPLES,
    }
    return problemsError('E_FORMULA', file, explainAll(parsed.error.issues, refused).map(aboutSquash))
  }
  const written = parsed.data
  const line: LineAt = (path, word) => lineOfWord(places(), lineOf(places(), path), word)
  const problems = [...checkName(written.formula, file, line), ...checkFile(written, line)]
  if (problems.length > 0) return problemsError('E_FORMULA', file, problems)
  return ok({ formula: fill(written), written, file, line })
}

const EXAMPLES = {
  id: 'id = "build"',
  formula: 'formula = "name-of-the-file"',
  body: 'body = [{ id = "…", title = "…" }]',
}

/** Many formulas of the original have this table, and nothing there ever read it. Who keeps one should know. */
function aboutSquash(problem: Problem): Problem {
  if (problem.text !== 'unknown key `squash`') return problem
  const fix = `Delete the table on line ${problem.line}. A molecule is squashed when somebody says so: gt mol squash`
  return { ...problem, text: 'unknown key `squash`: it has no effect here', fix }
}

/** A formula is found by its file's name, so both must be the same. */
function checkName(name: string, file: string, line: LineAt): ReturnType<typeof checkFile> {
  const expected = /^(.+)\.formula\.(?:toml|json)$/.exec(basename(file))?.[1]
  if (expected === undefined || expected === name) return []
  return [
    {
      line: line(['formula']),
      text: `\`formula\` is ${show(name)}, but the file is named ${show(expected)}`,
      fix: `Write: formula = ${JSON.stringify(expected)}, or rename the file to ${name}.formula.toml.`,
    },
  ]
}

/** The line of the first `word` from a line on; the line itself when there is none. */
function lineOfWord({ text }: Places, line: number, word?: string): number {
  if (word === undefined) return line
  const lines = text.split('\n')
  const found = lines.slice(line - 1).findIndex((each) => each.includes(word))
  return found < 0 ? line : line + found
}

function parseJson(text: string, file: string): Result<unknown> {
  try {
    return ok(JSON.parse(text))
  } catch (error) {
    const { message } = error as Error
    const position = /at position (\d+)/.exec(message)?.[1]
    const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n')
    const place = `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`
    const what = message.replace(/,? (?:in JSON )?at position .*$/s, '')
    return fail('E_FORMULA', `${place}: this is not JSON: ${what}.`, {
      kept: 'Nothing was changed.',
      hint: `Mend line ${before.length}: ${text.split('\n')[before.length - 1]?.trim().slice(0, 120)}`,
    })
  }
}
