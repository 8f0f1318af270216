/** Small shapes of text that many commands share. */

/** Columns of text, each as wide as its widest cell; the last one is not padded. */
export function columns(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n')
}

/** "3 s", "12 min", "5 h", "2 d". */
export function age(since: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** One line of text that cannot steer a terminal: control characters become spaces, long ones are cut. */
export function plain(text: string, width = 100): string {
  const clean = text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
  return clean.length <= width ? clean : `${clean.slice(0, width - 1)}…`
}
