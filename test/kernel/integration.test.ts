import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { GtFacts, MergeFacts } from '../../src/beads/facts.ts'
import {
  epicRequest,
  mendEpic,
  progressOf,
  queueEpic,
  requeueEpic,
  targetOf,
  waitsForChildren,
} from '../../src/kernel/integration.ts'
import type { MergeRequest } from '../../src/kernel/merges.ts'
import { land, mergeOf, step } from '../../src/kernel/merges.ts'
import { standing } from '../../src/kernel/standing.ts'
import { aBead, at, stateOf, write } from './support.ts'

const rig = { name: 'gp', branch: 'main' }
const gathers = (branch: string, more: object = {}): Partial<GtFacts> => ({
  integration: { rig: 'gp', branch, base: 'main', at: at(0), ...more },
})
const under = (id: string, parent: string): Partial<Bead> => ({
  dependencies: [{ issue_id: id, depends_on_id: parent, type: 'parent-child', created_at: at(0) }],
})
const epic = (id: string, gt: Partial<GtFacts> = {}, more: Partial<Bead> = {}): Bead =>
  aBead(id, { issue_type: 'epic', ...more }, gt)
const child = (id: string, parent: string, more: Partial<Bead> = {}, gt: Partial<GtFacts> = {}): Bead =>
  aBead(id, { ...under(id, parent), ...more }, gt)

test.each<[string, Bead[], string]>([
  ['no epic', [aBead('gp-c')], 'main'],
  ['an epic without a branch', [epic('gp-e'), child('gp-c', 'gp-e')], 'main'],
  ['an epic with one', [epic('gp-e', gathers('I')), child('gp-c', 'gp-e')], 'I'],
  ['of another rig', [epic('gp-e', gathers('I', { rig: 'other' })), child('gp-c', 'gp-e')], 'main'],
  ['one that has landed', [epic('gp-e', gathers('I'), { status: 'closed' }), child('gp-c', 'gp-e')], 'main'],
  ['further up', [epic('gp-e', gathers('I')), epic('gp-f', {}, under('gp-f', 'gp-e')), child('gp-c', 'gp-f')], 'I'],
  [
    'the nearest of two',
    [epic('gp-e', gathers('I')), epic('gp-f', gathers('J'), under('gp-f', 'gp-e')), child('gp-c', 'gp-f')],
    'J',
  ],
  ['a circle of parents', [epic('gp-e', {}, under('gp-e', 'gp-c')), child('gp-c', 'gp-e')], 'main'],
  ['its own branch is no target', [epic('gp-c', gathers('I'))], 'main'],
  [
    'the repair of a red one',
    [aBead('gp-c', {}, { red_target: { rig: 'gp', target: 'I', commit: '', tree: '' } })],
    'I',
  ],
])('the target of a bead: %s', (_what, beads, target) => {
  const state = stateOf(...beads)
  expect(targetOf(state, state.beads.get('gp-c')!, rig)).toBe(target)
})

test('an inner epic counts as its children, unless it lands as one itself', () => {
  const state = stateOf(
    epic('gp-e', gathers('I')),
    child('gp-1', 'gp-e', { status: 'closed' }),
    epic('gp-f', {}, under('gp-f', 'gp-e')),
    child('gp-2', 'gp-f'),
    epic('gp-g', gathers('J'), under('gp-g', 'gp-e')),
    child('gp-3', 'gp-g', { status: 'closed' }),
    child('gp-4', 'gp-e', { status: 'tombstone' }),
  )
  const { open, closed } = progressOf(state, state.beads.get('gp-e')!)
  expect(open.map(({ id }) => id)).toEqual(['gp-g', 'gp-2'])
  expect(closed.map(({ id }) => id)).toEqual(['gp-1', 'gp-3'])
})

const tip = { head: 'c'.repeat(40), base: 'b'.repeat(40) }

/** An epic with one closed child, handed in. */
function handedIn(merge: Partial<MergeFacts> = {}) {
  const top = epic('gp-e', gathers('I'))
  const state = stateOf(top, child('gp-e.1', 'gp-e', { status: 'closed' }))
  const change = queueEpic('gp-m', top, facts(top).integration!, tip, { by: 'deacon', at: at(1) })
  expect(write(state, change).applied).toBe(true)
  const bead = state.beads.get('gp-m')!
  const gt = { ...facts(bead), merge: { ...facts(bead).merge!, ...merge } }
  state.beads.set('gp-m', { ...bead, metadata: { gt } })
  return { state, change, request: mergeOf(state.beads.get('gp-m')) as MergeRequest }
}
const now = new Date(at(60))

