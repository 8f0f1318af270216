/** Takes one table out of a TOML text; comments around it, order, spacing and line ends stay. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'smol-toml'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { lineEnd, mapToml, startsWith } from './toml-map.ts'
import { dotted } from './toml-text.ts'

/**
 * The text without the table at `path`, written as `[a.b]` with its sub-tables or as dotted keys. Comments that stand between its
 * own lines go with it; what stands above and below it stays. `text` must be valid TOML that has the table.
 *
 * Error: E_CONFIG_EDIT when the result would not read back as exactly this change (an inline table, for one).
 */
export function removeFromToml(text: string, path: readonly string[]): Result<string> {
  const changed = cut(text, rangesOf(text, path))
  if (readsBackWithout(text, changed, path)) return ok(changed)
  return fail('E_CONFIG_EDIT', `\`${dotted(path)}\` could not be taken out without disturbing the file around it.`, {
    kept: 'Nothing was changed.',
    hint: 'Take it out with an editor.',
  })
}

type Range = [from: number, to: number]

/** Whole lines: each header with its keys, and each key of the table that stands below another header. */
function rangesOf(text: string, path: readonly string[]): Range[] {
  const { sections, entries } = mapToml(text)
  const ranges: Range[] = []
  for (const section of sections.slice(1)) {
    if (!startsWith(section.path, path)) continue
    const last = entries.findLast((entry) => entry.section === section && !entry.inside)
    ranges.push(lines(text, section.start, Math.max(section.end, last?.valueEnd ?? 0)))
  }
  for (const entry of entries) {
    const elsewhere = !startsWith(entry.section.path, path)
    if (elsewhere && !entry.inside && startsWith(entry.path, path))
      ranges.push(lines(text, entry.start, entry.valueEnd))
  }
  return ranges.sort((a, b) => a[0] - b[0])
}

/** From the beginning of the first line to behind the end of the last. */
function lines(text: string, from: number, to: number): Range {
  const end = lineEnd(text, to)
  const newline = text.slice(end).match(/^\r?\n/)?.[0].length ?? 0
  return [text.lastIndexOf('\n', from - 1) + 1, end + newline]
}

function cut(text: string, ranges: Range[]): string {
  let rest = text
  for (const [from, to] of [...ranges].reverse()) {
    const before = rest.slice(0, from)
    const after = rest.slice(to)
    const empty = /(?<=^|\n)\r?\n$/.exec(before)?.[0].length ?? 0
    // One empty line of the two that would meet; the last one that is left at the end.
    if (after === '') rest = before.slice(0, before.length - empty)
    else rest = before + (empty > 0 ? after.replace(/^\r?\n/, '') : after)
  }
  return rest
}

/** Proof of an edit: what it reads as is what the old text reads as, without this table and tables left empty above it. */
function readsBackWithout(before: string, after: string, path: readonly string[]): boolean {
  try {
    return isDeepStrictEqual(without(parse(after), path), without(parse(before), path)) && !has(parse(after), path)
  } catch {
    return false
  }
}

type Table = Record<string, unknown>

function without(table: Table, [step, ...rest]: readonly string[]): Table {
  if (step === undefined || !Object.hasOwn(table, step)) return { ...table }
  if (rest.length > 0) {
    const below = without(table[step] as Table, rest)
    if (Object.keys(below).length > 0) return { ...table, [step]: below }
  }
  const { [step]: _, ...others } = table
  return others
}

const has = (table: Table, [step, ...rest]: readonly string[]): boolean =>
  step !== undefined &&
  Object.hasOwn(table, step) &&
  (rest.length === 0 || (typeof table[step] === 'object' && has(table[step] as Table, rest)))
