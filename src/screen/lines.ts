/** Lines that fit a terminal, as plain text; pure. */
import { cutTo, widthOf } from './width.ts'

export interface Size {
  columns: number
  rows: number
}

/** Rows whose cells stand below each other, two spaces apart; the last cell of a row is not padded. */
export function aligned(table: readonly string[][]): string[] {
  const widths: number[] = []
  for (const row of table) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))
  const pad = (cell: string, i: number, row: string[]): string =>
    i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - widthOf(cell))
  return table.map((row) => row.map(pad).join('  '))
}

/** Lines of at most `columns`, broken between words where there are any. */
export function wrap(line: string, columns: number): string[] {
  const lines: string[] = []
  let rest = line
  while (widthOf(rest) > columns) {
    const most = cutTo(rest, columns, '')
    const space = most.lastIndexOf(' ')
    const kept = rest[most.length] === ' ' || space <= columns / 3 ? most : rest.slice(0, space)
    if (kept === '') break
    lines.push(kept)
    rest = rest.slice(kept.length).replace(/^ /, '')
  }
  return [...lines, rest]
}
