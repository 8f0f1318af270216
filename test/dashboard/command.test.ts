/** `gt dashboard` as its users start it. */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import { GT, startGt } from '../support/gt.ts'
import type { DashboardTown } from './support.ts'
import { call, dashboardTown, enter, follow } from './support.ts'

let town: DashboardTown
beforeAll(async () => {
  town = await dashboardTown()
})
afterAll(() => town.close())

/** Started, and ready. */
async function started(...args: string[]) {
  const child = spawn(process.execPath, [GT, 'dashboard', ...args], {
    cwd: town.root,
    env: town.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  const first = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.includes('\n')) resolve(out)
    })
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, first: await first, ended, out: () => out }
}

test('says where it is in one object, serves the built page there, and ends with Ctrl-C', async () => {
  const { child, first, ended, out } = await started('--json')
  const answer = JSON.parse(first)
  expect(SHAPES.dashboard!.parse(answer.data)).toMatchObject({ pid: child.pid, actions: false })
  const { url, port } = answer.data
  const { cookie, home } = await enter({ url, port, viewers: () => 0, close: async () => {} })
  expect((await call(port, { path: `${home}app.js` })).status).toBe(401)
  const script = await call(port, { path: `${home}app.js`, headers: { cookie } })
  expect([script.status, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
  expect(script.text).toContain('EventSource')
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(out()).toBe(first)
})

test('refuses a port that is none, and an agent that wants to act', async () => {
  const place = { cwd: town.root, env: { ...town.env, GT_AGENT: 'gp/polecats/x' } }
  const [port, agent] = await Promise.all([
    startGt(['dashboard', '--port', '70000'], place).ended,
    startGt(['dashboard', '--allow-actions'], place).ended,
  ])
  expect([port.code, port.error?.code]).toEqual([64, 'E_USAGE'])
  expect([agent.code, agent.error?.code]).toEqual([1, 'E_NOT_FOR_AGENTS'])
})

test('ends itself when its town is gone, also while somebody looks', async () => {
  const { first, ended } = await started()
  const url = /^The town is at (http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32})\n/.exec(first)![1]!
  const port = Number(new URL(url).port)
  const { cookie, home } = await enter({ url, port, viewers: () => 0, close: async () => {} })
  const stream = follow(port, `${home}live`, { cookie })
  await stream.next(({ name }) => name === 'board')
  rmSync(town.root, { recursive: true, force: true })
  expect(await ended).toBe(0)
})
