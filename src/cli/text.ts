/** Small shapes of text that many commands share. */
import { unarmed } from '../screen/width.ts'
import { ageOf } from '../town/duration.ts'

/** Columns of text, each as wide as its widest cell; the last one is not padded. */
export function columns(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n')
}

/** How long ago: "3 s", "12 min", "5 h", "2 d". */
export function age(since: string, now: Date): string {
  return ageOf(now.getTime() - Date.parse(since))
}

/** Almost every text is of these alone, and lists are long. */
const ASCII = /^[\x20-\x7e]*$/

/**
 * One line of text that cannot steer a terminal: without escape sequences, control characters and marks of direction, which would
 * show another text than the one that is there. Long ones are cut.
 */
export function plain(text: string, width = 100): string {
  const clean = ASCII.test(text)
    ? text.trim()
    : unarmed(text)
        .replace(/\s*\n\s*/g, ' ')
        .trim()
  return clean.length <= width ? clean : `${clean.slice(0, width - 1)}…`
}

/** What somebody wrote at length, line by line; nothing of it is cut but what no person types in one line. */
export function prose(text: string, indent = ''): string[] {
  return text.split('\n').map((line) => `${indent}${plain(line, 4_000)}`)
}

/** Text of several lines that cannot steer a terminal, its line ends and tabs as they are. */
export function printable(text: string): string {
  return text
    .replace(/\r(?!\n)/g, ' ')
    .split('\t')
    .map(unarmed)
    .join('\t')
}
