/** What landed on an integration branch counts as done only for what starts from there. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { closeBead, reopenBead } from '../../src/beads/edit.ts'
import { emptyState, put } from '../../src/beads/fold.ts'
import { blockedBeads, notReadyBecause } from '../../src/beads/ready.ts'
import { bead, failureOf, must, T0 } from './support.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
type Edges = [to: string, type: string][]
function one(id: string, edges: Edges = [], gt: object = {}, more: Partial<Bead> = {}): Bead {
  const dependencies = edges.map(([to, type]) => ({ issue_id: id, depends_on_id: to, type, created_at: T0 }))
  return bead(id, { dependencies, ...more, metadata: { gt: { version: 0, rig: 'gp', ...gt } } })
}
const child = 'parent-child'
const epic = (id: string, branch: string, edges: Edges = [], gt: object = {}, more: Partial<Bead> = {}): Bead =>
  one(id, edges, { integration: { rig: 'gp', branch, base: 'main', at: T0 }, ...gt }, { issue_type: 'epic', ...more })
const landed = (id: string, target: string, edges: Edges): Bead =>
  one(
    id,
    edges,
    { outcome: 'landed', landed: { commit: 'c', target, merge_request: 'm', at: T0 } },
    { status: 'closed' },
  )
const over = (target: string) => ({ outcome: 'landed', landed: { commit: 'c', target, merge_request: 'm', at: T0 } })

const why = (id: string, ...beads: Bead[]): string | null => {
  const state = emptyState()
  for (const made of beads) put(state, made)
  return notReadyBecause(state, state.beads.get(id)!, NOW)
}
const waits = (on: string, branch: string, top: string): string =>
  `it needs ${on}, which has landed on ${branch} only: ${top} has not landed yet`
const part = landed('gp-a', 'I', [['gp-e', child]])
const needsPart: Edges = [['gp-a', 'blocks']]

test.each<[string, Bead[], string | null]>([
  ['outside, before the epic landed', [epic('gp-e', 'I'), part, one('gp-d', needsPart)], waits('gp-a', 'I', 'gp-e')],
  [
    'outside, after it landed',
    [epic('gp-e', 'I', [], over('main'), { status: 'closed' }), part, one('gp-d', needsPart)],
    null,
  ],
  ['on the same branch', [epic('gp-e', 'I'), part, one('gp-d', [...needsPart, ['gp-e', child]])], null],
  [
    'on an inner branch: its start is merged with the outer one',
    [epic('gp-e', 'I'), part, epic('gp-f', 'J', [['gp-e', child]]), one('gp-d', [...needsPart, ['gp-f', child]])],
    null,
  ],
  [
    'landed on main itself',
    [epic('gp-e', 'I'), landed('gp-a', 'main', [['gp-e', child]]), one('gp-d', needsPart)],
    null,
  ],
  [
    'below an epic that needs it',
    [epic('gp-e', 'I'), part, one('gp-f', needsPart, {}, { issue_type: 'epic' }), one('gp-d', [['gp-f', child]])],
    `its parent gp-f is blocked: ${waits('gp-a', 'I', 'gp-e')}`,
  ],
  [
    'an inner epic that has landed on the outer branch only',
    [
      epic('gp-e', 'I'),
      epic('gp-f', 'J', [['gp-e', child]], over('I'), { status: 'closed' }),
      landed('gp-a', 'J', [['gp-f', child]]),
      one('gp-d', needsPart),
    ],
    waits('gp-a', 'I', 'gp-e'),
  ],
  [
    'waiting for all children',
    [epic('gp-e', 'I'), part, one('gp-d', [['gp-e', 'waits-for']])],
    waits('gp-a', 'I', 'gp-e'),
  ],
  ['related only', [epic('gp-e', 'I'), part, one('gp-d', [['gp-a', 'related']])], null],
])('needing what landed on an integration branch: %s', (_what, beads, reason) => {
  expect(why('gp-d', ...beads)).toBe(reason)
})

test('it is listed as blocked', () => {
  const state = emptyState()
  for (const made of [epic('gp-e', 'I'), part, one('gp-d', needsPart)]) put(state, made)
  expect(blockedBeads(state, { now: NOW }).map(({ bead: { id }, blocked }) => [id, blocked.by])).toEqual([
    ['gp-d', ['gp-a']],
  ])
})

test('an epic with an integration branch is not closed by hand, but may be cancelled', () => {
  const state = emptyState()
  put(state, epic('gp-e', 'I'))
  const author = { by: 'person' }
  expect(failureOf(closeBead(state, 'gp-e', {}, author))).toMatchObject({
    code: 'E_INTEGRATION',
    hint: 'gt bead close gp-e   hands it in; with --cancelled it is closed without landing',
  })
  expect(closeBead(state, 'gp-e', { outcome: 'cancelled' }, author).kind).toBe('ok')
})

test('one that is opened again after its landing has no branch any more', () => {
  const state = emptyState()
  put(state, epic('gp-e', 'I', [], over('main'), { status: 'closed' }))
  const { ops } = must(reopenBead(state, 'gp-e', { by: 'person' }))
  expect(ops).toContainEqual({ op: 'unset', id: 'gp-e', path: ['metadata', 'gt', 'integration'] })
})
