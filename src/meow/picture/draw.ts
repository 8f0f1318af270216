/**
 * Steps for the terminal, one line each: lanes that show what leads to what, the state's mark, id, title and note. Every
 * word of a step is data: whatever a terminal would act on is gone, and what does not fit is cut.
 */

import { asciiOf, cutTo, harmless, widthOf } from '../../screen/width.ts'
import { folded, type Row } from './fold.ts'
import { type Track, tracks } from './lanes.ts'
import type { Node, NodeState } from './node.ts'
import { ordered } from './order.ts'
import { ASCII, BOX } from './signs.ts'

export interface DrawOptions {
  /** Columns that no line exceeds; less than 20 counts as 20. */
  width: number
  /** Whether to use colours. Without, the drawing has no escape sequence at all. */
  color: boolean
  /** Box characters and marks, or ASCII alone, titles included. */
  unicode: boolean
  /** Every step has its line; else stretches of more than 40 alike are folded into one. */
  all?: boolean
}

type Look = NodeState | 'none' | 'folded'

const MARKS: Record<Look, [unicode: string, ascii: string, colour: string]> = {
  done: ['✔', 'x', '32'],
  doing: ['●', '@', '1;36'],
  ready: ['○', 'o', '33'],
  waiting: ['◌', 'w', '2'],
  gated: ['⏸', '=', '35'],
  failed: ['✗', '!', '1;31'],
  skipped: ['⊘', '~', '2'],
  none: ['•', '*', '0'],
  folded: ['⋮', ':', '2'],
}

/** How id and title are coloured; absent: as they are. */
const WORDS: Partial<Record<Look, string>> = { done: '2', skipped: '2', folded: '2', doing: '1', failed: '31' }

/** Lanes take at most so much of the width; the rest is for words. Both by eye, at 80 and 200 columns. */
const LANES_MOST = 20
const lanesFor = (width: number): number => Math.max(2, Math.min(LANES_MOST, Math.floor((width - 12) / 5)))

/** Deeper groups are not indented further. */
const DEEPEST = 6
const ID_MOST = 32

interface Words {
  id: string
  title: string
  tail: string
}

/**
 * The drawing, without a newline at its end; '' for no nodes. Parts stand under their group, which says how many of its
 * steps are over. A lane to or from a group is about some part of it; that part says `after …` itself, and so does a step
 * whose lane has no room.
 */
export function draw(nodes: readonly Node[], options: DrawOptions): string {
  const width = Math.max(20, Math.floor(options.width))
  const rows = folded(ordered(nodes), options.all === true)
  const lanes = tracks(rows, lanesFor(width), options.unicode ? BOX : ASCII)
  const words = rows.map((row, at) => wordsOf(row, lanes[at]!, rows, options.unicode))
  const graph = lanes.reduce((most, { left, right }) => Math.max(most, left.length + 1 + right.length), 0)
  const room = width - graph - 2
  const ids = rows.reduce((most, row, at) => (row.count > 1 ? most : Math.max(most, widthOf(words[at]!.id))), 0)
  const layout = { ...options, room, idWidth: Math.min(ids, ID_MOST, Math.floor(room / 2)), graph: graph + 2 }
  return rows.map((row, at) => lineOf(row, lanes[at]!, words[at]!, layout)).join('\n')
}

function wordsOf(row: Row, track: Track, rows: readonly Row[], unicode: boolean): Words {
  const clean = (text: string): string => (unicode ? harmless(text) : asciiOf(harmless(text)))
  const { node, progress } = row
  const indent = '  '.repeat(Math.min(row.depth, DEEPEST))
  if (row.count > 1) return { id: `${indent}${foldedWords(row, unicode)}`, title: '', tail: '' }
  const id = clean(node.id)
  const title = clean(node.title)
  const words = { id: indent + id, title: title === id ? '' : title, tail: '' }
  if (!progress && !node.note && row.after.length === 0 && track.unseen.length === 0) return words
  const after = [...row.after, ...track.unseen.map((need) => rows[need]!.node.id)].map(clean)
  const more = after.length > 3 ? ` +${after.length - 3}` : ''
  const tail = [
    ...(progress ? [`${progress.done}/${progress.total}`] : []),
    ...(after.length > 0 ? [`after ${after.slice(0, 3).join(', ')}${more}`] : []),
    ...(node.note ? [clean(node.note)] : []),
  ]
  return { ...words, tail: tail.join(unicode ? ' · ' : ' - ') }
}

const foldedWords = ({ count, node }: Row, unicode: boolean): string =>
  `${unicode ? '…' : '...'} ${count} more${node.state ? ` ${node.state}` : ''}`

interface Layout extends DrawOptions {
  /** Columns for words. */
  room: number
  idWidth: number
  /** Columns before the words. */
  graph: number
}

function lineOf(row: Row, track: Track, { id, title, tail }: Words, layout: Layout): string {
  const { room, idWidth, unicode, color } = layout
  const ellipsis = unicode ? '…' : '...'
  const look: Look = row.count > 1 ? 'folded' : (row.node.state ?? 'none')
  const paint = (text: string, code: string | undefined): string =>
    color && code !== undefined && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text

  const [sign, plain, colour] = MARKS[look]
  const { left, right } = track
  const lanes = paint(left, '2') + paint(unicode ? sign : plain, colour) + paint(right, '2')

  const shortId = cutTo(id, title === '' && tail === '' ? room : Math.max(idWidth, Math.floor(room / 2)), ellipsis)
  const pad = title === '' && tail === '' ? 0 : Math.max(0, idWidth - widthOf(shortId))
  const rest = room - widthOf(shortId) - pad - 2
  const shortTail = cutTo(
    tail,
    title === '' ? rest : Math.max(Math.floor(rest / 2), rest - widthOf(title) - 2),
    ellipsis,
  )
  const shortTitle = cutTo(title, rest - (shortTail === '' ? 0 : widthOf(shortTail) + 2), ellipsis)
  const words = [paint(shortTitle, WORDS[look]), paint(shortTail, '2')].filter((text) => text !== '')
  const gap = ' '.repeat(layout.graph - (left.length + 1 + right.length))
  return `${lanes}${gap}${paint(shortId, WORDS[look])}${words.length > 0 ? ' '.repeat(pad + 2) : ''}${words.join('  ')}`
}
