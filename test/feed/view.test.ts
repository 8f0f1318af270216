/** Keys act on the row that was seen; the board moves on below them. */
import { expect, it } from 'vitest'
import type { Board } from '../../src/board/board.ts'
import type { Deed, View } from '../../src/feed/view.ts'
import { NOTHING, press, selected, withBoard } from '../../src/feed/view.ts'
import { keysOf } from '../../src/screen/keys.ts'
import { agentLine, boardOf, eventOf } from './support.ts'

const show = (view: View, board: Board): View => withBoard(view, { is: 'board', board })
function typed(start: View, keys: string): { view: View; deeds: Deed[] } {
  const deeds: Deed[] = []
  let view = start
  for (const key of keysOf(keys)) {
    const { view: next, deed } = press(view, key)
    view = next
    if (deed !== undefined) deeds.push(deed)
  }
  return { view, deeds }
}
const start = show(NOTHING, boardOf())
const at = (view: View) => [view.focus, selected(view)?.key]

it('begins with what waits, or else with who works', () => {
  expect(at(start)).toEqual(['problems', 'gp-toast ask'])
  expect(at(show(NOTHING, boardOf({ problems: [] })))).toEqual(['agents', 'mayor'])
  expect(at(show(NOTHING, boardOf({ problems: [], agents: [], queue: [], convoys: [], waiting: [] })))).toEqual([
    'events',
    'change-1',
  ])
})

it('moves through rows and lists, and not beyond them', () => {
  expect(at(typed(start, 'kj').view)).toEqual(['problems', 'gp-toast ask'])
  expect(at(typed(start, '\tj\x1b[B\x1b[B').view)).toEqual(['agents', 'run-toast'])
  expect(at(typed(start, '\t\t').view)).toEqual(['queue', 'gp-mr1'])
  expect(at(typed(start, '\x1b[Zg\x1b[6~').view)).toEqual(['events', 'change-11'])
  expect(at(typed(start, 'lllllll').view)).toEqual(['agents', 'mayor'])
})

it('a selection stays with its row; when that is over the one in its place is next', () => {
  const chosen = typed(start, '\tj').view
  const more = boardOf({ agents: [agentLine('ann'), ...boardOf().agents] })
  expect(at(show(chosen, more))).toEqual(['agents', 'run-rust'])
  const gone = boardOf({ agents: boardOf().agents.filter(({ run }) => run !== 'run-rust') })
  expect(at(show(chosen, gone))).toEqual(['agents', 'run-toast'])
  expect(at(show(chosen, boardOf({ agents: [] })))).toEqual(['problems', 'gp-toast ask'])
  // The newest event is the one that is looked at, until somebody chose another.
  const events = [eventOf(0), ...boardOf().events]
  expect(at(show(typed(start, '\x1b[Z').view, boardOf({ events })))).toEqual(['events', 'change-0'])
  expect(at(show(typed(start, '\x1b[Zj').view, boardOf({ events })))).toEqual(['events', 'change-2'])
})

it('attaches to the session of who is at it, and says so where there is none', () => {
  const attach = { do: 'attach', session: 'gp-toast', address: 'gp/polecats/toast' }
  expect(typed(start, 'a').deeds).toEqual([attach])
  expect(typed(start, '\x1b[Za').deeds).toEqual([attach])
  const dead = typed(start, '\tja')
  expect([dead.deeds, dead.view.said]).toEqual([[], 'gp/polecats/rust has no session now.'])
  const nobody = typed(start, '\t\ta')
  expect([nobody.deeds, nobody.view.said]).toEqual([[], 'Nobody is at that now.'])
})

it('explains, shows, answers, leaves; help takes the next key', () => {
  const run = (...args: string[]) => ({ do: 'run', args, prints: args[0] !== 'attend' })
  expect(typed(start, 'wvt').deeds).toEqual([run('why', 'gp-toast'), run('bead', 'show', 'gp-toast'), run('attend')])
  expect(typed(start, '\t\tw').deeds).toEqual([run('why', 'gp-mr1')])
  expect(typed(start, '?q').deeds).toEqual([])
  expect(typed(start, '?qq').deeds).toEqual([{ do: 'quit' }])
  expect(typed(start, '?\x03').deeds).toEqual([{ do: 'quit' }])
})

it('opens and closes; what was looked at of another row is gone', () => {
  const pane = { who: 'mayor', is: 'screen', text: 'hello' } as const
  const open = { ...typed(start, '\t\r').view, pane }
  expect(open.open).toBe(true)
  expect(typed(open, 'j').view).toMatchObject({ open: true, pane: null })
  expect(typed(open, '\x1b').view).toMatchObject({ open: false, pane: null })
})
