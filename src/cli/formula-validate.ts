/** `gt formula validate`: every problem of every formula that is named, or of all that can be found. */
import { resolve } from 'node:path'
import { freeze, freezeSource } from '../meow/formulas/freeze.ts'
import type { Library } from '../meow/formulas/library.ts'
import { readFile } from '../meow/formulas/library.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, ok } from '../result.ts'
import type { Problem } from '../town/explain.ts'
import { sentence } from '../town/explain.ts'
import type { Answer, Context } from './context.ts'
import type { RigOption } from './formula.ts'
import { libraryHere } from './formula.ts'
import { printable } from './text.ts'

/** One formula and what is wrong with it; nothing: it is valid. */
interface Checked {
  name: string
  problems: { file: string | null; line: number | null; text: string; fix: string | null }[]
}

export function validate(context: Context, names: string[], options: RigOption): Answer {
  const library = libraryHere(context, options)
  if (library.kind === 'error') return library
  const entries = names.length > 0 ? ok(names) : namesOf(library.value)
  if (entries.kind === 'error') return entries
  const checked = entries.value.map((name) => check(context, name, library.value))
  const wrong = checked.filter(({ problems }) => problems.length > 0)
  const count = wrong.reduce((sum, { problems }) => sum + problems.length, 0)
  const text = printable(checked.map(linesOf).join('\n')) || 'No formula yet. Make one: gt formula new <name>'
  if (wrong.length === 0) return ok({ data: checked, text })
  const message = `${count === 1 ? 'One problem' : `${count} problems`} in ${wrong.length} of ${checked.length} ${checked.length === 1 ? 'formula' : 'formulas'}; the first: ${wrong[0]!.problems[0]!.text}`
  const fix = wrong[0]!.problems[0]!.fix
  return ok({
    data: checked,
    text,
    exit: EXIT.failed,
    problem: { code: 'E_FORMULA', message, ...(fix !== null && { hint: fix }) },
  })
}

function namesOf(library: Library): Result<string[]> {
  const entries = library.list()
  return entries.kind === 'ok' ? ok(entries.value.map(({ name }) => name)) : entries
}

/** A word with a folder or an ending in it is a file. */
function check(context: Context, word: string, library: Library): Checked {
  if (!/[/\\]|\.(?:toml|json)$/.test(word)) {
    const frozen = freeze(word, library)
    return { name: word, problems: frozen.kind === 'ok' ? [] : problemsOf(frozen.failure) }
  }
  const source = readFile(resolve(context.cwd, word))
  if (source.kind === 'error') return { name: word, problems: problemsOf(source.failure) }
  const frozen = freezeSource(source.value, library)
  return { name: word, problems: frozen.kind === 'ok' ? [] : problemsOf(frozen.failure) }
}

function problemsOf({ message, hint, details }: Failure): Checked['problems'] {
  if (!Array.isArray(details)) return [{ file: null, line: null, text: message, fix: hint ?? null }]
  return (details as Problem[]).map(({ file, line, text, fix }) => ({
    file: file ?? null,
    line,
    text: sentence(text),
    fix,
  }))
}

function linesOf({ name, problems }: Checked): string {
  if (problems.length === 0) return `ok   ${name}`
  const lines = problems.map(({ file, line, text, fix }) => {
    const place = file === null ? '' : `${file}:${line}: `
    return `     ${place}${text}${fix === null ? '' : `\n       ${fix}`}`
  })
  return [`BAD  ${name}`, ...lines].join('\n')
}
