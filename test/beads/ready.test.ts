import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { normal } from '../../src/beads/canonical.ts'
import { emptyState, put } from '../../src/beads/fold.ts'
import { findCycle, isBlocked, notReadyBecause, readyBeads } from '../../src/beads/ready.ts'
import { bead } from './support.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
const edge = (from: string, to: string, type = 'blocks', metadata?: string) => ({
  issue_id: from,
  depends_on_id: to,
  type,
  created_at: '2026-01-01T00:00:00Z',
  ...(metadata ? { metadata } : {}),
})
const needs =
  (...edges: [string, string?, string?][]) =>
  (id: string): Partial<Bead> => ({
    dependencies: edges.map(([to, type, metadata]) => edge(id, to, type, metadata)),
  })
/** A town of beads; each given as the fields in which it differs from an open task. */
function town(beads: Record<string, Partial<Bead> | ((id: string) => Partial<Bead>)>) {
  const state = emptyState()
  for (const [id, more] of Object.entries(beads))
    put(state, normal(bead(id, typeof more === 'function' ? more(id) : more)))
  return state
}
type Town = Parameters<typeof town>[0]
const ready = (beads: Town, rig?: string): string[] =>
  readyBeads(town(beads), { now: NOW, ...(rig === undefined ? {} : { rig }) }).map((made) => made.id)
const blockedBy = (beads: Town, id: string): string[] | null => {
  const state = town(beads)
  return isBlocked(state, state.beads.get(id)!, NOW)?.by ?? null
}

describe('what is not work', () => {
  test.each<[string, Partial<Bead>]>([
    ['closed', { status: 'closed' }],
    ['hooked', { status: 'hooked' }],
    ['in_progress', { status: 'in_progress' }],
    ['blocked', { status: 'blocked' }],
    ['deferred', { status: 'deferred' }],
    ['tombstone', { status: 'tombstone' }],
    ['later', { defer_until: '2026-06-01T00:00:01Z' }],
    ['pinned', { pinned: true }],
    ['template', { is_template: true }],
    ['template label', { labels: ['template'] }],
    ['ephemeral', { ephemeral: true }],
    ['message', { issue_type: 'message' }],
    ['merge request', { issue_type: 'merge-request' }],
    ['gate', { issue_type: 'gate' }],
    ['molecule', { issue_type: 'molecule' }],
    ['agent', { issue_type: 'agent' }],
    ['event', { issue_type: 'event' }],
    ['needs a person', { metadata: { gt: { version: 1, needs: { cause: 'ask', text: 'which one?', at: '' } } } }],
    [
      'a worker is on it',
      { metadata: { gt: { version: 1, runs: { r: { fence: 'r', state: 'submitted' } as never } } } },
    ],
  ])('%s', (_name, more) => {
    expect(ready({ x: more })).toEqual([])
    const state = town({ x: more })
    expect(notReadyBecause(state, state.beads.get('x')!, NOW)).toMatch(/\w/)
  })

  test.each<[string, Partial<Bead>]>([
    ['open', {}],
    ['assigned', { assignee: 'bob' }],
    ['deferral over', { defer_until: '2026-06-01T02:00:00+02:00' }],
    ['epic without children', { issue_type: 'epic' }],
    ['a type of the project', { issue_type: 'spike' }],
    ['a failed run', { metadata: { gt: { version: 1, runs: { r: { fence: 'r', state: 'failed' } as never } } } }],
  ])('but %s is', (_name, more) => {
    expect(ready({ x: more })).toEqual(['x'])
    const state = town({ x: more })
    expect(notReadyBecause(state, state.beads.get('x')!, NOW)).toBeNull()
  })

  test('an epic with children is not; its children are', () => {
    expect(ready({ e: { issue_type: 'epic' }, c: needs(['e', 'parent-child']) })).toEqual(['c'])
  })
})

describe('blocks', () => {
  test.each(['open', 'in_progress', 'blocked', 'deferred', 'hooked', 'pinned', 'custom'])(
    'until the target is closed: %s',
    (status) => {
      expect(blockedBy({ x: needs(['t']), t: { status } }, 'x')).toEqual(['t'])
    },
  )
  test.each(['closed', 'tombstone'])('not when it is %s', (status) => {
    expect(blockedBy({ x: needs(['t']), t: { status } }, 'x')).toBeNull()
  })
  test('a target that is not there blocks and says so: unknown never proceeds', () => {
    const state = town({ x: needs(['gone'], ['external:other:api']) })
    expect(isBlocked(state, state.beads.get('x')!, NOW)).toEqual({
      by: ['external:other:api', 'gone'],
      why: 'it needs external:other:api, which this town cannot check; it needs gone, which is not in the ledger',
    })
  })
  test('every blocker is named; a gate is one like any other', () => {
    const beads: Town = { x: needs(['a'], ['b'], ['g']), a: {}, b: { status: 'closed' }, g: { issue_type: 'gate' } }
    expect(blockedBy(beads, 'x')).toEqual(['a', 'g'])
  })
  test.each(['related', 'discovered-from', 'tracks', 'relates-to', 'whatever'])('%s never does', (type) => {
    expect(ready({ x: needs(['t', type]), t: { status: 'blocked' } })).toEqual(['x'])
  })
})

describe('conditional-blocks: runs only when the target failed', () => {
  const when = (target: Partial<Bead>) => blockedBy({ x: needs(['t', 'conditional-blocks']), t: target }, 'x')
  test('waits while it is undecided, and for ever when it succeeded', () => {
    expect(when({})).toEqual(['t'])
    expect(when({ status: 'hooked' })).toEqual(['t'])
    expect(when({ status: 'closed', close_reason: 'done' })).toEqual(['t'])
    expect(
      when({ status: 'closed', metadata: { gt: { version: 1, outcome: 'landed' } }, close_reason: 'fixed the error' }),
    ).toEqual(['t'])
  })
  test('goes when it failed', () => {
    expect(when({ status: 'closed', close_reason: 'Tests FAILED twice' })).toBeNull()
    expect(when({ status: 'closed', metadata: { gt: { version: 1, outcome: 'declined' } } })).toBeNull()
  })
})

