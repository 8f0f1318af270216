import { expect, test } from 'vitest'
import type { MergeFacts, MergeState } from '../../src/beads/facts.ts'
import type { MergeRequest } from '../../src/kernel/merges.ts'
import { openMerges } from '../../src/kernel/merges.ts'
import type { Queue } from '../../src/refinery/plan.ts'
import { next, releasable } from '../../src/refinery/plan.ts'
import type { RigSettings } from '../../src/town/schema.ts'
import { rigSchema } from '../../src/town/schema.ts'
import { aMerge, aRun, at } from '../kernel/support.ts'

const GATED = { gate: 'npm test' }
const rig = (more: object = GATED): RigSettings =>
  rigSchema.parse({ schema: 1, name: 'gp', remote: '/project', branch: 'main', prefix: 'gp', ...more })
const NO_GATE = rig({})
const HOLD = rig({ ...GATED, landing: { policy: 'hold' } })

const run = aRun('r1', 'gp-a')
const request = (id: string, state: MergeState, more: Partial<MergeFacts> = {}, priority = 2): MergeRequest =>
  aMerge(id, run, { state, ...more }, { priority })

const plan = (requests: MergeRequest[], settings = rig(), orphans: string[] = []): string | null => {
  const queue: Queue = { requests, rig: settings, orphaned: ({ bead }) => orphans.includes(bead.id) }
  const action = next(queue)
  return action && `${action.do} ${action.request.bead.id}`
}

test('an empty queue, and one in which nothing can move', () => {
  expect(plan([])).toBeNull()
  const stuck = ['building', 'testing', 'landing', 'conflict', 'red', 'could_not_run'] as const
  expect(plan(stuck.map((state, n) => request(`gp-m${n}`, state)))).toBeNull()
})

test('the first that is queued is merged, whatever waits before it', () => {
  const before = (['red', 'could_not_run', 'held'] as const).map((state, n) =>
    request(`gp-b${n}`, state, { held_for: 'refused' }),
  )
  expect(plan([...before, request('gp-m1', 'queued'), request('gp-m2', 'queued')])).toBe('merge gp-m1')
})

test('with the queue in its order: urgent before older before newer', () => {
  const beads = [
    request('gp-m1', 'queued', { queued_at: at(3) }),
    request('gp-m2', 'queued', { queued_at: at(2) }),
    request('gp-m3', 'queued', { queued_at: at(9) }, 1),
  ].map(({ bead }) => bead)
  expect(plan(openMerges(beads, 'gp'))).toBe('merge gp-m3')
  expect(plan(openMerges(beads.slice(0, 2), 'gp'))).toBe('merge gp-m2')
})

test.each(['building', 'testing', 'landing'] as const)(
  'what a dead driver held while %s is recovered first',
  (state) => {
    const requests = [request('gp-m1', 'queued'), request('gp-m2', state)]
    expect(plan(requests, rig(), ['gp-m2'])).toBe('recover gp-m2')
    expect(plan(requests)).toBe('merge gp-m1')
  },
)

test.each(['queued', 'red', 'conflict', 'could_not_run', 'held'] as const)(
  'an entry in nobody’s hand cannot be an orphan: %s',
  (state) => {
    expect(plan([request('gp-m1', state, { held_for: 'refused' })], rig(), ['gp-m1'])).not.toBe('recover gp-m1')
  },
)

test('without a gate nothing lands, unless the owner agreed to that', () => {
  expect(plan([request('gp-m1', 'queued')], NO_GATE)).toBe('hold gp-m1')
  expect(next({ requests: [request('gp-m1', 'queued')], rig: NO_GATE, orphaned: () => false })).toMatchObject({
    cause: 'unverified',
    reason: expect.stringContaining('gt config set rig.gp.gate'),
  })
  expect(plan([request('gp-m1', 'queued')], rig({ landing: { unverified: true } }))).toBe('merge gp-m1')
  expect(plan([request('gp-m1', 'queued', { approved_by: 'person' })], NO_GATE), 'no approval stands for a gate').toBe(
    'hold gp-m1',
  )
})

test('under the policy "hold" each landing needs a person', () => {
  expect(plan([request('gp-m1', 'queued')], HOLD)).toBe('hold gp-m1')
  expect(plan([request('gp-m1', 'queued', { approved_by: 'person' })], HOLD)).toBe('merge gp-m1')
  expect(next({ requests: [request('gp-m1', 'queued')], rig: HOLD, orphaned: () => false })).toMatchObject({
    cause: 'policy',
    reason: expect.stringContaining('gt land gp-m1'),
  })
})

test.each<[MergeFacts['held_for'], RigSettings, boolean]>([
  ['unverified', rig(), true],
  ['unverified', NO_GATE, false],
  ['unverified', HOLD, false],
  ['policy', rig(), true],
  ['policy', HOLD, false],
  ['refused', rig(), false],
  [undefined, rig(), false],
])('held for %s: %#', (held_for, settings, settled) => {
  const held = aMerge('gp-m1', run, { state: 'held', ...(held_for !== undefined && { held_for }) })
  expect(releasable(settings, held)).toBe(settled)
  expect(plan([held], settings)).toBe(settled ? 'release gp-m1' : null)
})

test('what is released comes before what is merged: it was there before', () => {
  const held = request('gp-m1', 'held', { held_for: 'unverified' })
  expect(plan([request('gp-m0', 'queued'), held])).toBe('release gp-m1')
})
