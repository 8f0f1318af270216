/** The quick look says what the whole ledger says, whatever state the index is in. */
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { archiveCold } from '../../src/beads/archive.ts'
import type { Bead } from '../../src/beads/bead.ts'
import type { Op } from '../../src/beads/change.ts'
import { closeBase, findInBase, openBase } from '../../src/beads/cold.ts'
import { lookUp } from '../../src/beads/fold.ts'
import { indexPath, logPath, numbers } from '../../src/beads/journal.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { snapshotText } from '../../src/beads/snapshot.ts'
import { openView } from '../../src/beads/view.ts'
import { bead, cleanUp, create, must, newLedger, T0, temporaryFolder } from './support.ts'

afterEach(cleanUp)

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'epic', 'epic.1', 'epic.2', 'ü"\\'].map((name) => `gp-${name}`)
const anId = fc.constantFrom(...IDS)
const aStatus = fc.constantFrom('open', 'open', 'closed', 'closed', 'tombstone', 'blocked', 'deferred')
const anEdge = fc
  .record({
    to: anId,
    type: fc.constantFrom('blocks', 'parent-child', 'waits-for', 'conditional-blocks', 'related'),
    any: fc.boolean(),
    spawner: fc.option(anId),
  })
  .map(({ to, type, any, spawner }) => ({
    depends_on_id: to,
    type,
    created_at: T0,
    ...(type === 'waits-for' && {
      metadata: JSON.stringify({
        gate: any ? 'any-children' : 'all-children',
        ...(spawner && { spawner_id: spawner }),
      }),
    }),
  }))
const aRun = fc.constantFrom('working', 'finished', null).map((state) => ({
  version: 1,
  ...(state && { runs: { f1: { fence: 'f1', agent: 'gp/toast', state, claimed_at: T0 } } }),
}))
const aBead = fc
  .record({
    id: anId,
    status: aStatus,
    issue_type: fc.constantFrom('task', 'task', 'epic', 'merge-request'),
    priority: fc.nat(4),
    edges: fc.array(anEdge, { maxLength: 3 }),
    ephemeral: fc.boolean(),
    gt: aRun,
  })
  .map(({ edges, gt, id, ephemeral, ...rest }) => {
    const dependencies = edges.map((edge) => ({ issue_id: id, ...edge }))
    return { ...bead(id), ...rest, dependencies, metadata: { gt }, ...(ephemeral && { ephemeral }) } as unknown as Bead
  })
const anOp: fc.Arbitrary<Op> = fc.oneof(
  aBead.map((made): Op => ({ op: 'create', bead: made })),
  aBead.map((made): Op => ({ op: 'put', bead: made })),
  anId.map((id): Op => ({ op: 'archive', id })),
  fc.record({ op: fc.constant('set' as const), id: anId, path: fc.constant<string[]>(['status']), value: aStatus }),
  fc.record({
    op: fc.constant('add' as const),
    id: anId,
    path: fc.constant<string[]>(['dependencies']),
    value: anEdge,
  }),
  fc.record({
    op: fc.constant('set' as const),
    id: anId,
    path: fc.constant<string[]>(['metadata', 'gt', 'runs', 'f1', 'state']),
    value: fc.constantFrom('working', 'finished'),
  }),
)

function expectSame(ledger: Ledger): void {
  const now = new Date('2026-06-01T00:00:00Z')
  const working = must(openView(ledger.dir, 'working'))
  const all = must(openView(ledger.dir, 'all'))
  const single = must(openView(ledger.dir, 'all'))
  try {
    const { state } = ledger
    const isOpen = (one: Bead): boolean => one.status !== 'closed' && one.status !== 'tombstone'
    expect(readyBeads(working.state, { now })).toEqual(readyBeads(state, { now }))
    const open = [...working.state.beads.values()].filter(isOpen)
    expect(new Set(open)).toEqual(new Set([...state.beads.values()].filter(isOpen)))
    for (const one of open) expect(JSON.parse(working.lineOf(one))).toEqual(one)
    expect(readyBeads(all.state, { now })).toEqual(readyBeads(state, { now }))
    expect(all.state.beads.size).toBe(state.beads.size)
    expect(snapshotText(all.state.beads.values())).toBe(snapshotText(state.beads.values()))
    for (const id of [...IDS, 'gp-', 'gp-zzz', '']) {
      expect(single.state.beads.get(id)).toEqual(state.beads.get(id))
      expect(working.state.beads.get(id)).toEqual(state.beads.get(id))
    }
    expect(new Map(working.state.live)).toEqual(new Map(state.live))
  } finally {
    for (const view of [working, all, single]) view.close()
  }
}

