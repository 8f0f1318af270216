import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import { lineOf, normal } from '../../src/beads/canonical.ts'
import type { Change, Condition, Op } from '../../src/beads/change.ts'
import type { Run, RunState } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { activeRuns, apply, emptyState, put } from '../../src/beads/fold.ts'
import { readOwnSnapshot, snapshotText } from '../../src/beads/snapshot.ts'
import { someChanges } from './arbitrary.ts'
import { bead, must } from './support.ts'

let count = 0
function change(ops: Op[], when?: Condition[], at = '2026-03-01T00:00:00Z'): Change {
  count += 1
  return { id: `c${count}`, at, by: 'test', why: 'test', ops, ...(when ? { when } : {}) }
}
function stateWith(...beads: Bead[]): State {
  const state = emptyState()
  for (const made of beads) apply(state, change([{ op: 'create', bead: made }]))
  return state
}
const run = (fence: string, state: RunState, agent = 'gp/polecats/toast') =>
  ({ fence, state, agent, bead: 'gp-a' }) as unknown as Run
const setRun = (id: string, made: Run): Op => ({
  op: 'set',
  id,
  path: ['metadata', 'gt', 'runs', made.fence],
  value: made,
})

const everything = (state: State): string =>
  JSON.stringify([
    [...state.beads.values()].map(lineOf).sort(),
    [...state.leases].sort(),
    [...state.live].map(([id, runs]) => [id, runs.map((live) => live.fence)]).sort(),
  ])

