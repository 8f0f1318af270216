/** What is shown of the row that is looked at: what the board knows, and the end of its agent's screen. Pure. */
import type { Line } from '../screen/ink.ts'
import { span } from '../screen/ink.ts'
import type { Size } from '../screen/lines.ts'
import { wrap } from '../screen/lines.ts'
import { unarmed } from '../screen/width.ts'
import { shortName } from './plain.ts'
import type { Row } from './row.ts'
import { words } from './row.ts'
import type { View } from './view.ts'

export function lookOf(row: Row, { pane, down }: View, { columns, rows }: Size): Line[] {
  const facts = row.about().flatMap((line) => wrapped(line, columns))
  const screen = pane !== null && pane.who === row.agent?.address ? paneLines(pane) : []
  // The screen has at least half of the room, the facts what they need of the rest.
  const most = screen.length === 0 ? rows : Math.max(Math.ceil(rows / 2), rows - screen.length - 2)
  const from = Math.min(down, Math.max(0, facts.length - most))
  const shown = facts.slice(from, from + most)
  const left = facts.length - from - shown.length
  if (left > 0) shown[shown.length - 1] = [span(`… ${left + 1} more lines: page down`, 'dim')]
  if (screen.length === 0) return shown
  const title: Line = [span(`─── screen of ${shortName(pane!.who)} `, 'dim')]
  const room = rows - shown.length - 2
  return room <= 0 ? shown : [...shown, [], title, ...screen.slice(-room)]
}

function paneLines(pane: NonNullable<View['pane']>): Line[] {
  if (pane.is !== 'screen') return [[words(pane.why, 'dim')]]
  const text = unarmed(pane.text).trimEnd()
  return text === '' ? [[span('(it is empty)', 'dim')]] : text.split('\n').map((line) => [span(line)])
}

/** Words in one ink are broken; a line of several is cut where it ends. */
function wrapped(line: Line, columns: number): Line[] {
  if (line.length > 2) return [line]
  const [name, text] = line.length === 2 ? line : [undefined, line[0]]
  if (text === undefined) return [[]]
  const indent = ' '.repeat(name?.text.length ?? 0)
  return wrap(text.text, Math.max(10, columns - indent.length)).map((part, i) => {
    const rest = span(part, text.ink)
    return name === undefined ? [rest] : [i === 0 ? name : span(indent), rest]
  })
}