test('a look and the whole ledger agree: what is ready, what is open, every single bead', () => {
  fc.assert(
    fc.property(
      fc.array(aBead, { maxLength: 12 }),
      fc.array(fc.array(anOp, { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
      (base, tail) => {
        const ledger = newLedger()
        try {
          for (const one of base) must(ledger.write({ by: 't', why: 'base', ops: [{ op: 'create', bead: one }] }))
          must(ledger.roll())
          if (base.length > 0) expect(existsSync(indexPath(ledger.dir, numbers(ledger.dir, 'log').at(-1)!))).toBe(true)
          for (const ops of tail) must(ledger.write({ by: 't', why: 'tail', ops }))
          expectSame(ledger)
        } finally {
          cleanUp()
        }
      },
    ),
    { numRuns: 60 },
  )
})

/** A ledger with two rolls behind it and a tail, and the path of its index. */
function grown(): { ledger: Ledger; index: string; n: number } {
  const ledger = newLedger()
  create(ledger, ...IDS.map((id, i) => bead(id, { status: i % 3 === 0 ? 'open' : 'closed' })))
  must(ledger.roll())
  const n = numbers(ledger.dir, 'log').at(-1)!
  create(ledger, bead('gp-new'))
  return { ledger, index: indexPath(ledger.dir, n), n }
}

test.each<[string, (index: string) => void]>([
  ['gone', (index) => rmSync(index)],
  ['empty', (index) => truncateSync(index, 0)],
  ['cut short', (index) => truncateSync(index, readFileSync(index).length - 10)],
  ['no index at all', (index) => writeFileSync(index, 'hello\n')],
  [
    'of another base',
    (index) => writeFileSync(index, readFileSync(index, 'utf8').replace(/"continues":"..../, '"continues":"beef')),
  ],
  [
    'of a base of another size',
    (index) => writeFileSync(index, readFileSync(index, 'utf8').replace(/"base":\d/, '"base":9')),
  ],
  ['of another version', (index) => writeFileSync(index, readFileSync(index, 'utf8').replace('"v":1', '"v":0'))],
])('an index that is %s is made again', (_what, spoil) => {
  const { ledger, index } = grown()
  const before = readFileSync(index, 'utf8')
  spoil(index)
  expectSame(ledger)
  expect(readFileSync(index, 'utf8')).toBe(before)
})

test('only the newest index is kept', () => {
  const { ledger, n } = grown()
  must(ledger.roll())
  expect(numbers(ledger.dir, 'index')).toEqual([n + 1])
})

test.each<[string, (ledger: Ledger, n: number) => void]>([
  ['a foreign edit', (ledger) => appendFileSync(join(ledger.dir, 'issues.jsonl'), '{"id":"gp-x","title":"theirs"}\n')],
  ['a damaged record', (ledger, n) => appendFileSync(logPath(ledger.dir, n), '\nnonsense\n')],
  ['no snapshot', (ledger) => rmSync(join(ledger.dir, 'issues.jsonl'))],
  ['no ledger', (ledger) => rmSync(ledger.dir, { recursive: true })],
])('with %s a look leaves the answer to the whole ledger', (_what, change) => {
  const { ledger, n } = grown()
  change(ledger, n)
  expect(openView(ledger.dir, 'working').kind).toBe('empty')
  expect(openView(ledger.dir, 'all').kind).toBe('empty')
})

test.each<[string, Op]>([
  ['an epic is opened again', { op: 'set', id: 'gp-epic', path: ['status'], value: 'open' }],
  [
    'somebody waits for the first of its children',
    {
      op: 'create',
      bead: bead('gp-waits', {
        dependencies: [
          {
            issue_id: 'gp-waits',
            depends_on_id: 'gp-epic',
            type: 'waits-for',
            created_at: T0,
            metadata: '{"gate":"any-children"}',
          },
        ],
      }),
    },
  ],
])('children that the index has left out count when %s', (_what, op) => {
  const child = [{ issue_id: 'gp-epic.1', depends_on_id: 'gp-epic', type: 'parent-child', created_at: T0 }]
  const ledger = newLedger()
  create(
    ledger,
    bead('gp-epic', { status: 'closed', issue_type: 'epic' }),
    bead('gp-epic.1', { status: 'closed', dependencies: child }),
  )
  must(ledger.roll())
  expect(readFileSync(indexPath(ledger.dir, 2), 'utf8')).not.toContain('gp-epic')
  must(ledger.write({ by: 't', why: 't', ops: [op] }))
  expectSame(ledger)
})

test('an archived bead is found, and satisfies who waits for it', () => {
  const closed = { status: 'closed', closed_at: '2025-01-01T00:00:00Z' }
  const needs = [{ issue_id: 'gp-b', depends_on_id: 'gp-a', type: 'blocks', created_at: T0 }]
  const ledger = newLedger()
  create(ledger, bead('gp-a', closed), bead('gp-c', closed))
  must(archiveCold(ledger, new Date('2026-01-01T00:00:00Z')))
  create(ledger, bead('gp-b', { dependencies: needs }))
  must(ledger.roll())
  expect(ledger.state.beads.has('gp-a')).toBe(false)
  const view = must(openView(ledger.dir, 'working'))
  expect(readyBeads(view.state, { now: new Date() }).map(({ id }) => id)).toEqual(['gp-b'])
  for (const id of ['gp-a', 'gp-b', 'gp-c', 'gp-d']) expect(lookUp(view.state, id)).toEqual(lookUp(ledger.state, id))
  view.close()
})

test('every bead is found in a base, beside lines longer than any buffer', () => {
  const beads = Array.from({ length: 500 }, (_, i) =>
    bead(`gp-${i.toString(36)}${i % 7 === 0 ? 'é😀"\\' : ''}`, {
      description: 'x'.repeat(i % 50 === 0 ? 200_000 : i * 3),
    }),
  )
  const path = join(temporaryFolder(), 'base')
  writeFileSync(path, snapshotText(beads))
  const base = openBase(path)
  for (const { id } of beads) expect(findInBase(base, id)?.id).toBe(id)
  for (const id of ['', 'a', 'gp-', 'gp-zzzz', 'gp-1.1', 'zz', 'gp-0']) {
    expect(findInBase(base, id)?.id).toBe(beads.find((one) => one.id === id)?.id)
  }
  closeBase(base)
})
