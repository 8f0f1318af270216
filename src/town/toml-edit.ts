/** Changes one value in a TOML text and nothing else: comments, order, spacing and line ends stay. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'smol-toml'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Step, TomlEntry, TomlMap, TomlSection } from './toml-map.ts'
import { lineEnd, mapToml, startsWith } from './toml-map.ts'
import type { TomlValue } from './toml-text.ts'
import { dotted, key, literal } from './toml-text.ts'

const kept = 'Nothing was changed.'

/**
 * The text with `path` set to `value`: on its own line if it stands there, else below its table's last key, else in a
 * new table at the end. `text` must be valid TOML. Comments inside a replaced list move above it.
 *
 * Errors: E_CONFIG_KEY when the path names a table, goes through something that is not one, or through an element that
 * is not there; E_CONFIG_EDIT when the result would not read back as exactly this change.
 */
export function setInToml(text: string, path: readonly string[], value: TomlValue): Result<string> {
  const map = mapToml(text)
  const wrong = whyNot(map, path)
  if (wrong !== undefined) return fail('E_CONFIG_KEY', wrong, { kept })
  const changed = edit(map, path, literal(value))
  if (readsBackAs(text, changed, path, value)) return ok(changed)
  return fail('E_CONFIG_EDIT', `\`${dotted(path)}\` could not be set without disturbing the file around it.`, {
    kept,
    hint: 'Change it in the file with an editor.',
  })
}

function whyNot(map: TomlMap, path: readonly string[]): string | undefined {
  const below = [...map.sections, ...map.entries].some(
    (each) => !('inside' in each && each.inside) && each.path.length > path.length && startsWith(each.path, path),
  )
  if (below || map.sections.slice(1).some((each) => same(each.path, path))) {
    return `\`${dotted(path)}\` is a table; set one of the keys in it.`
  }
  for (let length = 1; length < path.length; length++) {
    const above = path.slice(0, length)
    const entry = map.entries.find((each) => same(each.path, above))
    if (entry?.value === 'scalar') return `\`${dotted(above)}\` is a single value, so it has no \`${path[length]}\`.`
    const lists = map.sections.some((each) => each.list && same(each.path.slice(0, -1), above))
    if (!lists && entry?.value !== 'list') continue
    const element = [...map.sections, ...map.entries].some((each) => startsWith(each.path, path.slice(0, length + 1)))
    if (!element) return `\`${dotted(above)}\` is a list (counted from 0), and has no element \`${path[length]}\`.`
  }
  return undefined
}

function same(a: readonly Step[], b: readonly Step[]): boolean {
  return a.length === b.length && startsWith(a, b)
}

function edit(map: TomlMap, path: readonly string[], value: string): string {
  const { text } = map
  const there = map.entries.find((each) => same(each.path, path))
  if (there !== undefined) return replaceValue(map, there, value)

  const inline = map.entries.find((each) => each.value === 'table' && startsWith(path, each.path))
  if (inline !== undefined) {
    const pair = `${dotted(path.slice(inline.path.length))} = ${value}`
    const at = inline.valueStart + 1
    const isEmpty = text.slice(at, inline.valueEnd - 1).trim() === ''
    return splice(text, at, isEmpty ? inline.valueEnd - 1 : at, isEmpty ? ` ${pair} ` : ` ${pair},`)
  }

  const table = path.slice(0, -1)
  const sibling = map.entries.findLast(
    ({ inside, section, ...each }) =>
      !inside && startsWith(each.path, table) && startsWith(table, section.path) && each.path.length > table.length,
  )
  if (sibling !== undefined) {
    const indent = /[ \t]*$/.exec(text.slice(0, sibling.start))?.[0] ?? ''
    const name = dotted(path.slice(sibling.section.path.length))
    return newLine(text, sibling.valueEnd, `${indent}${name} = ${value}`)
  }
  const header = map.sections.slice(1).find((each) => same(each.path, table))
  if (header !== undefined) return newLine(text, header.end, `${key(path.at(-1)!)} = ${value}`)
  return append(map, table, `${key(path.at(-1)!)} = ${value}`)
}

/** Replaces a value; comments within it (in a list over several lines) go above its line. */
function replaceValue(map: TomlMap, entry: TomlEntry, value: string): string {
  const { text } = map
  const changed = splice(text, entry.valueStart, entry.valueEnd, value)
  const lost = map.comments.filter(({ start, end }) => start > entry.valueStart && end <= entry.valueEnd)
  if (lost.length === 0) return changed
  const line = text.lastIndexOf('\n', entry.start - 1) + 1
  const lines = lost.map(({ start, end }) => text.slice(start, end) + eol(text))
  return splice(changed, line, line, lines.join(''))
}

/** A line below the one that `offset` is on. */
function newLine(text: string, offset: number, line: string): string {
  const at = lineEnd(text, offset)
  return splice(text, at, at, eol(text) + line)
}

/** At the end, in a table of its own; at the top of the file where there is no table. */
function append({ text, sections }: TomlMap, table: readonly string[], pair: string): string {
  const nl = eol(text)
  const first: TomlSection = sections[0]!
  if (table.length === 0) return splice(text, first.start, first.start, pair + nl)
  const before = text === '' || text.endsWith('\n') ? text : text + nl
  return `${before}${before.trim() === '' ? '' : nl}[${dotted(table)}]${nl}${pair}${nl}`
}

function splice(text: string, from: number, to: number, put: string): string {
  return text.slice(0, from) + put + text.slice(to)
}

function eol(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

/** Proof of an edit: what it reads as is what the old text reads as, with this one value set. */
function readsBackAs(before: string, after: string, path: readonly string[], value: TomlValue): boolean {
  try {
    const expected = parse(before)
    let at = expected as Record<string, unknown>
    for (const step of path.slice(0, -1)) {
      at[step] ??= Object.create(null)
      at = at[step] as Record<string, unknown>
    }
    at[path.at(-1)!] = parse(`v = ${literal(value)}`).v
    return isDeepStrictEqual(parse(after), expected)
  } catch {
    return false
  }
}
