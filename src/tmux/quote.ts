/**
 * tmux's own command language, written so that every word arrives as it is (tmux(1), "Parsing syntax").
 */

/**
 * One word in double quotes. Control characters (and `~`, which would become a home directory) go as
 * octal escapes, so that a script stays one line (see `script`).
 */
export function quote(word: string): string {
  const octal = (char: string): string => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
  return `"${word.replace(/[\\"$]/g, '\\$&').replace(/[\x00-\x1f\x7f~]/g, octal)}"`
}

/** Commands as one line: tmux gives up the rest of a *line* when a command of it fails, but would go on with the next line. */
export function script(commands: string[][]): string {
  return `${commands.map((words) => words.map(quote).join(' ')).join(' ; ')}\n`
}

/** A text for an option that tmux expands as a format (`-c`, status lines): `#` is the only sign that means something. */
export function plainFormat(text: string): string {
  return text.replaceAll('#', '##')
}
