/** The keys of `gt feed`, at its foot and in its help. */
import type { Line } from '../screen/ink.ts'
import { span } from '../screen/ink.ts'

const FOOT = ['j/k move', 'Tab list', 'Enter look', 'a attach', 'w why', 't answer', '? help', 'q quit']

export const KEYS: Line = FOOT.flatMap((text, i) => {
  const [key, ...rest] = text.split(' ')
  return [span(i === 0 ? '' : '  '), span(key!, 'bold'), span(` ${rest.join(' ')}`, 'dim')]
})

const ROWS: [keys: string, what: string][] = [
  ['j k, arrows', 'another row; g G, Home End: the first, the last; page up, down'],
  ['Tab, h l', 'another list; Shift-Tab goes back'],
  ['Enter', 'all that is known of it, and its agent’s screen; Esc closes'],
  ['a', 'go to its agent; Ctrl-b d comes back, the agent goes on'],
  ['w', 'why it is so (gt why)'],
  ['v', 'the bead (gt bead show)'],
  ['t', 'answer what waits for you (gt attend)'],
  ['z', 'this list alone; again: all of them'],
  ['q, Ctrl-C', 'leave'],
]

export const HELP: Line[] = [
  [span('Keys', 'bold')],
  [],
  ...ROWS.map(([keys, what]): Line => [span(keys.padEnd(13), 'bold'), span(what)]),
  [],
  [span('It only looks. Rows move while you do; the selection stays with its row.', 'dim')],
  [],
  [span('Any key goes back.', 'dim')],
]
