import { expect, test } from 'vitest'
import { attention } from '../../src/attention/attention.ts'
import type { Extras } from '../../src/attention/waiting.ts'
import type { State } from '../../src/beads/fold.ts'
import type { Board } from '../../src/board/board.ts'
import { boardOf, booksOf } from '../../src/board/board.ts'
import { board as shape } from '../../src/cli/shapes-board.ts'
import type { Glance } from '../../src/costs/glance.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import { calm, sighted } from './support.ts'

const now = new Date(at(3600))
const undriven = { since: at(60) }

function boardWith(state: State, more: Parameters<typeof sighted>[0] = {}, spent?: Glance): Board {
  const board = boardOf({
    town: { name: 'home', path: '/town', slots: 30 },
    state,
    books: booksOf(state, calm(now)),
    sightings: sighted(more),
    happenings: [],
    spent,
    now,
  })
  expect(shape.safeParse(JSON.parse(JSON.stringify(board))).error).toBeUndefined()
  return board
}

test('an empty town has nothing to show, and nobody has to drive it', () => {
  const board = boardWith(stateOf(), { outside: { undriven }, daemon: null })
  expect(board).toMatchObject({ problems: [], agents: [], queue: [], convoys: [], waiting: [], landed: [], events: [] })
  expect(board.town).toMatchObject({
    name: 'home',
    daemon: { running: false, pid: null },
    workers: { busy: 0, max: 30 },
  })
})

test('what waits for a person is the very list of gt attend, with what was seen outside the ledger', () => {
  const needs = (second: number) => ({ needs: { cause: 'ask', text: 'which?', at: at(second) } })
  const waits = { issue_id: 'gp-w', depends_on_id: 'gp-c', type: 'blocks', created_at: at(0) }
  const hold = { reason: 'lunch', frozen: false, drain: false, since: at(9) }
  const state = stateOf(
    aBead('gp-a', {}, needs(5)),
    aBead('gp-b', {}, needs(4)),
    aBead('gp-c', { priority: 3 }, needs(6)),
    aBead('gp-d', { priority: 0 }, needs(7)),
    aBead('gp-w', { dependencies: [waits] }),
  )
  const books = booksOf(state, calm(now))
  const shown = (outside: Extras) => books.attend(outside).map(({ id, behind }) => `${id} ${behind.n}`)
  expect(shown({ hold })).toEqual(['gp-d 0', 'gp-c 1', 'gp-b 0', 'gp-a 0', 'hold 0'])
  expect(boardWith(state, { outside: { hold } }).problems).toEqual(attention(state, { hold }))
  // Books are kept while the ledger stands still, and what is seen moves on.
  expect(shown({})).toEqual(['gp-d 0', 'gp-c 1', 'gp-b 0', 'gp-a 0'])
  expect(shown({ dialogs: [{ agent: 'mayor', since: at(1) }] })).toContain('agent:mayor 0')
})

test('work that nobody drives is the first problem', () => {
  const state = stateOf(aBead('gp-a', {}, { slung: { rig: 'gp', by: 'person', at: at(0) } }))
  expect(boardWith(state).problems).toEqual([])
  expect(boardWith(state, { outside: { undriven } }).problems).toMatchObject([
    { key: 'daemon', severity: 'high', answers: [{ argv: ['gt', 'up'] }] },
  ])
})

