/** The dashboard as a program on the wire sees it: a real ledger, a real socket. */
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { Dashboard } from '../../src/dashboard/server.ts'
import { serve } from '../../src/dashboard/server.ts'
import { failureOf } from '../beads/support.ts'
import { aBead } from '../kernel/support.ts'
import { until } from '../support/gt.ts'
import type { DashboardTown } from './support.ts'
import { call, dashboardOf, dashboardTown, enter, follow, HOSTILE } from './support.ts'

let town: DashboardTown
let page: Dashboard
let acting: Dashboard
let cookie = ''
let home = ''

beforeAll(async () => {
  town = await dashboardTown()
  page = await dashboardOf(town)
  acting = await dashboardOf(town, { actions: true })
  ;({ cookie, home } = await enter(page))
})
afterAll(async () => {
  await page.close()
  await acting.close()
  town.close()
})

const get = (path: string, headers: Record<string, string> = { cookie }) => call(page.port, { path, headers })
const data = async (path: string) => JSON.parse((await get(`${home}${path}`)).text)

test('without the token or the cookie there is nothing but a refusal, whatever the path', async () => {
  for (const path of ['/', home, `${home}app.js`, `${home}live`, `${home}api/me`, '/favicon.ico', '/?token=']) {
    const answered = await get(path, {})
    expect([path, answered.status]).toEqual([path, 401])
    expect(answered.text).toBe('This page needs its token. Open the address that `gt dashboard` printed.\n')
    expect(answered.headers['set-cookie']).toBeUndefined()
  }
})

test('the printed address sets the cookie and leads to an address without the token', async () => {
  const { pathname, search, hostname } = new URL(page.url)
  expect(hostname).toBe('127.0.0.1')
  const answered = await get(pathname + search, {})
  expect(answered.status).toBe(200)
  expect(String(answered.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict/)
  expect(home).not.toContain('token')
  expect((await get(home)).text).toContain('<div id="app">')
  // Another dashboard’s cookie opens nothing here.
  expect((await call(acting.port, { path: home, headers: { cookie } })).status).toBe(401)
})

test('every answer forbids what is not from here: scripts, frames, other pages’ reading', async () => {
  for (const path of ['/', home, `${home}app.js`, `${home}nothing`, `${home}api/me`]) {
    const { headers } = await get(path)
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(headers['x-frame-options']).toBe('DENY')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['access-control-allow-origin']).toBeUndefined()
  }
})

test('other names of this machine and pages of elsewhere are refused', async () => {
  expect((await get(home, { cookie, host: 'rebound.example' })).status).toBe(403)
  expect((await get(`${home}api/me`, { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await get(`${home}api/me`, { cookie, 'sec-fetch-site': 'same-site' })).status).toBe(403)
})

test('no path leads to the disk, and no folder is listed', async () => {
  const steps = ['../', '..%2f', '%2e%2e/', '....//', '..\\', '%252e%252e/', './', '//']
  for (const step of steps) {
    for (const file of ['town.toml', 'package.json', 'etc/passwd']) {
      const answered = await get(`${home}${step.repeat(6)}${file}`)
      expect([step, answered.status, answered.text]).toEqual([step, 404, 'There is nothing here.\n'])
    }
  }
  for (const path of ['api', 'api/', 'page/', '.', 'index.html', 'app.js/', 'app.js%00.html']) {
    expect([path, (await get(home + path)).status]).toEqual([path, 404])
  }
})

test('it listens on loopback only', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  for (const { address } of others) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port: page.port }, () => resolve(false))
      socket.once('error', () => resolve(true))
    })
    expect(refused, address).toBe(true)
  }
})

test('a port that is taken is an error with a way out', async () => {
  const taken = await serve({} as never, { port: page.port, files: new Map() })
  expect(failureOf(taken)).toMatchObject({ code: 'E_PORT', hint: expect.stringContaining('gt dashboard') })
})

test('the stream tells the board, and a change of the ledger as it happens; who comes back is not told again', async () => {
  const stream = follow(page.port, `${home}live`, { cookie })
  const first = await stream.next(({ name }) => name === 'board')
  expect(first.data.board.problems.map(({ bead }: any) => bead)).toContain('gp-ask11')
  expect(first.data.board.agents.map(({ title }: any) => title)).toContain(HOSTILE.script)
  town.write(aBead('gp-news1', { title: 'News' }))
  const news = await stream.next(({ data: { board } }) => board.events.some(({ bead }: any) => bead === 'gp-news1'))
  expect(news.id).not.toBe(first.id)
  // Text that looks like a frame of the stream stays inside of one.
  town.write(aBead('gp-frame', { title: 'x\n\nevent: board\ndata: {"is":"trouble"}\n\n' }))
  const last = await stream.next(({ data: { board } }) => board?.events.some(({ bead }: any) => bead === 'gp-frame'))
  expect(stream.events.every(({ data: { is } }) => is === 'board')).toBe(true)

  const again = follow(page.port, `${home}live?pane=nobody`, { cookie, 'last-event-id': last.id })
  const pane = await again.next(({ name }) => name === 'pane')
  expect(pane.data).toEqual({ who: 'nobody', is: 'none', why: 'It has no session now.' })
  expect(again.events.filter(({ name, id }) => name === 'board' && id === last.id)).toEqual([])
  again.leave()
  stream.leave()
})

