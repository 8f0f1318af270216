import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { clientStatus } from '../../src/agents/client.ts'
import { identify } from '../../src/town/processes.ts'
import { privateFolder } from './support.ts'

/** As written by Claude Code 2.1.330. */
const SAID = {
  pid: 6107,
  sessionId: '17ccc3c0-d715-43b2-b7fb-06febb83cb1c',
  cwd: '/w',
  startedAt: 1795716738126,
  procStart: '118884',
  version: '2.1.330',
  kind: 'interactive',
  status: 'waiting',
  updatedAt: 1795716738629,
  statusUpdatedAt: 1795716738600,
  waitingFor: 'permission prompt',
}
const process = { pid: 6107, started: '3d1219c7.118884' }

let config: string

beforeEach(() => {
  config = privateFolder()
  mkdirSync(join(config, 'sessions'))
})

const say = (said: unknown): void =>
  writeFileSync(join(config, 'sessions', '6107.json'), typeof said === 'string' ? said : JSON.stringify(said))

test('the client says whether it is idle, busy or waiting, for what, and in which conversation', () => {
  say(SAID)
  expect(clientStatus(config, process)).toEqual({
    kind: 'ok',
    value: { status: 'waiting', waitingFor: 'permission prompt', at: SAID.statusUpdatedAt, sessionId: SAID.sessionId },
  })
  const { waitingFor: _, ...rest } = SAID
  for (const status of ['idle', 'busy']) {
    say({ ...rest, status })
    const answer = { status, at: SAID.statusUpdatedAt, sessionId: SAID.sessionId }
    expect(clientStatus(config, process)).toEqual({ kind: 'ok', value: answer })
  }
})

test('no file, or one that an earlier process with this pid left: nothing is said', () => {
  expect(clientStatus(config, process).kind).toBe('empty')
  say({ ...SAID, procStart: '118883' })
  expect(clientStatus(config, process).kind).toBe('empty')
  rmSync(join(config, 'sessions'), { recursive: true })
  expect(clientStatus(config, process).kind).toBe('empty')
})

test.each<[string, unknown]>([
  ['half written', '{"pid":61'],
  ['nothing', ''],
  ['no object', 'null'],
  ['not yet a status', { ...SAID, status: undefined }],
  ['a new status', { ...SAID, status: 'pondering' }],
  ['somebody else', { ...SAID, pid: 1 }],
  ['no proof', { ...SAID, procStart: undefined }],
  ['another way to tell the start', { ...SAID, procStart: 'Thu Nov 26 17:58:10 2026' }],
  ['no time', { ...SAID, statusUpdatedAt: '1795716738600' }],
  ['no conversation', { ...SAID, sessionId: 7 }],
])('what is not as expected is unknown: %s', (_what, said) => {
  say(said)
  expect(clientStatus(config, process).kind).toBe('unknown')
})

test('where starts are told by ps, blanks make no difference; a place that cannot be read is an error', () => {
  say({ ...SAID, procStart: 'Thu Nov 26 17:58:10 2026' })
  expect(clientStatus(config, { pid: 6107, started: 'Thu_Nov_26_17:58:10_2026' }).kind).toBe('ok')
  rmSync(join(config, 'sessions'), { recursive: true })
  writeFileSync(join(config, 'sessions'), '')
  expect(clientStatus(config, process).kind).toBe('error')
})

test.runIf(globalThis.process.platform === 'linux')('its start is written as the kernel tells it', () => {
  const me = identify(globalThis.process.pid)
  if (me.kind !== 'ok') throw new Error('no identity')
  expect(me.value.started).toMatch(/\.\d+$/)
})
