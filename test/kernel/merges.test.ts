import { expect, test } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { MergeState, Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { land, mergeOf, mergeRequestBead, openMerges, step, submit } from '../../src/kernel/merges.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf, write } from './support.ts'

const mergeIn = (state: State, id = 'gp-m1') => mergeOf(state.beads.get(id))!
const runOf = (state: State) => facts(state.beads.get('gp-a')!).runs!.r1!
const work = (n: number) => ({ head: `${n}`.repeat(40), at: at(n), id: `gp-m${n}` })

/** A bead, its run that handed in, and the merge request in this state. */
function submitted(merge: MergeState, more: Partial<Run> = {}) {
  const run = aRun('r1', 'gp-a', { state: 'submitted', merge_request: 'gp-m1', ...more })
  const request = aMerge('gp-m1', run, { state: merge, evidence: 'old', reason: 'old' })
  const bead = beadWith(run, { slung: { rig: 'gp', by: 'person', at: at(0) } })
  return { run, request, bead, state: stateOf(bead, request.bead) }
}

test('whoever hands in does not stand still, and nobody is asked about it any more', () => {
  const run = aRun('r1', 'gp-a')
  const bead = beadWith(run, { needs: { cause: 'stuck', text: '?', at: at(0) } })
  const state = stateOf(bead)
  write(state, submit(bead, run, undefined, work(1)))
  expect(facts(state.beads.get('gp-a')!).needs).toBeUndefined()
})

test('handing in moves the run and queues its merge request in one change', () => {
  const run = aRun('r1', 'gp-a')
  const bead = beadWith(run, { needs: { cause: 'ask', text: '?', at: at(0) } }, { priority: 0 })
  const state = stateOf(bead)
  expect(write(state, submit(bead, run, undefined, { ...work(1), message: 'it works' })).applied).toBe(true)
  expect(runOf(state)).toMatchObject({ state: 'submitted', head: work(1).head, merge_request: 'gp-m1' })
  expect(mergeIn(state).bead).toMatchObject({ status: 'open', priority: 0, created_by: run.agent })
  expect(mergeIn(state).merge).toMatchObject({ state: 'queued', queued_at: at(1), message: 'it works', run: 'r1' })
  expect(facts(state.beads.get('gp-a')!).needs, 'the question is answered by the work').toBeUndefined()
})

test('mended work goes back into the same merge request and keeps its place', () => {
  const { run, request, state } = submitted('red', { state: 'working', round: 2 })
  write(state, submit(state.beads.get('gp-a')!, run, request, work(5)))
  const { merge } = mergeIn(state)
  expect(merge).toMatchObject({ state: 'queued', queued_at: at(0), head: work(5).head })
  expect([merge.evidence, merge.reason]).toEqual([undefined, undefined])
  expect(runOf(state)).toMatchObject({ state: 'submitted', merge_request: 'gp-m1', round: 2 })
  expect(state.beads.has('gp-m5')).toBe(false)
})

test.each([
  ['its bead is free', stateOf(beadWith(aRun('r1', 'gp-a', { state: 'lost' }), {}, { status: 'open' })), true],
  ['its bead is closed', stateOf(beadWith(aRun('r1', 'gp-a', { state: 'lost' }), {}, { status: 'closed' })), false],
  [
    'another run has its bead',
    stateOf(aBead('gp-a', {}, { runs: { r1: aRun('r1', 'gp-a', { state: 'lost' }), r2: aRun('r2', 'gp-a') } })),
    false,
  ],
  [
    'its name went to another worker',
    stateOf(
      beadWith(aRun('r1', 'gp-a', { state: 'lost' }), {}, { status: 'open' }),
      beadWith(aRun('r2', 'gp-b', { agent: 'gp/polecats/r1' })),
    ),
    false,
  ],
])('a run called lost may still hand in when %s: %#', (_when, state, may) => {
  expect(write(state, submit(state.beads.get('gp-a')!, runOf(state), undefined, work(1))).applied).toBe(may)
})

test('a run that handed in does not hand in again, not even when its work came back', () => {
  const { run, request, state } = submitted('red')
  expect(write(state, submit(state.beads.get('gp-a')!, run, request, work(5))).applied).toBe(false)
})

test('a run that is called lost and replaced while it hands in does not become a second live run', () => {
  const asRead = beadWith(aRun('r1', 'gp-a'))
  const state = stateOf(
    aBead(
      'gp-a',
      { status: 'hooked' },
      { runs: { r1: aRun('r1', 'gp-a', { state: 'lost' }), r2: aRun('r2', 'gp-a') } },
    ),
  )
  expect(write(state, submit(asRead, aRun('r1', 'gp-a'), undefined, work(1))).applied).toBe(false)
  expect(state.live.get('gp-a')?.map((run) => run.fence)).toEqual(['r2'])
})

test.each(['queued', 'building'] as const)('an entry whose worker is at work again is not %s', (to) => {
  const { request, state } = submitted(to === 'queued' ? 'red' : 'queued', { state: 'working', round: 2 })
  expect(write(state, step(request, to, at(1), 'taken'))).toMatchObject({ applied: false, unmet: { id: 'gp-a' } })
})

test('a landing closes merge request and bead, finishes the run and settles what was open', () => {
  const { run, request, bead, state } = submitted('landing')
  expect(write(state, land(request, bead, run, { commit: 'f'.repeat(40) }, at(9), 'seen'), at(9)).applied).toBe(true)
  const landed = state.beads.get('gp-a')!
  expect(landed).toMatchObject({
    status: 'closed',
    closed_at: at(9),
    close_reason: `landed as ${'f'.repeat(40)} on main`,
  })
  expect(facts(landed)).toMatchObject({
    outcome: 'landed',
    landed: { commit: 'f'.repeat(40), target: 'main', merge_request: 'gp-m1', at: at(9) },
  })
  expect([facts(landed).slung, facts(landed).needs]).toEqual([undefined, undefined])
  expect(runOf(state).state).toBe('finished')
  expect(mergeIn(state).bead.status).toBe('closed')
  expect(mergeIn(state).merge).toMatchObject({ state: 'landed', commit: 'f'.repeat(40) })
})

test.each([
  ['landed', 'submitted'],
  ['rejected', 'submitted'],
  ['red', 'submitted'],
  ['landing', 'stopped'],
  ['landing', 'working'],
] as const)('nothing lands from %s with a run that is %s', (merge, runState) => {
  const { run, request, bead, state } = submitted(merge, { state: runState })
  expect(write(state, land(request, bead, run, { commit: 'f'.repeat(40) }, at(9), 'seen')).applied).toBe(false)
  expect(state.beads.get('gp-a')?.status).toBe('in_progress')
})

test('the queue: urgent first, then older, then by id; landed and rejected ones are not in it', () => {
  const run = aRun('r1', 'gp-a')
  const all = [
    aMerge('gp-m4', run, { queued_at: at(0) }),
    aMerge('gp-m3', run, { queued_at: at(1) }),
    aMerge('gp-m2', run, { queued_at: at(1) }),
    aMerge('gp-m1', run, { queued_at: at(9) }, { priority: 0 }),
    aMerge('gp-m0', run, { state: 'landed' }, { status: 'closed' }),
    aMerge('ot-m0', { ...run, rig: 'other' }, { queued_at: at(0) }),
  ].map(({ bead }) => bead)
  const wanted = ['gp-m1', 'gp-m4', 'gp-m2', 'gp-m3']
  const ids = (beads: typeof all) => openMerges(beads, 'gp').map(({ bead }) => bead.id)
  expect(ids(all)).toEqual(wanted)
  expect(ids([...all].reverse())).toEqual(wanted)
  expect(openMerges([...all, aBead('gp-a')])).toHaveLength(5)
})

test('a merge request tracks its bead, with a title that fits', () => {
  const run = aRun('r1', 'gp-a')
  const bead = mergeRequestBead('gp-m1', aBead('gp-a', { title: 'x'.repeat(500) }), run, 'h', at(3))
  expect(bead.title).toHaveLength(200)
  expect(bead.dependencies).toMatchObject([{ issue_id: 'gp-m1', depends_on_id: 'gp-a', type: 'tracks' }])
  expect(mergeOf(bead)?.merge).not.toHaveProperty('message')
  expect(mergeOf(aBead('gp-a'))).toBeUndefined()
})

test('a fact noted as undefined is taken away', () => {
  const { request, state } = submitted('red')
  write(state, step(request, 'queued', at(1), 'again', { reason: undefined, head: 'new' }))
  expect(mergeIn(state).merge).toMatchObject({ state: 'queued', since: at(1), head: 'new', evidence: 'old' })
  expect(mergeIn(state).merge).not.toHaveProperty('reason')
})
