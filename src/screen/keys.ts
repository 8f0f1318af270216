/** What a terminal sends, as keys; a pasted text is one. Pure. */

export type Key = { is: 'char'; char: string } | { is: 'paste'; text: string } | { is: Named }

export type Named =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'top'
  | 'bottom'
  | 'page-up'
  | 'page-down'
  | 'tab'
  | 'back-tab'
  | 'enter'
  | 'esc'
  | 'backspace'
  | 'clear'
  | 'interrupt'

const NAMED: Readonly<Record<string, Named>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x15': 'clear',
  '\x03': 'interrupt',
  '\x04': 'interrupt',
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\x1b[C': 'right',
  '\x1bOC': 'right',
  '\x1b[D': 'left',
  '\x1bOD': 'left',
  '\x1b[H': 'top',
  '\x1bOH': 'top',
  '\x1b[1~': 'top',
  '\x1b[F': 'bottom',
  '\x1bOF': 'bottom',
  '\x1b[4~': 'bottom',
  '\x1b[5~': 'page-up',
  '\x1b[6~': 'page-down',
  '\t': 'tab',
  '\x1b[Z': 'back-tab',
  '\x1b': 'esc',
}

/** A bracketed paste, an escape sequence, or one sign. */
const TOKEN = /\x1b\[200~([\s\S]*?)(?:\x1b\[201~|$)|\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O[A-Za-z])|[\s\S]/gu

/** Keys of one chunk of input. Sequences that mean nothing here are left out. */
export function keysOf(chunk: string): Key[] {
  const keys: Key[] = []
  for (const [token, pasted] of chunk.matchAll(TOKEN)) {
    const name = Object.hasOwn(NAMED, token) ? NAMED[token] : undefined
    if (pasted !== undefined) keys.push({ is: 'paste', text: pasted.replace(/\r\n?/g, '\n') })
    else if (name !== undefined) keys.push({ is: name })
    else if (!/^[\x00-\x1f]/.test(token)) keys.push({ is: 'char', char: token })
  }
  return keys
}
