/**
 * The real Claude Code, driven with what this room writes, against a scripted model on loopback: the canary for changes
 * upstream. Private HOME, no account, no network. Skipped where the pinned client is not installed.
 */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { activityOf, firstSign, readBeat, readFailure } from '../../src/agents/beat.ts'
import { polecatBrief } from '../../src/agents/brief.ts'
import { hookOutput, seedTrust } from '../../src/agents/claude.ts'
import type { LaunchInput } from '../../src/agents/launch.ts'
import { agentDir, prepareLaunch } from '../../src/agents/launch.ts'
import { presetFor } from '../../src/agents/preset.ts'
import type { Runtime } from '../../src/agents/runtime.ts'
import { claudeMayType, mayTypeIn } from '../../src/agents/screen.ts'
import { findTranscript } from '../../src/agents/transcript.ts'
import { Meter } from '../../src/costs/meter.ts'
import type { Read } from '../../src/result.ts'
import { tmux } from '../../src/tmux/command.ts'
import { writeConf } from '../../src/tmux/conf.ts'
import { tmuxRuntime } from '../../src/tmux/runtime.ts'
import type { FakeModel } from '../support/fake-model.mjs'
import { startFakeModel } from '../support/fake-model.mjs'
import { CLAUDE_BIN, claudeInstalled, onLoopback } from '../support/real-client.ts'
import { aBead, aLaunch, aRun, eventually, plainFolder } from './support.ts'

if (!claudeInstalled) console.log('Skipped: the real Claude Code is not installed (npm ci --prefix test/claude).')

/** Not that of other tests: ending a run ends whatever bears its mark, and theirs run beside this one. */
const FENCE = 'r3alcc'

function value<T>(read: Read<T>): T {
  if (read.kind !== 'ok') throw new Error(JSON.stringify(read))
  return read.value
}

