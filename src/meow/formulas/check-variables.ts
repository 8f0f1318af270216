/** What can be wrong with variables: what they are said to be, and where they are used. */

import type { Problem } from '../../town/explain.ts'
import { show } from '../../town/explain.ts'
import { nearest } from '../../town/nearest.ts'
import type { Step as Key } from '../../town/toml-map.ts'
import { isOfType } from '../cook/variables.ts'
import type { Inherited, LineAt } from './check.ts'
import type { FileVariable, FormulaFile } from './schema.ts'

/** Patterns that compile, defaults that are allowed by what stands beside them, conditions that name inputs. */
export function checkVariables(file: FormulaFile, at: LineAt): Problem[] {
  const inputs = Object.keys(file.inputs ?? {})
  return (['vars', 'inputs'] as const).flatMap((table) =>
    Object.entries<FileVariable>(file[table] ?? {}).flatMap(([name, written]) => {
      const problem = (key: string | undefined, text: string, fix: string): Problem => ({
        line: at(key === undefined ? [table, name] : [table, name, key]),
        text: `variable ${show(name)} ${text}`,
        fix,
      })
      if (!/^[A-Za-z_][\w-]*$/.test(name)) {
        const fix = 'Use letters, digits, `_` and `-`, beginning with a letter.'
        return [problem(undefined, 'has a name that no placeholder can have', fix)]
      }
      if (typeof written !== 'object') return []
      const unless = (written.required_unless ?? []).flatMap((other) => {
        if (inputs.includes(other)) return []
        const meant = nearest(other, inputs)
        const fix = meant === undefined ? `Inputs: ${inputs.join(', ')}.` : `Did you mean ${show(meant)}?`
        return [problem('required_unless', `is required unless ${show(other)}, which is not an input`, fix)]
      })
      return [...unless, ...checkValue(written, problem)]
    }),
  )
}

function checkValue(
  { type, default: standard, enum: choice, pattern }: Exclude<FileVariable, string | number | boolean>,
  problem: (key: string, text: string, fix: string) => Problem,
): Problem[] {
  const problems: Problem[] = []
  const value = standard === undefined ? undefined : String(standard)
  if (type !== undefined && value !== undefined && value !== '' && !isOfType(type, value)) {
    problems.push(
      problem('default', `has the default ${show(standard)}, which is not of type ${type}`, 'Correct one of the two.'),
    )
  }
  const allowed = choice?.map(String)
  if (value !== undefined && allowed !== undefined && !allowed.includes(value)) {
    const meant = nearest(value, allowed)
    const fix = meant === undefined ? `Write one of: ${allowed.join(', ')}.` : `Did you mean ${show(meant)}?`
    problems.push(problem('default', `has the default ${show(standard)}, which is not in its \`enum\``, fix))
  }
  if (pattern === undefined) return problems
  const expression = compiled(pattern)
  if (typeof expression === 'string') {
    problems.push(
      problem('pattern', `has a pattern that is no regular expression: ${expression}`, `Correct: ${show(pattern)}`),
    )
  } else if (value !== undefined && !expression.test(value)) {
    const text = `has the default ${show(standard)}, which does not match its pattern ${show(pattern)}`
    problems.push(problem('default', text, 'Correct one of the two.'))
  }
  return problems
}

/** The expression, or why it is none. */
function compiled(pattern: string): RegExp | string {
  try {
    return new RegExp(pattern)
  } catch (error) {
    return (error as Error).message.replace(/^Invalid regular expression: /, '')
  }
}

/** Words of Go's templates, which the original's convoy prompts are written in. */
const TEMPLATE_WORDS = new Set(['end', 'else', 'if', 'range', 'with', 'break', 'continue'])

/** `{{name}}` in any text of the file, unless the name is a variable. What is no such name is left to whoever reads it. */
export function checkPlaceholders(file: FormulaFile, at: LineAt, inherited: Inherited): Problem[] {
  const known = [...Object.keys(file.vars ?? {}), ...Object.keys(file.inputs ?? {}), ...inherited.variables]
  const declared = new Set(known)
  const told = new Set<string>()
  return placeholders(file).flatMap(({ path, name, written }) => {
    if (declared.has(name) || told.has(name)) return []
    told.add(name)
    const line = at(path, written)
    const meant = nearest(name, known)
    const text = `\`${written}\` is not a variable of this formula`
    if (meant === undefined)
      return [{ line, text, fix: `Declare it: [vars.${name}] with a description, and a default or required = true.` }]
    return [{ line, text: `${text}; did you mean \`{{${meant}}}\`?`, fix: `Write {{${meant}}} on line ${line}.` }]
  })
}

/** Every `{{name}}` of a formula's texts, with its place. */
export function placeholders(file: FormulaFile): { path: Key[]; name: string; written: string }[] {
  const found: { path: Key[]; name: string; written: string }[] = []
  const visit = (value: unknown, path: Key[]): void => {
    if (typeof value === 'string') {
      // `${{ … }}` belongs to GitHub's workflow files.
      for (const [written, name] of value.matchAll(/(?<!\$)\{\{\s*([A-Za-z_][\w-]*)\s*\}\}/g)) {
        if (!TEMPLATE_WORDS.has(name!)) found.push({ path, name: name!, written })
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) visit(each, [...path, Array.isArray(value) ? Number(key) : key])
    }
  }
  for (const [key, value] of Object.entries(file)) if (key !== 'vars' && key !== 'inputs') visit(value, [key])
  return found
}
