/** Texts in files: what a command takes, and what it does not even read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bodyOf } from '../../src/cli/bead-options.ts'
import { notesOf } from '../../src/cli/handoff.ts'
import { readText, TEXT_BYTES } from '../../src/cli/read-text.ts'

const dir = mkdtempSync(join(tmpdir(), 'gt-text-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

test('whole, of many bytes a letter, and empty', () => {
  const longest = 'é'.repeat(TEXT_BYTES / 2)
  expect(readText(file('longest', longest))).toEqual({ kind: 'ok', value: longest })
  expect(readText(file('none', ''))).toEqual({ kind: 'ok', value: '' })
})

test('too long, without an end, a folder, nothing: an error each, and nothing is kept', () => {
  const code = (path: string) => {
    const read = bodyOf({ bodyFile: path })
    return read.kind === 'error' ? [read.failure.code, read.failure.kept] : read
  }
  const kept = 'No bead was written.'
  expect(code(file('long', 'x'.repeat(TEXT_BYTES + 1)))).toEqual(['E_TOO_LONG', kept])
  expect(code(dir)).toEqual(['E_FILE', kept])
  expect(code(join(dir, 'nothing'))).toEqual(['E_FILE', kept])
  // It never ends; a pipe that does not would be the same.
  expect(code('/dev/zero')).toEqual(['E_TOO_LONG', kept])
})

test('a handoff needs words', () => {
  expect(notesOf(['done,', 'next: c'])).toEqual({ kind: 'ok', value: 'done, next: c' })
  expect(notesOf([' ', ''])).toMatchObject({ failure: { code: 'E_EMPTY' } })
})
