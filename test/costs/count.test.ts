/** Answers of a transcript as sums: each once, on its day, under its tariff. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UsageByDay } from '../../src/beads/facts.ts'
import type { Counting } from '../../src/costs/count.ts'
import { countLines } from '../../src/costs/count.ts'
import { nextDay, sumOf } from '../../src/costs/tokens.ts'
import { line } from './support.ts'

const counting = (longFrom: Counting['longFrom'] = () => undefined): Counting => ({
  days: {},
  seen: new Set(),
  longFrom,
})
const count = (lines: string[], longFrom?: Counting['longFrom']): UsageByDay => {
  const into = counting(longFrom)
  countLines(lines, into, 0)
  return into.days
}

test('a message counts once, however many blocks it has, and the client’s own words cost nothing', () => {
  const days = count([
    line('m1', { input: 3, output: 10, cacheRead: 5, cacheWrite: 8, hour: 6 }),
    line('m1', { input: 3, output: 10, cacheRead: 5, cacheWrite: 8, hour: 6 }),
    '{"type":"user","usage":1}',
    line('m2', { model: 'other', output: 1 }),
    line('e', { model: '<synthetic>', output: 9 }),
    '{"type":"assistant","message":{"id":"torn","usage"',
  ])
  expect(days).toEqual({
    '2026-11-26': {
      'claude-opus-5-5': { input: 3, output: 10, cacheRead: 5, cacheWrite: 8, cacheWrite1h: 6 },
      other: { input: 0, output: 1, cacheRead: 0, cacheWrite: 0 },
    },
  })
})

test('a run that crosses midnight is split by the days of this machine', () => {
  const midnight = nextDay(new Date(2026, 10, 26, 12).getTime())
  const at = (ms: number): string => new Date(midnight + ms).toISOString()
  const days = count([line('a', { output: 1, at: at(-1) }), line('b', { output: 2, at: at(0) })])
  expect(Object.entries(days).map(([day, models]) => [day, models['claude-opus-5-5']?.output])).toEqual([
    ['2026-11-26', 1],
    ['2026-11-27', 2],
  ])
})

test('long prompts and fast answers are counted apart, since they cost more', () => {
  const days = count(
    [
      line('a', { model: 'claude-haiku-5-5', input: 1, cacheRead: 99_999, output: 1 }),
      line('b', { model: 'claude-haiku-5-5', input: 1, cacheRead: 100_000, output: 1 }),
      line('c', { speed: 'fast', output: 1 }),
    ],
    (model) => (model === 'claude-haiku-5-5' ? 100_000 : undefined),
  )
  expect(Object.keys(days['2026-11-26']!)).toEqual([
    'claude-haiku-5-5',
    'claude-haiku-5-5#long',
    'claude-opus-5-5#fast',
  ])
})

test('however lines repeat and wherever they are cut, each answer counts exactly once', () => {
  const answers = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1, maxLength: 6 }), output: fc.nat(1000) }), {
    selector: ({ id }) => id,
    maxLength: 20,
  })
  fc.assert(
    fc.property(answers, fc.array(fc.nat(19)), fc.nat(60), (said, repeats, cut) => {
      const lines = said.map(({ id, output }) => line(id, { output }))
      const all = [...lines, ...repeats.flatMap((n) => lines[n] ?? [])]
      const into = counting()
      countLines(all.slice(0, cut), into, 0)
      countLines(all.slice(cut), into, 0)
      expect(sumOf(into.days)).toBe(said.reduce((sum, { output }) => sum + output, 0))
    }),
  )
})
