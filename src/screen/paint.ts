/** What has to be written so that a terminal shows other lines than before. Pure. */

/** Each row that became different, at its place; nothing for those that did not. Rows without a line are blank. */
export function changed(before: readonly string[], lines: readonly string[], rows: number): string {
  let text = ''
  for (let at = 0; at < rows; at++) {
    const line = lines[at] ?? ''
    // Erased first: behind a full row the cursor still stands on its last sign.
    if (line !== (before[at] ?? '')) text += `\x1b[${at + 1};1H\x1b[0m\x1b[2K${line}`
  }
  return text
}