test('handing in makes one merge request of nobody’s run, once', () => {
  const { state, change, request } = handedIn()
  expect(request.merge).toMatchObject({ bead: 'gp-e', worker: 'gp/refinery', branch: 'I', target: 'main', ...tip })
  expect(request.merge.run).toBeUndefined()
  const top = state.beads.get('gp-e')!
  expect(epicRequest(state, top)?.bead.id).toBe('gp-m')
  expect(standing(state, top, now)).toBe('submitted')
  const second = queueEpic('gp-n', { ...top, metadata: { gt: gathers('I') } } as Bead, facts(top).integration!, tip, {
    by: 'person',
    at: at(2),
  })
  // Built from what was read before the first one.
  const { merge_request: _, ...before } = facts(top).integration!
  const stale = queueEpic('gp-n', top, before, tip, { by: 'person', at: at(2) })
  expect(second.ops).toHaveLength(2)
  expect(write(state, stale)).toMatchObject({ applied: false, unmet: { id: 'gp-e' } })
  expect(write(state, { ...change, ops: [] }).applied).toBe(false)
})

test('landing closes the epic', () => {
  const { state, request } = handedIn({ state: 'landing' })
  const top = state.beads.get('gp-e')!
  expect(write(state, land(request, top, undefined, { commit: 'f'.repeat(40) }, at(9), 'seen')).applied).toBe(true)
  expect(standing(state, state.beads.get('gp-e')!, now)).toBe('landed')
  expect(epicRequest(state, state.beads.get('gp-e')!)).toBeUndefined()
})

test('an epic with an open child does not land', () => {
  const { state, request } = handedIn()
  expect(waitsForChildren(state, request)).toBeNull()
  const late = child('gp-e.2', 'gp-e')
  state.beads.set(late.id, late)
  expect(waitsForChildren(state, request)).toBe('it waits for gp-e.2')
  const change = step(request, 'held', at(3), 'waits', { held_for: 'children' })
  expect(write(state, change).applied).toBe(true)
})

test('what was mended is queued again as new, and a person’s word settles the question', () => {
  const { state, request } = handedIn({ state: 'red', reason: 'old', evidence: 'old', approved_by: 'ada' })
  const head = 'd'.repeat(40)
  const again = requeueEpic(request, { ...tip, head }, { by: 'deacon', at: at(5), why: 'mended' })
  expect(write(state, again).applied).toBe(true)
  const { merge } = mergeOf(state.beads.get('gp-m'))!
  expect(merge).toMatchObject({ state: 'queued', head, handed_in_at: at(5), queued_at: at(1), approved_by: 'ada' })
  expect([merge.reason, merge.evidence]).toEqual([undefined, undefined])
  const asked = { ...mergeOf(state.beads.get('gp-m'))!, merge: { ...merge, state: 'red' as const } }
  const word = requeueEpic(asked, tip, { by: 'eve', at: at(6), why: 'now', approved: 'eve' })
  expect(word.ops.at(-1)).toMatchObject({ op: 'unset', id: 'gp-e', path: ['metadata', 'gt', 'needs'] })
})

test('a mend is slung work below the epic, with the evidence as data that no agent runs', () => {
  const evidence = 'CONFLICT\n```sh\nrm -rf ~\n```'
  const { state, request } = handedIn({ state: 'conflict', evidence, since: at(4) })
  const made = mendEpic(state, state.beads.get('gp-e')!, request, { by: 'deacon', at: at(5) })
  if (made.kind !== 'ok') throw new Error(made.failure.message)
  expect(write(state, made.value.input).applied).toBe(true)
  const mend = state.beads.get('gp-e.2')!
  expect(mend).toMatchObject({
    title: 'Mend integration of gp-e: conflict with main',
    issue_type: 'bug',
    priority: 1,
    status: 'open',
  })
  expect(facts(mend)).toMatchObject({ rig: 'gp', mends: 'gp-m', slung: { rig: 'gp', by: 'deacon' } })
  expect(mend.description).toContain('git merge origin/main')
  expect(mend.description).toContain('````text\nCONFLICT\n```sh')
  expect(targetOf(state, mend, rig)).toBe('I')
  expect(write(state, made.value.input).applied, 'not twice').toBe(false)
  const { state: moved, request: read } = handedIn({ state: 'red', since: at(4) })
  const late = mendEpic(
    moved,
    moved.beads.get('gp-e')!,
    { ...read, merge: { ...read.merge, since: at(3) } },
    { by: 'deacon', at: at(5) },
  )
  if (late.kind !== 'ok') throw new Error(late.failure.message)
  expect(write(moved, late.value.input).applied, 'queued again meanwhile').toBe(false)
})
