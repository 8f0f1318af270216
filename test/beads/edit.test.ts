import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { ChangeInput } from '../../src/beads/change.ts'
import {
  addComment,
  addDependency,
  closeBead,
  createBead,
  removeDependency,
  reopenBead,
  updateBead,
} from '../../src/beads/edit.ts'
import type { State } from '../../src/beads/fold.ts'
import { apply, emptyState } from '../../src/beads/fold.ts'
import { newBeadId, resolveId } from '../../src/beads/ids.ts'
import { deleteBead } from '../../src/beads/remove.ts'
import type { Result } from '../../src/result.ts'
import { failureOf, must } from './support.ts'

const me = { by: 'person', at: '2026-03-01T00:00:00Z' }
let count = 0
/** Applies what a builder made. */
function land(state: State, result: Result<ChangeInput>): boolean {
  count += 1
  return apply(state, { id: `e${count}`, at: me.at, ...must(result) }).applied
}
function make(state: State, title: string, more: Partial<Parameters<typeof createBead>[1]> = {}): Bead {
  const made = must(createBead(state, { prefix: 'gp', title, ...more }, me))
  expect(land(state, { kind: 'ok', value: made.input })).toBe(true)
  return state.beads.get(made.bead.id)!
}
const code = (result: Result<unknown>): string => failureOf(result).code

describe('create', () => {
  test('fills in what was not said', () => {
    const made = make(emptyState(), '  Mend\nthe roof ', { rig: 'gp', body: 'it rains', labels: ['b', 'a'] })
    expect(made.id).toMatch(/^gp-[0-9a-z]{5}$/)
    expect(made).toMatchObject({
      title: 'Mend the roof',
      description: 'it rains',
      status: 'open',
      priority: 2,
      issue_type: 'task',
      created_by: 'person',
      labels: ['a', 'b'],
    })
    expect(facts(made)).toEqual({ version: 1, rig: 'gp' })
    expect(made).not.toHaveProperty('dependencies')
  })

  test('children are numbered under their parent and live in its rig', () => {
    const state = emptyState()
    const parent = make(state, 'epic', { rig: 'gp', type: 'epic', id: 'gp-e' })
    const first = make(state, 'one', { parent: parent.id })
    const second = make(state, 'two', { parent: parent.id, needs: [first.id] })
    expect([first.id, second.id]).toEqual(['gp-e.1', 'gp-e.2'])
    expect(facts(second).rig).toBe('gp')
    expect(second.dependencies!.map((edge) => [edge.depends_on_id, edge.type])).toEqual([
      ['gp-e', 'parent-child'],
      ['gp-e.1', 'blocks'],
    ])
    const deep = make(state, 'deep', { id: 'gp-e.1.1.1', parent: first.id })
    expect(make(state, 'deeper', { parent: deep.id }).id).toMatch(/^gp-[0-9a-z]{5}$/)
  })

  test('two children made at once do not overwrite each other', () => {
    const state = emptyState()
    make(state, 'epic', { id: 'gp-e' })
    const [one, two] = ['one', 'two'].map((title) =>
      must(createBead(state, { prefix: 'gp', title, parent: 'gp-e' }, me)),
    )
    expect(land(state, { kind: 'ok', value: one!.input })).toBe(true)
    expect(land(state, { kind: 'ok', value: two!.input })).toBe(false)
    expect(state.beads.get('gp-e.1')!.title).toBe('one')
  })

  test('refuses what the format or the work cannot have', () => {
    const state = emptyState()
    make(state, 'epic', { id: 'gp-e' })
    make(state, 'child', { id: 'gp-c', parent: 'gp-e' })
    const attempt = (more: object) => createBead(state, { prefix: 'gp', title: 't', ...more }, me)
    expect(code(attempt({ title: '  ' }))).toBe('E_BAD_TITLE')
    expect(code(attempt({ title: 'é'.repeat(251) }))).toBe('E_BAD_TITLE')
    expect(attempt({ title: 'é'.repeat(250) }).kind).toBe('ok')
    expect(code(attempt({ priority: 5 }))).toBe('E_BAD_PRIORITY')
    expect(code(attempt({ priority: 1.5 }))).toBe('E_BAD_PRIORITY')
    expect(code(attempt({ type: 'Bug Report' }))).toBe('E_BAD_TYPE')
    expect(code(attempt({ parent: 'gp-gone' }))).toBe('E_NO_BEAD')
    expect(code(attempt({ needs: ['gp-gone'] }))).toBe('E_NO_BEAD')
    expect(code(attempt({ parent: 'gp-c', needs: ['gp-e'] }))).toBe('E_DEADLOCK')
  })
})

