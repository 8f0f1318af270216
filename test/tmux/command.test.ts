import { existsSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { callEnv, tmux } from '../../src/tmux/command.ts'
import { confText, writeConf } from '../../src/tmux/conf.ts'
import { tmuxRuntime } from '../../src/tmux/runtime.ts'
import type { Stage } from './helper.ts'
import { stage, value } from './helper.ts'

let at: Stage
afterEach(() => at.close())

describe('tmux calls', () => {
  it('says how to install tmux where there is none, with exit code 69', async () => {
    at = stage()
    const bare = { ...at.server, env: { ...at.server.env, PATH: at.path('nothing') } }
    const missing = {
      kind: 'error',
      failure: { code: 'E_NO_TMUX', exit: 69, hint: expect.stringContaining('install tmux') },
    }
    expect(await tmux(bare, ['list-sessions'])).toMatchObject(missing)
    expect(await tmuxRuntime(bare).list()).toMatchObject(missing)
    expect(await tmuxRuntime(bare).start(at.spec('a', ['cat']))).toMatchObject(missing)
    expect(await tmuxRuntime(bare).end('a')).toMatchObject(missing)
  })

  it('says when the socket has too long a path, in place of a riddle', async () => {
    at = stage()
    const answer = await tmux({ ...at.server, socket: 'x'.repeat(120) }, ['list-sessions'])
    expect(answer).toMatchObject({ failure: { code: 'E_TMUX_SOCKET', hint: expect.stringContaining('TMUX_TMPDIR') } })
  })

  it('tells no server, no target and other failures apart', async () => {
    at = stage()
    expect(await tmux(at.server, ['list-sessions'])).toMatchObject({ failure: { code: 'E_TMUX_NO_SERVER' } })
    value(await at.runtime.start(at.spec('a', ['cat'])))
    expect(await tmux(at.server, ['kill-session', '-t', '=b'])).toMatchObject({ failure: { code: 'E_TMUX_NO_TARGET' } })
    expect(await tmux(at.server, ['no-such-command'])).toMatchObject({ failure: { code: 'E_TMUX' } })
  })

  it('inherits a few harmless names alone', () => {
    at = stage()
    const own = {
      PATH: '/bin',
      LANG: 'C',
      LC_ALL: 'C',
      TERM: 'dumb',
      TMUX: 'x',
      TMUX_PANE: '%1',
      API_KEY: 'k',
      GT_RUN: 'r',
    }
    expect(callEnv({ socket: 's', conf: 'c' }, own)).toEqual({
      PATH: '/bin',
      LANG: 'C',
      LC_ALL: 'C',
      TERM: 'screen-256color',
    })
  })
})

describe('the config file', () => {
  it('is written once, and again when it was changed', () => {
    at = stage()
    const path = at.path('deep/tmux.conf')
    expect(value(writeConf(path, 'town'))).toBe(true)
    expect(value(writeConf(path, 'town'))).toBe(false)
    expect(value(writeConf(path, 'other'))).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(confText('other'))
    expect(writeConf('/dev/null/tmux.conf', 'town')).toMatchObject({ failure: { code: 'E_TMUX_CONF' } })
  })

  it('is accepted by tmux whole, binds no key anew, and runs nothing that a town’s name holds', async () => {
    at = stage()
    const town = `t"; run-shell "touch ${at.path('x')}" ; #(touch ${at.path('y')}) $HOME`
    value(writeConf(at.server.conf, town, { gt: ['/n o de', "/g't.js"], root: '/r', home: 'mayor' }))
    value(await at.runtime.start(at.spec('a', ['cat'])))
    expect(value(await tmux(at.server, ['show-options', '-gv', 'window-size']))).toBe('latest\n')
    expect(value(await tmux(at.server, ['show-options', '-gv', 'history-limit']))).toBe('50000\n')
    expect(value(await tmux(at.server, ['display-message', '-p', '-t', '=a:', '#{T:status-left}']))).toBe(
      `${town} | a \n`,
    )
    // tmux names no line that it does not understand.
    expect(await tmux(at.server, ['source-file', at.server.conf])).toEqual({ kind: 'ok', value: '' })
    const ours = value(await tmux(at.server, ['list-keys']))
    const plain = { ...at.server, socket: `${at.server.socket}-plain`, conf: '/dev/null' }
    value(await tmux(plain, ['new-session', '-d', '--', 'cat']))
    const defaults = value(await tmux(plain, ['list-keys']))
    value(await tmux(plain, ['kill-server']))
    const added = ours.split('\n').filter((line) => !defaults.includes(line))
    expect(added.map((line) => line.split(/\s+/).slice(1, 5).join(' '))).toEqual([
      '-T prefix F display-popup',
      '-T prefix a display-popup',
      '-T prefix h switch-client',
      '-T prefix j display-popup',
    ])
    expect(defaults.split('\n').filter((line) => !ours.includes(line))).toEqual([])
    expect(existsSync(at.path('x')) || existsSync(at.path('y'))).toBe(false)
  })
})
