/** The town in one line: what is shown, and what of it a narrow terminal keeps. */
import { expect, it } from 'vitest'
import type { EdgeFacts } from '../../src/board/edge.ts'
import { edgeOf } from '../../src/board/edge.ts'
import { widthOf } from '../../src/screen/width.ts'

const calm: EdgeFacts = { working: 2, slots: 4, queue: 0, items: [] }
const ask = { cause: 'ask', title: 'Import dates', text: 'Which calendar?\nSee the spec.', who: 'app/polecats/toast' }

it('says who is at work, the queue, and what is known of the costs', () => {
  expect(edgeOf(calm)).toEqual({ calm: '2/4 at work', loud: '' })
  expect(edgeOf({ ...calm, queue: 3, spent: { usd: 1.2, partly: false } }).calm).toBe(
    '2/4 at work | queue 3 | $1.20 today',
  )
  expect(edgeOf({ ...calm, spent: { usd: 0.5, partly: true } }).calm).toBe('2/4 at work | > $0.50 today')
  // Nothing that is known of: no number that looks like one.
  expect(edgeOf({ ...calm, spent: { usd: 0, partly: true } }).calm).toBe('2/4 at work')
})

it('says what waits: the first in short, and how many', () => {
  expect(edgeOf({ ...calm, items: [ask] }).loud).toBe('app/toast: Which calendar? | 1 waits for you (C-b a)')
  const hold = { cause: 'hold', title: 'Everything is frozen', text: '', who: null }
  expect(edgeOf({ ...calm, items: [hold, ask] }).loud).toBe('Everything is frozen | 2 wait for you (C-b a)')
})

it('is short and steers no terminal, whatever a title holds', () => {
  const title = `\x1b[2Jred\u202e\n${'漢字'.repeat(50)}`
  const { loud } = edgeOf({ ...calm, items: [{ cause: 'red', title, text: '', who: 'app/polecats/toast' }] })
  expect(loud).toMatch(/^app\/toast: red 漢字/)
  expect(widthOf(loud)).toBeLessThanOrEqual(40 + ' | 1 waits for you (C-b a)'.length)
})