describe('change', () => {
  test('sets, clears, labels; says when there is nothing to do', () => {
    const state = emptyState()
    make(state, 'x', { id: 'gp-x', assignee: 'bob', labels: ['old'] })
    const patch = {
      title: 'y',
      assignee: null,
      priority: 0,
      addLabels: ['new'],
      removeLabels: ['old'],
      rig: 'gp',
      description: 'd',
    }
    expect(land(state, updateBead(state, 'gp-x', patch, me))).toBe(true)
    expect(state.beads.get('gp-x')).toMatchObject({ title: 'y', priority: 0, labels: ['new'], description: 'd' })
    expect(state.beads.get('gp-x')).not.toHaveProperty('assignee')
    expect(facts(state.beads.get('gp-x')!).rig).toBe('gp')
    expect(code(updateBead(state, 'gp-x', patch, me))).toBe('E_NOTHING')
    expect(code(updateBead(state, 'gp-y', {}, me))).toBe('E_NO_BEAD')
    expect(code(updateBead(state, 'gp-x', { status: 'closed' }, me))).toBe('E_USE_CLOSE')
    expect(code(updateBead(state, 'gp-x', { title: '' }, me))).toBe('E_BAD_TITLE')
    expect(code(updateBead(state, 'gp-x', { defer_until: 'soon' }, me))).toBe('E_BAD_TIME')
  })

  test('closes and reopens', () => {
    const state = emptyState()
    make(state, 'x', { id: 'gp-x' })
    const twice = closeBead(state, 'gp-x', { reason: 'no longer wanted', outcome: 'cancelled' }, me)
    expect(land(state, twice)).toBe(true)
    expect(state.beads.get('gp-x')).toMatchObject({
      status: 'closed',
      close_reason: 'no longer wanted',
      closed_at: me.at,
    })
    expect(facts(state.beads.get('gp-x')!).outcome).toBe('cancelled')
    expect(land(state, twice)).toBe(false)
    expect(code(closeBead(state, 'gp-x', {}, me))).toBe('E_CLOSED')
    expect(land(state, reopenBead(state, 'gp-x', me))).toBe(true)
    expect(state.beads.get('gp-x')).not.toHaveProperty('close_reason')
    expect(facts(state.beads.get('gp-x')!).outcome).toBeUndefined()
    expect(code(reopenBead(state, 'gp-x', me))).toBe('E_NOT_CLOSED')
  })

  test('a bead is not closed under the hands of its worker', () => {
    const state = emptyState()
    make(state, 'x', { id: 'gp-x' })
    const early = closeBead(state, 'gp-x', {}, me)
    const run = { fence: 'r1', state: 'working', agent: 'gp/polecats/toast' }
    land(state, {
      kind: 'ok',
      value: {
        by: 'x',
        why: 'x',
        ops: [{ op: 'set', id: 'gp-x', path: ['metadata', 'gt', 'runs', 'r1'], value: run }],
      },
    })
    const failure = failureOf(closeBead(state, 'gp-x', {}, me))
    expect(failure.code).toBe('E_LIVE_RUN')
    expect(failure.message).toContain('gp/polecats/toast')
    // Also when the run began between building and landing.
    expect(land(state, early)).toBe(false)
  })

  test('a closed bead is opened by its own verb, which takes away how it ended', () => {
    const state = emptyState()
    make(state, 'x', { id: 'gp-x' })
    land(state, closeBead(state, 'gp-x', { outcome: 'cancelled' }, me))
    expect(failureOf(updateBead(state, 'gp-x', { status: 'open' }, me))).toMatchObject({
      code: 'E_CLOSED',
      hint: 'gt bead reopen gp-x',
    })
  })

  test('a merge request is not moved by hand: its bead would wait for it for ever', () => {
    const state = emptyState()
    make(state, 'Merge gp-x', { id: 'gp-m', type: 'merge-request' })
    const op = { op: 'set' as const, id: 'gp-m', path: ['metadata', 'gt', 'merge'], value: { bead: 'gp-x' } }
    land(state, { kind: 'ok', value: { by: 'x', why: 'x', ops: [op] } })
    for (const refused of [
      closeBead(state, 'gp-m', {}, me),
      reopenBead(state, 'gp-m', me),
      deleteBead(state, 'gp-m', 'why not', me),
      updateBead(state, 'gp-m', { issue_type: 'task' }, me),
      updateBead(state, 'gp-m', { status: 'blocked' }, me),
    ])
      expect(failureOf(refused)).toMatchObject({ code: 'E_NOT_WORK', hint: expect.stringContaining('gt reject gp-m') })
    expect(land(state, updateBead(state, 'gp-m', { addLabels: ['seen'] }, me))).toBe(true)
  })

  test('a deleted bead is not there any more', () => {
    const state = emptyState()
    make(state, 'x', { id: 'gp-x' })
    make(state, 'y', { id: 'gp-y' })
    land(state, deleteBead(state, 'gp-x', 'why not', me))
    for (const refused of [
      updateBead(state, 'gp-x', { title: 'z' }, me),
      closeBead(state, 'gp-x', {}, me),
      reopenBead(state, 'gp-x', me),
      addComment(state, 'gp-x', 'hm', me),
      addDependency(state, 'gp-y', 'gp-x', me),
      createBead(state, { prefix: 'gp', title: 'kid', parent: 'gp-x' }, me),
      createBead(state, { prefix: 'gp', title: 'next', needs: ['gp-x'] }, me),
    ])
      expect(failureOf(refused)).toMatchObject({ code: 'E_NO_BEAD', message: 'gp-x was deleted.' })
  })

  test('comments of two at once both stay', () => {
    const state = emptyState()
    make(state, 'x', { id: 'gp-x' })
    const [one, two] = ['one', 'two'].map((text) => must(addComment(state, 'gp-x', text, me)))
    if (one!.comment.id === two!.comment.id) return
    land(state, { kind: 'ok', value: one!.input })
    land(state, { kind: 'ok', value: two!.input })
    expect(state.beads.get('gp-x')!.comments!.length).toBe(2)
    expect(Number.isSafeInteger(one!.comment.id)).toBe(true)
    expect(code(addComment(state, 'gp-x', ' ', me))).toBe('E_EMPTY')
  })
})

