/**
 * What the real Claude Code says when it cannot go on, how full it is, and whether it is idle, busy or waiting; against a
 * scripted model on loopback, with a private HOME. Skipped where the pinned client is not installed.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { activityOf, readBeat } from '../../src/agents/beat.ts'
import { seedTrust } from '../../src/agents/claude.ts'
import type { ClientStatus } from '../../src/agents/client.ts'
import { statusBehind } from '../../src/agents/client.ts'
import { configFolderOf, readContext } from '../../src/agents/context.ts'
import type { LaunchInput } from '../../src/agents/launch.ts'
import { agentDir, prepareLaunch } from '../../src/agents/launch.ts'
import { presetFor } from '../../src/agents/preset.ts'
import type { Runtime } from '../../src/agents/runtime.ts'
import { mayTypeIn } from '../../src/agents/screen.ts'
import { findTranscript, lastContext } from '../../src/agents/transcript.ts'
import type { Trouble } from '../../src/agents/trouble.ts'
import { readTrouble } from '../../src/agents/trouble.ts'
import type { Read } from '../../src/result.ts'
import { tmux } from '../../src/tmux/command.ts'
import { writeConf } from '../../src/tmux/conf.ts'
import { tmuxRuntime } from '../../src/tmux/runtime.ts'
import type { ProcessId } from '../../src/town/processes.ts'
import type { FakeModel, Rule } from '../support/fake-model.mjs'
import { startFakeModel } from '../support/fake-model.mjs'
import { until } from '../support/gt.ts'
import { CLAUDE_BIN, claudeInstalled, onLoopback } from '../support/real-client.ts'
import { aLaunch, aRun, plainFolder } from './support.ts'

if (!claudeInstalled) console.log('Skipped: the real Claude Code is not installed (npm ci --prefix test/claude).')

/** Not that of other tests: ending a run ends whatever bears its mark, and theirs run beside this one. */
const FENCE = 'tr0ubl'

function value<T>(read: Read<T>): T {
  if (read.kind !== 'ok') throw new Error(JSON.stringify(read))
  return read.value
}

const fails = (match: string, status: number, message: string, headers: Record<string, string> = {}): Rule => ({
  match,
  reply: { status, message, headers },
})

