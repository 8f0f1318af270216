/** From the text of a settings file to typed settings, or to an error that names file, line, key and the fix. */
import { parse, TomlError } from 'smol-toml'
import type { z } from 'zod'
import type { Err, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Problem } from './explain.ts'
import { clip, explainAll, sentence } from './explain.ts'
import { SCHEMA } from './schema.ts'
import { mapToml } from './toml-map.ts'

export type { Problem } from './explain.ts'

/**
 * Parses and validates. Errors: E_SETTINGS (broken TOML, or anything the schema does not allow; at most the first five
 * problems are told), E_NEWER_TOWN (a `schema` number above ours).
 */
export function parseSettings<T>(text: string, schema: z.ZodType<T>, file: string): Result<T> {
  const document = parseToml(text, file)
  if (document.kind === 'error') return document
  const version = document.value.schema
  if (typeof version === 'number' && version > SCHEMA) return newer(file, version)
  const parsed = schema.safeParse(document.value)
  if (parsed.success) return ok(parsed.data)
  const refused = { document: document.value, schema, places: mapToml(text), examples: EXAMPLES }
  return settingsError(file, explainAll(parsed.error.issues, refused))
}

/** Examples for keys that must be there. */
const EXAMPLES: Record<string, string> = {
  schema: 'schema = 1',
  run: 'run = "npm test"',
  formula: 'formula = "docs-pass"',
  rig: 'rig = "app"',
  command: 'command = ["claude"]',
  branch: 'branch = "main"',
  prefix: 'prefix = "gp"',
}

/** The document as plain data, or an error (E_SETTINGS, unless said) with smol-toml's line and column. */
export function parseToml(
  text: string,
  file: string,
  code: 'E_SETTINGS' | 'E_FORMULA' = 'E_SETTINGS',
): Result<Record<string, unknown>> {
  try {
    return ok(parse(text))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '')
    const shown = text.split(/\r?\n/)[error.line - 1]?.trim().slice(0, 120)
    return fail(code, `${file}:${error.line}:${error.column}: this is not TOML: ${what}.`, {
      kept: 'Nothing was changed.',
      hint: `Mend line ${error.line}: ${shown}`,
    })
  }
}

/** E_SETTINGS out of problems; one line each. */
export function settingsError(file: string, problems: Problem[]): Err {
  return problemsError('E_SETTINGS', file, problems)
}

/** One error out of the problems of a file (at least one), in the order of its lines; all of them, with `file`, are its `details`. */
export function problemsError(code: 'E_SETTINGS' | 'E_FORMULA', file: string, problems: Problem[]): Err {
  const sorted = [...problems].sort((a, b) => a.line - b.line)
  const lines = sorted.slice(0, 5).map(({ line, text }) => `${file}:${line}: ${sentence(text)}`)
  if (sorted.length > 5) lines.push(`There are ${sorted.length - 5} more.`)
  return fail(code, lines.join('\n'), {
    kept: 'Nothing was changed.',
    hint: clip(sorted[0]!.fix, 400),
    details: sorted.map((problem) => ({ file, ...problem })),
  })
}

/**
 * The same error about a value that is not in any file yet: without file and lines, which would name a text that was
 * never written.
 */
export function aboutInput(refused: Err): Err {
  const { code, details } = refused.failure
  if (code !== 'E_SETTINGS' || !Array.isArray(details)) return refused
  const problems = details as Problem[]
  const message = problems.slice(0, 5).map(({ text }) => sentence(text))
  const { meant, fix } = problems[0]!
  const hint = meant !== undefined ? `The key is ${meant}.` : /\bline \d/.test(fix) ? undefined : fix
  return fail('E_SETTINGS', message.join('\n'), { kept: 'Nothing was changed.', ...(hint && { hint }) })
}

function newer(file: string, version: number): Err {
  return fail('E_NEWER_TOWN', `${file} was made by a newer gt: it has schema ${version}, this gt reads ${SCHEMA}.`, {
    kept: 'Nothing was changed.',
    hint: 'Install the newer gt, as it was installed where this town was last used.',
    details: { schema: version, reads: SCHEMA },
  })
}
