/**
 * The desk of `gt attend`: which item is selected, what is typed, and what a key does. Pure. The list moves while somebody looks
 * at it; a key must never answer another item than the one that was seen: the selection stays with its item, and when that is
 * over, the next key only takes note of it. Who is in the middle of a sentence then goes on typing it, and nothing else: the words
 * stay, and are sent nowhere.
 */

import type { Key } from '../screen/keys.ts'
import type { Answer, Item } from './item.ts'

export interface Desk {
  items: Item[]
  /** Key of the selected item. */
  at: string | null
  /** Its place, for when it is over. */
  place: number
  /** Words that are typed for an answer. `over`: the item that they are for is over, whatever comes in its place. */
  input: Input | null
  /** What came of the last answer. */
  said: string
  /** The selected item is over, and the next one was not chosen by hand yet. */
  over: boolean
  /** An answer is being carried out. */
  busy: boolean
  /** Key of the item that was answered last: that it is over is no surprise. */
  answered: string | null
}

export interface Input {
  answer: Answer
  text: string
  over?: boolean
}

export type Running = { do: 'run'; answer: Answer; argv: string[] }
export type Deed = { do: 'quit' } | Running

export const EMPTY: Desk = {
  items: [],
  at: null,
  place: 0,
  input: null,
  said: '',
  over: false,
  busy: false,
  answered: null,
}

export function selected({ items, at }: Desk): Item | undefined {
  return items.find(({ key }) => key === at)
}

/** The list moved on. */
export function withItems(desk: Desk, items: Item[]): Desk {
  const place = items.findIndex(({ key }) => key === desk.at)
  if (place >= 0) return { ...desk, items, place }
  if (desk.input !== null) return { ...desk, items, input: { ...desk.input, over: true } }
  const next = Math.min(desk.place, items.length - 1)
  const at = items[next]?.key ?? null
  const over = desk.at !== null && at !== null && desk.at !== desk.answered
  return { ...desk, items, at, place: Math.max(0, next), over }
}

/** What came of an answer. Words that were refused can be mended and sent again. */
export function withOutcome(desk: Desk, { answer, argv }: Running, outcome: { ok: boolean; text: string }): Desk {
  const kept = !outcome.ok && answer.asks !== undefined ? { answer, text: argv.at(-1) ?? '' } : null
  return { ...desk, busy: false, said: outcome.text, input: kept, answered: kept ? null : desk.answered }
}

export function press(desk: Desk, key: Key): { desk: Desk; deed?: Deed } {
  if (key.is === 'interrupt') return { desk, deed: { do: 'quit' } }
  if (desk.busy) return { desk }
  if (desk.input !== null) return type(desk, desk.input, key)
  if (key.is === 'char' && key.char === 'q') return { desk, deed: { do: 'quit' } }
  const moved = move(desk, key)
  if (moved !== undefined) return { desk: moved }
  if (desk.over) return { desk: { ...desk, over: false } }
  if (key.is !== 'char') return { desk }
  const answer = selected(desk)?.answers.find((one) => one.key === key.char)
  if (answer === undefined) return { desk }
  if (answer.asks !== undefined) return { desk: { ...desk, input: { answer, text: '' }, said: '' } }
  return { desk: { ...desk, busy: true, said: '', answered: desk.at }, deed: { do: 'run', answer, argv: answer.argv } }
}

/** Another selection; undefined: the key does not move. */
function move(desk: Desk, key: Key): Desk | undefined {
  const last = desk.items.length - 1
  const to = placeFor(desk, key, last)
  if (to === undefined) return undefined
  const place = Math.max(0, Math.min(last, to))
  return { ...desk, place, at: desk.items[place]?.key ?? null, over: false, said: '' }
}

function placeFor({ place }: Desk, key: Key, last: number): number | undefined {
  if (key.is === 'down' || (key.is === 'char' && key.char === 'j')) return place + 1
  if (key.is === 'up' || (key.is === 'char' && key.char === 'k')) return place - 1
  if (key.is === 'top') return 0
  if (key.is === 'bottom') return last
  const digit = key.is === 'char' && /^[1-9]$/.test(key.char) ? Number(key.char) - 1 : undefined
  return digit !== undefined && digit <= last ? digit : undefined
}

function type(desk: Desk, input: Input, key: Key): { desk: Desk; deed?: Deed } {
  const { answer, text } = input
  const write = (words: string): { desk: Desk } => ({ desk: { ...desk, input: { ...input, text: words } } })
  switch (key.is) {
    case 'esc':
      return { desk: withItems({ ...desk, input: null, said: '' }, desk.items) }
    case 'char':
      return write(text + key.char)
    case 'paste':
      return write(text + key.text)
    case 'backspace':
      return write([...text].slice(0, -1).join(''))
    case 'clear':
      return write('')
    case 'enter':
      if (text.trim() === '' || input.over) return { desk }
      return {
        desk: { ...desk, input: null, busy: true, said: '', answered: desk.at },
        deed: { do: 'run', answer, argv: [...answer.argv, text] },
      }
    default:
      return { desk }
  }
}