test('agents: runs and sessions without one, in a steady order; what is not known is null', () => {
  const working = aRun('r2', 'gp-a')
  const parked = aRun('r1', 'gp-b', { state: 'parked' })
  const refinery = aRun('r3', 'gp-c', { agent: 'gp/refinery' })
  const process = { pid: 7, started: 'x' }
  const board = boardWith(stateOf(beadWith(working), beadWith(parked), beadWith(refinery)), {
    sessions: [
      { name: 'gp-r2', labels: { run: 'r2' }, process, alive: true },
      { name: 'mayor', labels: { role: 'mayor', agent: 'mayor' }, process, alive: true },
      { name: 'gp-crew-ann', labels: { role: 'crew', agent: 'gp/crew/ann', rig: 'gp' }, process, alive: false },
      // Of a run that is over: the daemon is about to clear it.
      { name: 'gp-r0', labels: { run: 'r0', agent: 'gp/polecats/r0' }, process, alive: true },
    ],
    verdicts: new Map([
      [
        'r2',
        {
          is: 'alive',
          rule: 'sign',
          evidence: [],
          doing: { is: 'busy' },
          newest: { name: 'hook', grade: 'strong', at: now.getTime() },
        },
      ],
    ]),
    context: new Map([['gp-r2', 42]]),
    signs: new Map([['mayor', { doing: 'idle', at: now.getTime() - 1000 }]]),
  })
  expect(board.agents.map(({ address, role, state, health, doing }) => [address, role, state, health, doing])).toEqual([
    ['mayor', 'mayor', 'in', 'alive', 'idle'],
    ['gp/crew/ann', 'crew', 'ended', 'dead', 'ended'],
    ['gp/polecats/r1', 'polecat', 'parked', null, null],
    ['gp/polecats/r2', 'polecat', 'working', 'alive', 'busy'],
    ['gp/refinery', 'refinery', 'working', null, null],
  ])
  expect(board.agents[3]).toMatchObject({
    bead: 'gp-a',
    title: 'Bead gp-a',
    session: 'gp-r2',
    context: 42,
    seen: now.toISOString(),
  })
  expect(board.agents[2]).toMatchObject({ session: null, context: null, seen: null })
  expect(board.town.workers.busy).toBe(2)
})

test('the queue by rig in the order of the line, and convoys as far as they are', () => {
  const run = aRun('r1', 'gp-e.1', { state: 'submitted', merge_request: 'gp-m1' })
  const child = (id: string) => ({ issue_id: id, depends_on_id: 'gp-e', type: 'parent-child', created_at: at(0) })
  const state = stateOf(
    aBead('gp-e', { issue_type: 'epic', title: 'All of it' }),
    beadWith(run, {}, { dependencies: [child('gp-e.1')] }),
    aBead('gp-e.2', { status: 'closed', dependencies: [child('gp-e.2')] }, { outcome: 'landed' }),
    aBead('gp-e.3', { dependencies: [child('gp-e.3')] }),
    aMerge('gp-m1', run, { state: 'testing', reason: 'with 2 more' }).bead,
  )
  const board = boardWith(state)
  expect(board.queue).toMatchObject([
    { id: 'gp-m1', bead: 'gp-e.1', title: 'Bead gp-e.1', state: 'testing', reason: 'with 2 more' },
  ])
  expect(board.convoys).toMatchObject([
    { id: 'gp-e', kind: 'epic', total: 3, closed: 1, landed: 1, running: 1, stuck: 1, waiting: 0, state: 'moving' },
  ])
  expect(board.convoys[0]?.cause).toContain('nobody ordered it')
})

test('what landed today is counted, and has its price where that is known', () => {
  const landed = (id: string, when: string) =>
    aBead(
      id,
      { status: 'closed' },
      { outcome: 'landed', landed: { commit: 'c', target: 'main', merge_request: 'm', at: when } },
    )
  const state = stateOf(landed('gp-a', now.toISOString()), landed('gp-b', '2020-01-01T00:00:00Z'))
  const spent = { today: { usd: 1.5, partly: true }, beads: new Map([['gp-a', { usd: 0.5, partly: false }]]) }
  const board = boardWith(state, {}, spent)
  expect(board.town.landed_today).toBe(1)
  expect(board.landed.map(({ bead, cost }) => [bead, cost?.usd])).toEqual([
    ['gp-a', 0.5],
    ['gp-b', 0],
  ])
  expect(board.costs).toEqual({ today: { usd: 1.5, partly: true }, budget_usd: null })
  // Nobody knows what it costs: that is not nothing.
  const blind = boardWith(state)
  expect([blind.costs, blind.landed[0]?.cost]).toEqual([undefined, null])
})
