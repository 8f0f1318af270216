/** From the text of a settings file to typed settings, or to an error that names file, line, key and the fix. */
import { parse, TomlError } from 'smol-toml'
import type { z } from 'zod'
import type { Err, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { nearest } from './nearest.ts'
import { SCHEMA } from './schema.ts'
import type { Step, TomlMap } from './toml-map.ts'
import { lineOf, mapToml } from './toml-map.ts'
import { dotted, key } from './toml-text.ts'
import { unknownKey } from './unknown-key.ts'

/** One thing wrong with a file, in the words of its owner. */
export interface Problem {
  line: number
  text: string
  fix: string
  /** The whole key that a mistyped one most likely meant. */
  meant?: string
}

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
  const map = mapToml(text)
  const problems = parsed.error.issues.flatMap((issue) => explain(issue, document.value, schema, map))
  return settingsError(file, problems)
}

/** The document as plain data, or E_SETTINGS with smol-toml's line and column. */
export function parseToml(text: string, file: string): Result<Record<string, unknown>> {
  try {
    return ok(parse(text))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '')
    const shown = text.split(/\r?\n/)[error.line - 1]?.trim().slice(0, 120)
    return fail('E_SETTINGS', `${file}:${error.line}:${error.column}: this is not TOML: ${what}.`, {
      kept: 'Nothing was changed.',
      hint: `Mend line ${error.line}: ${shown}`,
    })
  }
}

/** E_SETTINGS out of problems; one line each. */
export function settingsError(file: string, problems: Problem[]): Err {
  const sorted = [...problems].sort((a, b) => a.line - b.line)
  const lines = sorted.slice(0, 5).map(({ line, text }) => `${file}:${line}: ${sentence(text)}`)
  if (sorted.length > 5) lines.push(`There are ${sorted.length - 5} more.`)
  return fail('E_SETTINGS', lines.join('\n'), {
    kept: 'Nothing was changed.',
    hint: clip(sorted[0]!.fix, 400),
    details: sorted,
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

/** One zod issue in plain words. */
function explain(issue: z.core.$ZodIssue, document: unknown, schema: z.ZodType, map: TomlMap): Problem[] {
  const path = issue.path as Step[]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((word) => unknownKey([...path, word], schema, map))
  }
  const line = lineOf(map, path)
  const name = `\`${dotted(path)}\``
  const value = valueAt(document, path)
  const problem = (text: string, fix: string): Problem => ({ line, text: `${name} ${text}`, fix })
  if (issue.code === 'invalid_key') {
    const why = issue.issues[0]?.message ?? 'is not a name'
    return [problem(`cannot have that name: it ${why}`, `Rename it on line ${line}.`)]
  }
  if (value === undefined) return [problem('is missing', missing(path, line))]
  if (issue.code === 'invalid_value') {
    const words = issue.values.map((each) => JSON.stringify(each))
    const meant = typeof value === 'string' ? nearest(value, issue.values.map(String)) : undefined
    const fix = meant === undefined ? `Write ${words.join(' or ')}.` : `Did you mean ${JSON.stringify(meant)}?`
    return [problem(`must be ${words.join(' or ')}, not ${show(value)}`, fix)]
  }
  if (issue.code === 'too_small' && issue.origin !== 'number' && issue.origin !== 'int') {
    return [problem('must not be empty', `Give it a value on line ${line}, or delete the line.`)]
  }
  if (issue.code === 'too_small') {
    return [problem(`must be at least ${issue.minimum}, not ${show(value)}`, `Write ${issue.minimum} or more.`)]
  }
  if (issue.code === 'too_big') {
    return [problem(`must be at most ${issue.maximum}, not ${show(value)}`, `Write ${issue.maximum} or less.`)]
  }
  if (issue.code === 'invalid_type') {
    const [kind, example] = KIND[issue.expected] ?? [issue.expected, '']
    const last = path.at(-1) ?? ''
    const fix = typeof last === 'number' ? `Correct the list on line ${line}.` : example.replaceAll('KEY', key(last))
    return [problem(`must be ${kind}, not ${show(value)}`, fix)]
  }
  return [problem(issue.message, `Correct line ${line}.`)]
}

const KIND: Record<string, [string, string]> = {
  string: ['text in quotes', 'Write: KEY = "…"'],
  int: ['a whole number', 'Write a whole number without quotes: KEY = 4'],
  number: ['a whole number', 'Write a whole number without quotes: KEY = 4'],
  boolean: ['true or false', 'Write: KEY = true (or false), without quotes.'],
  array: ['a list', 'Write a list: KEY = ["…"]'],
  object: ['a table', 'Write [KEY] on a line of its own and its keys below it.'],
  record: ['a table', 'Write [KEY] on a line of its own and its keys below it.'],
}

/** Examples for keys that must be there. */
const EXAMPLE: Record<string, string> = {
  schema: 'schema = 1',
  run: 'run = "npm test"',
  command: 'command = ["claude"]',
  branch: 'branch = "main"',
  prefix: 'prefix = "gp"',
}

function missing(path: Step[], line: number): string {
  const word = String(path.at(-1))
  const place = path.length > 1 ? `to \`${dotted(path.slice(0, -1))}\` (line ${line})` : 'at the top of the file'
  return `Add ${place}: ${EXAMPLE[word] ?? `${word} = "…"`}`
}

function valueAt(document: unknown, path: Step[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document)
}

function show(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? String(value))
  return clip(text, 60)
}

function sentence(text: string): string {
  return `${clip(text, 200)}${text.endsWith('?') ? '' : '.'}`
}

/** Errors stay short (2 KB in all), whatever stands in the file. */
function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
