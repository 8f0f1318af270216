/** The screen of `gt feed`, as lines that fit its size. Pure. A head, lists (beside what is looked at, where it is wide), keys. */
import type { Board, TownLine } from '../board/board.ts'
import { dollars } from '../board/words.ts'
import type { Line, Span } from '../screen/ink.ts'
import { allIn, asciiLine, fitted, inked, padded, span, widthOfLine } from '../screen/ink.ts'
import type { Size } from '../screen/lines.ts'
import { HELP, KEYS } from './help.ts'
import { dealt, firstShown } from './layout.ts'
import type { List } from './lists.ts'
import { lookOf } from './look.ts'
import { table, words } from './row.ts'
import type { View } from './view.ts'
import { listIn, selected } from './view.ts'

export interface Style {
  color: boolean
  unicode: boolean
}

/** From so many columns on there is room for two things side by side. */
const WIDE = 120

export function screenOf(view: View, { columns, rows }: Size, { color, unicode }: Style): string[] {
  const head = headOf(view, columns)
  const foot = view.said === '' ? KEYS : [words(view.said, 'warn')]
  const room = Math.max(0, rows - head.length - 1)
  const body = bodyOf(view, { columns, rows: room })
  const blank = Array.from({ length: Math.max(0, room - body.length) }, (): Line => [])
  return [...head, ...body.slice(0, room), ...blank, foot]
    .slice(-rows)
    .map((line) => fitted(line, columns))
    .map((line) => inked(unicode ? line : asciiLine(line), color))
}

function bodyOf(view: View, size: Size): Line[] {
  const { board, help, open, alone } = view
  if (help) return HELP
  if (board === null) return [[span('Looking …')]]
  if (board.is === 'trouble') {
    const hint: Line[] = board.hint === null ? [] : [[span('  '), words(board.hint, 'moving')]]
    return [[words(board.message, 'bad')], ...hint]
  }
  const row = open ? selected(view) : undefined
  const look = (columns: number): Line[] => (row === undefined ? [] : lookOf(row, view, { columns, rows: size.rows }))
  if (size.columns < WIDE) return row === undefined ? stack(view, chosen(view, alone), size) : look(size.columns)
  if (alone && row === undefined) return stack(view, chosen(view, true), size)
  const left = Math.floor(size.columns * 0.55)
  const right = size.columns - left - 3
  const beside = alone || row !== undefined ? [] : ['events']
  const lists = chosen(view, alone).filter(({ id }) => !beside.includes(id))
  const events = view.lists.filter(({ id }) => beside.includes(id))
  return sideBySide(
    stack(view, lists, { columns: left, rows: size.rows }),
    row === undefined ? stack(view, events, { columns: right, rows: size.rows }) : look(right),
    left,
    size.rows,
  )
}

const chosen = (view: View, alone: boolean): List[] => (alone ? [listIn(view)!] : view.lists)

function sideBySide(left: Line[], right: Line[], columns: number, rows: number): Line[] {
  return Array.from({ length: rows }, (_, i) => [
    ...padded(left[i] ?? [], columns),
    span(' │ ', 'dim'),
    ...(right[i] ?? []),
  ])
}

/** Lists below each other, each with its title; the one in focus shows its selected row. */
function stack(view: View, lists: readonly List[], { columns, rows }: Size): Line[] {
  const room = dealt(
    rows,
    lists.map(({ rows: { length } }) => Math.max(1, length)),
  )
  return lists.flatMap((list, i) => {
    const size = room[i]
    return size == null ? [] : linesOf(view, list, { columns, rows: size })
  })
}

function linesOf(view: View, list: List, size: Size): Line[] {
  const all = list.rows.length
  const focus = view.focus === list.id && all > 0
  const place = view.at[list.id]?.place ?? 0
  const first = firstShown(place, size.rows, all)
  const last = Math.min(all, first + size.rows)
  const some = last - first < all ? ` ${first + 1}–${last} of ${all}` : ` ${all}`
  const title = [span(list.title, focus ? 'bold' : 'dim'), span(all === 0 ? '' : some, 'dim')]
  if (all === 0) return [rule(title, size.columns), fitted([span(`  ${list.none ?? ''}`, 'dim')], size.columns)]
  const lines = table(list.rows, size.columns)
    .slice(first, last)
    .map((line, i): Line => {
      const here = focus && first + i === place
      const marked = [span(here ? '> ' : '  '), ...line]
      return here ? allIn(padded(marked, size.columns), 'chosen') : fitted(marked, size.columns)
    })
  return [rule(title, size.columns), ...lines]
}

/** A title with a line behind it, to the edge. */
export function rule(title: Line, columns: number): Line {
  const line = fitted(title, columns)
  const rest = columns - widthOfLine(line) - 1
  return rest > 0 ? [...line, span(' '), span('─'.repeat(rest), 'dim')] : line
}

/** Today's costs; where nothing may be spent without end, of how much. */
function spentOf(costs: Board['costs']): Span {
  if (costs === undefined) return span('')
  const { today, budget_usd: budget } = costs
  if (budget === null) return span(today.usd === 0 ? '' : `${dollars(today)} today`)
  const text = `${dollars(today)} of ${dollars({ usd: budget, partly: false })} today`
  return today.usd >= budget ? span(text, 'warn') : span(text)
}

function headOf({ board }: View, columns: number): Line[] {
  if (board?.is !== 'board') return [[]]
  const { town, problems, costs } = board.board
  const n = problems.length
  const { busy, max } = town.workers
  // What comes first is what stays where there is little room.
  const parts: Span[] = [
    words(town.name, 'bold'),
    town.daemon.running ? span('up', 'good') : span('down (gt up)', 'warn'),
    n === 0 ? span('nothing waits for you', 'good') : span(`${n} wait${n === 1 ? 's' : ''} for you`, 'bad'),
    span(`${busy}/${max} workers`),
    span(`${town.ready} ready`),
    span(`${town.landed_today} landed today`),
    spentOf(costs),
    span(hostOf(town.host), 'dim'),
  ]
  const line: Span[] = []
  for (const part of parts.filter(({ text }) => text !== '')) {
    const longer = line.length === 0 ? [part] : [span('  '), part]
    if (line.length === 0 || widthOfLine([...line, ...longer]) <= columns) line.push(...longer)
  }
  return town.closed === null ? [line] : [line, [span('Nothing new starts: ', 'warn'), words(town.closed)]]
}

/** In coarse steps: a screen that changes with every breath of the machine is read by nobody. */
function hostOf({ load1, cores, memory_free_mb }: TownLine['host']): string {
  const load = load1 === null ? [] : [`load ${Math.round(load1 * 2) / 2}${cores === null ? '' : ` on ${cores}`}`]
  const memory = memory_free_mb === null ? [] : [`${Math.floor(memory_free_mb / 1024)} GB free`]
  return [...load, ...memory].join(', ')
}
