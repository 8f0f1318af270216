/** Each channel gets the words as they are, once, and a failing one is told to gt doctor and to nobody else. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { desktopArgv, readHealth } from '../../src/attention/channels.ts'
import { notify, notifyOpen } from '../../src/attention/notify.ts'
import type { TownSubject } from '../../src/doctor/subject.ts'
import { channels as doctorsCheck } from '../../src/doctor/town.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { ok } from '../../src/result.ts'

let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-notify-')))
})
afterEach(() => rmSync(dir, { recursive: true }))

type Notify = Partial<OpenTown['settings']['notify']>

function townWith(settings: Notify, env: NodeJS.ProcessEnv = {}): OpenTown {
  const notify = { bell: false, desktop: false, min_severity: 'low', ...settings }
  const now = () => new Date('2026-11-27T10:00:00Z')
  return { root: dir, name: 't', paths: { runtime: dir }, settings: { notify }, env, now } as unknown as OpenTown
}

/** A program that writes down what it gets, NUL-separated. */
function recorder(name: string, exit = 0): string {
  const path = join(dir, name)
  const text = `#!/bin/sh\nprintf '%s\\0' "$GT_NOTIFY_CAUSE" "$GT_NOTIFY_BEAD" "$GT_TOWN" "$@" >> '${join(dir, 'got')}'\necho "no display" >&2\nexit ${exit}\n`
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}
const got = () => readFileSync(join(dir, 'got'), 'utf8').split('\0').slice(0, -1)

const NASTY = '-n "$(touch pwned)" `id` <b>&;'
const ask = {
  cause: 'ask',
  key: 'gp-a ask 1',
  bead: 'gp-a',
  title: `gp-a: ${NASTY}`,
  text: `${NASTY}\nnext\u0000\u001b[31m`,
}

it('command: title and text are its last two arguments, and it runs once for a key', async () => {
  const town = townWith({ command: [recorder('told'), '--flag'] })
  expect(await notifyOpen(town, [ask])).toMatchObject([{ channel: 'command', ok: true }])
  expect(await notifyOpen(town, [ask])).toEqual([])
  expect(await notify(town, ask)).toEqual([])
  expect(got()).toEqual(['ask', 'gp-a', dir, '--flag', `gp-a: ${NASTY}`, `${NASTY}\nnext`])
  // What works leaves no trace but what was told.
  expect(existsSync(join(dir, 'channels.json'))).toBe(false)
})

it('desktop: notify-send gets the words behind --, its body without markup', async () => {
  recorder('notify-send')
  const town = townWith({ desktop: true }, { PATH: `${dir}:${process.env.PATH}` })
  expect(desktopArgv('darwin', { ...ask, severity: 'low', keys: [] }).slice(-3)).toEqual(['--', ask.title, ask.text])
  if (process.platform === 'darwin') return
  await notify(town, ask)
  const body = '-n "$(touch pwned)" `id` &lt;b&gt;&amp;;\nnext'
  expect(got().slice(3)).toEqual(['--app-name=gt', '--urgency=low', '--', ask.title, body])
})

it('a channel that fails says how, once it works again that is gone, and the others go out all the same', async () => {
  const town = townWith({ command: [recorder('told', 3)], webhook: 'http://127.0.0.1:9/secret' })
  const failed = await notify(town, ask)
  expect(failed.map(({ channel, ok: works }) => [channel, works])).toEqual([
    ['command', false],
    ['webhook', false],
  ])
  expect(readHealth(dir).command).toMatchObject({ ok: false, why: `${join(dir, 'told')} ended with 3: no display` })
  expect(readHealth(dir).webhook?.why).toMatch(/^http:\/\/127\.0\.0\.1:9 could not be reached: /)
  expect(readFileSync(join(dir, 'channels.json'), 'utf8')).not.toContain('secret')
  const { settings } = townWith({ command: ['x'], webhook: 'http://127.0.0.1:9/secret' })
  const seen = doctorsCheck({ settings: () => ok(settings), paths: { runtime: dir } } as unknown as TownSubject)
  expect(seen).toMatchObject([
    { id: 'town.notify.command', verdict: 'bad', hint: 'gt config get notify.command' },
    { id: 'town.notify.webhook', verdict: 'bad' },
  ])
  await notify(townWith({ command: [recorder('told')] }), { ...ask, key: 'another' })
  expect(readHealth(dir).command).toMatchObject({ ok: true })
  const gone = await notify(townWith({ command: ['/no/such'] }), { ...ask, key: 'a third' })
  expect(gone).toMatchObject([{ ok: false, why: '/no/such is not there' }])
})

it('what weighs too little goes nowhere, and nothing counts as told while there is no channel', async () => {
  const least: Notify = { command: [recorder('told')], min_severity: 'high' }
  expect(await notifyOpen(townWith({}), [ask])).toEqual([])
  expect(await notifyOpen(townWith(least), [ask])).toEqual([])
  expect(existsSync(join(dir, 'got'))).toBe(false)
  expect(await notifyOpen(townWith(least), [ask, { ...ask, cause: 'poison', key: 'p' }])).toHaveLength(1)
})

it('bell: the runtime rings with the title', async () => {
  const heard: string[] = []
  const runtime = { ring: async (text: string) => ok(heard.push(text)) }
  await notify({ ...townWith({ bell: true }), runtime } as unknown as OpenTown, ask)
  expect(heard).toEqual([ask.title])
})

const bodies: unknown[] = []
const server = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  request.on('end', () => {
    bodies.push([request.method, request.url, JSON.parse(text)])
    if (request.url === '/moved') response.writeHead(307, { location: '/hook' })
    response.end('thanks')
  })
})
afterAll(() => server.close())

it('webhook: one POST with JSON; a redirect is not followed', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await notify(townWith({ webhook: `${address}/hook` }), ask)).toMatchObject([{ channel: 'webhook', ok: true }])
  const { title, bead, cause } = ask
  expect(bodies).toEqual([
    [
      'POST',
      '/hook',
      {
        town: 't',
        at: '2026-11-27T10:00:00.000Z',
        cause,
        title,
        bead,
        text: `${NASTY}\nnext`,
        severity: 'low',
        keys: [ask.key],
      },
    ],
  ])
  const moved = await notify(townWith({ webhook: `${address}/moved` }), { ...ask, key: 'x' })
  expect(moved).toMatchObject([{ ok: false, why: `${address} answered 307` }])
  expect(bodies.length).toBe(2)
})
