import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findTranscript, readUsage, usageOf } from '../../src/agents/transcript.ts'
import { privateFolder } from './support.ts'

const line = (id: string, output: number, model = 'claude-x') =>
  JSON.stringify({
    type: 'assistant',
    message: { id, model, usage: { input_tokens: 3, output_tokens: output, cache_read_input_tokens: 5 } },
  })

test('a message counts once, however many blocks it has', () => {
  const text = [
    line('m1', 10),
    line('m1', 10),
    '{"type":"user"}',
    line('m2', 1, 'other'),
    line('e', 0, '<synthetic>'),
    '{"type":"assistant","mess',
  ].join('\n')
  expect(usageOf(text)).toEqual({
    'claude-x': { input: 3, output: 10, cacheRead: 5, cacheWrite: 0 },
    other: { input: 3, output: 1, cacheRead: 5, cacheWrite: 0 },
  })
})

test('a transcript is found by its conversation in any project folder', () => {
  const config = privateFolder()
  expect(findTranscript(config, 'id').kind).toBe('empty')
  for (const project of ['-a', '-b']) mkdirSync(join(config, 'projects', project), { recursive: true })
  expect(findTranscript(config, 'id').kind).toBe('empty')
  const file = join(config, 'projects', '-b', 'id.jsonl')
  writeFileSync(file, line('m', 1))
  expect(findTranscript(config, 'id')).toEqual({ kind: 'ok', value: file })
  expect(readUsage(file)).toMatchObject({ kind: 'ok', value: { 'claude-x': { output: 1 } } })
  expect(readUsage(join(config, 'none')).kind).toBe('empty')
  writeFileSync(join(config, 'plain'), '')
  expect(findTranscript(join(config, 'plain'), 'id').kind).toBe('error')
})