describe('one change', () => {
  test('applies all operations or none', () => {
    const state = stateWith(bead('gp-a'))
    const before = state.beads.get('gp-a')
    const verdict = apply(
      state,
      change([
        { op: 'set', id: 'gp-a', path: ['title'], value: 'new' },
        { op: 'set', id: 'gp-gone', path: ['title'], value: 'new' },
      ]),
    )
    expect(verdict).toMatchObject({
      applied: false,
      unmet: { if: 'in', id: 'gp-gone', path: ['id'], values: ['gp-gone'] },
    })
    expect(state.beads.get('gp-a')).toBe(before)
  })

  test('never changes a bead that was handed out', () => {
    const state = stateWith(bead('gp-a', { metadata: { gt: { version: 0, rig: 'gp' } } }))
    const held = state.beads.get('gp-a')!
    const copy = structuredClone(held)
    apply(state, change([{ op: 'set', id: 'gp-a', path: ['metadata', 'gt', 'rig'], value: 'other' }]))
    apply(state, change([{ op: 'add', id: 'gp-a', path: ['labels'], value: 'x' }]))
    expect(held).toEqual(copy)
    expect(facts(state.beads.get('gp-a')!).rig).toBe('other')
  })

  test('counts one version per touched bead and never turns the clock back', () => {
    const state = stateWith(bead('gp-a'), bead('gp-b', { updated_at: '2027-01-01T00:00:00Z' }))
    apply(
      state,
      change([
        { op: 'set', id: 'gp-a', path: ['title'], value: 'one' },
        { op: 'add', id: 'gp-a', path: ['labels'], value: 'x' },
        { op: 'set', id: 'gp-b', path: ['title'], value: 'two' },
      ]),
    )
    expect(facts(state.beads.get('gp-a')!).version).toBe(2)
    expect(state.beads.get('gp-a')!.updated_at).toBe('2026-03-01T00:00:00Z')
    expect(state.beads.get('gp-b')!.updated_at).toBe('2027-01-01T00:00:00Z')
  })

  test('closed_at comes and goes with the status', () => {
    const state = stateWith(bead('gp-a'))
    apply(state, change([{ op: 'set', id: 'gp-a', path: ['status'], value: 'closed' }]))
    expect(state.beads.get('gp-a')).toMatchObject({ status: 'closed', closed_at: '2026-03-01T00:00:00Z' })
    apply(state, change([{ op: 'set', id: 'gp-a', path: ['close_reason'], value: 'done' }]))
    apply(state, change([{ op: 'set', id: 'gp-a', path: ['status'], value: 'open' }]))
    expect(state.beads.get('gp-a')).not.toHaveProperty('closed_at')
    expect(state.beads.get('gp-a')).not.toHaveProperty('close_reason')
  })

  test('the same record twice applies once', () => {
    const state = stateWith(bead('gp-a'))
    const once = change([{ op: 'set', id: 'gp-a', path: ['title'], value: 'x' }])
    expect(apply(state, once).applied).toBe(true)
    expect(apply(state, once).applied).toBe(false)
    expect(facts(state.beads.get('gp-a')!).version).toBe(2)
  })

  test('a bead is created once', () => {
    const state = stateWith(bead('gp-a'))
    const again = apply(state, change([{ op: 'create', bead: bead('gp-a', { title: 'other' }) }]))
    expect(again).toMatchObject({ applied: false, unmet: { if: 'absent', id: 'gp-a' } })
  })

  test('paths that would reach a prototype, the id or nothing are refused', () => {
    const state = stateWith(bead('gp-a'))
    for (const path of [[], ['id'], ['__proto__', 'polluted'], ['metadata', '__proto__', 'polluted']]) {
      expect(apply(state, change([{ op: 'set', id: 'gp-a', path, value: 1 }])).applied).toBe(false)
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('nonsense is refused by everybody instead of stopping everybody', () => {
    const state = stateWith(bead('gp-a'))
    const nonsense = { op: 'set', id: 'gp-a', path: ['dependencies'], value: [null, null] } as Op
    expect(apply(state, change([nonsense])).applied).toBe(false)
    expect(apply(state, change([{ op: 'create', bead: null } as unknown as Op])).applied).toBe(false)
    expect(apply(state, change([], [{ if: 'moon-is-full' } as unknown as Condition])).applied).toBe(false)
  })
})

describe('sets', () => {
  const edge = (to: string, type = 'blocks') => ({
    issue_id: 'gp-a',
    depends_on_id: to,
    type,
    created_at: '2026-01-01T00:00:00Z',
  })

  test('add and remove go by key', () => {
    const state = stateWith(bead('gp-a', { labels: ['b'], dependencies: [edge('gp-x')] }))
    apply(
      state,
      change([
        { op: 'add', id: 'gp-a', path: ['labels'], value: 'a' },
        { op: 'add', id: 'gp-a', path: ['labels'], value: 'b' },
        { op: 'add', id: 'gp-a', path: ['dependencies'], value: edge('gp-x', 'related') },
        { op: 'add', id: 'gp-a', path: ['dependencies'], value: edge('gp-0') },
      ]),
    )
    expect(state.beads.get('gp-a')!.labels).toEqual(['a', 'b'])
    expect(state.beads.get('gp-a')!.dependencies).toEqual([edge('gp-0'), edge('gp-x')])
    apply(
      state,
      change([
        { op: 'remove', id: 'gp-a', path: ['labels'], key: 'b' },
        { op: 'remove', id: 'gp-a', path: ['labels'], key: 'never there' },
        { op: 'remove', id: 'gp-a', path: ['dependencies'], key: 'gp-x' },
        { op: 'remove', id: 'gp-a', path: ['dependencies'], key: 'gp-0' },
      ]),
    )
    expect(state.beads.get('gp-a')!.labels).toEqual(['a'])
    expect(state.beads.get('gp-a')).not.toHaveProperty('dependencies')
  })
})

describe('conditions', () => {
  test('version, in and absent', () => {
    const state = stateWith(bead('gp-a', { metadata: { x: { y: [1, { z: 2 }] } } }))
    const holds = (condition: Condition): boolean => apply(state, change([], [condition])).applied
    expect(holds({ if: 'version', id: 'gp-a', is: 1 })).toBe(true)
    expect(holds({ if: 'version', id: 'gp-a', is: 0 })).toBe(false)
    expect(holds({ if: 'version', id: 'gp-gone', is: 0 })).toBe(false)
    expect(holds({ if: 'in', id: 'gp-a', path: ['assignee'], values: ['me', null] })).toBe(true)
    expect(holds({ if: 'in', id: 'gp-gone', path: ['assignee'], values: [null] })).toBe(false)
    expect(holds({ if: 'in', id: 'gp-a', path: ['metadata', 'x', 'y'], values: [[1, { z: 2 }]] })).toBe(true)
    expect(holds({ if: 'in', id: 'gp-a', path: ['metadata', 'x', 'y'], values: [[{ z: 2 }, 1]] })).toBe(false)
    expect(holds({ if: 'absent', id: 'gp-a' })).toBe(false)
    expect(holds({ if: 'absent', id: 'gp-gone' })).toBe(true)
  })

  test('a bead has one live run, an agent one bead, the town a cap', () => {
    const state = stateWith(bead('gp-a'), bead('gp-b'), bead('gp-c'))
    const claim = (id: string, fence: string, agent: string) =>
      apply(
        state,
        change(
          [setRun(id, run(fence, 'claimed', agent))],
          [
            { if: 'no-live-run', id },
            { if: 'agent-free', agent },
            { if: 'active-runs-below', max: 2 },
          ],
        ),
      )
    expect(claim('gp-a', 'r1', 'toast').applied).toBe(true)
    expect(claim('gp-a', 'r2', 'rust')).toMatchObject({ unmet: { if: 'no-live-run' } })
    expect(claim('gp-b', 'r3', 'toast')).toMatchObject({ unmet: { if: 'agent-free' } })
    expect(claim('gp-b', 'r4', 'rust').applied).toBe(true)
    expect(claim('gp-c', 'r5', 'nux')).toMatchObject({ unmet: { if: 'active-runs-below' } })
    // A submitted run still holds its bead, but no slot.
    apply(state, change([setRun('gp-a', run('r1', 'submitted', 'toast'))]))
    expect(activeRuns(state).map((live) => live.fence)).toEqual(['r4'])
    expect(claim('gp-a', 'r6', 'nux').applied).toBe(false)
    expect(claim('gp-c', 'r7', 'nux').applied).toBe(true)
    apply(state, change([setRun('gp-a', run('r1', 'finished', 'toast'))]))
    expect(state.live.has('gp-a')).toBe(false)
  })

  test('a lease changes hands only over its token', () => {
    const state = emptyState()
    const holder = (token: string) => ({ pid: 1, started: 's', token })
    const take = (token: string, was: string | null) =>
      apply(
        state,
        change([{ op: 'lease', name: 'l', holder: holder(token) }], [{ if: 'lease', name: 'l', token: was }]),
      ).applied
    expect(take('a', null)).toBe(true)
    expect(take('b', null)).toBe(false)
    expect(take('b', 'a')).toBe(true)
    apply(state, change([{ op: 'lease', name: 'l', holder: null }]))
    expect(take('c', 'b')).toBe(false)
    expect(take('c', null)).toBe(true)
  })
})

describe('properties', () => {
  test('the same records give the same state, and a snapshot in between changes nothing', () => {
    fc.assert(
      fc.property(someChanges, fc.nat(25), (changes, cut) => {
        const straight = emptyState()
        const verdicts = changes.map((made) => apply(straight, made).applied)

        let broken = emptyState()
        const again: boolean[] = []
        changes.forEach((made, i) => {
          if (i === cut) broken = throughSnapshot(broken)
          again.push(apply(broken, made).applied)
        })
        expect(again).toEqual(verdicts)
        expect(everything(broken)).toBe(everything(straight))
      }),
      { numRuns: 300 },
    )
  })

  test('every bead of a state is in normal form, and a refused change leaves no trace', () => {
    fc.assert(
      fc.property(someChanges, (changes) => {
        const state = emptyState()
        for (const made of changes) {
          const before = everything(state)
          if (!apply(state, made).applied) expect(everything(state)).toBe(before)
        }
        for (const made of state.beads.values()) {
          expect(JSON.stringify(normal(JSON.parse(JSON.stringify(made))))).toBe(JSON.stringify(made))
        }
      }),
      { numRuns: 200 },
    )
  })
})

/** What a rollover does to a state: snapshot for most beads, header for wisps and leases. */
function throughSnapshot(state: State): State {
  const next = emptyState()
  for (const made of must(readOwnSnapshot(snapshotText(state.beads.values()), 'base'))) put(next, made)
  for (const made of state.beads.values()) if (made.ephemeral) put(next, JSON.parse(JSON.stringify(made)))
  for (const [name, holder] of state.leases) next.leases.set(name, holder)
  for (const id of state.decided) next.decided.add(id)
  return next
}