test('why and bead are the commands’ own answers, and so are their errors', async () => {
  expect(await data('api/why?id=gp-ask11')).toMatchObject({
    ok: true,
    data: { kind: 'bead', standing: 'needs_human', reason: HOSTILE.script },
  })
  expect(await data('api/why?id=fence1')).toMatchObject({ ok: true, data: { kind: 'run', bead: 'gp-work1' } })
  expect(await data('api/bead?id=gp-work1')).toMatchObject({ ok: true, data: { description: HOSTILE.style } })
  expect(await data('api/costs?by=model&since=today')).toMatchObject({ ok: true, data: { by: 'model', rows: [] } })
  expect((await data('api/convoy?id=gp-epic1')).data.members).toMatchObject([{ id: 'gp-epic1.1', wave: 1 }])
  expect(await data('api/costs?by=__proto__')).toMatchObject({ ok: false, error: { code: 'E_USAGE' } })
  expect(await data('api/why?id=gp-nothing')).toMatchObject({ ok: false, error: { code: 'E_NOT_FOUND' } })
})

test('a dashboard that only reads has no actions and tells nobody a seal', async () => {
  expect((await data('api/me')).data).toEqual({ town: 'Hilltop', acts: [], seal: null })
  const answered = await call(page.port, {
    method: 'POST',
    path: `${home}api/act/land`,
    headers: { cookie, origin: `http://127.0.0.1:${page.port}`, 'x-gt-seal': '', 'content-type': 'application/json' },
    body: '{"id":"gp-mr111"}',
  })
  expect(answered.status).toBe(403)
  expect(facts(town.watched.town.ledger.state.beads.get('gp-mr111')!).merge?.state).toBe('held')
})

test('where actions are allowed they are the commands, for our own page only', async () => {
  const inside = await enter(acting)
  const me = JSON.parse(
    (await call(acting.port, { path: `${inside.home}api/me`, headers: { cookie: inside.cookie } })).text,
  ).data
  expect(me.acts).toEqual(['land', 'retry', 'reject', 'stop', 'answer'])
  const order = (verb: string, body: string, more: Record<string, string> = {}) =>
    call(acting.port, {
      method: 'POST',
      path: `${inside.home}api/act/${verb}`,
      headers: {
        cookie: inside.cookie,
        origin: `http://127.0.0.1:${acting.port}`,
        'x-gt-seal': me.seal,
        'content-type': 'application/json',
        ...more,
      },
      body,
    })
  const state = () => facts(town.watched.town.ledger.state.beads.get('gp-mr111')!).merge?.state
  const land = JSON.stringify({ id: 'gp-mr111' })
  expect((await order('land', land, { origin: 'http://127.0.0.1:1' })).status).toBe(403)
  expect((await order('land', land, { 'x-gt-seal': 'guessed' })).status).toBe(403)
  expect((await order('delete', land)).status).toBe(403)
  expect((await order('__proto__', land)).status).toBe(403)
  for (const body of ['', '[]', 'null', '{"id":7}', '{"id":""}', `{"id":"x","text":"${'y'.repeat(20_000)}"}`]) {
    expect([body.slice(0, 20), (await order('land', body)).status]).toEqual([body.slice(0, 20), 400])
  }
  expect((await order('reject', land)).status).toBe(409)
  // What a button does is known here: neither another answer than were given, nor a look, nor what nobody saw.
  const [asked] = (await town.watched.board()).problems.filter(({ cause }) => cause === 'ask')
  for (const more of [
    { choice: 'w' },
    { choice: 'zz' },
    { id: 'gp-ask11 ask long ago', choice: 'r' },
    { choice: 'r', text: ' ' },
  ]) {
    const answered = await order('answer', JSON.stringify({ id: asked!.key, text: 'x', ...more }))
    expect([more, answered.status]).toEqual([more, 409])
  }
  expect(state()).toBe('held')
  const done = await order('land', land)
  expect([done.status, JSON.parse(done.text)]).toEqual([200, { ok: true, data: { text: 'gp-mr111 is in the queue.' } }])
  await until('the ledger to say so', () => state() === 'queued')
  expect(facts(town.watched.town.ledger.state.beads.get('gp-mr111')!).merge?.approved_by).toBe('person')
  expect(JSON.parse((await order('land', land)).text)).toMatchObject({ ok: false, error: { code: 'E_NOT_HELD' } })
})
