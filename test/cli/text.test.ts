/** What commands print of words that others wrote. */
import { expect, test } from 'vitest'
import { plain, printable, prose } from '../../src/cli/text.ts'

const HOSTILE = 'a\x1b[31m red\x1b]0;title\x07 \u202egnp.exe\u2066 \x07b\x9b2J\r\nc'

test('one line: nothing steers the terminal or turns what is read, and nothing of a sequence is left', () => {
  expect(plain(HOSTILE)).toBe('a red gnp.exe b2J c')
  expect(plain('  two  spaces, ünïcode, 👩\u200d💻  ')).toBe('two  spaces, ünïcode, 👩\u200d💻')
  expect(plain('x'.repeat(200), 10)).toBe('xxxxxxxxx…')
})

test('several lines: the same, with their line ends and tabs', () => {
  expect(printable(`${HOSTILE}\n\td`)).toBe('a red gnp.exe b2J\nc\n\td')
  expect(prose('one\n\x1b[2Jtwo', '  ')).toEqual(['  one', '  two'])
})
