/** Clones that were edited apart come to the same bytes, whoever syncs first; real git all the way. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { archiveCold } from '../../src/beads/archive.ts'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { Op } from '../../src/beads/change.ts'
import { commitLedger, initLedgerRepo } from '../../src/beads/git.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { syncLedger } from '../../src/beads/sync.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, reopened, startWriter, temporaryFolder } from './support.ts'

beforeEach(() => {
  vi.stubEnv('HOME', temporaryFolder())
  vi.stubEnv('GIT_CONFIG_NOSYSTEM', '1')
})
afterEach(() => {
  vi.unstubAllEnvs()
  cleanUp()
})

const git = (dir: string, ...argv: string[]): string =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', '-C', dir, ...argv], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const NOW = new Date('2026-01-02T00:00:00Z')
const sync = async (ledger: Ledger) => must(await syncLedger(ledger, { now: NOW }))

/** A bare repository and as many clones, all of them with these beads. */
async function clones(count: number, ...beads: Bead[]): Promise<{ remote: string; all: Ledger[] }> {
  const remote = join(temporaryFolder(), 'remote.git')
  execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', remote])
  const first = newLedger()
  must(await initLedgerRepo(first.dir))
  git(first.dir, 'remote', 'add', 'origin', remote)
  create(first, bead('gp-start'), ...beads)
  await sync(first)
  const all = [first]
  while (all.length < count) {
    const dir = join(temporaryFolder(), '.beads')
    git('/', 'clone', '-q', remote, dir)
    all.push(reopened(dir))
  }
  return { remote, all }
}

/** Everything that a ledger keeps in git, as it is on disk. */
function bytes(ledger: Ledger): Record<string, string> {
  const archive = join(ledger.dir, 'archive')
  const months = existsSync(archive) ? readdirSync(archive).sort() : []
  return Object.fromEntries(
    ['issues.jsonl', ...months.map((name) => join('archive', name))].map((name) => [
      name,
      readFileSync(join(ledger.dir, name), 'utf8'),
    ]),
  )
}

/** Syncs until nobody has anything new, and demands that all are alike then. */
async function converge(all: Ledger[]): Promise<void> {
  for (const ledger of [...all, ...all.slice(0, -1)]) await sync(ledger)
  const [first, ...others] = all.map(bytes)
  for (const other of others) expect(other).toEqual(first)
  expect(new Set(all.map((ledger) => git(ledger.dir, 'rev-parse', 'HEAD'))).size).toBe(1)
  for (const [name, text] of Object.entries(first!)) expect(git(all[0]!.dir, 'show', `HEAD:${name}`)).toBe(text)
  expect(await sync(all[0]!)).toMatchObject({ pushed: false, received: 0 })
}

function write(ledger: Ledger, ...ops: Op[]): void {
  expect(must(ledger.write({ by: 'test', why: 'edit', ops })).applied).toBe(true)
}
const set = (key: string, value: unknown): Op => ({ op: 'set', id: 'gp-a', path: [key], value })
const edge = (to: string) => ({
  issue_id: 'gp-a',
  depends_on_id: to,
  type: 'blocks',
  created_at: '2026-01-01T00:00:00Z',
})
const said = (text: string) => ({ id: 7, issue_id: 'gp-a', author: text, text, created_at: '2026-01-01T00:00:00Z' })
const add = (key: string, value: unknown): Op => ({ op: 'add', id: 'gp-a', path: [key], value })
const remove = (key: string, item: string): Op => ({ op: 'remove', id: 'gp-a', path: [key], key: item })
const grave = [set('status', 'tombstone'), set('deleted_at', '2026-01-01T00:00:00Z')]

const pairs: [string, Op[], Op[], Record<string, unknown>][] = [
  ['edits of different fields', [set('title', 'new')], [set('description', 'd')], { title: 'new', description: 'd' }],
  ['edits of the same field', [set('title', 'one')], [set('title', 'two')], {}],
  ['a close and an edit', [set('status', 'closed')], [set('title', 'new')], { status: 'closed', title: 'new' }],
  ['a close and a start', [set('status', 'closed')], [set('status', 'in_progress')], { status: 'closed' }],
  [
    'two closes',
    [set('status', 'closed'), set('close_reason', 'one')],
    [set('status', 'closed'), set('close_reason', 'two')],
    { status: 'closed' },
  ],
  ['a deletion and an edit', grave, [set('title', 'new')], { title: 'new' }],
  [
    'an edge added and one removed',
    [add('dependencies', edge('gp-x'))],
    [remove('dependencies', 'gp-start')],
    { dependencies: [edge('gp-x')] },
  ],
  [
    'edges added by both',
    [add('dependencies', edge('gp-x'))],
    [add('dependencies', edge('gp-y'))],
    { dependencies: [edge('gp-start'), edge('gp-x'), edge('gp-y')] },
  ],
  ['labels added and removed', [add('labels', 'x')], [remove('labels', 'l')], { labels: ['x'] }],
  ['comments of both, with one number', [add('comments', said('a'))], [add('comments', said('b'))], {}],
  [
    'facts of the kernel',
    [{ op: 'set', id: 'gp-a', path: ['metadata', 'gt', 'rig'], value: 'r' }],
    [{ op: 'set', id: 'gp-a', path: ['metadata', 'gt', 'attempts'], value: 1 }],
    {},
  ],
]

