import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SessionView } from '../../src/agents/runtime.ts'
import { tmux } from '../../src/tmux/command.ts'
import { descendants } from '../../src/town/process-tree.ts'
import { identify, isRunning } from '../../src/town/processes.ts'
import type { Stage } from './helper.ts'
import { fileText, program, stage, until, value } from './helper.ts'

const open: Stage[] = []
const onStage = (...args: Parameters<typeof stage>): Stage => {
  const at = stage(...args)
  open.push(at)
  return at
}
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const at of open.splice(0)) await at.close()
})

const DUMP = `import { writeFileSync } from 'node:fs'
writeFileSync(process.env.OUT, JSON.stringify({ argv: process.argv.slice(2), env: process.env, cwd: process.cwd(), pid: process.pid, ppid: process.ppid }))
setInterval(() => {}, 1e6)`

describe('start', () => {
  it('runs the agent under the process of the session, seen by look and list and gone after end', async () => {
    const { runtime, spec, ...at } = onStage()
    expect(await runtime.list()).toEqual({ kind: 'empty' })
    expect(await runtime.look('toast')).toEqual({ kind: 'empty' })
    const view = value(
      await runtime.start(
        spec('toast', program({ runtime, spec, ...at }, 'd.mjs', DUMP), { env: { OUT: at.path('out') } }),
      ),
    )
    const dump = JSON.parse(await fileText(at.path('out')))
    const agent = value(identify(dump.pid))
    expect(view).toMatchObject({ name: 'toast', alive: true, process: value(identify(dump.ppid)) })
    expect(value(descendants(view.process))).toEqual([agent])
    expect(value(await runtime.look('toast'))).toMatchObject(view)
    expect(value(await runtime.list())).toMatchObject([view])
    // No prefix match: "toa" is nobody.
    expect(await runtime.look('toa')).toEqual({ kind: 'empty' })
    expect(await runtime.end('toa')).toEqual({ kind: 'ok', value: undefined })
    for (const id of [view.process, agent]) expect(value(isRunning(id))).toBe(true)
    expect(await runtime.end('toast')).toEqual({ kind: 'ok', value: undefined })
    for (const id of [view.process, agent]) expect(value(isRunning(id))).toBe(false)
    expect(await runtime.look('toast')).toEqual({ kind: 'empty' })
    expect(await runtime.end('toast')).toEqual({ kind: 'ok', value: undefined })
  })

  it('hands over arguments, variables, labels and directory exactly, whatever they hold', async () => {
    const at = onStage()
    const cwd = at.path(`d #{pane_id} #H 'q' "x" $(touch x) ;`)
    mkdirSync(cwd)
    const word = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !text.includes('\0'))
    const nasty = [
      '',
      ';',
      'x;',
      '\\;',
      'x\\;',
      '$(touch x)',
      '`touch x`',
      'l1\nl2\r\n',
      '#{pane_id}',
      '{',
      '}',
      '~',
      '~/x',
      '$HOME',
      '%if',
      '-d',
    ]
    const words = [
      ...nasty,
      'end\\',
      '\\101',
      '\t\x1b[31m\x7f',
      "'",
      '"',
      'é ❯ 漢',
      'p'.repeat(40_000),
      ...fc.sample(word, 60),
    ]
    const env: Record<string, string> = { OUT: at.path('out'), 'no-name.of a:shell': 'all the same' }
    words.forEach((text, index) => {
      env[`V${index}`] = text
    })
    const labels = { GT_RUN: 'r|1', 'odd name=&': 'a=b&c|d\n;#{x} é', empty: '' }
    const argv = [...program(at, 'd.mjs', DUMP), ...words]
    const view = value(await at.runtime.start(at.spec('hostile', argv, { env, labels, cwd })))
    const dump = JSON.parse(await fileText(at.path('out'), (text) => text.endsWith('}')))
    expect(dump.argv).toEqual(words)
    expect(dump.env).toMatchObject(env)
    expect(dump.cwd).toBe(cwd)
    expect(view.labels).toEqual(labels)
    expect(value(await at.runtime.look('hostile')).labels).toEqual(labels)
    expect(existsSync(at.path('x'))).toBe(false)
  })

  it('gives an agent its own environment alone: nothing of who started the server, nothing of another agent', async () => {
    vi.stubEnv('MY_TOKEN', 'mine')
    vi.stubEnv('TMUX', '/somewhere/else,1,0')
    const at = onStage()
    const argv = program(at, 'd.mjs', DUMP)
    value(await at.runtime.start(at.spec('one', argv, { env: { OUT: at.path('one'), SECRET: 's3cret' } })))
    value(await at.runtime.start(at.spec('two', argv, { env: { OUT: at.path('two') }, unset: ['TMUX', 'HOME'] })))
    const one = JSON.parse(await fileText(at.path('one'))).env
    const two = JSON.parse(await fileText(at.path('two'))).env
    expect(one).toMatchObject({ SECRET: 's3cret', HOME: at.dir })
    for (const name of ['MY_TOKEN', 'SECRET', 'TMUX', 'HOME']) expect(two).not.toHaveProperty(name)
    // Neither does anybody read it from the server: not in its variables, not in `ps`.
    const pid = value(await tmux(at.server, ['display-message', '-p', '-t', '=one:', '#{pid}'])).trim()
    const shown =
      value(await tmux(at.server, ['show-environment', '-g'])) +
      value(await tmux(at.server, ['show-environment', '-t', '=one']))
    const ps = execFileSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' })
    expect(shown + ps).toContain('start-server')
    expect(shown + ps).not.toMatch(/s3cret|MY_TOKEN/)
  })

  it('takes a command of one word, and a program with a "=" in its path, without a shell', async () => {
    const at = onStage()
    mkdirSync(at.path('a=b'))
    const program = at.path('a=b/agent $(touch x)')
    execFileSync('cp', ['/bin/cat', program])
    const agentOf = (view: SessionView): string => {
      const [agent] = value(descendants(view.process))
      return readFileSync(`/proc/${agent!.pid}/cmdline`, 'utf8')
    }
    expect(agentOf(value(await at.runtime.start(at.spec('odd', [program]))))).toBe(`${program}\0`)
    expect(agentOf(value(await at.runtime.start(at.spec('cat', ['cat']))))).toBe('cat\0')
  })

  it('can be frozen and goes on: tmux, which wakes what it started itself, leaves an agent alone', async () => {
    const at = onStage()
    const script = 'while :; do printf x >> ticks; sleep 0.02; done'
    const view = value(await at.runtime.start(at.spec('toast', ['sh', '-c', script])))
    const ticks = (): number => at.read('ticks').length
    const state = ({ pid }: { pid: number }): string => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2)
    }
    await until('the agent to work', () => existsSync(at.path('ticks')))
    const agent = value(descendants(view.process)).find(({ pid }) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('ticks'),
    )!
    process.kill(agent.pid, 'SIGSTOP')
    await until('the stop', () => state(agent).startsWith('T'))
    // A server that takes our call has seen to the stop before.
    expect(value(await at.runtime.look('toast'))).toMatchObject(view)
    await until('the end of what it had begun', () => value(descendants(view.process)).length === 1)
    const before = ticks()
    expect(state(agent)).toMatch(/^T/)
    expect(ticks()).toBe(before)
    process.kill(agent.pid, 'SIGCONT')
    await until('the agent to go on', () => ticks() > before)
  })

  it.each([
    ['an exit code', ['sh', '-c', 'sleep 0.5; exit 7'], 7],
    ['a signal', ['sh', '-c', 'sleep 0.5; kill -KILL $$'], 137],
    ['an interrupt that it answers itself', ['sh', '-c', 'trap "exit 9" INT; sleep 0.5; kill -INT 0; sleep 5'], 9],
  ])('ends as its agent ends: %s', async (_how, argv, code) => {
    const at = onStage()
    value(await at.runtime.start(at.spec('toast', argv)))
    const ended = await until('the end', async () => {
      const view = value(await at.runtime.look('toast'))
      return view.alive ? undefined : view
    })
    expect(ended.exitCode).toBe(code)
  })

  it('names a missing program, with exit code 69, and leaves no session', async () => {
    const at = onStage()
    const answer = await at.runtime.start(at.spec('gone', ['no-such-agent', '--flag']))
    expect(answer).toMatchObject({
      kind: 'error',
      failure: { code: 'E_AGENT_DIED', exit: 69, details: { exitCode: 127 } },
    })
    if (answer.kind === 'error') expect(answer.failure.message).toMatch(/no-such-agent.*exit code 127.*not found/s)
    expect(await at.runtime.list()).toEqual({ kind: 'empty' })
  })

  it('tells the words of an agent that dies at once', async () => {
    const at = onStage()
    const answer = await at.runtime.start(
      at.spec('early', ['sh', '-c', 'echo usage: x; echo "bad flag é" >&2; sleep 0.1; exit 3']),
    )
    expect(answer).toMatchObject({ failure: { code: 'E_AGENT_DIED', exit: 1, details: { exitCode: 3 } } })
    if (answer.kind === 'error') expect(answer.failure.message).toMatch(/exit code 3.*:\nusage: x\nbad flag é$/s)
    expect(await at.runtime.look('early')).toEqual({ kind: 'empty' })
  })

  it('tells at most 2 KB of them, from the end, and when they are more than a screen', async () => {
    const at = onStage()
    const script = 'for i in $(seq 2000); do echo "line $i é"; done; sleep 0.1; exit 3'
    const answer = await at.runtime.start(at.spec('early', ['sh', '-c', script]))
    expect(answer).toMatchObject({ failure: { code: 'E_AGENT_DIED', details: { exitCode: 3 } } })
    if (answer.kind === 'error') {
      expect(Buffer.byteLength(answer.failure.message)).toBeLessThan(2_300)
      expect(answer.failure.message.split('\n').length).toBeGreaterThan(100)
    }
  })

  it('takes an agent that finishes at once with exit code 0 as finished, with its screen kept', async () => {
    const at = onStage()
    const view = value(await at.runtime.start(at.spec('quick', ['sh', '-c', 'echo all done; sleep 0.1'])))
    expect(view).toMatchObject({ alive: false, exitCode: 0 })
    expect(value(await at.runtime.peek('quick', 5))).toBe('all done')
  })

  it('shows a later death with its exit code, and puts a new session in the dead one’s place', async () => {
    const at = onStage()
    const first = value(
      await at.runtime.start(at.spec('toast', ['sh', '-c', 'read line; echo "got $line"; sleep 0.2; exit 4'])),
    )
    value(await at.runtime.type('toast', 'bye'))
    const dead = await until('the death', async () => {
      const view = value(await at.runtime.look('toast'))
      return view.exitCode !== undefined && view
    })
    expect(dead).toMatchObject({ ...first, alive: false, exitCode: 4 })
    expect(value(await at.runtime.peek('toast', 1))).toBe('got bye')
    const second = value(await at.runtime.start(at.spec('toast', ['cat'])))
    expect(value(await at.runtime.list())).toMatchObject([second])
    expect(await at.runtime.start(at.spec('toast', ['cat']))).toMatchObject({ failure: { code: 'E_SESSION_EXISTS' } })
    expect(value(isRunning(second.process))).toBe(true)
  })

  it('refuses what could only go wrong, before anything is started', async () => {
    const at = onStage()
    const bad = [
      at.spec('a.b', ['cat']),
      at.spec('a:0', ['cat']),
      at.spec('a', []),
      at.spec('a', ['']),
      at.spec('a', ['cat', 'a\0b']),
      at.spec('a', ['cat'], { env: { 'A=B': 'c' } }),
      at.spec('a', ['cat'], { cwd: at.path('nowhere') }),
      at.spec('a', ['cat', 'x'.repeat(200_000)]),
    ]
    for (const spec of bad) expect(await at.runtime.start(spec)).toMatchObject({ failure: { code: 'E_BAD_SESSION' } })
    expect(await at.runtime.list()).toEqual({ kind: 'empty' })
  })

  it('starts ten at once, the server with them, and one winner where two want one name', async () => {
    const at = onStage()
    const names = [...Array(10).keys()].map((index) => `p${index}`)
    const views = (await Promise.all(names.map((name) => at.runtime.start(at.spec(name, ['cat']))))).map(value)
    expect(new Set(views.map((view) => view.process.pid)).size).toBe(10)
    expect(
      value(await at.runtime.list())
        .map((view) => view.name)
        .sort(),
    ).toEqual(names)
    const twins = await Promise.all([1, 2, 3].map(() => at.runtime.start(at.spec('twin', ['cat']))))
    expect(twins.filter((twin) => twin.kind === 'ok')).toHaveLength(1)
  })
})