describe.skipIf(!claudeInstalled)('the real Claude Code', { timeout: 120_000 }, () => {
  let home: string
  let town: string
  let repo: string
  let worktree: string
  let model: FakeModel
  let runtime: Runtime
  let server: { socket: string; conf: string; env: Record<string, string> }
  let input: LaunchInput
  let folder: string

  beforeEach(async () => {
    home = plainFolder()
    town = join(home, `t'o $wn`)
    repo = join(town, 'gp', 'repo.git')
    worktree = join(town, 'gp', 'polecats', 'toast')
    for (const dir of [town, 'tmp', 'cfg']) mkdirSync(join(dir === town ? town : join(home, dir)), { recursive: true })
    makeRepository()
    model = await startFakeModel()
    server = {
      socket: `gt-test-${process.pid}-${randomUUID().slice(0, 6)}`,
      conf: join(home, 'tmux.conf'),
      env: { HOME: home, TMUX_TMPDIR: home },
    }
    value(writeConf(server.conf, 'test'))
    runtime = tmuxRuntime({ ...server, mayType: mayTypeIn(town) })
    const run = aRun({ worktree, fence: FENCE })
    folder = agentDir(town, { fence: run.fence, address: run.agent })
    input = aLaunch(town, {
      run,
      cwd: worktree,
      preset: value(presetFor('claude')),
      conversation: randomUUID(),
      gtBin: stubGt(),
      userEnv: clientEnvironment(),
    })
  })

  afterEach(async () => {
    await runtime?.shutdown()
    await model?.close()
  })

  /** A bare repository and a worktree of a project that opens two dialogs at start: foreign imports and a server. */
  function makeRepository(): void {
    const seed = join(home, 'seed')
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e@x', ...args], {
        env: { PATH: process.env.PATH, HOME: home },
      })
    git('init', '-q', '-b', 'main', seed)
    writeFileSync(join(seed, 'CLAUDE.md'), 'See @/etc/hostname\n')
    writeFileSync(join(seed, '.mcp.json'), '{"mcpServers":{"x":{"command":"true"}}}')
    git('-C', seed, 'add', '-A')
    git('-C', seed, 'commit', '-q', '-m', 'start')
    git('clone', '-q', '--bare', seed, repo)
    git('-C', repo, 'worktree', 'add', '-q', '-b', 'gt/toast', worktree, 'main')
  }

  /** Stands for gt: tells how it was called; its hook answers reach the model. */
  function stubGt(): string {
    const file = join(home, 'gt.mjs')
    const answers = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop'].map((event) => [
      event,
      hookOutput(event, `WORD at ${event}`),
    ])
    writeFileSync(
      file,
      `import { appendFileSync, readdirSync, rmSync } from 'node:fs'
const args = process.argv.slice(2)
appendFileSync(${JSON.stringify(join(home, 'calls'))}, args.join(' ') + '\\n')
const answers = ${JSON.stringify(Object.fromEntries(answers))}
if (args[0] === 'prime') console.log(answers.SessionStart)
if (args[0] === 'hook-deliver') {
  const inbox = ${JSON.stringify(join(folderOf(), 'inbox'))}
  for (const name of readdirSync(inbox)) rmSync(inbox + '/' + name)
  console.log(answers[args[1]])
}`,
    )
    return file
  }

  const folderOf = () => join(town, '.gt', 'runs', FENCE)
  const calls = () =>
    existsSync(join(home, 'calls')) ? readFileSync(join(home, 'calls'), 'utf8').trim().split('\n') : []

  function clientEnvironment(): NodeJS.ProcessEnv {
    return {
      PATH: `${CLAUDE_BIN}:/usr/local/bin:/usr/bin:/bin`,
      HOME: home,
      LANG: 'C.UTF-8',
      SHELL: '/bin/bash',
      CLAUDE_CONFIG_DIR: join(home, 'cfg'),
      CLAUDE_CODE_TMPDIR: join(home, 'tmp'),
      ...onLoopback(model.url),
      CLAUDE_CODE_MAX_RETRIES: '0',
    }
  }

  /** Starts a session and waits until the agent itself has spoken. */
  async function start(more: Partial<LaunchInput> = {}): Promise<void> {
    value(await seedTrust({ configDir: join(home, 'cfg'), home, paths: [repo, worktree] }))
    value(await runtime.start(value(await prepareLaunch({ ...input, ...more }))))
    await sees('a first sign of life', () => firstSign(folder).kind === 'ok')
  }

  /** As `eventually`, and says what was on the screen when it never came. */
  async function sees(what: string, look: () => boolean): Promise<void> {
    try {
      await eventually(what, look)
    } catch (error) {
      const screen = await runtime.peek(input.session, 30)
      throw new Error(`${error}\n${screen.kind === 'ok' ? screen.value : screen.kind}`)
    }
  }

  const beats = (event: string) =>
    sees(`a beat ${event}`, () => {
      const beat = readBeat(folder)
      return beat.kind === 'ok' && beat.value.event === event
    })
  const told = () => JSON.stringify(model.requests.at(-1)?.body.messages)
  const briefOf = (...lines: string[]) =>
    polecatBrief({ bead: aBead({ description: lines.join('\n') }), run: input.run! })

  test('does a bead, hears a message by hook while idle, resumes in the same conversation', async () => {
    await start({ brief: briefOf('@bash printf made > out.txt && gt done --message ok', '@say finished') })
    await beats('Stop')
    expect(readFileSync(join(worktree, 'out.txt'), 'utf8')).toBe('made')
    expect(calls()).toEqual(['prime --hook', 'done --message ok'])
    expect(model.requests[0]).toMatchObject({ session: input.conversation })
    expect(told()).toContain('WORD at SessionStart')
    const tools = model.requests[0]?.body.tools?.map((tool) => tool.name)
    expect(tools).toContain('Bash')
    expect(tools).not.toContain('AskUserQuestion')

    writeFileSync(join(folder, 'inbox', 'message'), '')
    value(await runtime.type(input.session, 'there is a message for you'))
    await sees('the message in a request', () => told().includes('there is a message for you'))
    expect(told()).toContain('WORD at UserPromptSubmit')
    await beats('Stop')

    expect(findTranscript(join(home, 'cfg'), input.conversation).kind).toBe('ok')
    // Three answers of ten tokens, each counted once; the last line is written after the hook.
    const meter = new Meter(folder, () => undefined)
    await sees('30 tokens', () => {
      const days =
        value(meter.look([{ config: join(home, 'cfg'), conversations: [input.conversation] }]))[input.conversation] ??
        {}
      const used = Object.values(days).flatMap((models) => Object.values(models))
      return used.reduce((sum, { output }) => sum + output, 0) === 30
    })

    value(await runtime.end(input.session))
    expect(value(readBeat(folder)).event).toBe('SessionEnd')
    const before = model.requests.length
    await start({ mode: 'resume', brief: briefOf('@say mended') })
    await beats('Stop')
    expect(model.requests.length).toBe(before + 1)
    expect(model.requests.at(-1)?.session).toBe(input.conversation)
    expect(told()).toContain('printf made')
  })

  test('one that a shell of another one starts keeps a transcript of its own, as after a handoff', async () => {
    await start({ brief: briefOf('@bash env -0 > "$HOME/shell.env"', '@say finished') })
    await beats('Stop')
    value(await runtime.end(input.session))
    const found = readFileSync(join(home, 'shell.env'), 'utf8').split('\0').slice(0, -1)
    const shell = Object.fromEntries(found.map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]))
    // Without this mark the client thinks of no child, and this test of nothing.
    expect(shell).toHaveProperty('CLAUDE_CODE_CHILD_SESSION')
    const conversation = randomUUID()
    await start({ brief: briefOf('@say goes on'), conversation, userEnv: shell })
    await sees('its request', () => model.requests.at(-1)?.session === conversation)
    await sees('its transcript', () => findTranscript(join(home, 'cfg'), conversation).kind === 'ok')
  })

  test('a message that comes during a turn reaches the model in it, one that comes at its end makes it go on', async () => {
    await start({ brief: briefOf('@gate one', '@bash true', '@gate two', '@say finished') })
    await sees('the first request', () => model.requests.length === 1)
    writeFileSync(join(folder, 'inbox', 'message'), '')
    model.open('one')
    await sees('the second request', () => model.requests.length === 2)
    expect(told()).toContain('WORD at PostToolUse')
    writeFileSync(join(folder, 'inbox', 'message'), '')
    model.open('two')
    await sees('the third request', () => model.requests.length === 3)
    expect(told()).toContain('WORD at Stop')
    await beats('Stop')
    expect(calls()).toEqual(['prime --hook', 'hook-deliver PostToolUse', 'hook-deliver Stop'])
  })

  test('in acceptEdits a worker can commit and say done, and what it may not do is refused, not waited for', async () => {
    const commit = 'git add -A && git commit -qm work'
    await start({
      permission: 'acceptEdits',
      brief: briefOf(
        '@bash touch new',
        `@bash ${commit}`,
        '@bash curl -s http://127.0.0.1:1',
        '@bash gt done',
        '@say finished',
      ),
    })
    await beats('Stop')
    const author = execFileSync('git', ['-C', worktree, 'log', '-1', '--format=%an %s'], { encoding: 'utf8' }).trim()
    expect(author).toBe('gp/polecats/toast work')
    expect(told()).toContain('Nobody is watching this worker')
    expect(calls()).toContain('done')
  })

  test('a failed turn says why', async () => {
    model.rules.push({ match: '', reply: { status: 400, message: 'Your credit balance is too low to access the API' } })
    await start({ brief: 'Hello' })
    await beats('StopFailure')
    await sees('the failure', () => readFailure(folder).kind === 'ok')
    expect(value(readFailure(folder)).error).toBe('billing_error')
    expect(activityOf(value(readBeat(folder)))).toBe('idle')
  })

  test('an attended agent waits at a dialog, and nothing is typed there or over a half-typed line', async () => {
    const mayor: Partial<LaunchInput> = {
      role: 'mayor',
      permission: 'manual',
      brief: '@bash curl -s http://127.0.0.1:1\n@say no',
    }
    // In the Mayor's own directory, which is no repository.
    const cwd = join(town, 'mayor')
    mkdirSync(cwd)
    value(await seedTrust({ configDir: join(home, 'cfg'), home, paths: [cwd] }))
    await start({ ...mayor, cwd })
    await sees('a dialog', () => {
      const beat = readBeat(folder)
      return beat.kind === 'ok' && activityOf(beat.value) === 'waiting'
    })
    expect(await runtime.type(input.session, 'go on')).toMatchObject({ failure: { code: 'E_DIALOG' } })
    const keys = (...args: string[]) => tmux(server, ['send-keys', '-t', `=${input.session}:`, ...args])
    await shows('Do you want to proceed')
    const drawn = value(await tmux(server, ['capture-pane', '-e', '-p', '-t', `=${input.session}:`]))
    expect(claudeMayType(drawn)).toMatchObject({ failure: { code: 'E_DIALOG' } })
    value(await keys('Escape'))
    await shows('Interrupted')
    value(await keys('-l', 'half typed'))
    await shows('half typed')
    // For two seconds after its hook a dialog counts as open, whatever the screen says.
    await types('go on', 'E_DRAFT')
    value(await keys('C-u'))
    await types('please say hello now', 'ok')
    await sees('the line in a request', () => told().includes('please say hello now'))
  })

  async function shows(words: string): Promise<void> {
    let screen = ''
    const deadline = Date.now() + 20_000
    while (!screen.includes(words)) {
      if (Date.now() > deadline) throw new Error(`Never on the screen: ${words}\n${screen}`)
      const peeked = await runtime.peek(input.session, 40)
      screen = peeked.kind === 'ok' ? peeked.value : ''
    }
  }

  /** Types again and again until the answer is this one. */
  async function types(line: string, answer: string): Promise<void> {
    const deadline = Date.now() + 20_000
    for (;;) {
      const typed = await runtime.type(input.session, line)
      const got = typed.kind === 'ok' ? 'ok' : typed.failure.code
      if (got === answer) return
      if (got === 'ok' || Date.now() > deadline) throw new Error(`Typing answered ${got}, not ${answer}.`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
})