describe('two clones, edited offline', () => {
  test('in every combination', async () => {
    const on = (ops: Op[], id: string): Op[] => JSON.parse(JSON.stringify(ops).replaceAll('gp-a', id))
    const ids = pairs.map((_, i) => `gp-p${i}`)
    const { all } = await clones(
      2,
      ...ids.map((id) => bead(id, { labels: ['l'], dependencies: [{ ...edge('gp-start'), issue_id: id }] })),
    )
    const [a, b] = all as [Ledger, Ledger]
    for (const [i, [, one, two]] of pairs.entries()) {
      write(a, ...on(one, ids[i]!))
      write(b, ...on(two, ids[i]!))
    }
    await converge([b, a])
    for (const [i, [name, one, two, expected]] of pairs.entries()) {
      const merged = a.state.beads.get(ids[i]!)!
      expect(merged, name).toMatchObject(JSON.parse(JSON.stringify(expected).replaceAll('gp-a', ids[i]!)))
      // Whatever was said is somewhere in the bead.
      const values = [...one, ...two].flatMap((op) => (op.op === 'set' && op.path[0] !== 'status' ? [op.value] : []))
      for (const value of values) expect(JSON.stringify(merged), name).toContain(JSON.stringify(value))
      if (name.startsWith('comments')) expect(merged.comments!.map(({ text }) => text).sort()).toEqual(['a', 'b'])
      expect(facts(merged).version, name).toBeGreaterThan(2)
    }
  })

  test('beads made by both, also under one id', async () => {
    const { all } = await clones(2)
    const [a, b] = all as [Ledger, Ledger]
    create(
      a,
      bead('gp-a1'),
      bead('gp-start.1', {
        title: 'of a',
        created_at: '2026-01-01T10:00:00Z',
        updated_at: '2026-01-01T10:00:00Z',
        created_by: 'a',
      }),
    )
    create(
      b,
      bead('gp-b1'),
      bead('gp-start.1', {
        title: 'of b',
        created_at: '2026-01-01T11:00:00Z',
        updated_at: '2026-01-01T11:00:00Z',
        created_by: 'b',
      }),
    )
    await converge([a, b])
    expect([...a.state.beads.values()].map(({ title }) => title).sort()).toEqual([
      'bead gp-a1',
      'bead gp-b1',
      'bead gp-start',
      'of a',
      'of b',
    ])
    expect(a.state.beads.get('gp-start.1')!.title).toBe('of a')
  })

  test('a reopened bead stays open, also where the other side had archived it', async () => {
    const closed = { status: 'closed', closed_at: '2025-12-01T00:00:00Z' }
    const { all } = await clones(
      2,
      bead('gp-a', closed),
      bead('gp-old', closed),
      bead('gp-older', { ...closed, closed_at: '2025-11-01T00:00:00Z' }),
    )
    const [a, b] = all as [Ledger, Ledger]
    must(archiveCold(a, NOW))
    write(b, set('status', 'open'), add('dependencies', edge('gp-old')))
    await converge([a, b])
    for (const ledger of all) {
      expect(ledger.state.beads.get('gp-a')!.status).toBe('open')
      // Needed again, so it is back among the live ones; the other one is archived on both sides.
      expect(ledger.state.beads.has('gp-old')).toBe(true)
      expect(ledger.state.beads.has('gp-older')).toBe(false)
      expect(bytes(ledger)['archive/2025-11.jsonl']).toContain('gp-older')
      const lines = Object.values(bytes(ledger)).join('').split('\n').filter(Boolean)
      expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual(['gp-a', 'gp-old', 'gp-older', 'gp-start'])
    }
  })
})