describe('peek', () => {
  it('gives the last lines, from the scrollback too, with long ones in one piece', async () => {
    const at = onStage()
    const script = `for i in $(seq 300); do echo "l$i"; done; printf '%0400d\\n' 7; cat`
    value(await at.runtime.start(at.spec('talker', ['sh', '-c', script])))
    const text = await until('the long line', async () => {
      const screen = value(await at.runtime.peek('talker', 200))
      return /07$/.test(screen) && screen
    })
    const lines = text.split('\n')
    expect(lines).toHaveLength(200)
    expect(lines[199]).toBe(`${'0'.repeat(399)}7`)
    expect(lines[198]).toBe('l300')
    expect(value(await at.runtime.peek('talker', 2)).split('\n')).toEqual(['l300', lines[199]])
    expect(await at.runtime.peek('nobody', 2)).toEqual({ kind: 'empty' })
  })
})

describe('end and shutdown', () => {
  const STUBBORN = `trap '' TERM INT HUP; setsid sh -c 'trap "" TERM INT HUP; echo $$ > grand; while :; do sleep 1; done' & echo ready > up; while :; do sleep 1; done`

  it('ends an agent that ignores signals and its grandchild in a session of its own', async () => {
    const at = onStage()
    const view = value(await at.runtime.start(at.spec('stubborn', ['sh', '-c', STUBBORN])))
    const grand = value(identify(Number(await fileText(at.path('grand')))))
    expect(value(isRunning(grand))).toBe(true)
    expect(await at.runtime.end('stubborn', 200)).toEqual({ kind: 'ok', value: undefined })
    expect(value(isRunning(view.process))).toBe(false)
    expect(value(isRunning(grand))).toBe(false)
  })

  it('ends what a dead agent left behind, known by its run alone', async () => {
    const at = onStage()
    const script = `(setsid sh -c 'trap "" HUP; echo $$ > grand; while :; do sleep 1; done' &) ; read x`
    const labels = { GT_RUN: `fence-${at.dir}` }
    value(await at.runtime.start(at.spec('left', ['sh', '-c', script], { labels, env: { GT_RUN: labels.GT_RUN } })))
    const grand = value(identify(Number(await fileText(at.path('grand')))))
    value(await at.runtime.type('left', 'go'))
    await until('the death', async () => !value(await at.runtime.look('left')).alive)
    expect(value(isRunning(grand))).toBe(true)
    value(await at.runtime.end('left', 200))
    expect(value(isRunning(grand))).toBe(false)
  })

  it('leaves the command alive that ends its own session from inside', async () => {
    const at = onStage()
    const src = fileURLToPath(new URL('../../src/', import.meta.url))
    const tsx = import.meta.resolve('tsx')
    const source = `import { tmuxRuntime } from '${src}tmux/runtime.ts'
import { writeFileSync } from 'node:fs'
const answer = await tmuxRuntime(${JSON.stringify(at.server)}).end('mayor', 500)
writeFileSync(${JSON.stringify(at.path('after'))}, JSON.stringify(answer))`
    const argv = program(at, 'inside.mts', source)
    const script = 'read go; "$0" --import "$1" "$2"; echo no > wrong; sleep 100'
    const view = value(await at.runtime.start(at.spec('mayor', ['sh', '-c', script, argv[0]!, tsx, argv[1]!])))
    value(await at.runtime.type('mayor', 'go'))
    expect(JSON.parse(await fileText(at.path('after')))).toEqual({ kind: 'ok' })
    expect(value(isRunning(view.process))).toBe(false)
    expect(existsSync(at.path('wrong'))).toBe(false)
  })

  it('leaves a window that a person opened in the session, and never counts it as ours', async () => {
    const at = onStage()
    value(await at.runtime.start(at.spec('toast', ['cat'])))
    value(await tmux(at.server, ['new-window', '-d', '-t', '=toast:', '--', 'sleep', '1000']))
    value(await tmux(at.server, ['split-window', '-d', '-t', '=toast:0', '--', 'sleep', '1000']))
    expect(value(await at.runtime.list())).toHaveLength(1)
    value(await at.runtime.end('toast'))
    expect(await at.runtime.list()).toEqual({ kind: 'empty' })
    const commands = value(await tmux(at.server, ['list-panes', '-a', '-F', '#{pane_current_command}']))
    expect(commands).toBe('sleep\nsleep\n')
    value(await at.runtime.start(at.spec('toast', ['cat'])))
    expect(value(await at.runtime.list())).toHaveLength(1)
  })

  it('shuts down everything of this town, and a second call is a no-op', async () => {
    const at = onStage()
    const views = [
      value(await at.runtime.start(at.spec('a', ['cat']))),
      value(await at.runtime.start(at.spec('b', ['cat']))),
    ]
    value(await tmux(at.server, ['new-session', '-d', '-s', 'mine', '--', 'sleep', '1000']))
    const rows = value(await tmux(at.server, ['list-panes', '-a', '-F', '#{pane_pid}\n#{pid}']))
      .trim()
      .split('\n')
    const all = [...new Set(rows)].map((pid) => value(identify(Number(pid))))
    expect(all).toHaveLength(4)
    expect(await at.runtime.shutdown()).toEqual({ kind: 'ok', value: undefined })
    for (const id of [...all, ...views.map((view) => view.process)]) expect(value(isRunning(id))).toBe(false)
    expect(await at.runtime.shutdown()).toEqual({ kind: 'ok', value: undefined })
    expect(await at.runtime.list()).toEqual({ kind: 'empty' })
  })

  it('never touches another server: sessions, bindings and options of the user stay as they are', async () => {
    const user = onStage()
    const at = onStage()
    const outer = { ...user.server, conf: '/dev/null' }
    value(await tmux(outer, ['new-session', '-d', '-s', 'mine', '--', 'cat']))
    value(await tmux(outer, ['set-option', '-g', 'status-left', 'my own']))
    value(await tmux(outer, ['bind-key', 'n', 'display-message', 'mine']))
    const photo = async (): Promise<string[]> => {
      const commands = [
        ['show-options', '-g'],
        ['show-options', '-s'],
        ['show-options', '-gw'],
        ['list-keys'],
        ['show-environment', '-g'],
      ]
      const looks = [...commands, ['list-panes', '-a', '-F', '#{session_id} #{pane_pid} #{pane_dead}']]
      return (await Promise.all(looks.map((look) => tmux(outer, look)))).map(value)
    }
    const before = await photo()
    vi.stubEnv('TMUX', `${user.dir}/tmux-${process.getuid?.()}/${user.server.socket},1,0`)
    vi.stubEnv('TMUX_PANE', '%0')
    value(await at.runtime.start(at.spec('mine', ['cat'])))
    value(await at.runtime.type('mine', 'hello'))
    value(await at.runtime.end('mine'))
    value(await at.runtime.start(at.spec('other', ['cat'])))
    value(await at.runtime.shutdown())
    expect(await photo()).toEqual(before)
  })

  it('sees an empty town after the server was killed, and starts again', async () => {
    const at = onStage()
    value(await at.runtime.start(at.spec('a', ['cat'])))
    const server = value(
      identify(Number(value(await tmux(at.server, ['display-message', '-p', '-t', '=a:', '#{pid}'])))),
    )
    process.kill(server.pid, 'SIGKILL')
    await until('the end of the server', () => value(isRunning(server)) === false)
    expect(await at.runtime.list()).toEqual({ kind: 'empty' })
    expect(await at.runtime.look('a')).toEqual({ kind: 'empty' })
    expect(value(await at.runtime.start(at.spec('a', ['cat'])))).toMatchObject({ name: 'a', alive: true })
  })

  it('never takes a tmux that does not answer for an empty town', async () => {
    const at = onStage()
    const view = value(await at.runtime.start(at.spec('a', ['cat'])))
    const server = value(
      identify(Number(value(await tmux(at.server, ['display-message', '-p', '-t', '=a:', '#{pid}'])))),
    )
    process.kill(server.pid, 'SIGSTOP')
    try {
      const { listPanes } = await import('../../src/tmux/panes.ts')
      expect(await listPanes(at.server, { timeoutMs: 300 })).toMatchObject({ kind: 'unknown' })
      expect(value(isRunning(view.process))).toBe(true)
    } finally {
      process.kill(server.pid, 'SIGCONT')
    }
    expect(value(await at.runtime.list())).toMatchObject([view])
  })
})
