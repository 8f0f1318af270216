import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { configFolderOf, readContext } from '../../src/agents/context.ts'
import { lastContext } from '../../src/agents/transcript.ts'
import { privateFolder } from './support.ts'

let folder: string
let transcript: string

beforeEach(() => {
  folder = privateFolder()
  const project = join(folder, 'cfg', 'projects', '-w')
  mkdirSync(project, { recursive: true })
  transcript = join(project, 'talk.jsonl')
  writeFileSync(join(folder, 'config-folder'), join(folder, 'cfg'))
})

/** As Claude Code 2.1.330 tells its status line, shortened. */
function status(used: unknown, more: object = {}): void {
  const window = { context_window_size: 1_000_000, used_percentage: used }
  const said = { model: { id: 'claude-opus-5-5' }, cost: { total_cost_usd: 0.1 }, context_window: window, ...more }
  writeFileSync(join(folder, 'status.json'), JSON.stringify(said))
  utimesSync(join(folder, 'status.json'), new Date(5_000), new Date(5_000))
}

const answered = (input: number, more: object = {}, model = 'claude-x'): string =>
  JSON.stringify({
    type: 'assistant',
    timestamp: '2026-01-01T00:00:00.000Z',
    message: { id: 'm', model, usage: { input_tokens: input, cache_read_input_tokens: 30_000, output_tokens: 10_000 } },
    ...more,
  })
const NEW_YEAR = Date.parse('2026-01-01T00:00:00Z')

test('the status line says how full it is, with what model, at what cost', () => {
  status(42)
  const told = { used: 42, at: 5_000, model: 'claude-opus-5-5', costUsd: 0.1 }
  expect(readContext(folder, 'talk')).toEqual({ kind: 'ok', value: told })
  status(0, { model: undefined, cost: undefined })
  expect(readContext(folder)).toEqual({ kind: 'ok', value: { used: 0, at: 5_000 } })
})

test('before the first answer nothing is known, and that is not nought', () => {
  expect(readContext(folder).kind).toBe('empty')
  status(null)
  expect(readContext(folder).kind).toBe('empty')
  expect(readContext(folder, 'talk').kind).toBe('empty')
})

test('what is not as expected is unknown (law 8)', () => {
  for (const text of ['{"context_', 'null', '{}']) {
    writeFileSync(join(folder, 'status.json'), text)
    expect(readContext(folder, 'talk').kind).toBe(text === '{"context_' ? 'unknown' : 'empty')
  }
  status('42')
  expect(readContext(folder).kind).toBe('unknown')
})

test('without a status line the transcript tells, of a window that is assumed', () => {
  writeFileSync(transcript, `${answered(60_000)}\n`)
  const told = { used: 50, at: NEW_YEAR, model: 'claude-x', assumed: true }
  expect(readContext(folder, 'talk')).toEqual({ kind: 'ok', value: told })
  writeFileSync(transcript, `${answered(360_000)}\n`)
  expect(readContext(folder, 'talk')).toMatchObject({ value: { used: 40 } })
  expect(readContext(folder, 'other').kind).toBe('empty')
})

test('of an agent that has no such folder nothing is known', () => {
  expect(configFolderOf(folder)).toEqual({ kind: 'ok', value: join(folder, 'cfg') })
  expect(configFolderOf(join(folder, 'cfg')).kind).toBe('empty')
  expect(readContext(join(folder, 'cfg'), 'talk').kind).toBe('empty')
})

test('the last answer counts: not an error of the client, not a sub-agent, not a torn line', () => {
  const lines = [
    answered(1_000),
    answered(2_000),
    answered(0, {}, '<synthetic>'),
    answered(9_000, { isSidechain: true }),
    '{"type":"user","message":{"content":"an \\"assistant\\" said"}}',
    '{"type":"assistant","mess',
  ]
  writeFileSync(transcript, lines.join('\n'))
  expect(lastContext(transcript)).toMatchObject({ value: { tokens: 42_000 } })
})

test('a compaction leaves what it says, until the next answer', () => {
  const boundary = JSON.stringify({
    type: 'system',
    subtype: 'compact_boundary',
    timestamp: '2026-01-01T00:00:01.000Z',
    compactMetadata: { trigger: 'auto', preTokens: 160_008, postTokens: 2_871 },
  })
  writeFileSync(transcript, `${answered(120_000)}\n${boundary}\n`)
  expect(lastContext(transcript)).toEqual({ kind: 'ok', value: { tokens: 2_871, at: NEW_YEAR + 1_000 } })
  writeFileSync(transcript, `${boundary}\n${answered(5_000)}\n`)
  expect(lastContext(transcript)).toMatchObject({ value: { tokens: 45_000 } })
})

test('only the end is read; when it holds no answer, nothing can be told', () => {
  const big = JSON.stringify({ type: 'user', message: { content: 'x'.repeat(300 * 1024) } })
  writeFileSync(transcript, `${answered(1_000)}\n${big}\n`)
  expect(lastContext(transcript).kind).toBe('unknown')
  writeFileSync(transcript, `${answered(1_000)}\n${big}\n${answered(2_000)}\n`)
  expect(lastContext(transcript)).toMatchObject({ value: { tokens: 42_000 } })
  writeFileSync(transcript, '{"type":"user"}\n')
  expect(lastContext(transcript).kind).toBe('empty')
  expect(lastContext(join(folder, 'none')).kind).toBe('empty')
  expect(lastContext(folder).kind).toBe('error')
})
