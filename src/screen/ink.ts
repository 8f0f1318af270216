/** Lines in colour, as data: what fits and what stands where is decided before any escape sequence is made. Pure. */
import { cutTo, widthOf } from './width.ts'

/** What a word is, not which colour it gets: colour only ever repeats what the words say. */
export type Ink = 'dim' | 'bold' | 'good' | 'moving' | 'warn' | 'bad' | 'chosen'

export interface Span {
  text: string
  ink?: Ink
}

export type Line = readonly Span[]

const CODE: Record<Ink, number> = { dim: 2, bold: 1, good: 32, moving: 36, warn: 33, bad: 31, chosen: 7 }

export const span = (text: string, ink?: Ink): Span => (ink === undefined ? { text } : { text, ink })

export const widthOfLine = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0)

/** The line in at most so many columns; where something is cut it ends in `…`. */
export function fitted(line: Line, columns: number): Line {
  if (widthOfLine(line) <= columns) return line
  const kept: Span[] = []
  let room = columns
  for (const { text, ink } of line) {
    const width = widthOf(text)
    // One column is kept for the mark.
    if (width >= room) return room === 0 ? kept : [...kept, span(cutTo(`${text}…`, room).replace(/…+$/, '…'), ink)]
    kept.push(span(text, ink))
    room -= width
  }
  return kept
}

/** The line in exactly so many columns. */
export function padded(line: Line, columns: number): Line {
  const fit = fitted(line, columns)
  const rest = columns - widthOfLine(fit)
  return rest > 0 ? [...fit, { text: ' '.repeat(rest) }] : fit
}

/** The whole line in one ink. */
export const allIn = (line: Line, ink: Ink): Line => line.map(({ text }) => ({ text, ink }))

const LOOKALIKE: Readonly<Record<string, string>> = { '…': '~', '─': '-', '│': '|', '–': '-', '’': "'" }

/** For terminals that know no more than ASCII: `?` for each column of what they lack, so that all stays in its place. */
export const asciiLine = (line: Line): Line =>
  line.map(({ text, ink }) => {
    let made = ''
    let before = 0
    for (const [at, sign] of [...text].entries()) {
      const width = widthOf([...text].slice(0, at + 1).join(''))
      made += LOOKALIKE[sign] ?? (/[\x20-\x7e]/.test(sign) ? sign : '?'.repeat(width - before))
      before = width
    }
    return span(made, ink)
  })

/** The line as a terminal takes it; without colour it is its plain text. */
export function inked(line: Line, color: boolean): string {
  return line
    .map(({ text, ink }) => (color && ink !== undefined && text !== '' ? `\x1b[${CODE[ink]}m${text}\x1b[0m` : text))
    .join('')
}

/** Whether this locale promises a terminal that knows Unicode. */
export const knowsUnicode = ({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean =>
  /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
