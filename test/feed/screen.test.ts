/** The screen fits its size whatever stands on the board; what waits comes first; colour only repeats the words. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Board } from '../../src/board/board.ts'
import { dealt, firstShown } from '../../src/feed/layout.ts'
import { screenOf } from '../../src/feed/screen.ts'
import type { View } from '../../src/feed/view.ts'
import { NOTHING, press, withBoard } from '../../src/feed/view.ts'
import { keysOf } from '../../src/screen/keys.ts'
import { widthOf } from '../../src/screen/width.ts'
import { agentLine, boardOf, eventOf } from './support.ts'

process.env.TZ = 'UTC'
const PLAIN = { color: false, unicode: true }
const SMALL = { columns: 80, rows: 24 }
const LARGE = { columns: 200, rows: 50 }

const viewOf = (board: Board, keys = ''): View =>
  keysOf(keys).reduce((view, key) => press(view, key).view, withBoard(NOTHING, { is: 'board', board }))
const shown = (view: View, size = SMALL, style = PLAIN): string[] => screenOf(view, size, style)

describe('80 × 24', () => {
  it('has the town above, then what waits, who works, the queue, what happened; the keys below', () => {
    const lines = shown(viewOf(boardOf()))
    const rule = (title: string) => `${title} ${'─'.repeat(79 - title.length)}`
    expect(lines.slice(0, 14).map((line) => line.trimEnd())).toEqual([
      'home  up  1 waits for you  2/30 workers  3 ready  4 landed today',
      rule('Waits for you 1'),
      '> !  ask  gp-toast  5m  2 wait  Is 1582 Julian?',
      rule('Agents 3'),
      '  mayor     busy  42%  12m',
      '  gp/rust   dead  42%  12m  gp-rust   Task of rust',
      '  gp/toast  busy  42%  12m  gp-toast  Task of toast',
      rule('Merge queue 1'),
      '  gp  testing  3m  gp-slit  slit  Task of slit: with 2 more',
      rule('Convoys 1'),
      '  hq-cv-1  moving  3/5  1 at work, 1 to come  Dates',
      rule('Slung, not started 1'),
      '  gp-w  gp  Task w: waits for a free worker',
      rule('Events 1–9 of 40'),
    ])
    expect(lines[14]).toBe('  09:59  said  gp-toast  gp/toast  word 1 (Task of toast)')
    expect(lines.at(-1)).toContain('q quit')
  })

  it('says what was spent today, and of how much', () => {
    const head = (usd: number, budget: number | null): string =>
      shown(viewOf(boardOf({ costs: { today: { usd, partly: false }, budget_usd: budget } })), LARGE)[0]!
    expect(head(1.5, null)).toContain('$1.50 today')
    expect(head(1.5, 20)).toContain('$1.50 of $20.00 today')
    expect(head(0, null)).not.toContain('$')
  })

  it('shows what is looked at in the place of the lists, with the end of its agent’s screen', () => {
    const pane = { who: 'gp/polecats/toast', is: 'screen', text: 'one\n  two\x1b[31m\n' } as const
    const lines = shown({ ...viewOf(boardOf(), '\r'), pane })
    expect(lines).toEqual(
      expect.arrayContaining([
        'gp-toast Is 1582 Julian?',
        'The old format says so.',
        '  gt answer gp-toast -- "Your answer …"',
      ]),
    )
    expect(lines.join('\n')).toMatch(/screen of gp\/toast[^\n]*\none\n {2}two\n/)
    expect(lines.join('\n')).not.toContain('Merge queue')
  })

  it('gives a short list all that it wants, and a long one what is left', () => {
    const agents = Array.from({ length: 30 }, (_, n) => agentLine(`n${n}`))
    const lines = shown(viewOf(boardOf({ agents }), '\tG'))
    expect(lines.join('\n')).toContain('Task of slit')
    expect(lines.join('\n')).toMatch(/Agents \d+–30 of 30 /)
    expect(lines.filter((line) => line.startsWith('> '))).toEqual([expect.stringContaining('gp/n29')])
  })

  it('has its help and its keys whole', () => {
    const help = shown(viewOf(boardOf(), '?'))
    expect(help.join('\n')).toContain('go to its agent')
    expect(help.filter((line) => line.endsWith('…'))).toEqual([])
  })

  it('says so where nothing is, or nothing can be told, and why nothing starts', () => {
    const none = boardOf({ problems: [], agents: [], queue: [], convoys: [], waiting: [], events: [] })
    const nothing = shown(viewOf(none)).join('\n')
    expect(nothing).toContain('nothing waits for you')
    expect(nothing).toContain('Nobody is at work.')
    expect(nothing).toContain('Nothing has happened yet.')
    const blind = { ...none, town: { ...none.town, blind: 'tmux is silent', closed: 'The disk is full.' } }
    expect(shown(viewOf(blind)).join('\n')).toMatch(
      /Nothing new starts: The disk is full\.[\s\S]*told who is here: tmux is silent\./,
    )
    const trouble = withBoard(viewOf(boardOf()), { is: 'trouble', message: 'The ledger is torn.', hint: 'gt doctor' })
    expect(shown(trouble).join('\n')).toMatch(/The ledger is torn\.\s+gt doctor/)
    expect(shown(trouble).join('\n')).not.toContain('gp-toast')
  })
})

it('leaves out what can be spared where it is narrow', () => {
  const lines = shown(viewOf(boardOf()), { columns: 40, rows: 24 })
  expect(lines).toContain('  gp/rust   dead  12m  gp-rust   Task o…')
  expect(lines).toContain('  09:59  said  gp-toast  word 1 (Task o…')
})

describe('200 × 50', () => {
  it('has events beside the lists, and in their place what is looked at', () => {
    const lines = shown(viewOf(boardOf()), LARGE)
    expect(lines.every((line, n) => n === 0 || n === 49 || line.indexOf('│') === 111)).toBe(true)
    expect(lines[1]).toMatch(/^Waits for you 1 ─+ │ Events 40 ─+$/)
    expect(lines[2]!.slice(113)).toBe('  09:59  said  gp-toast  gp/toast  word 1 (Task of toast)')
    const open = shown(viewOf(boardOf(), '\t\r'), LARGE)
    expect(open[1]).toMatch(/ │ mayor {2}in {2}\(alive, busy\)$/)
    expect(open.join('\n')).toContain('Events 1–')
  })
})

it('colour only repeats the words, and without Unicode all stays in its place', () => {
  for (const keys of ['', '\t\r', '?', 'z']) {
    const view = viewOf(boardOf({ agents: [agentLine('x', { title: '日本語 né' })] }), keys)
    for (const size of [SMALL, LARGE]) {
      const plain = shown(view, size)
      const colored = shown(view, size, { color: true, unicode: true })
      expect(colored.join('\n')).toContain('\x1b[')
      expect(colored.map((line) => line.replace(/\x1b\[\d+m/g, ''))).toEqual(plain)
      const ascii = shown(view, size, { color: false, unicode: false })
      expect(ascii.join('')).toMatch(/^[\x20-\x7e]*$/)
      expect(ascii.map((line) => line.length)).toEqual(plain.map(widthOf))
    }
  }
})

it('any words, any size, any keys: as many lines as rows, none too wide, nothing that steers a terminal', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '\x1b[2J\x1b]0;owned\x07',
      '日本語'.repeat(30),
      'a\u202eb\r\n\tc',
      '👩‍👩‍👧 🇩🇪',
      '\u0301'.repeat(9),
      '',
    ),
  )
  const board = fc.record({ t: text, u: text, v: text }).map(({ t, u, v }) => {
    const base = boardOf()
    return boardOf({
      problems: base.problems.map((one) => ({ ...one, text: t, title: u, cause: v })),
      agents: [
        agentLine('a', { title: t, address: u, waiting_for: v }),
        agentLine('b', { title: t, state: u, bead: v }),
      ],
      queue: base.queue.map((one) => ({ ...one, title: t, reason: u, worker: v })),
      convoys: base.convoys.map((one) => ({ ...one, title: t, cause: u })),
      waiting: [{ bead: 'gp-w', title: t, rig: u, reason: v }],
      events: [eventOf(1, { text: t, title: u, by: v })],
      town: { ...base.town, name: t, closed: u },
    })
  })
  const keys = fc.string({ unit: fc.constantFrom('j', 'k', '\t', '\r', 'z', '?', 'G', '\x1b'), maxLength: 6 })
  const size = fc.record({ columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 60 }) })
  fc.assert(
    fc.property(board, keys, size, text, (one, typed, fits, screen) => {
      const view: View = { ...viewOf(one, typed), pane: { who: one.agents[0]!.address, is: 'screen', text: screen } }
      const lines = shown(view, fits)
      expect(lines.length).toBe(fits.rows)
      for (const line of lines) {
        expect(widthOf(line)).toBeLessThanOrEqual(fits.columns)
        expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
      }
    }),
    { numRuns: 50 },
  )
})

it('deals rows in turn, and never more than there are', () => {
  expect(dealt(10, [1, 30, 2])).toEqual([1, 4, 2])
  expect(dealt(3, [5, 5])).toEqual([2, null])
  expect(dealt(1, [5])).toEqual([null])
  expect([firstShown(0, 5, 20), firstShown(10, 5, 20), firstShown(19, 5, 20), firstShown(1, 5, 3)]).toEqual([
    0, 8, 15, 0,
  ])
})
