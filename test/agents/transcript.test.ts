import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findTranscript } from '../../src/agents/transcript.ts'
import { privateFolder } from './support.ts'

test('a transcript is found by its conversation in any project folder', () => {
  const config = privateFolder()
  expect(findTranscript(config, 'id').kind).toBe('empty')
  for (const project of ['-a', '-b']) mkdirSync(join(config, 'projects', project), { recursive: true })
  expect(findTranscript(config, 'id').kind).toBe('empty')
  const file = join(config, 'projects', '-b', 'id.jsonl')
  writeFileSync(file, '{}')
  expect(findTranscript(config, 'id')).toEqual({ kind: 'ok', value: file })
  writeFileSync(join(config, 'plain'), '')
  expect(findTranscript(join(config, 'plain'), 'id').kind).toBe('error')
})
