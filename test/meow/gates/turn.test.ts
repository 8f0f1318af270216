/** When the clock of a gate in a molecule begins: with the turn of its step, not with the pour. */
import { expect, test } from 'vitest'
import type { Bead } from '../../../src/beads/bead.ts'
import { emptyState } from '../../../src/beads/fold.ts'
import { evaluateGate } from '../../../src/meow/gates/evaluate.ts'
import { lookInLedger } from '../../../src/meow/gates/ledger-look.ts'
import { turnOf } from '../../../src/meow/gates/waits.ts'
import { at, write } from '../../kernel/support.ts'
import { aRecipe, aStep, completion, poured, value } from '../molecules.ts'

type State = ReturnType<typeof emptyState>
const gateOf = (state: State): Bead => [...state.beads.values()].find((bead) => bead.issue_type === 'gate')!
const seconds = (state: State): number | null => {
  const turn = turnOf(state, gateOf(state))
  return turn === null ? null : (turn - Date.parse(at(0))) / 1000
}
function doneAt(state: State, root: string, name: string, second: number): void {
  expect(write(state, value(completion(state, root, name, { at: at(second) })), at(second)).applied).toBe(true)
}
const verdictAt = (state: State, second: number): string => {
  const [gate, now] = [gateOf(state), new Date(at(second))]
  return evaluateGate(gate, lookInLedger(state, gate, now)!, now, undefined, turnOf(state, gate)).is
}

test('a timer runs from the end of the step before', () => {
  const state = emptyState()
  const timer = { type: 'timer', timeout: '60s' }
  const root = poured(state, aRecipe([aStep('a'), aStep('b', ['a'], { gate: timer }), aStep('c', ['b'])]))
  expect([seconds(state), verdictAt(state, 500)]).toEqual([null, 'wait'])
  doneAt(state, root, 'a', 500)
  expect([seconds(state), verdictAt(state, 559), verdictAt(state, 560)]).toEqual([500, 'wait', 'open'])
})

test('a step that needs nothing has its turn at once', () => {
  const state = emptyState()
  poured(state, aRecipe([aStep('a', [], { gate: { type: 'timer', timeout: '60s' } })]))
  expect([verdictAt(state, 59), verdictAt(state, 60)]).toEqual(['wait', 'open'])
})

test('a deadline counts from the turn as well, and nothing is looked at before it', () => {
  const state = emptyState()
  const gate = { type: 'gh:pr', await_id: '7', timeout: '60s', default: 'fail' as const }
  const root = poured(state, aRecipe([aStep('a'), aStep('b', ['a'], { gate })]))
  const now = new Date(at(900))
  expect(lookInLedger(state, gateOf(state), now)).toEqual({ is: 'not-yet', said: 'the turn of its step has not come' })
  expect(verdictAt(state, 900)).toBe('wait')
  doneAt(state, root, 'a', 900)
  expect(lookInLedger(state, gateOf(state), now)).toBeNull()
  const pending = { is: 'not-yet', said: 'open' } as const
  const verdict = (second: number): string =>
    evaluateGate(gateOf(state), pending, new Date(at(second)), undefined, turnOf(state, gateOf(state))).is
  expect([verdict(959), verdict(960)]).toEqual(['wait', 'fail'])
})

test('a group around it has its turn first', () => {
  const state = emptyState()
  const steps = [
    aStep('a'),
    aStep('group', ['a'], { type: 'epic' }),
    aStep('x', [], { parent: 'group', gate: { type: 'timer', timeout: '60s' } }),
  ]
  const root = poured(state, aRecipe(steps))
  expect(seconds(state)).toBeNull()
  doneAt(state, root, 'a', 30)
  expect(seconds(state)).toBe(30)
})
