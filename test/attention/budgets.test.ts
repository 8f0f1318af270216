/** Budgets in the list of what waits for a person, and in what a person is told. */
import { expect, test } from 'vitest'
import { attention } from '../../src/attention/attention.ts'
import { newsOf } from '../../src/attention/budgets.ts'
import { unstarted } from '../../src/attention/unstarted.ts'
import { noticesOf } from '../../src/attention/waiting.ts'
import type { Purse, Rules, Stands } from '../../src/costs/budget.ts'
import type { Budgets } from '../../src/costs/refusal.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'

const slung = (id: string) => aBead(id, {}, { slung: { rig: 'gp', by: 'person', at: at(0) } })
const parked = aRun('r1', 'gp-p', {
  state: 'parked',
  parked: { gates: [], at: at(1), budget: { purse: 'day', resume: true } },
})
const state = stateOf(
  slung('gp-a'),
  beadWith(parked),
  beadWith(aRun('r2', 'gp-w')),
  beadWith(aRun('r3', 'gp-s', { state: 'submitted' })),
  beadWith(aRun('r4', 'gp-r', { state: 'submitted' })),
  aMerge('gp-m', aRun('r4', 'gp-r'), { state: 'red' }).bead,
)

const purse = (id: string, stands: Stands): Purse => ({
  id,
  scope: id.split(':')[0] as Purse['scope'],
  of: id.split(':')[1] ?? null,
  setting: 'budget.x',
  cap: { count: 10, unit: 'usd' },
  base: 10,
  spent: stands === 'warn' ? 8.5 : 11,
  unknown: [],
  stands,
  since: at(2),
})
const budgets = (agent: string, ...purses: Purse[]): Budgets => ({
  rules: { town: { day: 10, warn: 80, stop: 120, exempt: [] as string[] } as Rules['town'], rigs: new Map() },
  purses: new Map(purses.map((one) => [one.id, one])),
  tomorrow: 1000,
  usage: (preset) => (preset === 'codex' ? 'untold' : 'claude'),
  presetOf: () => agent,
})
const extras = (given: Budgets) => ({ budgets: newsOf(state, given, unstarted(state)) })
const listed = (given: Budgets) => attention(state, extras(given))

test('what is used up stands in the list with all that waits for it, and one key raises it', () => {
  const [item, ...more] = listed(budgets('claude', purse('day', 'over')))
  expect(more).toEqual([])
  expect(item).toMatchObject({
    id: 'budget:day',
    cause: 'budget',
    since: at(2),
    behind: { ids: ['gp-a', 'gp-p', 'gp-r'] },
  })
  expect(item?.answers[0]).toMatchObject({ key: 'r', argv: ['gt', 'costs', 'raise', 'day'] })
  // Of narrower ones only those under which somebody works or waits.
  const ids = (...names: string[]) =>
    listed(budgets('claude', ...names.map((id) => purse(id, 'stop')))).map(({ id }) => id)
  expect(ids('bead:gp-s', 'run:r3')).toEqual([])
  expect(ids('bead:gp-w', 'run:r1', 'run:r4').sort()).toEqual(['budget:bead:gp-w', 'budget:run:r1', 'budget:run:r4'])
})

test('a warning is told once for each amount and day, and stands in no list', () => {
  const given = budgets('claude', purse('day', 'warn'))
  expect(listed(given)).toEqual([])
  const [notice] = noticesOf(state, extras(given))
  expect(notice).toMatchObject({ kind: 'news', severity: 'medium', title: expect.stringContaining('85 % is used') })
  const keyOf = (more: Partial<Budgets>) => noticesOf(state, extras({ ...given, ...more }))[0]?.key
  expect(keyOf({})).toBe(notice?.key)
  expect(keyOf({ tomorrow: 2000 })).not.toBe(notice?.key)
})

test('an agent that is not started because it does not tell what it uses is named, with the way out', () => {
  expect(listed(budgets('codex'))).toMatchObject([
    {
      id: 'agent:codex',
      text: expect.stringContaining('budget.day cannot be kept for it'),
      behind: { ids: ['gp-a'] },
      answers: [{ key: 'u', argv: ['gt', 'config', 'set', 'budget.exempt', '["codex"]'] }, {}],
    },
  ])
})