test('three clones', async () => {
  const { all } = await clones(3, bead('gp-a'))
  const [a, b, c] = all as [Ledger, Ledger, Ledger]
  write(a, set('title', 'a'), add('labels', 'a'))
  write(b, set('status', 'closed'), add('labels', 'b'))
  write(c, set('title', 'c'), set('notes', 'c'), add('comments', said('c')))
  create(c, bead('gp-c'))
  await converge([c, a, b])
  expect(a.state.beads.get('gp-a')).toMatchObject({ status: 'closed', labels: ['a', 'b'], notes: 'c' })
})

test('while others write: nothing of theirs is lost', async () => {
  const { all } = await clones(2, bead('gp-a'))
  const [a, b] = all as [Ledger, Ledger]
  write(b, set('title', 'of b'))
  await sync(b)
  const writer = await startWriter(a.dir, 'w', 60)
  await writer.first
  await sync(a)
  const ended = await writer.ended
  expect(ended.stderr).toBe('')
  await converge([a, b])
  expect(b.state.beads.get('gp-a')!.title).toBe('of b')
  const theirs = [...b.state.beads.keys()].filter((id) => !['gp-a', 'gp-start'].includes(id))
  expect(theirs.length).toBeGreaterThanOrEqual(writer.lines().filter((line) => line.startsWith('created')).length)
})

test('a crash between merging and committing: the next sync goes on', async () => {
  const { all } = await clones(2, bead('gp-a'))
  const [a, b] = all as [Ledger, Ledger]
  write(a, set('title', 'of a'))
  write(b, set('title', 'of b'))
  await sync(b)
  must(await commitLedger(a))
  const before = git(a.dir, 'rev-parse', 'HEAD').trim()
  await sync(a)
  // As if it had died before its commit: the journal has the merge, git has not.
  git(a.dir, 'update-ref', 'refs/heads/main', before)
  await converge([a, b])
})

describe('what cannot be synced says why', () => {
  test('no remote', async () => {
    const ledger = newLedger()
    const failure = failureOf(await syncLedger(ledger))
    expect(failure.code).toBe('E_NO_REMOTE')
    expect(failure.hint).toContain('remote add origin')
  })
  test('a remote that is not there', async () => {
    const ledger = newLedger()
    must(await initLedgerRepo(ledger.dir))
    git(ledger.dir, 'remote', 'add', 'origin', join(ledger.dir, 'nowhere'))
    expect(failureOf(await syncLedger(ledger)).code).toBe('E_REMOTE')
  })
  test.each([
    ['E_LEDGER_PARSE', (text: string) => `${text}<<<<<<< HEAD\n`, 'main:issues.jsonl line'],
    ['E_SHRINK', () => '', 'lacks'],
  ])('%s: what they pushed is no sound set of beads, and nothing is changed', async (code, how, message) => {
    const many = Array.from({ length: 12 }, (_, i) => bead(`gp-${i}`))
    const { remote, all } = await clones(1, ...many)
    const other = join(temporaryFolder(), 'clone')
    git('/', 'clone', '-q', remote, other)
    writeFileSync(join(other, 'issues.jsonl'), how(readFileSync(join(other, 'issues.jsonl'), 'utf8')))
    git(other, 'commit', '-qam', 'broken')
    git(other, 'push', '-q')
    const before = bytes(all[0]!)
    const failure = failureOf(await syncLedger(all[0]!))
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(message)
    expect(bytes(all[0]!)).toEqual(before)
  })
})

test('a person merges by hand: git calls our driver, and the ledger takes the result', async () => {
  const { remote, all } = await clones(2, bead('gp-a'), bead('gp-b'))
  const [a, b] = all as [Ledger, Ledger]
  const closed = Array.from({ length: 20 }, (_, i) =>
    bead(`gp-c${i}`, { status: 'closed', closed_at: '2025-12-31T00:00:00Z' }),
  )
  create(a, ...closed)
  await sync(a)
  await sync(b)
  write(b, set('title', 'of b'))
  // Most of what both began from is gone from the live file then, and the driver is not to take that for a torn one.
  expect(must(archiveCold(b, new Date('2026-02-01T00:00:00Z'))).moved).toBe(20)
  await sync(b)
  write(a, set('description', 'of a'))
  must(await commitLedger(a))
  git(a.dir, 'fetch', '-q', remote, 'main')
  git(a.dir, 'merge', '-q', '--no-edit', 'FETCH_HEAD')
  expect(git(a.dir, 'status', '--porcelain')).toBe('')
  const after = reopened(a.dir)
  expect(after.state.beads.get('gp-a')).toMatchObject({ title: 'of b', description: 'of a' })
  await converge([after, b])
  expect([...after.state.beads.keys()]).toEqual(['gp-a', 'gp-b', 'gp-start'])
})
