/** The plan for epics with an integration branch: one row per reason to act, and one per reason not to. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { GtFacts, MergeFacts } from '../../src/beads/facts.ts'
import { keyOf } from '../../src/deacon/actions.ts'
import type { EpicAction } from '../../src/deacon/epics.ts'
import { epics } from '../../src/deacon/epics.ts'
import { plan } from '../../src/deacon/plan.ts'
import { aBead, at, stateOf } from '../kernel/support.ts'
import { needs, now, observed, POLICY } from './support.ts'

const epic = (gt: Partial<GtFacts> = {}, more: Partial<Bead> = {}, branch: object = {}): Bead =>
  aBead(
    'gp-e',
    { issue_type: 'epic', ...more },
    { integration: { rig: 'gp', branch: 'I', base: 'main', at: at(0), ...branch }, ...gt },
  )
const child = (n: number, more: Partial<Bead> = {}, gt: Partial<GtFacts> = {}): Bead =>
  aBead(
    `gp-e.${n}`,
    {
      dependencies: [{ issue_id: `gp-e.${n}`, depends_on_id: 'gp-e', type: 'parent-child', created_at: at(0) }],
      ...more,
    },
    gt,
  )
const landed = (n: number, seconds: number, gt: Partial<GtFacts> = {}): Bead => {
  const where = { commit: 'c', target: 'I', merge_request: 'm', at: at(seconds) }
  return child(n, { status: 'closed', closed_at: at(seconds) }, { outcome: 'landed', landed: where, ...gt })
}
const request = (merge: Partial<MergeFacts>): Bead => {
  const all = { bead: 'gp-e', rig: 'gp', worker: 'gp/refinery', branch: 'I', head: 'h', base: 'b', target: 'main' }
  const facts: MergeFacts = { ...all, state: 'queued', queued_at: at(5), since: at(20), ...merge }
  return aBead(
    'gp-m',
    { issue_type: 'merge-request', status: facts.state === 'landed' ? 'closed' : 'open' },
    { merge: facts },
  )
}
const handedIn = (gt: Partial<GtFacts> = {}): Bead => epic(gt, {}, { merge_request: 'gp-m' })
const brief = (action: EpicAction): string => (action.do === 'ask-person' ? `ask ${action.cause}` : action.do)
const todo = (...beads: Bead[]): string[] => [...epics(stateOf(...beads), 2)].map(brief)
const mends = { mends: 'gp-m' }
const red = request({ state: 'red', reason: 'gate test failed' })

test.each<[string, Bead[], string[]]>([
  ['no branch', [aBead('gp-e', { issue_type: 'epic' }), landed(1, 1)], []],
  ['no children', [epic()], []],
  ['a child is open', [epic(), landed(1, 1), child(2)], []],
  ['all are closed', [epic(), landed(1, 1), landed(2, 2)], ['integrate']],
  ['a person was asked', [epic({ needs }), landed(1, 1)], []],
  ['it was cancelled', [epic({ outcome: 'cancelled' }, { status: 'closed' }), landed(1, 1)], []],
  ['it is queued', [handedIn(), landed(1, 1), request({})], []],
  ['it is held by a policy', [handedIn(), landed(1, 1), request({ state: 'held', held_for: 'policy' })], []],
  ['it waits for a child', [handedIn(), child(1), request({ state: 'held', held_for: 'children' })], []],
  [
    'that child is closed',
    [handedIn(), landed(1, 30), request({ state: 'held', held_for: 'children' })],
    ['integrate'],
  ],
  [
    'it was rejected',
    [handedIn(), landed(1, 1), { ...request({ state: 'rejected' }), status: 'closed' }],
    ['integrate'],
  ],
  ['it came back red', [handedIn(), landed(1, 1), red], ['mend']],
  ['it came back as a conflict', [handedIn(), landed(1, 1), request({ state: 'conflict' })], ['mend']],
  ['it is being mended', [handedIn(), landed(1, 1), child(2, {}, mends), red], []],
  ['it was mended', [handedIn(), landed(1, 1), landed(2, 30, mends), red], ['integrate']],
  ['it came back again', [handedIn(), landed(1, 1), landed(2, 10, mends), red], ['mend']],
  ['the rounds are used up', [handedIn(), landed(1, 1), landed(2, 10, mends), landed(3, 15, mends), red], ['ask red']],
  [
    'the mend was cancelled',
    [
      handedIn(),
      landed(1, 1),
      child(2, { status: 'closed', closed_at: at(30) }, { ...mends, outcome: 'cancelled' }),
      red,
    ],
    ['ask red'],
  ],
  [
    'a person mended it and says so',
    [handedIn(), landed(1, 1), child(2, { status: 'closed', closed_at: at(30) }, { ...mends, outcome: 'done' }), red],
    ['integrate'],
  ],
  ['it landed', [epic({ outcome: 'landed' }, { status: 'closed' }), landed(1, 1)], ['sweep']],
  ['its branch is gone', [epic({ outcome: 'landed' }, { status: 'closed' }, { swept: at(40) }), landed(1, 1)], []],
])('%s', (_what, beads, actions) => {
  expect(todo(...beads)).toEqual(actions)
})

test('it is part of the plan, also where no session can be seen, and has a key of its own', () => {
  const actions = plan(observed(stateOf(epic(), landed(1, 1)), { sessions: null }), POLICY, now)
  expect(actions.map(keyOf)).toEqual(['integrate:gp-e'])
})

test('a person is told what to mend, and how to go on', () => {
  const [asked] = [...epics(stateOf(handedIn(), landed(1, 1), red), 0)]
  expect(asked).toMatchObject({
    do: 'ask-person',
    text: 'gp-m came back 1 times, the last time: gate test failed. Mend I, push it, and: gt mq integration land gp-e',
  })
})
