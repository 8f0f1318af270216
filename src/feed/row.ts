/** A row of a list: cells that stand below each other, and what a key on it is about. Pure. */
import type { Tone } from '../board/words.ts'
import { toneOf } from '../board/words.ts'
import type { Ink, Line, Span } from '../screen/ink.ts'
import { span } from '../screen/ink.ts'
import { cutTo, harmless, widthOf } from '../screen/width.ts'
import { shortAge } from '../town/duration.ts'

/** `spare`: it goes where there is little room. */
export type Cell = Span & { spare?: true }

export interface Row {
  /** The same thing keeps its key. */
  key: string
  cells: Cell[]
  /** What `gt why` explains; null: nothing. */
  why: string | null
  bead: string | null
  /** The agent whose screen belongs to it. */
  agent: { address: string; session: string | null } | null
  /** All that the board knows of it; made when it is looked at. */
  about(): Line[]
}

/** No cell but the last is wider. */
const CELL = 24

/** A cell of somebody's words: nothing in it steers a terminal. */
export const cell = (text: string, ink?: Ink, max = CELL): Span => span(cutTo(harmless(text), max), ink)

/** Words as long as they are, for the last cell and for what is looked at. */
export const words = (text: string, ink?: Ink): Span => span(harmless(text), ink)

const INK: Record<Tone, Ink | undefined> = {
  good: 'good',
  moving: 'moving',
  warn: 'warn',
  bad: 'bad',
  still: undefined,
}

export const spare = (one: Span): Cell => ({ ...one, spare: true })

/** A word of the town's own (`could_not_run`), in the ink that it deserves. */
export const state = (word: string): Span => span(harmless(word.replaceAll('_', ' ')), INK[toneOf(word)])

export const age = (since: string | null, now: number): string =>
  since === null ? '' : shortAge(now - Date.parse(since))

/** Narrower than this a list does without its spare cells. */
const NARROW = 64

/** The rows as lines, their cells in columns; as wide as their words are. */
export function table(rows: readonly Row[], columns: number): Line[] {
  const all = rows.map(({ cells }) => (columns < NARROW ? cells.filter((one) => !one.spare) : cells))
  const widths: number[] = []
  for (const cells of all)
    for (const [i, { text }] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(text))
  return all.map((cells) =>
    cells.flatMap(({ text, ink }, i): Span[] => {
      if (widths[i] === 0) return []
      const last = i === cells.length - 1
      return [span(text, ink), span(last ? '' : ' '.repeat(widths[i]! - widthOf(text) + 2))]
    }),
  )
}
