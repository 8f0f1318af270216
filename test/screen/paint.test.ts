import { expect, test } from 'vitest'
import { changed } from '../../src/screen/paint.ts'

test('nothing is written while nothing changes, and then only the rows that did', () => {
  expect(changed(['a', 'b'], ['a', 'b', ''], 4)).toBe('')
  expect(changed(['a', 'b'], ['a', 'c'], 2)).toBe('\x1b[2;1H\x1b[0m\x1b[2Kc')
  expect(changed([], ['a', 'b'], 1)).toBe('\x1b[1;1H\x1b[0m\x1b[2Ka')
})
