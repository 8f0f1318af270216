/** Hot and cold: what closed long ago leaves the live file, stands in exactly one, and is still found. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { archiveCold, coldBeads, isDue } from '../../src/beads/archive.ts'
import { archivedBeads } from '../../src/beads/archive-read.ts'
import type { Bead } from '../../src/beads/bead.ts'
import { addDependency, createBead, reopenBead } from '../../src/beads/edit.ts'
import { emptyState, lookUp, put } from '../../src/beads/fold.ts'
import { commitLedger, initLedgerRepo } from '../../src/beads/git.ts'
import { resolveId } from '../../src/beads/ids.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { findRun } from '../../src/kernel/runs.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, reopened, temporaryFolder } from './support.ts'

beforeEach(() => {
  vi.stubEnv('HOME', temporaryFolder())
  vi.stubEnv('GIT_CONFIG_NOSYSTEM', '1')
})
afterEach(() => {
  vi.unstubAllEnvs()
  cleanUp()
})

const NOW = new Date('2026-03-01T00:00:00Z')
const over = (id: string, closed_at: string, more: Partial<Bead> = {}): Bead =>
  bead(id, { status: 'closed', closed_at, ...more })
const old = (id: string, more: Partial<Bead> = {}): Bead => over(id, '2026-01-15T12:00:00Z', more)
const edge = (from: string, to: string, type = 'blocks') => ({
  issue_id: from,
  depends_on_id: to,
  type,
  created_at: '2026-01-01T00:00:00Z',
})
const needs = (id: string, to: string, type?: string): Bead => bead(id, { dependencies: [edge(id, to, type)] })
const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).id)
const inArchive = (ledger: Ledger): Record<string, string[]> => {
  const folder = join(ledger.dir, 'archive')
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, lines(readFileSync(join(folder, name), 'utf8'))]),
  )
}
const alive = (ledger: Ledger): string[] => lines(readFileSync(join(ledger.dir, 'issues.jsonl'), 'utf8'))
const committed = (ledger: Ledger): string[] => {
  const git = (...argv: string[]): string => execFileSync('git', ['-C', ledger.dir, ...argv], { encoding: 'utf8' })
  const files = git('ls-tree', '-r', '--name-only', 'HEAD')
    .split('\n')
    .filter((name) => name.endsWith('.jsonl'))
  return files.flatMap((name) => lines(git('show', `HEAD:${name}`))).sort()
}
const archive = (ledger: Ledger): number => {
  const { moved } = must(archiveCold(ledger, NOW))
  must(ledger.roll())
  return moved
}

test('goes by the month in which it closed, after a week, unless somebody needs it', () => {
  const ledger = newLedger()
  create(
    ledger,
    old('gp-old'),
    over('gp-older', '2025-12-31T23:59:59Z'),
    over('gp-fresh', '2026-02-27T00:00:00Z'),
    bead('gp-grave', { status: 'tombstone', deleted_at: '2026-01-20T00:00:00Z' }),
    old('gp-needed'),
    needs('gp-open', 'gp-needed'),
    bead('gp-epic', { issue_type: 'epic' }),
    old('gp-epic.1', { dependencies: [edge('gp-epic.1', 'gp-epic', 'parent-child')] }),
    old('gp-epic.1.1', { dependencies: [edge('gp-epic.1.1', 'gp-epic.1', 'parent-child')] }),
    old('gp-mr'),
    bead('gp-work', {
      metadata: { gt: { version: 0, attempts: 1, outcome: 'done', merge: { bead: 'gp-mr' } as never } },
    }),
    old('gp-pinned', { pinned: true }),
  )
  expect(isDue(ledger.state, NOW)).toBe(true)
  expect(archive(ledger)).toBe(3)
  expect(inArchive(ledger)).toEqual({ '2025-12.jsonl': ['gp-older'], '2026-01.jsonl': ['gp-grave', 'gp-old'] })
  expect(alive(ledger)).toEqual(
    ['gp-epic', 'gp-epic.1', 'gp-epic.1.1', 'gp-fresh', 'gp-mr', 'gp-needed', 'gp-open', 'gp-pinned', 'gp-work'].sort(),
  )
  expect(isDue(ledger.state, NOW)).toBe(false)
  expect(archive(ledger)).toBe(0)
  expect([...reopened(ledger.dir).state.beads.keys()].sort()).toEqual(alive(ledger))
})

describe('an archived bead', () => {
  function archived(...more: Bead[]): Ledger {
    const ledger = newLedger()
    create(ledger, old('gp-old', { title: 'gone quiet' }), ...more)
    expect(archive(ledger)).toBe(1)
    return reopened(ledger.dir)
  }

  test('and its runs are known, for what they left behind is kept; one that is not cleared up yet stays', () => {
    const run = (fence: string, cleared: boolean) => ({ fence, state: 'finished', ...(cleared ? { cleared } : {}) })
    const held = (fence: string, cleared: boolean) =>
      ({ gt: { version: 0, runs: { [fence]: run(fence, cleared) } } }) as never
    const ledger = newLedger()
    create(ledger, old('gp-a', { metadata: held('r1', true) }), old('gp-b', { metadata: held('r2', false) }))
    expect(archive(ledger)).toBe(1)
    expect(findRun(archivedBeads(ledger.dir), 'r1')!.bead.id).toBe('gp-a')
    expect(ledger.state.beads.has('gp-b')).toBe(true)
  })

  test('is found by its id and by a part of it', () => {
    const ledger = archived(bead('gp-x'))
    expect(lookUp(ledger.state, 'gp-old')!.title).toBe('gone quiet')
    expect(must(resolveId(ledger.state, 'gp-old'))).toBe('gp-old')
    expect(must(resolveId(ledger.state, 'ol'))).toBe('gp-old')
    expect(failureOf(resolveId(ledger.state, 'nope')).code).toBe('E_NO_BEAD')
  })

  test('satisfies whoever comes to need it, and comes back when it is needed', () => {
    const ledger = archived(bead('gp-x'))
    const change = must(addDependency(ledger.state, 'gp-x', 'gp-old', { by: 'me' }))
    expect(must(ledger.write(change)).applied).toBe(true)
    expect(readyBeads(ledger.state, { now: NOW }).map(({ id }) => id)).toEqual(['gp-x'])
    archive(ledger)
    expect(alive(ledger)).toEqual(['gp-old', 'gp-x'])
    expect(inArchive(ledger)).toEqual({ '2026-01.jsonl': [] })
  })

  test('is alive again once it is edited, and in one file only', async () => {
    const ledger = archived()
    must(await initLedgerRepo(ledger.dir))
    must(await commitLedger(ledger, { now: NOW }))
    expect(committed(ledger)).toEqual(['gp-old'])
    expect(must(ledger.write(must(reopenBead(ledger.state, 'gp-old', { by: 'me' })))).applied).toBe(true)
    expect(ledger.state.beads.get('gp-old')).toMatchObject({
      status: 'open',
      title: 'gone quiet',
      metadata: { gt: { version: 2 } },
    })
    must(await commitLedger(ledger, { now: NOW }))
    expect(committed(ledger)).toEqual(['gp-old'])
    expect(alive(ledger)).toEqual(['gp-old'])
    archive(ledger)
    expect(inArchive(ledger)).toEqual({ '2026-01.jsonl': [] })
  })

  test('keeps its id to itself', () => {
    const first = newLedger()
    create(first, old('gp-old'), old('gp-old.1', { dependencies: [edge('gp-old.1', 'gp-old', 'parent-child')] }))
    expect(archive(first)).toBe(2)
    const ledger = reopened(first.dir)
    const made = must(createBead(ledger.state, { prefix: 'gp', title: 'new', parent: 'gp-old' }, { by: 'me' }))
    expect(made.bead.id).toBe('gp-old.2')
  })
})

test('a crash between the archive file and the journal: the living count, and the next pass mends it', async () => {
  const ledger = newLedger()
  must(await initLedgerRepo(ledger.dir))
  create(ledger, old('gp-old'), bead('gp-x'))
  mkdirSync(join(ledger.dir, 'archive'))
  const line = JSON.stringify(ledger.state.beads.get('gp-old'))
  writeFileSync(
    join(ledger.dir, 'archive', '2026-01.jsonl'),
    `${line}\n${JSON.stringify(ledger.state.beads.get('gp-x'))}\n`,
  )
  must(await commitLedger(ledger, { now: new Date('2026-01-16T00:00:00Z') }))
  expect(committed(ledger)).toEqual(['gp-old', 'gp-x'])
  expect(archive(ledger)).toBe(1)
  expect(inArchive(ledger)).toEqual({ '2026-01.jsonl': ['gp-old'] })
  must(await commitLedger(ledger, { now: NOW }))
  expect(committed(ledger)).toEqual(['gp-old', 'gp-x'])
})

test('a damaged archive stops with file and line, and loses nothing', () => {
  const ledger = newLedger()
  create(ledger, old('gp-old'))
  mkdirSync(join(ledger.dir, 'archive'))
  const path = join(ledger.dir, 'archive', '2026-01.jsonl')
  writeFileSync(path, '{"id":"gp-a","title":"A"}\n<<<<<<< HEAD\n')
  const failure = failureOf(archiveCold(ledger, NOW))
  expect(failure.code).toBe('E_LEDGER_PARSE')
  expect(failure.message).toContain(`${path} line 2`)
  expect(ledger.state.beads.has('gp-old')).toBe(true)
  expect(readFileSync(path, 'utf8')).toContain('gp-a')
})

test('several at once: every bead in exactly one file', async () => {
  const ledger = newLedger()
  must(await initLedgerRepo(ledger.dir))
  create(ledger, ...Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? bead(`gp-${i}`) : old(`gp-${i}`))))
  const others = [1, 2, 3].map(() => reopened(ledger.dir))
  const all = await Promise.all(others.map((other) => commitLedger(other, { now: NOW })))
  for (const one of all) expect(['ok', 'empty']).toContain(one.kind)
  await commitLedger(ledger, { now: NOW })
  expect(committed(ledger)).toEqual(Array.from({ length: 30 }, (_, i) => `gp-${i}`).sort())
  expect(new Set([...alive(ledger), ...Object.values(inArchive(ledger)).flat()]).size).toBe(30)
  expect(alive(ledger).length).toBe(10)
})

test('what stays never misses what it needs (any graph)', () => {
  const id = fc.nat(11).map((n) => `gp-${n}`)
  const one = fc.record({
    closed: fc.boolean(),
    edges: fc.array(fc.tuple(id, fc.constantFrom('blocks', 'parent-child', 'waits-for')), { maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(one, { minLength: 12, maxLength: 12 }), (beads) => {
      const state = emptyState()
      for (const [i, { closed, edges }] of beads.entries()) {
        const dependencies = edges.map(([to, type]) => edge(`gp-${i}`, to, type))
        put(state, closed ? old(`gp-${i}`, { dependencies }) : bead(`gp-${i}`, { dependencies }))
      }
      const before = readyBeads(state, { now: NOW }).map((made) => made.id)
      const gone = new Set(coldBeads(state, NOW).map((made) => made.id))
      for (const cold of gone) state.beads.delete(cold)
      for (const made of state.beads.values()) {
        if (made.status === 'closed') continue
        for (const { depends_on_id } of made.dependencies ?? []) expect(gone.has(depends_on_id)).toBe(false)
      }
      expect(readyBeads(state, { now: NOW }).map((made) => made.id)).toEqual(before)
    }),
  )
})

test('git packs what would pile up', async () => {
  const ledger = newLedger()
  must(await initLedgerRepo(ledger.dir))
  const many = join(ledger.dir, '.git', 'objects', '17')
  mkdirSync(many, { recursive: true })
  create(ledger, bead('gp-a'))
  must(await commitLedger(ledger))
  // As many as there are when one of 256 folders has seven.
  for (let i = 0; i < 7; i++) writeFileSync(join(many, `${i}`.padEnd(38, '0')), '')
  create(ledger, bead('gp-b'))
  must(await commitLedger(ledger))
  const packs = readdirSync(join(ledger.dir, '.git', 'objects', 'pack')).filter((name) => name.endsWith('.pack'))
  expect(packs.length).toBe(1)
  expect(committed(ledger)).toEqual(['gp-a', 'gp-b'])
})
