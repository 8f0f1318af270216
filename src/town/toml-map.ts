/**
 * A map of a TOML text: on which line, and between which offsets, every key stands. smol-toml says what a text means
 * but not where; errors that name a line and edits that keep comments need the where. The text must have been parsed
 * without error before: this scanner trusts its syntax.
 */
import { parse } from 'smol-toml'

/** A key, or the index of an element of a list. */
export type Step = string | number

export interface TomlSection {
  path: Step[]
  /** Offset of the `[`; 0 for the part before the first header. */
  start: number
  /** Offset after the closing bracket. */
  end: number
  /** `[[…]]` */
  list: boolean
}

export interface TomlEntry {
  path: Step[]
  /** Offset of the key (of the value, for an element of a list). */
  start: number
  valueStart: number
  valueEnd: number
  value: 'table' | 'list' | 'scalar'
  /** Stands inside a list or an inline table. */
  inside: boolean
  section: TomlSection
}

export interface TomlMap {
  text: string
  /** The first one is the part before any header. */
  sections: TomlSection[]
  /** In the order of the text. */
  entries: TomlEntry[]
  /** `#` to the end of the line. */
  comments: { start: number; end: number }[]
}

/** Where the keys of a text stand; what of a TomlMap the look-up of lines needs. JSON has such a map as well. */
export interface Places {
  text: string
  sections: readonly { path: Step[]; start: number }[]
  entries: readonly { path: Step[]; start: number }[]
  /** The text is JSON: hints are written that way. */
  json?: boolean
}

/** Maps a text that smol-toml has accepted. */
export function mapToml(text: string): TomlMap {
  const first = text.charCodeAt(0) === 0xfeff ? 1 : 0
  const map: TomlMap = { text, sections: [], entries: [], comments: [] }
  let section: TomlSection = { path: [], start: first, end: first, list: false }
  map.sections.push(section)
  /** Elements so far of every list of tables, by its path. */
  const counts = new Map<string, number>()
  let at = first

  skip()
  while (at < text.length) {
    if (text[at] === '[') readHeader()
    else readEntry(section.path, false)
    skip()
  }
  return map

  /** White space, line ends and comments. */
  function skip(): void {
    for (;;) {
      const match = /[\s#]/y
      match.lastIndex = at
      if (!match.test(text)) return
      if (text[at] !== '#') at += 1
      else {
        const start = at
        at = lineEnd(text, at)
        map.comments.push({ start, end: at })
      }
    }
  }

  function readHeader(): void {
    const start = at
    const list = text[at + 1] === '['
    at += list ? 2 : 1
    const keys = readKey()
    at += list ? 2 : 1
    const path: Step[] = []
    keys.forEach((key, index) => {
      path.push(key)
      const name = JSON.stringify(path)
      if (list && index === keys.length - 1) counts.set(name, (counts.get(name) ?? 0) + 1)
      // A name of a list means its latest element.
      const count = counts.get(name)
      if (count !== undefined) path.push(count - 1)
    })
    section = { path, start, end: at, list }
    map.sections.push(section)
  }

  function readEntry(above: Step[], inside: boolean): void {
    const start = at
    const path = [...above, ...readKey()]
    at += 1
    skip()
    readValue(path, start, inside)
  }

  /** One dotted key and the white space after it. */
  function readKey(): string[] {
    const keys: string[] = []
    for (;;) {
      skip()
      const part = /"(?:[^"\\]|\\.)*"|'[^']*'|[^\s.="'\]]+/y
      part.lastIndex = at
      const found = part.exec(text)?.[0] ?? ''
      at += found.length
      // What a quoted key means is the library's business.
      keys.push(/^["']/.test(found) ? (Object.keys(parse(`${found}=0`))[0] ?? '') : found)
      skip()
      if (text[at] !== '.' || found === '') return keys
      at += 1
    }
  }

  function readValue(path: Step[], start: number, inside: boolean): void {
    const entry: TomlEntry = { path, start, valueStart: at, valueEnd: at, value: 'scalar', inside, section }
    map.entries.push(entry)
    if (text[at] === '[') {
      entry.value = 'list'
      readInside(']', (index) => readValue([...path, index], at, true))
    } else if (text[at] === '{') {
      entry.value = 'table'
      readInside('}', () => readEntry(path, true))
    } else {
      const scalar = /"""(?:[^\\]|\\.)*?"""(?!")|'''.*?'''(?!')|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\r\n]*[^,\]}#\s]/sy
      scalar.lastIndex = at
      at += Math.max(1, scalar.exec(text)?.[0].length ?? 0)
    }
    entry.valueEnd = at
  }

  function readInside(close: string, read: (index: number) => void): void {
    at += 1
    skip()
    for (let index = 0; at < text.length && text[at] !== close; index++) {
      read(index)
      skip()
      if (text[at] === ',') at += 1
      skip()
    }
    at += 1
  }
}

/** Offset of the line end (`\n` or `\r\n`) at or after an offset, or of the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset)
  if (newline < 0) return text.length
  return newline > offset && text[newline - 1] === '\r' ? newline - 1 : newline
}

/** Whether `path` begins with `start`. Indexes and keys compare as text: people type `gates.0.run`. */
export function startsWith(path: readonly Step[], start: readonly Step[]): boolean {
  return start.length <= path.length && start.every((step, index) => String(path[index]) === String(step))
}

/** The line (from 1) where a path stands; where it is missing, the line of the nearest thing that should hold it. */
export function lineOf(map: Places, path: readonly Step[]): number {
  for (let length = path.length; length > 0; length--) {
    const wanted = path.slice(0, length)
    const found = [...map.sections, ...map.entries].filter((each) => startsWith(each.path, wanted))
    const exact = found.find((each) => each.path.length === length)
    const first = exact ?? found.sort((a, b) => a.start - b.start)[0]
    if (first !== undefined) return map.text.slice(0, first.start).split('\n').length
  }
  return 1
}
