/** Plain `gt` at the sizes of terminals: everything that matters within one screen, whatever goes on. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attention } from '../../src/attention/attention.ts'
import type { StatusScreen } from '../../src/cli/status-text.ts'
import { statusText } from '../../src/cli/status-text.ts'
import { statusOf } from '../../src/kernel/status.ts'
import { widthOf } from '../../src/screen/width.ts'
import { aBead, aRun, at, beadWith, stateOf } from '../kernel/support.ts'

const now = new Date(at(3600))
const TERMINAL = { columns: 80, rows: 24 }

interface Town {
  workers?: number
  asks?: number
  slung?: number
  landed?: number
  title?: string
}

function screenOf({ workers = 0, asks = 0, slung = 0, landed = 0, title = 'Mend it' }: Town): StatusScreen {
  const many = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
  const order = { slung: { rig: 'gp', by: 'person', at: at(0) } }
  const state = stateOf(
    ...many(workers, (i) =>
      beadWith(
        aRun(`r${i}`, `gp-w${i}`, { state: i % 5 === 4 ? 'quiet' : 'working', since: at(60 * i) }),
        i < asks ? { needs: { cause: 'ask', text: `Question ${i}?`, at: at(i) } } : {},
        { title },
      ),
    ),
    ...many(slung, (i) => aBead(`gp-s${i}`, { title }, order)),
    ...many(landed, (i) => {
      const facts = { commit: 'c'.repeat(40), target: 'main', merge_request: 'gp-m', at: at(3000 + i) }
      return aBead(`gp-l${i}`, { status: 'closed', title }, { outcome: 'landed', landed: facts })
    }),
  )
  return {
    head: 'home  /town  up',
    notes: [''],
    status: statusOf(state, now),
    waits: attention(state, {}),
    closed: null,
    crew: [],
    now,
  }
}

test('25 workers at 80 × 24: what waits, who stands still, what landed', () => {
  const lines = statusText(screenOf({ workers: 25, asks: 4, slung: 9, landed: 12 }), TERMINAL).split('\n')
  expect(lines).toEqual([
    'home  /town  up',
    '',
    'Waits for you (4)   gt attend answers',
    '  medium  60 min    gp-w0  ask  Question 0?',
    '  medium  60 min    gp-w1  ask  Question 1?',
    '  medium  60 min    gp-w2  ask  Question 2?',
    '  medium  60 min    gp-w3  ask  Question 3?',
    '',
    'Running (25: 20 working, 5 quiet)',
    '  gp-w4   quiet    56 min  gp/r4   Mend it',
    '  gp-w9   quiet    51 min  gp/r9   Mend it',
    '  gp-w14  quiet    46 min  gp/r14  Mend it',
    '  gp-w19  quiet    41 min  gp/r19  Mend it',
    '  … and 21 more: gt polecat list',
    '',
    'Slung, not started (9)',
    '  9 beads  waits for a free worker  gp-s0, gp-s1, gp-s2, gp-s3, gp-s4, gp-s5, g…',
    '',
    expect.stringMatching(/^Landed/),
    '  gp-l11  10 min ago  cccccccccc  Mend it',
    '  gp-l10  10 min ago  cccccccccc  Mend it',
    '  gp-l9   10 min ago  cccccccccc  Mend it',
    '  … and 7 more: gt feed --plain',
  ])
})

test('a quiet town says what begins', () => {
  const text = statusText(screenOf({}), TERMINAL)
  expect(text).toContain('Waits for you\n  nothing\n')
  expect(text).toContain('gt bead create "<title>" begins')
  expect(text).toContain('Landed\n  nothing yet')
})

test('any town at any size: no line too wide, a screen of 24 lines never full, and nothing steers the terminal', () => {
  const town = fc.record({
    workers: fc.nat(40),
    asks: fc.nat(12),
    slung: fc.nat(12),
    landed: fc.nat(12),
    title: fc.oneof(fc.string(), fc.constantFrom('\x1b[2J\u202e', '日本語 '.repeat(30))),
  })
  fc.assert(
    fc.property(town, fc.integer({ min: 20, max: 200 }), fc.integer({ min: 24, max: 60 }), (some, columns, rows) => {
      const screen = { ...screenOf(some), notes: ['nothing new starts: '.repeat(9)], crew: ['app/crew/ann (in)'] }
      const lines = statusText(screen, { columns, rows }).split('\n')
      if (columns >= 60) expect(lines.length).toBeLessThan(rows)
      for (const line of lines) {
        expect(widthOf(line)).toBeLessThanOrEqual(columns)
        expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
      }
    }),
    { numRuns: 60 },
  )
})
