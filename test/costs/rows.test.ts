/** From what was used to the rows of a table, and what is not known in it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SessionUsage, Tokens } from '../../src/beads/facts.ts'
import { listPrices } from '../../src/costs/prices.ts'
import type { Grouping } from '../../src/costs/rows.ts'
import { GROUPINGS, itemsOf, rowsOf, totalOf } from '../../src/costs/rows.ts'
import type { Spender } from '../../src/costs/spent.ts'
import { NOTHING, total } from '../../src/costs/tokens.ts'
import { aBead, aRun, at, stateOf } from '../kernel/support.ts'

const child = (id: string, parent: string) =>
  aBead(id, { dependencies: [{ issue_id: id, depends_on_id: parent, type: 'parent-child' }] as never })
const epic = aBead('gp-e', { issue_type: 'epic', title: 'All of it' })
const state = stateOf(epic, child('gp-e.1', 'gp-e'), child('gp-e.1.1', 'gp-e.1'), aBead('gp-z'))

const out = (output: number): Tokens => ({ ...NOTHING, output })
const used = (days: SessionUsage['days'], unknown?: string): Spender['sessions'] => ({
  c: { at: at(0), days, ...(unknown !== undefined && { unknown }) },
})
const byRun = (fence: string, bead: string, sessions: Spender['sessions'], more: Partial<Spender> = {}): Spender => {
  const run = aRun(fence, bead)
  return { address: run.agent, role: 'polecat', rig: 'gp', bead: state.beads.get(bead), run, sessions, ...more }
}
const spenders: Spender[] = [
  byRun('r1', 'gp-e.1.1', used({ '2026-01-01': { 'claude-opus-5-5': out(1_000_000) } })),
  byRun('r2', 'gp-e.1', used({ '2026-01-02': { 'gpt-6': out(10), 'claude-haiku-5-5#long': out(1_000_000) } })),
  byRun('r3', 'gp-z', {}, { unknown: 'the agent x does not tell what it uses' }),
  { address: 'mayor', role: 'mayor', sessions: used({ '2026-01-02': { 'claude-opus-5-5': out(500_000) } }) },
]
const table = (by: Grouping, query: { since?: string; rig?: string } = {}): unknown[] =>
  rowsOf(itemsOf(spenders, listPrices()), { by, ...query }, state).map(({ key, tokens, usd, unknown }) => [
    key,
    total(tokens),
    usd,
    unknown.length,
  ])

test('a row for each run, bead, outermost epic, role, rig, day and model; what is unknown is marked, not nothing', () => {
  expect(table('run')).toEqual([
    ['r1', 1_000_000, 20, 0],
    ['mayor', 500_000, 10, 0],
    ['r2', 1_000_010, 2.5, 1],
    ['r3', 0, 0, 1],
  ])
  expect(table('convoy')).toEqual([
    ['gp-e', 2_000_010, 22.5, 1],
    ['-', 500_000, 10, 1],
  ])
  expect(table('role').map((row) => (row as unknown[])[0])).toEqual(['polecat', 'mayor'])
  expect(table('rig').map((row) => (row as unknown[])[0])).toEqual(['gp', '-'])
  expect(table('day').map((row) => (row as unknown[]).slice(0, 3))).toEqual([
    ['2026-01-01', 1_000_000, 20],
    ['2026-01-02', 1_500_010, 12.5],
  ])
  expect(table('model')).toEqual([
    ['claude-opus-5-5', 1_500_000, 30, 0],
    ['claude-haiku-5-5', 1_000_000, 2.5, 0],
    ['gpt-6', 10, 0, 1],
    ['unknown', 0, 0, 1],
  ])
  expect(table('bead', { since: '2026-01-02', rig: 'gp' })).toEqual([['gp-e.1', 1_000_010, 2.5, 1]])
})

test('whatever the rows are for, they add up to the same', () => {
  const spender = fc.record({
    bead: fc.constantFrom('gp-e', 'gp-e.1', 'gp-e.1.1', 'gp-z'),
    day: fc.constantFrom('2026-01-01', '2026-01-02'),
    model: fc.constantFrom('claude-opus-5-5', 'claude-sonnet-5-5', 'gpt-6'),
    output: fc.nat(1_000_000),
  })
  fc.assert(
    fc.property(fc.array(spender, { maxLength: 12 }), (all) => {
      const items = itemsOf(
        all.map(({ bead, day, model, output }, n) => byRun(`r${n}`, bead, used({ [day]: { [model]: out(output) } }))),
        listPrices(),
      )
      for (const by of GROUPINGS) {
        const sum = totalOf(rowsOf(items, { by }, state))
        expect(sum.tokens.output).toBe(all.reduce((n, { output }) => n + output, 0))
        expect(sum.unknown).toEqual(all.some(({ model }) => model === 'gpt-6') ? ['no price for gpt-6'] : [])
      }
    }),
  )
})
