import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitFor, limitOver } from '../../src/agents/limit.ts'
import type { Limiting } from '../../src/agents/trouble.ts'
import type { Limit } from '../../src/beads/facts.ts'

const at = Date.parse('2026-11-26T18:00:00Z')
const MINUTE = 60_000
const aTrouble = (is: Limiting['is'], when: number, resets = when + 300 * MINUTE): Limiting =>
  is === 'quota' ? { is, at: when, text: 'hit', resets } : { is, at: when, text: 'hit' }

/** Pauses in minutes when each try fails at once after the last pause. */
function pauses(is: Limiting['is'], times: number): number[] {
  const all: number[] = []
  let limit: Limit | undefined
  for (let when = at; all.length < times; when = Date.parse(limit.until)) {
    limit = limitFor(aTrouble(is, when, at - MINUTE), limit)
    all.push((Date.parse(limit.until) - when) / MINUTE)
  }
  return all
}

test('each kind rests in its own way, longer each time in a row', () => {
  expect(pauses('throttled', 7)).toEqual([0.5, 1, 2, 4, 8, 10, 10])
  expect(pauses('overloaded', 6)).toEqual([1, 2, 4, 8, 10, 10])
  expect(pauses('auth', 5)).toEqual([10, 20, 40, 60, 60])
  expect(pauses('billing', 5)).toEqual([10, 20, 40, 60, 60])
  // The provider says again and again that it is over, and refuses: no hot loop.
  expect(pauses('quota', 6)).toEqual([1, 2, 4, 8, 10, 10])
})

test('a quota rests until the provider’s instant, whatever was before', () => {
  const resets = at + 300 * MINUTE
  const first = limitFor(aTrouble('quota', at, resets), undefined)
  expect(first).toEqual({ is: 'quota', until: new Date(resets).toISOString(), times: 1, text: 'hit' })
  expect(limitFor(aTrouble('quota', resets + 1, resets + 300 * MINUTE), first).until).toBe(
    new Date(resets + 300 * MINUTE).toISOString(),
  )
  const guess = limitFor({ is: 'quota', at, text: 'hit', resets, guessed: true }, undefined)
  expect(guess.text).toContain('an hour is assumed')
})

test('another kind, or the same one after a good while, begins anew', () => {
  const before = limitFor(aTrouble('throttled', at), limitFor(aTrouble('throttled', at - MINUTE), undefined))
  expect(before.times).toBe(2)
  expect(limitFor(aTrouble('overloaded', at + MINUTE), before).times).toBe(1)
  expect(limitFor(aTrouble('throttled', at + 20 * MINUTE), before).times).toBe(3)
  expect(limitFor(aTrouble('throttled', at + 60 * MINUTE), before).times).toBe(1)
})

test('a run that went on early pauses nobody any more, and still counts', () => {
  const limit = limitFor(aTrouble('auth', at), undefined)
  const over = limitOver(limit, new Date(at + MINUTE))
  expect(over).toEqual({ ...limit, until: new Date(at + MINUTE).toISOString() })
  expect(limitFor(aTrouble('auth', at + 2 * MINUTE), over).times).toBe(2)
  expect(limitOver(limit, new Date(at + 60 * MINUTE))).toBe(limit)
})

test('looking again at the same failure changes nothing', () => {
  const kind = fc.constantFrom<Limiting['is']>('quota', 'throttled', 'overloaded', 'auth', 'billing')
  const failure = fc.tuple(kind, fc.integer({ min: 0, max: 120 }), fc.integer({ min: -600, max: 600 }))
  fc.assert(
    fc.property(fc.array(failure, { minLength: 1, maxLength: 12 }), (failures) => {
      let limit: Limit | undefined
      let when = at
      for (const [is, after, resets] of failures) {
        when += after * MINUTE
        const trouble = aTrouble(is, when, when + resets * MINUTE)
        limit = limitFor(trouble, limit)
        expect(limitFor(trouble, limit)).toBe(limit)
        expect(Date.parse(limit.until)).toBeGreaterThan(when)
      }
    }),
  )
})