describe('waits-for: the children of the target', () => {
  const child = needs(['s', 'parent-child'])
  const closedChild = (id: string): Partial<Bead> => ({ ...child(id), status: 'closed' })
  const all = needs(['s', 'waits-for'])
  const any = needs(['s', 'waits-for', '{"gate":"any-children"}'])
  test('all of them', () => {
    expect(blockedBy({ x: all, s: {} }, 'x')).toBeNull()
    expect(blockedBy({ x: all, s: {}, c1: closedChild, c2: child }, 'x')).toEqual(['s'])
    expect(blockedBy({ x: all, s: {}, c1: closedChild, c2: closedChild }, 'x')).toBeNull()
  })
  test('any of them', () => {
    expect(blockedBy({ x: any, s: {} }, 'x')).toEqual(['s'])
    expect(blockedBy({ x: any, s: {}, c1: child }, 'x')).toEqual(['s'])
    expect(blockedBy({ x: any, s: {}, c1: closedChild, c2: child }, 'x')).toBeNull()
  })
  test('of a spawner that the edge names', () => {
    const other = needs(['t', 'waits-for', '{"spawner_id":"s"}'])
    expect(blockedBy({ x: other, t: {}, s: {}, c1: child }, 'x')).toEqual(['t'])
    expect(blockedBy({ x: other, t: {} }, 'x')).toEqual(['t'])
    expect(blockedBy({ x: needs(['s', 'waits-for', 'not json']), s: {} }, 'x')).toBeNull()
  })
})

describe('parents', () => {
  const child = needs(['p', 'parent-child'])
  test('an open, hooked, closed or missing parent holds nobody back', () => {
    for (const status of ['open', 'hooked', 'in_progress', 'closed'])
      expect(blockedBy({ x: child, p: { status } }, 'x')).toBeNull()
    expect(blockedBy({ x: child }, 'x')).toBeNull()
  })
  test('a blocked or deferred one does, through any number of generations', () => {
    const beads: Town = { x: child, p: needs(['pp', 'parent-child']), pp: needs(['t']), t: {} }
    expect(blockedBy(beads, 'x')).toEqual(['t'])
    expect(blockedBy({ x: child, p: { status: 'blocked' } }, 'x')).toEqual(['p'])
    expect(blockedBy({ x: child, p: { status: 'deferred' } }, 'x')).toEqual(['p'])
    expect(blockedBy({ x: child, p: { defer_until: '2027-01-01T00:00:00Z' } }, 'x')).toEqual(['p'])
  })
  test('a circle of parents ends', () => {
    const beads: Town = { a: needs(['b', 'parent-child']), b: needs(['a', 'parent-child']) }
    expect(ready(beads).sort()).toEqual(['a', 'b'])
  })
})

test('most urgent first, then oldest, compared as times and not as text', () => {
  const beads: Town = {
    c: { priority: 1, created_at: '2026-01-02T00:00:00Z' },
    b: { priority: 1, created_at: '2026-01-02T01:00:00+02:00' },
    a: { priority: 3 },
    z: { priority: 0 },
  }
  expect(ready(beads)).toEqual(['z', 'b', 'c', 'a'])
})

test('one rig, or all', () => {
  const beads: Town = {
    a: { metadata: { gt: { version: 1, rig: 'gp' } } },
    b: { metadata: { gt: { version: 1, rig: 'other' } } },
    c: {},
  }
  expect(ready(beads, 'gp')).toEqual(['a'])
  expect(ready(beads).length).toBe(3)
})

describe('cycles', () => {
  test('the chain is named', () => {
    const state = town({ a: {}, b: needs(['a']), c: needs(['b', 'waits-for']), d: needs(['c', 'related']) })
    expect(findCycle(state, 'a', 'c')).toEqual(['a', 'c', 'b', 'a'])
    expect(findCycle(state, 'a', 'd')).toBeNull()
    expect(findCycle(state, 'c', 'a')).toBeNull()
    expect(findCycle(state, 'a', 'a')).toEqual(['a', 'a'])
  })

  test('whatever the edges, asking ends, and without a cycle something is ready', () => {
    const anEdge = fc.tuple(
      fc.nat(7),
      fc.nat(7),
      fc.constantFrom('blocks', 'parent-child', 'waits-for', 'conditional-blocks'),
    )
    fc.assert(
      fc.property(fc.array(anEdge, { maxLength: 20 }), (edges) => {
        const beads: Record<string, Partial<Bead>> = {}
        for (let i = 0; i < 8; i++) {
          beads[`n${i}`] = {
            dependencies: edges.filter(([from]) => from === i).map(([, to, type]) => edge(`n${i}`, `n${to}`, type)),
          }
        }
        const state = town(beads)
        for (const made of state.beads.values()) {
          isBlocked(state, made, NOW)
          for (const other of state.beads.keys()) findCycle(state, made.id, other)
        }
        const onlyBlocks = edges.filter(([from, to, type]) => type === 'blocks' && from > to)
        const acyclic: Record<string, Partial<Bead>> = {}
        for (let i = 0; i < 8; i++) {
          acyclic[`n${i}`] = {
            dependencies: onlyBlocks.filter(([from]) => from === i).map(([, to]) => edge(`n${i}`, `n${to}`)),
          }
        }
        expect(ready(acyclic)).toContain('n0')
      }),
    )
  })
})