describe('dependencies', () => {
  test('self, circles, doubles and parents are refused by name', () => {
    const state = emptyState()
    for (const id of ['gp-a', 'gp-b', 'gp-c']) make(state, id, { id })
    expect(land(state, addDependency(state, 'gp-a', 'gp-b', me))).toBe(true)
    expect(land(state, addDependency(state, 'gp-b', 'gp-c', me))).toBe(true)
    expect(code(addDependency(state, 'gp-a', 'gp-a', me))).toBe('E_SELF')
    expect(code(addDependency(state, 'gp-a', 'gp-b', me))).toBe('E_NOTHING')
    expect(code(addDependency(state, 'gp-a', 'gp-b', me, 'related'))).toBe('E_EDGE')
    expect(code(addDependency(state, 'gp-a', 'gp-gone', me))).toBe('E_NO_BEAD')
    const circle = failureOf(addDependency(state, 'gp-c', 'gp-a', me))
    expect(circle.message).toContain('gp-c needs gp-a needs gp-b needs gp-c')
    expect(circle.hint).toContain('gt bead dep remove gp-b gp-c')
    make(state, 'child', { id: 'gp-k', parent: 'gp-a' })
    expect(code(addDependency(state, 'gp-k', 'gp-a', me))).toBe('E_DEADLOCK')
    expect(code(addDependency(state, 'gp-a', 'gp-k', me))).toBe('E_CYCLE')
    expect(land(state, removeDependency(state, 'gp-a', 'gp-b', me))).toBe(true)
    expect(state.beads.get('gp-a')).not.toHaveProperty('dependencies')
    expect(code(removeDependency(state, 'gp-a', 'gp-b', me))).toBe('E_NOTHING')
  })
})

describe('ids', () => {
  const state = emptyState()
  for (const id of ['gp-a3f8k', 'gp-a3f8k.1', 'gp-a3f8k.2', 'gp-b7xyz', 'gt-b7abc', 'gt-mol-9qq', 'gp-open1'])
    make(state, id, { id })

  test.each([
    ['gp-a3f8k', 'gp-a3f8k'],
    ['GP-A3F8K', 'gp-a3f8k'],
    ['gp-a3', 'gp-a3f8k'],
    ['a3f', 'gp-a3f8k'],
    ['a3f8k.2', 'gp-a3f8k.2'],
    ['b7x', 'gp-b7xyz'],
    ['gt-b', 'gt-b7abc'],
    ['mol-9', 'gt-mol-9qq'],
    ['9qq', 'gt-mol-9qq'],
  ])('%s means %s', (typed, id) => {
    expect(must(resolveId(state, typed))).toBe(id)
  })

  test('two are one too many, and are named', () => {
    const failure = failureOf(resolveId(state, 'b7'))
    expect(failure.code).toBe('E_AMBIGUOUS')
    expect(failure.message).toContain('gp-b7xyz, gt-b7abc')
  })

  test('the middle of an id is no beginning; the nearest are named', () => {
    for (const typed of ['3f8', 'pen1', '', 'zzz']) expect(failureOf(resolveId(state, typed)).code).toBe('E_NO_BEAD')
    expect(failureOf(resolveId(state, 'gp-b7xyy')).hint).toContain('gp-b7xyz')
  })

  test('a new id is free, and grows when the short ones are taken', () => {
    expect(newBeadId('gp', () => false)).toMatch(/^gp-[0-9a-z]{5}$/)
    expect(newBeadId('gp', (id) => id.length < 'gp-'.length + 7)).toMatch(/^gp-[0-9a-z]{7}$/)
  })
})
