import { expect, test } from 'vitest'
import type { GtFacts, MergeFacts } from '../../src/beads/facts.ts'
import { admission, releasable, UNVERIFIED } from '../../src/refinery/admission.ts'
import type { RigSettings } from '../../src/town/schema.ts'
import { rigSchema } from '../../src/town/schema.ts'
import { aBead, aMerge, aRun } from '../kernel/support.ts'

const GATED = { gate: 'npm test' }
const rig = (more: object = GATED): RigSettings =>
  rigSchema.parse({ schema: 1, name: 'gp', remote: '/project', branch: 'main', prefix: 'gp', ...more })
const NO_GATE = rig({})
const HOLD = rig({ ...GATED, landing: { policy: 'hold' } })
const PR = rig({ ...GATED, landing: { policy: 'pr' } })

const run = aRun('r1', 'gp-a')
const bead = (own?: GtFacts['landing']) => aBead('gp-a', {}, own === undefined ? {} : { landing: own })
const request = (more: Partial<MergeFacts> = {}) => aMerge('gp-m1', run, more)
const APPROVED = request({ approved_by: 'person' })

test('a rig with a gate, where nothing else is said', () => {
  expect(admission(rig(), request(), bead())).toEqual({ is: 'admitted' })
})

test('without a gate nothing lands, unless the owner agreed to that', () => {
  expect(admission(NO_GATE, request(), bead())).toEqual({
    is: 'held',
    cause: 'unverified',
    reason: `${UNVERIFIED} Set one: gt config set rig.gp.gate "<command>"`,
  })
  expect(admission(NO_GATE, APPROVED, bead()), 'no approval stands for a gate').toMatchObject({ cause: 'unverified' })
  expect(admission(rig({ landing: { unverified: true } }), request(), bead())).toEqual({ is: 'admitted' })
})

test('under the policy "hold" each landing needs a person', () => {
  expect(admission(HOLD, request(), bead())).toEqual({
    is: 'held',
    cause: 'policy',
    reason: 'Rig gp lands nothing by itself: gt land gp-m1',
  })
  expect(admission(HOLD, APPROVED, bead())).toEqual({ is: 'admitted' })
})

test('under the policy "pr" it lands on the forge, or by a person’s word', () => {
  expect(admission(PR, request(), bead())).toEqual({ is: 'pull-request' })
  expect(admission(PR, APPROVED, bead())).toEqual({ is: 'admitted' })
})

test('a bead’s own policy goes before the rig’s, both ways', () => {
  expect(admission(rig(), request(), bead('hold'))).toEqual({
    is: 'held',
    cause: 'policy',
    reason: 'gp-a lands nothing by itself: gt land gp-m1',
  })
  expect(admission(rig(), request(), bead('pr'))).toEqual({ is: 'pull-request' })
  expect(admission(HOLD, request(), bead('direct'))).toEqual({ is: 'admitted' })
})

test.each<[MergeFacts['held_for'], string, RigSettings, boolean]>([
  ['unverified', 'a gate was set', rig(), true],
  ['unverified', 'still no gate', NO_GATE, false],
  ['unverified', 'a gate was set, and now the policy holds it', HOLD, false],
  ['unverified', 'a gate was set, and it waits for the forge', PR, true],
  ['policy', 'the policy was changed', rig(), true],
  ['policy', 'still held', HOLD, false],
  ['pr', 'lands directly now', rig(), true],
  ['pr', 'held now, which its next step says', HOLD, true],
  ['pr', 'still on the forge', PR, false],
  ['refused', 'only a person settles that', rig(), false],
  [undefined, 'nothing says why', rig(), false],
])('held for %s: %s', (held_for, _why, settings, settled) => {
  const held = request({ state: 'held', ...(held_for !== undefined && { held_for }) })
  expect(releasable(settings, held, bead())).toBe(settled)
})

test('an approval releases what a policy held; what is not held cannot be released', () => {
  expect(releasable(HOLD, request({ state: 'held', held_for: 'policy', approved_by: 'person' }), bead())).toBe(true)
  expect(releasable(rig(), request({ state: 'queued', held_for: 'policy' }), bead())).toBe(false)
})
