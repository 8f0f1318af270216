/**
 * Two programs of others, from npm, over a ledger of ours: one reads `issues.jsonl`, one runs us as its `bd`. Skipped with
 * a plain message where npm cannot fetch them.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bareTown } from '../cli/support.ts'
import { until } from '../support/gt.ts'
import { bead, cleanUp, create, must, newLedger } from './support.ts'

const PACKAGES = ['beads-ui@0.12.0', '@herbcaudill/beads-sdk@1.0.0']
const BD = fileURLToPath(new URL('../../bin/bd.js', import.meta.url))
let installed = ''
let missing = ''

beforeAll(() => {
  installed = mkdtempSync(join(tmpdir(), 'gt-interop-'))
  writeFileSync(join(installed, 'package.json'), '{"private":true}')
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-save', ...PACKAGES], {
      cwd: installed,
      stdio: 'pipe',
      timeout: 120_000,
    })
  } catch (error) {
    missing = `npm could not fetch ${PACKAGES.join(' and ')}: ${String(error).split('\n')[0]}`
  }
}, 150_000)
afterAll(() => {
  cleanUp()
  rmSync(installed, { recursive: true, force: true })
})

type Foreign = any

test('beads-sdk reads our issues.jsonl: the same beads, the same ready work', async (context) => {
  context.skip(missing !== '', missing)
  const ledger = newLedger()
  const edge = (from: string, to: string, type = 'blocks') => ({
    issue_id: from,
    depends_on_id: to,
    type,
    created_at: '2026-01-01T00:00:00Z',
  })
  create(
    ledger,
    bead('gp-a', { priority: 0, description: 'needs <nothing> & "quotes"\nand lines', labels: ['x', 'y'] }),
    bead('gp-b', { dependencies: [edge('gp-b', 'gp-a')] }),
    bead('gp-c', { status: 'closed', closed_at: '2026-01-02T00:00:00Z', close_reason: 'done' }),
    bead('gp-d', { dependencies: [edge('gp-d', 'gp-c')], unheard_of: 1 }),
    bead('gp-w', { ephemeral: true }),
  )
  must(ledger.roll())

  const entry = join(installed, 'node_modules/@herbcaudill/beads-sdk/dist/transport/jsonl.js')
  const { JsonlTransport } = (await import(pathToFileURL(entry).href)) as Foreign
  const reader = new JsonlTransport(join(ledger.dir, '..'))
  expect(reader.load()).toBe(true)
  const ids = (beads: Foreign[]): string[] => beads.map(({ id }) => id)
  expect(ids(await reader.send('list', {}))).toEqual(['gp-a', 'gp-b', 'gp-c', 'gp-d'])
  expect(ids(await reader.send('ready', {}))).toEqual(['gp-a', 'gp-d'])
  expect((await reader.send('blocked', {})).map((one: Foreign) => [one.id, one.blocked_by])).toEqual([
    ['gp-b', ['gp-a']],
  ])
  expect(await reader.send('show', { id: 'gp-a' })).toMatchObject({
    title: 'bead gp-a',
    description: 'needs <nothing> & "quotes"\nand lines',
    labels: ['x', 'y'],
    priority: 0,
    dependents: [{ id: 'gp-b', dependency_type: 'blocks' }],
  })
  expect((await reader.send('stats', {})).summary).toMatchObject({ total_issues: 4, closed_issues: 1 })
  reader.close()
})

test('beads-ui with our bd: lists, a close, a comment, an edge, as a person clicks them', async (context) => {
  context.skip(missing !== '', missing)
  const town = await bareTown()
  const epic = await town.bead('The epic', '--type', 'epic')
  const first = await town.bead('First', '--parent', epic)
  const second = await town.bead('Second', '--needs', first)
  const port = await freePort()
  const runtime = join(town.dir, 'bdui')
  mkdirSync(runtime)
  const server = spawn(
    process.execPath,
    [join(installed, 'node_modules/beads-ui/server/index.js'), '--port', String(port)],
    { cwd: town.root, env: { ...town.env, BD_BIN: BD, BDUI_RUNTIME_DIR: runtime }, stdio: 'pipe' },
  )
  const ended = new Promise((resolve) => server.once('close', resolve))
  let out = ''
  server.stdout.on('data', (chunk) => {
    out += chunk
  })
  server.stderr.on('data', (chunk) => {
    out += chunk
  })
  try {
    await until('the server listens', () => out.includes(String(port)) || fetchOk(port))
    const ui = await connect(port)
    try {
      const idsIn = async (type: string): Promise<string[]> =>
        ((await ui.list(type)) as { id: string }[]).map(({ id }) => id).sort()
      expect(await idsIn('all-issues')).toEqual([epic, first, second].sort())
      expect(await idsIn('ready-issues')).toEqual([first])
      expect(await idsIn('blocked-issues')).toEqual([second])
      expect(await ui.list('epics')).toMatchObject([
        { id: epic, total_children: 1, closed_children: 0, eligible_for_close: false },
      ])
      await ui.ask('update-status', { id: first, status: 'closed' })
      await ui.ask('add-comment', { id: first, text: 'it works' })
      await ui.ask('label-add', { id: second, label: 'ui' })
      await ui.ask('edit-text', { id: second, field: 'acceptance', value: '--it --holds' })
      await ui.ask('update-priority', { id: second, priority: 0 })
      await ui.ask('create-issue', { title: 'Third', type: 'bug', priority: 1, description: '-d is text' })
      expect(await idsIn('closed-issues')).toEqual([first])
      expect(await ui.list('epics')).toMatchObject([{ id: epic, closed_children: 1, eligible_for_close: true }])
      expect(await ui.list('issue-detail', { id: second })).toMatchObject([
        { id: second, priority: 0, labels: ['ui'], acceptance_criteria: '--it --holds', dependencies: [{ id: first }] },
      ])
      await ui.ask('dep-remove', { a: second, b: first })
      const beads = await town.data('bead', 'list', '--status', 'all')
      const byTitle = new Map<string, Foreign>(beads.map((one: Foreign) => [one.title, one]))
      expect(byTitle.get('First')).toMatchObject({ status: 'closed', comments: [{ text: 'it works' }] })
      expect(byTitle.get('Second').dependencies).toBeUndefined()
      expect(byTitle.get('Third')).toMatchObject({ issue_type: 'bug', priority: 1, description: '-d is text' })
    } finally {
      ui.close()
    }
  } catch (error) {
    throw new Error(`${String(error)}\n${out}`, { cause: error })
  } finally {
    server.kill('SIGTERM')
    await ended
  }
})

const fetchOk = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => true,
    () => false,
  )

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** The web page's side of the socket. */
async function connect(port: number) {
  const WebSocket = createRequire(join(installed, 'x.js'))('ws') as Foreign
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  const messages: Foreign[] = []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(String(data))))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let count = 0
  const ask = async (type: string, payload: object): Promise<Foreign> => {
    count += 1
    const id = `r${count}`
    socket.send(JSON.stringify({ id, type, payload }))
    const reply = await until(`an answer to ${type}`, () => messages.find((message) => message.id === id))
    if (!reply.ok) throw new Error(`${type}: ${JSON.stringify(reply.error)}`)
    return reply.payload
  }
  const list = async (type: string, params?: object): Promise<Foreign[]> => {
    const id = `l${count}`
    await ask('subscribe-list', { id, type, ...(params && { params }) })
    const found = await until(`the list ${type}`, () =>
      messages.find((message) => message.type === 'snapshot' && message.payload.id === id),
    )
    await ask('unsubscribe-list', { id })
    return found.payload.issues
  }
  return { ask, list, close: () => socket.close() }
}
