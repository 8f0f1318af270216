import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AgentTable } from '../../src/agents/preset.ts'
import { BUILT_IN, findProgram, presetFor } from '../../src/agents/preset.ts'
import type { TownSettings } from '../../src/town/settings.ts'
import { privateFolder } from './support.ts'

const fake: AgentTable = { command: ['node', '/abs/fake.mjs'], prompt: 'arg', hooks: 'none' }

test('claude and script are there without any settings', () => {
  expect(presetFor('claude')).toMatchObject({ kind: 'ok', value: { name: 'claude', hooks: 'claude' } })
  expect(presetFor('script')).toMatchObject({ kind: 'ok', value: { command: ['gt', 'agent-script'] } })
})

test('a town’s own table is found, and wins over a built-in one', () => {
  expect(presetFor('fake', { fake })).toEqual({ kind: 'ok', value: { ...fake, name: 'fake' } })
  expect(presetFor('claude', { claude: fake })).toMatchObject({ value: { command: fake.command } })
})

test('a table without a command changes what it names of the built-in one of its name, and nothing else', () => {
  const custom = { codex: { model: 'gpt-x', env: { A: '1' } }, opencode: { env: { B: '2' } }, nobody: { model: 'm' } }
  const { codex, opencode } = BUILT_IN
  expect(presetFor('codex', custom)).toEqual({
    kind: 'ok',
    value: { ...codex, name: 'codex', model: 'gpt-x', env: { A: '1' } },
  })
  expect(presetFor('opencode', custom)).toMatchObject({ value: { env: { ...opencode!.env, B: '2' } } })
  expect(presetFor('claude', { claude: { model: 'm' } })).toMatchObject({ value: { hooks: 'claude', model: 'm' } })
  expect(presetFor('nobody', custom)).toMatchObject({ failure: { code: 'E_NO_AGENT' } })
})

test('what town settings hold fits without conversion', () => {
  const settings: TownSettings['agents'] = { fake: { command: ['x'], prompt: 'file', hooks: 'none', env: {} } }
  expect(presetFor('fake', settings).kind).toBe('ok')
})

test('an unknown agent names the known ones and how to add one; names of objects are no agents', () => {
  for (const name of ['gpt', 'constructor', '__proto__', 'toString']) {
    const found = presetFor(name, { fake })
    expect(found).toMatchObject({ kind: 'error', failure: { code: 'E_NO_AGENT' } })
    if (found.kind !== 'error') continue
    expect(found.failure.message).toContain('claude, codex, fake, gemini, opencode, script')
    expect(found.failure.hint).toContain('gt config agent set')
  }
})

test('a program is found on PATH in order; folders and files that cannot run are none', () => {
  const folder = privateFolder()
  for (const name of ['a', 'b', 'c']) mkdirSync(join(folder, name))
  mkdirSync(join(folder, 'a', 'tool'))
  writeFileSync(join(folder, 'b', 'tool'), '', { mode: 0o644 })
  writeFileSync(join(folder, 'c', 'tool'), '', { mode: 0o755 })
  const path = ['a', 'b', 'c'].map((name) => join(folder, name)).join(':')
  expect(findProgram('tool', `relative:${path}`)).toEqual({ kind: 'ok', value: join(folder, 'c', 'tool') })
  expect(findProgram(join(folder, 'c', 'tool'), undefined).kind).toBe('ok')
  expect(findProgram(join(folder, 'b', 'tool'), undefined).kind).toBe('error')
})

test('a missing program exits 69 and says how to get it', () => {
  expect(findProgram('claude', privateFolder())).toMatchObject({
    failure: { code: 'E_NO_PROGRAM', exit: 69, hint: expect.stringMatching(/npm install -g .*--agent script/) },
  })
  expect(findProgram('codex', privateFolder())).toMatchObject({
    failure: { code: 'E_NO_PROGRAM', exit: 69, hint: expect.stringContaining('npm install -g @openai/codex') },
  })
  expect(findProgram('no-such', '')).toMatchObject({ failure: { code: 'E_NO_PROGRAM', exit: 69 } })
})
