/** From pane to pane: the agents of what waits, in the order of the list. */
import { expect, it } from 'vitest'
import type { SessionView } from '../../src/agents/runtime.ts'
import type { Item } from '../../src/attention/item.ts'
import { nextVisit, sessionsToVisit } from '../../src/attention/next.ts'

const item = (agent?: string): Item =>
  ({
    answers: [
      { key: 'w', label: 'why', argv: ['gt', 'why', 'x'] },
      ...(agent === undefined ? [] : [{ key: 'a', label: 'attach', argv: ['gt', 'attach', agent], looks: true }]),
    ],
  }) as Item
const session = (name: string, agent: string, alive = true): SessionView => ({
  name,
  labels: { agent },
  process: { pid: 1, started: 'x' },
  alive,
})

it('goes where the list would go, each once, and nowhere that is gone', () => {
  const sessions = [
    session('s-max', 'app/crew/max'),
    session('s-toast', 'app/polecats/toast'),
    session('s-x', 'x', false),
  ]
  const items = ['app/polecats/toast', undefined, 'x', 'app/crew/max', 'app/polecats/toast', 'gone'].map(item)
  expect(sessionsToVisit(items, sessions)).toEqual(['s-toast', 's-max'])
})

it('goes round, begins with the first, and stays where nobody else waits', () => {
  const names = ['a', 'b', 'c']
  expect([undefined, 'elsewhere', 'a', 'b', 'c'].map((here) => nextVisit(names, here))).toEqual([
    'a',
    'a',
    'b',
    'c',
    'a',
  ])
  expect(nextVisit(['a'], 'a')).toBeUndefined()
  expect(nextVisit([], 'a')).toBeUndefined()
})
