/**
 * What is looked at: which list, which row of each, what is open; and what a key does. Pure. The board moves on while somebody
 * looks: a selection stays with its row wherever that goes, and when it is over passes on to the one in its place.
 */
import type { BoardView, PaneView } from '../board/view.ts'
import type { Key } from '../screen/keys.ts'
import type { List, ListId } from './lists.ts'
import { listsOf } from './lists.ts'
import type { Row } from './row.ts'

export interface View {
  /** Null: not looked yet. */
  board: BoardView | null
  /** Those that are shown, of the last board. */
  lists: List[]
  focus: ListId
  /** The selected row of each list: its key, and its place for when it is over. */
  at: Partial<Record<ListId, { key: string; place: number }>>
  /** The selected row is looked at, with the screen of its agent. */
  open: boolean
  /** Lines that the look was moved down by. */
  down: number
  /** The list in focus has all the room. */
  alone: boolean
  help: boolean
  /** The screen of the selected row's agent. */
  pane: PaneView | null
  /** One line for the foot, until the next key. */
  said: string
}

export type Deed =
  | { do: 'quit' }
  /** The terminal goes to that session. */
  | { do: 'attach'; session: string; address: string }
  /** The terminal goes to `gt` with these words. */
  | { do: 'run'; args: string[]; prints: boolean }

export const NOTHING: View = {
  board: null,
  lists: [],
  focus: 'problems',
  at: {},
  open: false,
  down: 0,
  alone: false,
  help: false,
  pane: null,
  said: '',
}

export const listIn = ({ lists, focus }: View): List | undefined => lists.find(({ id }) => id === focus)

export function selected(view: View): Row | undefined {
  const list = listIn(view)
  return list?.rows.find(({ key }) => key === view.at[list.id]?.key)
}

/** The town moved on. Of trouble the last lists stay out of sight: what was is not shown as if it were now. */
export function withBoard(view: View, board: BoardView): View {
  if (board.is === 'trouble') return { ...view, board, lists: [] }
  const lists = listsOf(board.board).filter(({ rows, none }) => rows.length > 0 || none !== undefined)
  const at: View['at'] = {}
  for (const { id, rows } of lists) {
    const was = view.at[id]
    const place = rows.findIndex(({ key }) => key === was?.key)
    const row = place >= 0 ? place : Math.min(was?.place ?? 0, rows.length - 1)
    // The newest event stays selected as long as nobody chose another one.
    const to = id === 'events' && (was?.place ?? 0) === 0 ? 0 : row
    if (rows[to] !== undefined) at[id] = { key: rows[to].key, place: to }
  }
  const shown = lists.some(({ id, rows }) => id === view.focus && rows.length > 0)
  const focus = shown ? view.focus : (lists.find(({ rows }) => rows.length > 0)?.id ?? 'agents')
  return { ...view, board, lists, at, focus }
}

export function press(before: View, key: Key): { view: View; deed?: Deed } {
  const view = { ...before, said: '' }
  if (key.is === 'interrupt') return { view, deed: { do: 'quit' } }
  if (view.help) return { view: { ...view, help: false } }
  if (key.is === 'char') return pressSign(view, key.char)
  switch (key.is) {
    case 'enter':
      return { view: view.open || selected(view) === undefined ? closed(view) : { ...view, open: true } }
    case 'esc':
    case 'backspace':
      return { view: view.open ? closed(view) : { ...view, alone: false } }
    case 'tab':
    case 'right':
      return { view: toList(view, 1) }
    case 'back-tab':
    case 'left':
      return { view: toList(view, -1) }
    case 'page-down':
      return { view: view.open ? { ...view, down: view.down + PAGE } : moved(view, PAGE) }
    case 'page-up':
      return { view: view.open ? { ...view, down: Math.max(0, view.down - PAGE) } : moved(view, -PAGE) }
    case 'down':
      return { view: moved(view, 1) }
    case 'up':
      return { view: moved(view, -1) }
    case 'top':
      return { view: moved(view, -Infinity) }
    case 'bottom':
      return { view: moved(view, Infinity) }
    default:
      return { view }
  }
}

const PAGE = 10

function pressSign(view: View, sign: string): { view: View; deed?: Deed } {
  const row = selected(view)
  switch (sign) {
    case 'q':
      return { view, deed: { do: 'quit' } }
    case '?':
      return { view: { ...view, help: true } }
    case 'j':
      return { view: moved(view, 1) }
    case 'k':
      return { view: moved(view, -1) }
    case 'g':
      return { view: moved(view, -Infinity) }
    case 'G':
      return { view: moved(view, Infinity) }
    case 'l':
      return { view: toList(view, 1) }
    case 'h':
      return { view: toList(view, -1) }
    case 'z':
      return { view: { ...view, alone: !view.alone } }
    case 'a':
      return attach(view, row)
    case 't':
      return { view, deed: { do: 'run', args: ['attend'], prints: false } }
    case 'w':
      return explain(view, row?.why, 'why')
    case 'v':
      return explain(view, row?.bead, 'bead', 'show')
    default:
      return { view }
  }
}

const closed = (view: View): View => ({ ...view, open: false, down: 0, pane: null })

function attach(view: View, row: Row | undefined): { view: View; deed?: Deed } {
  const { address, session } = row?.agent ?? {}
  if (address === undefined) return { view: { ...view, said: 'Nobody is at that now.' } }
  if (session == null) return { view: { ...view, said: `${address} has no session now.` } }
  return { view, deed: { do: 'attach', session, address } }
}

function explain(view: View, id: string | null | undefined, ...verb: string[]): { view: View; deed?: Deed } {
  if (id == null) return { view: { ...view, said: 'That is about no bead.' } }
  return { view, deed: { do: 'run', args: [...verb, id], prints: true } }
}

/** Another row of the list in focus. */
function moved(view: View, by: number): View {
  const list = listIn(view)
  if (list === undefined || list.rows.length === 0) return view
  const from = view.at[list.id]?.place ?? 0
  const place = Math.max(0, Math.min(list.rows.length - 1, from + by))
  if (place === from) return view
  return { ...view, at: { ...view.at, [list.id]: { key: list.rows[place]!.key, place } }, down: 0, pane: null }
}

/** The next list that has a row, round and round. */
function toList(view: View, by: 1 | -1): View {
  const lists = view.lists.filter(({ rows }) => rows.length > 0)
  const from = lists.findIndex(({ id }) => id === view.focus)
  const to = lists[(from + by + lists.length) % lists.length]
  return to === undefined || to.id === view.focus ? view : { ...view, focus: to.id, down: 0, pane: null }
}
