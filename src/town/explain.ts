/**
 * What zod finds wrong with a file that people write (settings, formulas), in the words of its owner: line, what is wrong,
 * and the fix. Knows TOML and JSON; which schema it is about is the caller's business.
 */
import type { z } from 'zod'
import { nearest } from './nearest.ts'
import type { Places, Step } from './toml-map.ts'
import { lineOf } from './toml-map.ts'
import { dotted, key } from './toml-text.ts'
import { unknownKey } from './unknown-key.ts'

/** One thing wrong with a file, in the words of its owner. */
export interface Problem {
  /** Once it is told: the file's name, as the caller gave it. */
  file?: string
  line: number
  text: string
  fix: string
  /** The whole key that a mistyped one most likely meant. */
  meant?: string
}

/** A document that a schema refused, and where its keys stand. */
export interface Refused {
  document: unknown
  schema: z.ZodType
  places: Places
  /** Lines to write for keys that must be there, by name. */
  examples: Record<string, string>
}

/** All that zod found, in plain words. A key that is missing because it is misspelt is told once. */
export function explainAll(issues: z.core.$ZodIssue[], refused: Refused): Problem[] {
  const problems = issues.flatMap((issue) => explain(issue, refused))
  const meant = new Set(problems.flatMap((one) => (one.meant === undefined ? [] : [`\`${one.meant}\` is missing`])))
  return problems.filter(({ text }) => !meant.has(text))
}

/** One zod issue in plain words; several when it names several keys. */
function explain(issue: z.core.$ZodIssue, refused: Refused): Problem[] {
  const { document, schema, places } = refused
  const path = issue.path as Step[]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((word) => unknownKey([...path, word], schema, places))
  }
  const line = lineOf(places, path)
  const name = `\`${dotted(path)}\``
  const value = valueAt(document, path)
  const problem = (text: string, fix: string): Problem => ({ line, text: `${name} ${text}`, fix })
  if (issue.code === 'invalid_key') {
    const why = issue.issues[0]?.message ?? 'is not a name'
    return [problem(`cannot have that name: it ${why}`, `Rename it on line ${line}.`)]
  }
  if (value === undefined) return [problem('is missing', missing(path, line, refused))]
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
  if (issue.code === 'invalid_union') return ofUnion(issue, refused, problem)
  if (issue.code === 'invalid_type') {
    const [kind, example] = (places.json ? JSON_KIND : KIND)[issue.expected] ?? [issue.expected, '']
    const last = path.at(-1) ?? ''
    const word = places.json ? JSON.stringify(String(last)) : key(last)
    const fix = typeof last === 'number' ? `Correct the list on line ${line}.` : example.replaceAll('KEY', word)
    return [problem(`must be ${kind}, not ${show(value)}`, fix)]
  }
  return [problem(issue.message, `Correct line ${line}.`)]
}

/** Of the shapes that a value may have, what is wrong by the one that it comes nearest to. */
function ofUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  refused: Refused,
  problem: (text: string, fix: string) => Problem,
): Problem[] {
  const near = issue.errors.find((one) => !one.some(isWrongKind))
  if (near !== undefined) {
    return near.flatMap((each) => explain({ ...each, path: [...issue.path, ...each.path] }, refused))
  }
  const kinds = [...new Set(issue.errors.flat().flatMap(kindsWanted))].join(' or ')
  const value = valueAt(refused.document, issue.path as Step[])
  return [problem(`must be ${kinds || 'something else'}, not ${show(value)}`, `Write ${kinds || 'something else'}.`)]
}

function isWrongKind(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_union')
}

function kindsWanted(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(kindsWanted)
  return issue.code === 'invalid_type' ? [KIND[issue.expected]?.[0] ?? issue.expected] : []
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

const JSON_KIND: Record<string, [string, string]> = {
  string: ['text in quotes', 'Write: KEY: "…"'],
  int: ['a whole number', 'Write a whole number without quotes: KEY: 4'],
  number: ['a whole number', 'Write a whole number without quotes: KEY: 4'],
  boolean: ['true or false', 'Write: KEY: true (or false), without quotes.'],
  array: ['a list', 'Write a list: KEY: ["…"]'],
  object: ['a table', 'Write: KEY: { … }'],
  record: ['a table', 'Write: KEY: { … }'],
}

function missing(path: Step[], line: number, { places, examples }: Refused): string {
  const word = String(path.at(-1))
  const place = path.length > 1 ? `to \`${dotted(path.slice(0, -1))}\` (line ${line})` : 'at the top of the file'
  const example = examples[word] ?? (places.json ? `${JSON.stringify(word)}: "…"` : `${word} = "…"`)
  return `Add ${place}: ${example}`
}

export function valueAt(document: unknown, path: readonly Step[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document)
}

/** A value of a file on one short line. */
export function show(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? String(value))
  return clip(text, 60)
}

/** A problem's text as a sentence. */
export function sentence(text: string): string {
  return `${clip(text, 200)}${text.endsWith('?') ? '' : '.'}`
}

/** Errors stay short (2 KB in all), whatever stands in the file. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
