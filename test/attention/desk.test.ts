/** The desk: keys answer the item that was seen, and no other; the screen fits its size whatever stands in the items. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Desk } from '../../src/attention/desk.ts'
import { EMPTY, press, selected, withItems, withOutcome } from '../../src/attention/desk.ts'
import type { Answer, Item } from '../../src/attention/item.ts'
import { screenOf } from '../../src/attention/screen.ts'
import type { Key } from '../../src/screen/keys.ts'
import { keysOf } from '../../src/screen/keys.ts'
import { wrap } from '../../src/screen/lines.ts'
import { widthOf } from '../../src/screen/width.ts'

const NOW = new Date('2026-11-27T10:00:00Z')
const ANSWERS: Answer[] = [
  { key: 'r', label: 'reply', argv: ['gt', 'answer', 'x', '--'], asks: 'Your answer' },
  { key: 'l', label: 'land', argv: ['gt', 'land', 'x'] },
]
const item = (id: string, more: Partial<Item> = {}): Item => ({
  id,
  key: id,
  cause: 'ask',
  severity: 'medium',
  title: `Title of ${id}`,
  text: 'What now?',
  since: '2026-11-27T09:50:00Z',
  bead: id,
  rig: 'gp',
  who: 'gp/polecats/toast',
  behind: { n: 0, ids: [] },
  answers: ANSWERS.map((one) => ({ ...one, argv: one.argv.map((word) => (word === 'x' ? id : word)) })),
  ...more,
})
const desk = (...ids: string[]): Desk =>
  withItems(
    EMPTY,
    ids.map((id) => item(id)),
  )
const typed = (start: Desk, text: string) => {
  let at = start
  const deeds: (string[] | 'quit')[] = []
  for (const key of keysOf(text)) {
    const { desk: next, deed } = press(at, key)
    at = next
    if (deed !== undefined) deeds.push(deed.do === 'quit' ? 'quit' : deed.argv)
  }
  return { desk: at, deeds }
}

it('reads arrows, pastes and signs of several bytes as keys', () => {
  const names = (text: string) => keysOf(text).map((key: Key) => (key.is === 'char' ? key.char : key.is))
  expect(names('j\x1b[A\x1bOB\rq')).toEqual(['j', 'up', 'down', 'enter', 'q'])
  expect(names('日é\x1b[1;5C\x00\x1b')).toEqual(['日', 'é', 'esc'])
  expect(keysOf('\x1b[200~a\rb\x1b[201~c')).toEqual([
    { is: 'paste', text: 'a\nb' },
    { is: 'char', char: 'c' },
  ])
})

describe('a key', () => {
  it('runs the answer of the selected item; words go with it as they are', () => {
    expect(typed(desk('gp-a', 'gp-b'), 'jl').deeds).toEqual([['gt', 'land', 'gp-b']])
    expect(typed(desk('gp-a', 'gp-b'), '2l').deeds).toEqual([['gt', 'land', 'gp-b']])
    const words = '--json "$(x)" q'
    expect(typed(desk('gp-a'), `r${words}x\x7f\r`).deeds).toEqual([['gt', 'answer', 'gp-a', '--', words]])
    expect(typed(desk('gp-a'), 'rno\x1bq').deeds).toEqual(['quit'])
    expect(typed(desk('gp-a'), 'r  \r').deeds).toEqual([])
  })

  it('does nothing while an answer is carried out, and leaves at Ctrl-C all the same', () => {
    expect(typed(desk('gp-a'), 'll\x03').deeds).toEqual([['gt', 'land', 'gp-a'], 'quit'])
  })

  it('never answers an item that moved into the place of the one that was seen', () => {
    const moved = withItems(desk('gp-a', 'gp-b'), [item('gp-new'), item('gp-a')])
    expect(typed(moved, 'l').deeds).toEqual([['gt', 'land', 'gp-a']])
    const over = withItems(desk('gp-a', 'gp-b'), [item('gp-b')])
    expect(screenOf(over, { columns: 80, rows: 24 }, { town: 't', now: NOW }).join('\n')).toContain('is over')
    expect(typed(over, 'l').deeds).toEqual([])
    expect(typed(over, 'll').deeds).toEqual([['gt', 'land', 'gp-b']])
    expect(typed(over, 'kl').deeds).toEqual([['gt', 'land', 'gp-b']])
  })

  it('is a letter of the sentence in which it is typed, also when what that would answer is over', () => {
    const over = withItems(typed(desk('gp-a', 'gp-b'), 'rplea').desk, [item('gp-b')])
    // "l" would land the other one, "q" would leave.
    const { desk: written, deeds } = typed(over, 'se, all quick\r')
    expect([written.input?.text, deeds]).toEqual(['please, all quick', []])
    const shown = screenOf(written, { columns: 80, rows: 24 }, { town: 't', now: NOW }).join('\n')
    expect(shown).toMatch(/please, all quick▏\s+That one is over: nothing is sent/)
    expect(shown).not.toContain('>')
    // Another question under the same key is not what was answered.
    expect(typed(withItems(written, [item('gp-a')]), '\r').deeds).toEqual([])
    expect(typed(written, '\x1bll').deeds).toEqual([['gt', 'land', 'gp-b']])
  })

  it('leaves words that were refused where they are typed', () => {
    const { desk: sent } = typed(desk('gp-a'), 'rJulian\r')
    const answer = ANSWERS[0]!
    const refused = withOutcome(
      sent,
      { do: 'run', answer, argv: ['gt', 'Julian'] },
      { ok: false, text: 'gt: Try again.' },
    )
    expect([refused.busy, refused.input]).toEqual([false, { answer, text: 'Julian' }])
    expect(screenOf(refused, { columns: 80, rows: 24 }, { town: 't', now: NOW }).slice(-3)).toEqual([
      'gt: Try again.',
      'Your answer: Julian▏',
      'Enter sends, Esc leaves it',
    ])
  })

  it('goes on to the next one after an answer of one’s own', () => {
    const { desk: sent } = typed(desk('gp-a', 'gp-b'), 'l')
    const next = withItems({ ...sent, busy: false, said: 'gp-a is in the queue.' }, [item('gp-b')])
    expect([selected(next)?.id, next.over, next.said]).toEqual(['gp-b', false, 'gp-a is in the queue.'])
  })
})

it('the screen at 80 × 24', () => {
  const text =
    'Should dates before 1582 be read as Julian or as Gregorian ones? Both are in the data of the first release.'
  const items = [
    item('gp-red', { cause: 'red-target', severity: 'critical', behind: { n: 2, ids: ['gp-a', 'gp-b'] }, who: null }),
    item('gp-ask', { text, behind: { n: 1, ids: ['gp-c'] } }),
  ]
  const { desk: at } = typed(withItems(EMPTY, items), 'jrJul')
  const lines = screenOf(at, { columns: 80, rows: 24 }, { town: 'home', now: NOW })
  expect(lines.map((line) => line.trimEnd())).toEqual([
    'home: 2 things wait for you',
    ' 1 critical  10 min  2 wait   gp-red  red-target  Title of gp-red',
    '>2 medium    10 min  1 waits  gp-ask  ask         Should dates before 1582 be r…',
    '',
    'gp-ask  Title of gp-ask',
    'ask, gp/polecats/toast, since 10 min; gp-c waits for it',
    '',
    'Should dates before 1582 be read as Julian or as Gregorian ones? Both are in the',
    'data of the first release.',
    ...Array.from({ length: 13 }, () => ''),
    'Your answer: Jul▏',
    'Enter sends, Esc leaves it',
  ])
})

it('any items, any size: as many lines as rows, none too wide, nothing that steers a terminal', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('\x1b[2J\x07', '日本語 '.repeat(40), 'a\nb\r\nc', '\u202e'),
  )
  const some = fc.array(fc.record({ title: text, text, said: text }), { maxLength: 40 })
  fc.assert(
    fc.property(
      some,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      fc.string(),
      (list, columns, rows, keys) => {
        const items = list.map((one, n) => item(`gp-${n}`, { title: one.title, text: one.text }))
        const { desk: at } = typed({ ...withItems(EMPTY, items), said: list[0]?.said ?? '' }, keys)
        const lines = screenOf(at, { columns, rows }, { town: 'home', now: NOW })
        expect(lines.length).toBe(rows)
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThanOrEqual(columns)
          expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
        }
      },
    ),
    { numRuns: 150 },
  )
})

it('wraps between words, and loses no word', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij'])
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/)), fc.integer({ min: 2, max: 30 }), (words, columns) => {
      const lines = wrap(words.join(' '), columns)
      expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''))
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
    }),
  )
})

it('what came of an answer is there to the end, and an escalation is not said twice', () => {
  const words = 'The disk fills'
  const desk = {
    ...withItems(EMPTY, [item('gp-e', { title: words, text: words })]),
    said: `${'sent '.repeat(20)}: gt attach app/x`,
  }
  const lines = screenOf(desk, { columns: 60, rows: 24 }, { town: 'home', now: NOW })
  expect(lines.slice(-3).join(' ')).toContain('gt attach app/x')
  expect(lines.filter((line) => line.includes(words))).toHaveLength(2)
})
