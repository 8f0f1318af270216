/** One thing that waits for a person, as every screen shows it. Pure: the page in the browser uses it too. */
import type { Severity } from './severity.ts'

export interface Answer {
  /** The key of `gt attend`. */
  key: string
  label: string
  /** The whole command: `gt`, and its arguments. */
  argv: string[]
  /** What is asked for before it runs: the words become its last argument. */
  asks?: string
  /** It shows something, or goes somewhere: it decides nothing. */
  looks?: true
}

/** What waits, before it is compared with others. */
export interface Waiting {
  /** The bead's id; where it is about none, a word: `hold`, `mail`, `agent:mayor`. */
  id: string
  /** It is told once for each (told.ts). */
  key: string
  cause: string
  severity: Severity
  title: string
  /** What to know and to do; its first line stands alone. */
  text: string
  /** RFC 3339. */
  since: string
  bead: string | null
  rig: string | null
  /** The agent that waits for the answer, or that it is about. */
  who: string | null
  /** Beads of whom more may wait (behind.ts): its own, unless others stand still as well. */
  starts: string[]
  /** Those of `starts` that wait themselves, besides what is behind them. */
  stands?: string[]
  /** A person did it, or sits in front of it: nobody is told. */
  quiet?: true
}

export interface Item extends Omit<Waiting, 'starts' | 'stands' | 'quiet' | 'key'> {
  key: string
  /** Beads that wait for it to be answered. */
  behind: { n: number; ids: string[] }
  answers: Answer[]
}

/** It in one line: of a question the question, and otherwise what it is about. */
export function headlineOf({ cause, title, text }: Pick<Item, 'cause' | 'title' | 'text'>): string {
  const [first = ''] = text.trim().split('\n')
  return cause === 'ask' && first !== '' ? first : title
}

/** An answer as a person would type it; `"… "` stands for the words that it asks for. */
export function commandOf({ argv, asks }: Answer): string {
  const words = argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
  return [...words, ...(asks === undefined ? [] : [`"${asks} …"`])].join(' ')
}
