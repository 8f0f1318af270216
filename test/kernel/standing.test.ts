import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { GtFacts, RunState } from '../../src/beads/facts.ts'
import { reasonOf, standing } from '../../src/kernel/standing.ts'
import { statusOf } from '../../src/kernel/status.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from './support.ts'

const now = new Date(at(60))
const slung = { rig: 'gp', by: 'person', at: at(0) }
const needs = { cause: 'ask', text: 'which one?', at: at(1) }
const needsOpen = { issue_id: 'gp-a', depends_on_id: 'gp-b', type: 'blocks', created_at: at(0) }

test.each<[string, Partial<Bead>, Partial<GtFacts>]>([
  ['open', {}, {}],
  ['landed', { status: 'closed' }, { outcome: 'landed' }],
  ['cancelled', { status: 'closed' }, { outcome: 'cancelled', needs }],
  ['done', { status: 'closed' }, {}],
  ['cancelled', { status: 'tombstone' }, {}],
  ['needs_human', {}, { needs, slung }],
  ['waiting', {}, { slung }],
  ['waiting', { dependencies: [needsOpen] }, { slung }],
  ['blocked', { dependencies: [needsOpen] }, {}],
  ['blocked', { status: 'blocked' }, {}],
  ['deferred', { status: 'deferred' }, {}],
  ['deferred', { defer_until: at(61) }, {}],
  ['open', { defer_until: at(59) }, {}],
])('%s: %o %o', (is, more, gt) => {
  const bead = aBead('gp-a', more, gt)
  expect(standing(stateOf(bead, aBead('gp-b')), bead, now)).toBe(is)
})

test.each<[RunState, string]>([
  ['claimed', 'hooked'],
  ['provisioning', 'hooked'],
  ['starting', 'hooked'],
  ['rate_limited', 'hooked'],
  ['working', 'in_progress'],
  ['quiet', 'in_progress'],
  ['parked', 'parked'],
  ['submitted', 'submitted'],
  ['lost', 'waiting'],
  ['failed', 'waiting'],
  ['stopped', 'waiting'],
])('a slung bead whose only run is %s is %s', (state, is) => {
  const bead = beadWith(aRun('r1', 'gp-a', { state }), { slung })
  expect(standing(stateOf(bead), bead, now)).toBe(is)
})

test('the reason: the question, the merge request, the rest, what it waits for, how the last run ended', () => {
  const why = (bead: Bead, ...more: Bead[]) => reasonOf(stateOf(bead, ...more), bead, now)
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1' })
  expect(why(beadWith(run, { needs }))).toBe('which one?')
  expect(why(beadWith(run), aMerge('gp-m1', run, { state: 'red', reason: 'gate "gate" failed' }).bead)).toBe(
    'red: gate "gate" failed',
  )
  expect(why(beadWith(run), aMerge('gp-m1', run, { state: 'testing' }).bead)).toBe('testing')
  const lost = aRun('r1', 'gp-a', { state: 'lost', reason: 'process 7 is gone' })
  expect(why(beadWith(lost, { slung: { ...slung, not_before: at(90) } }, { status: 'open' }))).toBe(
    `rests until ${at(90)} after: process 7 is gone`,
  )
  expect(why(beadWith(lost, { slung: { ...slung, not_before: at(30) } }, { status: 'open' }))).toBe('process 7 is gone')
  const stopped = aRun('r1', 'gp-a', { state: 'stopped', reason: 'gp/polecats/toast declined: no' })
  expect(why(beadWith(stopped, { outcome: 'done' }, { status: 'closed', close_reason: 'done elsewhere' }))).toBe(
    'done elsewhere',
  )
  expect(why(aBead('gp-a', { dependencies: [needsOpen] }), aBead('gp-b'))).toBe('it needs gp-b (open)')
  expect(why(aBead('gp-a', { status: 'in_progress' }, { slung }))).toBe('it is in_progress')
  expect(why(aBead('gp-a', { pinned: true }, { slung }))).toBe('it is pinned')
  expect(why(aBead('gp-a', { status: 'tombstone', deleted_by: 'ada', delete_reason: 'twice' }))).toBe(
    'deleted by ada: twice',
  )
})

test('the three questions: what runs, what waits for me, what landed', () => {
  const working = aRun('r1', 'gp-w')
  const handedIn = aRun('r2', 'gp-s', { state: 'submitted', merge_request: 'gp-m1' })
  const landed = (n: number) =>
    aBead(
      `gp-l${n}`,
      { status: 'closed' },
      { outcome: 'landed', landed: { commit: 'c', target: 'main', merge_request: 'gp-m0', at: at(n) }, needs },
    )
  const status = statusOf(
    stateOf(
      aBead('gp-open'),
      aBead('gp-slung', {}, { slung }),
      aBead('gp-early', {}, { needs }),
      aBead('gp-msg', { issue_type: 'message' }),
      // Nobody can be sent to these: the work of an epic is its children, a step belongs to its molecule.
      aBead('gp-epic', { issue_type: 'epic' }),
      aBead('gp-epic.1', { dependencies: [{ ...needsOpen, type: 'parent-child', depends_on_id: 'gp-epic' }] }),
      aBead('gp-step', {}, { step: { of: 'gp-w', name: 'build', n: 1 } }),
      beadWith(working),
      beadWith(handedIn),
      aMerge('gp-m1', handedIn).bead,
      ...Array.from({ length: 12 }, (_, n) => landed(n)),
    ),
    now,
  )
  expect(status.running.map(({ bead }) => bead)).toEqual(['gp-w', 'gp-s'])
  expect(status.waiting.map(({ bead }) => bead)).toEqual(['gp-slung'])
  expect(status.queue).toMatchObject([{ id: 'gp-m1', bead: 'gp-s', state: 'queued' }])
  expect(status.ready).toBe(2)
  expect(status.landed.map(({ bead }) => bead)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => `gp-l${n}`))
})
