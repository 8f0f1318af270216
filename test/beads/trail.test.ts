import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { addComment, addDependency, closeBead, createBead, updateBead } from '../../src/beads/edit.ts'
import { apply, emptyState } from '../../src/beads/fold.ts'
import { replay } from '../../src/beads/history.ts'
import { logPath } from '../../src/beads/journal.ts'
import type { Ledger } from '../../src/beads/ledger.ts'
import { beadAt, differences, newestChanges, trailOf, trailUnder } from '../../src/beads/trail.ts'
import { aBead, someChanges } from './arbitrary.ts'
import { bead, cleanUp, create, failureOf, must, newLedger, temporaryFolder } from './support.ts'

afterEach(cleanUp)

const MAX = { by: 'max' }
const write = (ledger: Ledger, input: Parameters<Ledger['write']>[0]): string => must(ledger.write(input)).change.at

test('the trail of a bead: who, when, under which run, why, what became different, and what was refused', () => {
  const ledger = newLedger()
  const made = must(createBead(ledger.state, { id: 'gp-a', prefix: 'gp', title: 'one' }, MAX))
  write(ledger, made.input)
  create(ledger, bead('gp-b'))
  write(ledger, must(addDependency(ledger.state, 'gp-a', 'gp-b', MAX)))
  write(
    ledger,
    must(
      updateBead(ledger.state, 'gp-a', { title: 'two', addLabels: ['x'] }, { by: 'gp/polecats/toast', fence: 'k3' }),
    ),
  )
  write(ledger, {
    ...must(closeBead(ledger.state, 'gp-a', { reason: 'over' }, MAX)),
    when: [{ if: 'version', id: 'gp-a', is: 1 }],
  })
  const trail = trailOf(ledger.dir, 'gp-a')
  expect(trail.map(({ by, fence, why, applied }) => [by, fence, why, applied])).toEqual([
    ['max', undefined, 'created gp-a', true],
    ['max', undefined, 'gp-a needs gp-b', true],
    ['gp/polecats/toast', 'k3', 'updated gp-a: title, labels', true],
    ['max', undefined, 'closed gp-a: over', false],
  ])
  expect(trail[1]!.changes).toMatchObject([{ path: ['dependencies'], key: 'gp-b', after: { type: 'blocks' } }])
  expect(trail[2]!.changes).toEqual([
    { path: ['title'], before: 'one', after: 'two' },
    { path: ['labels'], key: 'x', after: 'x' },
  ])
  expect(trail[3]!.unmet).toEqual({ if: 'version', id: 'gp-a', is: 1 })
  expect(trailOf(ledger.dir, 'gp-none')).toEqual([])
})

test('rule and evidence of a decision come through the journal untouched, and no verdict depends on them', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  const input = must(updateBead(ledger.state, 'gp-a', { title: 'two' }, MAX))
  write(ledger, { ...input, rule: 'dead-process', evidence: ['process 1 is gone', 'no session'] })
  must(ledger.roll())
  const trail = trailOf(ledger.dir, 'gp-a')
  expect(trail[1]).toMatchObject({ rule: 'dead-process', evidence: ['process 1 is gone', 'no session'], applied: true })
  expect(trail[0]).not.toHaveProperty('rule')
})

test('the trail of a run: what was said under its fence, of whatever bead, and what else touched its record', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  create(ledger, bead('gp-m'))
  const set = (id: string, path: string[], more: { fence?: string; why: string }) =>
    write(ledger, { by: 'deacon', ...more, ops: [{ op: 'set', id, path, value: 'x' }] })
  set('gp-a', ['metadata', 'gt', 'runs', 'k3', 'state'], { fence: 'k3', why: 'claim' })
  set('gp-m', ['title'], { fence: 'k3', why: 'queued' })
  set('gp-a', ['metadata', 'gt', 'runs', 'k3', 'state'], { why: 'a person' })
  set('gp-a', ['title'], { fence: 'k4', why: 'another run' })
  expect(trailUnder(ledger.dir, 'k3').map(({ why }) => why)).toEqual(['claim', 'queued', 'a person'])
})

test('the trail goes on over sealed journals', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  for (let n = 0; n < 12; n++) {
    write(ledger, must(updateBead(ledger.state, 'gp-a', { title: `t${n}` }, MAX)))
    must(ledger.roll())
  }
  const titles = trailOf(ledger.dir, 'gp-a').map(
    ({ changes }) => changes!.find(({ path }) => path[0] === 'title')!.after,
  )
  expect(titles).toEqual(['bead gp-a', ...Array.from({ length: 12 }, (_, n) => `t${n}`)])
})

test('a replay gives the state that the ledger has, whatever the changes', () => {
  fc.assert(
    fc.property(someChanges, (changes) => {
      const ledger = newLedger({ journalBytes: 400 })
      for (const { by, why, ops, when } of changes) ledger.write({ by, why, ops, ...(when && { when }) })
      const beads = new Map<string, Bead | undefined>()
      for (const step of replay(ledger.dir)) {
        for (const [id, before] of step.before) expect(before).toEqual(beads.get(id))
        for (const [id, after] of step.after) beads.set(id, after)
      }
      const there = new Map([...beads].filter(([, one]) => one !== undefined))
      expect(there).toEqual(ledger.state.beads)
      ledger.close()
    }),
    { numRuns: 25 },
  )
})

