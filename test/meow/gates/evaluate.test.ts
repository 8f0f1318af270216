/** What becomes of a gate: one row per reason, and what holds for all of them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../../src/beads/bead.ts'
import type { GateFacts } from '../../../src/beads/facts.ts'
import type { Checked, Look, Verdict } from '../../../src/meow/gates/evaluate.ts'
import {
  checkedAfter,
  evaluateGate,
  LONGEST_MS,
  nextLook,
  pauseAfter,
  UNKNOWN_TRIES,
} from '../../../src/meow/gates/evaluate.ts'
import { deadlineOf, nanoseconds, opensAt } from '../../../src/meow/gates/gate.ts'
import { at } from '../../kernel/support.ts'
import { aGate } from './support.ts'

const now = new Date(at(60))
const met: Look = { is: 'met', said: 'it came' }
const notYet: Look = { is: 'not-yet', said: 'not yet' }
const failed: Look = { is: 'failed', said: 'red' }
const unknown: Look = { is: 'unknown', said: 'cannot tell' }
const forPerson: Look = { is: 'unknown', said: 'no gh', mend: 'install it' }
const tried = (unknown: number): Checked => ({ at: 0, times: 1, next: 0, said: '', unknown })
const gate = (mine: GateFacts = {}, more: Partial<Bead> = {}): Bead =>
  aGate('gp-g', { await_type: 'gh:pr', ...more }, mine)
const over = { deadline: at(60) }

test.each<[string, Bead, Look, Checked | undefined, Verdict['is']]>([
  ['what came', gate(), met, undefined, 'open'],
  ['what came after its time', gate({ ...over, default: 'fail' }), met, undefined, 'open'],
  ['what came although it had failed', gate({ failed: { at: at(1), why: 'red' } }), met, undefined, 'open'],
  ['what cannot come any more', gate(), failed, undefined, 'fail'],
  ['what failed already', gate({ failed: { at: at(1), why: 'red' } }), failed, undefined, 'wait'],
  ['not yet', gate(), notYet, undefined, 'wait'],
  ['not yet, a moment before its time', gate({ deadline: at(61), default: 'open' }), notYet, undefined, 'wait'],
  ['its time is over', gate({ ...over, default: 'open' }), notYet, undefined, 'open'],
  ['its time is over, nobody could look', gate({ ...over, default: 'open' }), unknown, undefined, 'open'],
  ['its time is over', gate({ ...over, default: 'fail' }), notYet, undefined, 'fail'],
  ['its time is over, nothing said', gate(over), notYet, undefined, 'ask'],
  [
    'its time is over and a person knows',
    gate({ ...over, asked: { at: at(60), about: 'deadline' } }),
    notYet,
    undefined,
    'wait',
  ],
  ['its time is over, by the format', gate({}, { timeout: nanoseconds(60_000) }), notYet, undefined, 'ask'],
  ['nobody could look', gate(), unknown, tried(50), 'wait'],
  ['nobody could look, the first times', gate(), forPerson, tried(UNKNOWN_TRIES - 2), 'wait'],
  ['nobody could look, once too often', gate(), forPerson, tried(UNKNOWN_TRIES - 1), 'ask'],
  ['a person knows that', gate({ asked: { at: at(1), about: 'unknown' } }), forPerson, tried(9), 'wait'],
])('%s: %#', (_, bead, look, before, expected) => {
  expect(evaluateGate(bead, look, now, before).is).toBe(expected)
})

test('a person who was asked to mend the looking is not asked any more once somebody could look', () => {
  const asked = gate({ asked: { at: at(1), about: 'unknown' } })
  expect(evaluateGate(asked, notYet, now)).toEqual({ is: 'wait', said: 'not yet', answered: true })
  expect(evaluateGate(gate(), notYet, now)).toEqual({ is: 'wait', said: 'not yet' })
})

test('a timer opens and has no deadline; other gates have one', () => {
  const timer = aGate('gp-g', { await_type: 'timer', timeout: nanoseconds(7_200_000) })
  expect([opensAt(timer), deadlineOf(timer)]).toEqual([Date.parse(at(7_200)), undefined])
  const other = gate({ deadline: at(5) }, { timeout: nanoseconds(1) })
  expect([opensAt(other), deadlineOf(other)]).toEqual([undefined, Date.parse(at(5))])
})

test('looks are 30 s apart, then twice as far each time, never more than ten minutes; news begins anew', () => {
  let checked: Checked | undefined
  const pauses: number[] = []
  for (let n = 0; n < 7; n++) {
    checked = checkedAfter(notYet, now, checked)
    pauses.push(checked.next - checked.at)
  }
  expect(pauses).toEqual([30, 60, 120, 240, 480, 600, 600].map((s) => s * 1_000))
  expect(checkedAfter({ is: 'not-yet', said: 'it runs' }, now, checked).times).toBe(1)
})

const anyLook = fc.oneof(
  fc.constantFrom(met, notYet, failed, unknown, forPerson),
  fc.record({ is: fc.constantFrom('not-yet' as const, 'unknown' as const), said: fc.string() }),
)
const anyFacts = fc.record(
  {
    deadline: fc.integer({ min: 0, max: 120 }).map(at),
    default: fc.constantFrom('open' as const, 'fail' as const, 'ask' as const),
    asked: fc.record({ at: fc.constant(at(0)), about: fc.constantFrom('deadline' as const, 'unknown' as const) }),
  },
  { requiredKeys: [] },
)

test('to know nothing never fails a gate, and opens none, before its time', () => {
  fc.assert(
    fc.property(anyFacts, fc.nat(9), fc.boolean(), (mine, times, mend) => {
      const bead = gate({ ...mine, deadline: at(61) })
      const look: Look = mend ? forPerson : unknown
      expect(['wait', 'ask']).toContain(evaluateGate(bead, look, now, tried(times)).is)
    }),
  )
})

test('a person is asked at most once about the same', () => {
  fc.assert(
    fc.property(anyFacts, anyLook, fc.nat(9), (mine, look, times) => {
      const verdict = evaluateGate(gate(mine), look, now, tried(times))
      if (verdict.is !== 'ask') return
      const then = gate({ ...mine, asked: { at: at(60), about: verdict.about } })
      expect(evaluateGate(then, look, now, tried(times)).is).toBe('wait')
    }),
  )
})

test('whatever the clock does, the next look is never further away than ten minutes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e12 }),
      fc.integer({ min: 1, max: 1e6 }),
      fc.integer({ min: 0, max: 2e12 }),
      (seen, times, clock) => {
        const before = { ...tried(0), at: seen, times, next: seen + pauseAfter(times) }
        expect(nextLook(before, new Date(clock)) - clock).toBeLessThanOrEqual(LONGEST_MS)
      },
    ),
  )
})