describe.skipIf(!claudeInstalled)('the real Claude Code', { timeout: 120_000 }, () => {
  let home: string
  let model: FakeModel
  let runtime: Runtime
  let server: { socket: string; conf: string; env: Record<string, string> }
  let input: LaunchInput
  let folder: string
  let client: ProcessId

  beforeEach(async () => {
    home = plainFolder()
    const town = join(home, 'town')
    const cwd = join(town, 'work')
    for (const dir of [cwd, join(home, 'tmp')]) mkdirSync(dir, { recursive: true })
    model = await startFakeModel()
    server = {
      socket: `gt-test-${process.pid}-${randomUUID().slice(0, 6)}`,
      conf: join(home, 'tmux.conf'),
      env: { HOME: home, TMUX_TMPDIR: home },
    }
    value(writeConf(server.conf, 'test'))
    runtime = tmuxRuntime({ ...server, mayType: mayTypeIn(town) })
    const run = aRun({ worktree: cwd, fence: FENCE })
    folder = agentDir(town, { fence: run.fence, address: run.agent })
    input = aLaunch(town, {
      run,
      cwd,
      preset: value(presetFor('claude')),
      conversation: randomUUID(),
      // Stands for gt, which hooks call with nothing to say here.
      gtBin: '/dev/null',
      userEnv: {
        PATH: `${CLAUDE_BIN}:/usr/local/bin:/usr/bin:/bin`,
        HOME: home,
        LANG: 'C.UTF-8',
        SHELL: '/bin/bash',
        TZ: 'Asia/Kolkata',
        CLAUDE_CODE_TMPDIR: join(home, 'tmp'),
        ...onLoopback(model.url),
        CLAUDE_CODE_MAX_RETRIES: '0',
      },
    })
  })

  afterEach(async () => {
    await runtime?.shutdown()
    await model?.close()
  })

  async function start(more: Partial<LaunchInput>): Promise<void> {
    const spec = value(await prepareLaunch({ ...input, ...more }))
    value(await seedTrust({ configDir: spec.env.CLAUDE_CONFIG_DIR, home, paths: [input.cwd] }))
    client = value(await runtime.start(spec)).process
  }

  /** As `until`, and says what was on the screen when it never came. */
  async function sees<T>(what: string, look: () => T | undefined | false): Promise<T> {
    try {
      return (await until(what, look)) as T
    } catch (error) {
      const screen = await runtime.peek(input.session, 30)
      throw new Error(`${error}\n${screen.kind === 'ok' ? screen.value : screen.kind}`)
    }
  }

  const trouble = (is: Trouble['is'], after = 0) =>
    sees(`the trouble ${is}`, () => {
      const read = readTrouble(folder)
      return read.kind === 'ok' && read.value.is === is && read.value.at > after && read.value
    })
  const saysOfItself = (status: ClientStatus['status']) =>
    sees(`the client is ${status}`, () => {
      const read = statusBehind(value(configFolderOf(folder)), client)
      return read.kind === 'ok' && read.value.status === status && read.value
    })
  const beats = (event: string) =>
    sees(`a beat ${event}`, () => {
      const beat = readBeat(folder)
      return beat.kind === 'ok' && beat.value.event === event
    })

  async function shows(words: string): Promise<void> {
    let screen = ''
    for (const deadline = Date.now() + 20_000; !screen.includes(words); ) {
      if (Date.now() > deadline) throw new Error(`Never on the screen: ${words}\n${screen}`)
      const peeked = await runtime.peek(input.session, 30)
      screen = peeked.kind === 'ok' ? peeked.value : ''
    }
  }

  /** Types once the client takes it. */
  async function type(line: string): Promise<void> {
    await saysOfItself('idle')
    value(await runtime.type(input.session, line))
  }

  test('under an account of its own a usage limit has its end, and is over when the agent goes on', async () => {
    const reset = Math.floor(Date.now() / 1000) + 7_265
    const limits = { status: 'rejected', reset: String(reset), 'representative-claim': 'five_hour' }
    const headers = Object.entries(limits).map(([name, said]) => [`anthropic-ratelimit-unified-${name}`, said])
    model.rules.push(fails('begin', 429, 'limit', Object.fromEntries(headers)))
    // The user's own token must not win: with it this would be a plain 429.
    const account = { name: 'work', env: { CLAUDE_CONFIG_DIR: '~/work', CLAUDE_CODE_OAUTH_TOKEN: 'dummy' } }
    await start({ account, brief: 'begin' })
    const met = await trouble('quota')
    if (met.is !== 'quota') throw new Error('not a quota')
    expect(met.text).toContain('(Asia/Kolkata)')
    expect(met.resets - reset * 1000).toBeGreaterThan(0)
    expect(met.resets - reset * 1000).toBeLessThanOrEqual(60_000)
    expect(await saysOfItself('idle')).toMatchObject({ sessionId: input.conversation })
    await shows('Continuing automatically')
    await shows('gp-a3f8k gp/polecats/toast')

    model.rules.splice(0, 1, { match: 'go on', reply: '@usage 150000\n@bash true\n@usage 160000\n@say done' })
    await type('please go on')
    await beats('Stop')
    expect(readTrouble(folder)).toEqual({ kind: 'empty' })
    // 160,000 of a million, or of 200,000.
    const used = await sees('16 or 80 percent', () => {
      const read = readContext(folder)
      return read.kind === 'ok' && [16, 80].includes(read.value.used) && read.value
    })
    expect(used).toMatchObject({ model: expect.stringMatching(/^claude-/), costUsd: expect.any(Number) })
    // The status line comes after the hook, and is no sign of life.
    expect(value(readBeat(folder)).event).toBe('Stop')
    const transcript = value(findTranscript(join(home, 'work'), input.conversation))
    await sees('160,010 tokens', () => value(lastContext(transcript)).tokens === 160_010)
  })

  test('what the provider cannot or will not do is told apart', async () => {
    const cases: [string, Trouble['is'], Rule][] = [
      ['one', 'overloaded', fails('one$', 529, 'Overloaded')],
      ['say two', 'throttled', fails('two$', 429, 'slow down')],
      ['say three', 'auth', fails('three$', 401, 'invalid x-api-key')],
      ['say four', 'billing', fails('four$', 400, 'Your credit balance is too low to access the Anthropic API')],
      ['say five', 'model', fails('five$', 404, 'model: claude-opus')],
      ['say six', 'context', fails('six$', 400, 'prompt is too long: 210000 tokens > 200000 maximum')],
    ]
    model.rules.push(...cases.map(([, , rule]) => rule))
    let last = 0
    for (const [line, is] of cases) {
      if (last === 0) await start({ brief: line })
      else await type(line)
      last = (await trouble(is, last)).at
    }
  })

  test('the client says that it is busy, waits at a dialog, is idle after Esc', async () => {
    const brief = '@gate answer\n@bash curl -s http://127.0.0.1:1\n@say no'
    await start({ role: 'mayor', permission: 'manual', brief })
    const busy = await saysOfItself('busy')
    await sees('the request', () => model.requests.length === 1)
    model.open('answer')
    expect(await saysOfItself('waiting')).toMatchObject({ waitingFor: 'permission prompt' })
    value(await tmux(server, ['send-keys', '-t', `=${input.session}:`, 'Escape']))
    const idle = await saysOfItself('idle')
    expect(idle.at).toBeGreaterThan(busy.at)
    // Esc fires no hook: the last beat still says that it waits.
    expect(activityOf(value(readBeat(folder)))).toBe('waiting')
    // A person has the status line that is theirs.
    expect(readContext(folder).kind).toBe('empty')
    value(await runtime.end(input.session))
    expect(statusBehind(value(configFolderOf(folder)), client)).toEqual({ kind: 'empty' })
  })
})