test('a damaged record is no change; what stands before it is still told', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  must(ledger.roll())
  write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'two' }, MAX)))
  const path = logPath(ledger.dir, 2)
  writeFileSync(path, readFileSync(path, 'utf8').replace('"title"', '"tItle"'))
  expect(trailOf(ledger.dir, 'gp-a').map(({ why }) => why)).toEqual(['create'])
})

test('the newest changes, by whom, since when; without duties unless asked', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  write(ledger, { by: 'deacon', why: 'took the deacon’s duty', ops: [{ op: 'lease', name: 'deacon', holder: null }] })
  const at = write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'two' }, MAX)))
  write(ledger, must(updateBead(ledger.state, 'gp-a', { title: 'three' }, MAX)))
  const whys = (query: Partial<Parameters<typeof newestChanges>[1]>): string[] =>
    newestChanges(ledger.dir, { limit: 10, ...query }).map(({ by }) => by)
  expect(whys({})).toEqual(['max', 'max', 'test'])
  expect(whys({ all: true })).toEqual(['max', 'max', 'deacon', 'test'])
  expect(whys({ by: 'test' })).toEqual(['test'])
  expect(whys({ limit: 1 })).toEqual(['max'])
  expect(whys({ since: Date.parse(at) }).slice(0, 2)).toEqual(['max', 'max'])
  expect(whys({ since: Date.parse(at) + 86_400_000 })).toEqual([])
})

describe('a bead as it stood at a time', () => {
  test('after the last change at or before it', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a', { title: 'one' }))
    // Time as the records have it; two changes may fall into one millisecond.
    const times = ['two', 'three'].map((title) => {
      for (const start = Date.now(); Date.now() === start; );
      return Date.parse(write(ledger, must(updateBead(ledger.state, 'gp-a', { title }, MAX))))
    })
    const titleAt = (time: number): string => must(beadAt(ledger.dir, 'gp-a', time)).bead.title
    expect([times[0]! - 1, times[0]!, times[1]! - 1, times[1]!, times[1]! + 1e9].map(titleAt)).toEqual([
      'one',
      'two',
      'two',
      'three',
      'three',
    ])
    must(ledger.roll())
    expect(titleAt(times[0]!)).toBe('two')
  })
  test('not before it was there', () => {
    const ledger = newLedger()
    create(ledger, bead('gp-a'))
    expect(failureOf(beadAt(ledger.dir, 'gp-a', 0))).toMatchObject({
      code: 'E_NOT_YET',
      message: expect.stringContaining('created at'),
    })
    expect(failureOf(beadAt(ledger.dir, 'gp-x', 0)).code).toBe('E_NOT_YET')
  })
  test('of a bead that is older than the journals: from its last change on, and no guess before that', () => {
    const first = newLedger()
    create(first, bead('gp-a'))
    must(first.roll())
    const text = readFileSync(`${first.dir}/issues.jsonl`, 'utf8')
    const dir = newLedgerOf(text)
    expect(must(beadAt(dir, 'gp-a', Date.parse('2026-01-01T00:00:00Z'))).bead.title).toBe('bead gp-a')
    expect(failureOf(beadAt(dir, 'gp-a', Date.parse('2025-01-01T00:00:00Z'))).code).toBe('E_BEFORE_TRAIL')
  })
})

/** The folder of a ledger that begins with this issues.jsonl. */
function newLedgerOf(text: string): string {
  const dir = join(temporaryFolder(), '.beads')
  mkdirSync(dir)
  writeFileSync(join(dir, 'issues.jsonl'), text)
  return newLedger({}, dir).dir
}

describe('differences', () => {
  test('set elements by their keys, facts one by one, nothing for versions and times', () => {
    const before = bead('gp-a', { labels: ['x', 'y'], metadata: { gt: { version: 1, attempts: 1 }, other: { z: 1 } } })
    const after = bead('gp-a', {
      updated_at: '2027-01-01T00:00:00Z',
      labels: ['y', 'z'],
      metadata: { gt: { version: 2, attempts: 2, rig: 'gp' }, other: { z: 1 } },
    })
    expect(differences(before, after)).toEqual([
      { path: ['labels'], key: 'x', before: 'x' },
      { path: ['labels'], key: 'z', after: 'z' },
      { path: ['metadata', 'gt', 'attempts'], before: 1, after: 2 },
      { path: ['metadata', 'gt', 'rig'], after: 'gp' },
    ])
  })
  test('none between equals', () => {
    fc.assert(
      fc.property(aBead, (made) => {
        const state = emptyState()
        apply(state, { id: 'c', at: made.created_at, by: 'test', why: '', ops: [{ op: 'create', bead: made }] })
        const held = state.beads.get(made.id)
        expect(differences(held, JSON.parse(JSON.stringify(held)))).toEqual([])
      }),
    )
  })
})

test('comments show in the trail', () => {
  const ledger = newLedger()
  create(ledger, bead('gp-a'))
  write(ledger, must(addComment(ledger.state, 'gp-a', 'hm', MAX)).input)
  expect(trailOf(ledger.dir, 'gp-a')[1]!.changes).toMatchObject([{ path: ['comments'], after: { text: 'hm' } }])
})
