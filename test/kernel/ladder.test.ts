/** Who gets work that came back: one row per rung, and the way down the whole ladder. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AgentTable } from '../../src/agents/preset.ts'
import { judges } from '../../src/agents/preset.ts'
import { facts } from '../../src/beads/bead.ts'
import type { GtFacts, Run } from '../../src/beads/facts.ts'
import type { LadderPolicy, Rung } from '../../src/kernel/ladder.ts'
import { fixedAgent, inheritedBy, rungOf } from '../../src/kernel/ladder.ts'
import { land } from '../../src/kernel/merges.ts'
import { claim, decline, handOver, shelve, stop } from '../../src/kernel/runs.ts'
import { order } from '../../src/polecats/sling.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf, write } from './support.ts'

const slung = { rig: 'gp', by: 'person', at: at(0) }
const handover = { run: 'r0', ref: 'refs/gt/archive/r0', evidence: 'red', to: 'worker' } as const
const POLICY: LadderPolicy = { rounds: 2, attempts: 3, judges: (preset) => judges(preset) }
const claude = (more: Partial<Run> = {}): Run =>
  aRun('r1', 'gp-a', { preset: 'claude', state: 'submitted', merge_request: 'gp-m1', ...more })

test.each<[string, Partial<Run>, Partial<GtFacts>, Rung]>([
  ['its first round', {}, { slung }, 'same-session'],
  ['its last round', { round: 2 }, { slung }, 'same-session'],
  ['rounds used up', { round: 3 }, { slung }, 'fresh-worker'],
  ['rounds used up in the last attempt', { round: 3, attempt: 3 }, { slung }, 'refinery'],
  ['a fresh worker has rounds of its own', { attempt: 2 }, { slung, handover }, 'same-session'],
  ['a fresh worker used its rounds up', { round: 3, attempt: 2 }, { slung, handover }, 'refinery'],
  ['the Refinery’s session has no rounds', { agent: 'gp/refinery', attempt: 3 }, { slung, handover }, 'person'],
  ['script goes back as often', { preset: 'script', round: 2 }, { slung }, 'same-session'],
  ['script does the same again', { preset: 'script', round: 3 }, { slung }, 'person'],
  ['an agent that is not known any more', { preset: 'gone', round: 3 }, { slung }, 'person'],
  ['nobody ordered it any more', { round: 3 }, {}, 'person'],
])('%s', (_why, more, gt, rung) => {
  const run = claude(more)
  expect(rungOf(beadWith(run, gt), run, POLICY)).toBe(rung)
})

test('judgement is a matter of the agent table, the town’s own one first', () => {
  const table: AgentTable = { command: ['x'], prompt: 'arg', hooks: 'none' }
  expect([judges('claude'), judges('script'), judges('mine', { mine: table })]).toEqual([true, false, true])
  expect(judges('mine', { mine: { ...table, judgement: false } })).toBe(false)
  expect(judges('script', { script: table })).toBe(true)
})

test('whatever happens to it, work goes down the ladder and comes to a person in bounded time', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.integer({ min: 1, max: 4 }), (rounds, attempts) => {
      const policy = { ...POLICY, rounds, attempts }
      const gt: Partial<GtFacts> = { slung }
      let run = claude()
      const rungs: Rung[] = []
      for (;;) {
        const rung = rungOf(beadWith(run, gt), run, policy)
        rungs.push(rung)
        if (rung === 'person') break
        const attempt = run.attempt + 1
        if (rung === 'same-session') run = { ...run, round: run.round + 1 }
        else if (rung === 'fresh-worker') run = claude({ attempt })
        else run = claude({ attempt, agent: 'gp/refinery' })
        if (rung !== 'same-session') gt.handover = handover
      }
      expect(run.attempt).toBeLessThanOrEqual(attempts + 1)
      const workers = attempts > 1 ? ['fresh-worker', 'refinery'] : ['refinery']
      expect(rungs.filter((rung) => rung !== 'same-session')).toEqual([...workers, 'person'])
    }),
  )
})

const over = { ref: 'refs/gt/archive/r1', evidence: 'FAIL', reason: 'came back twice', at: at(9), by: 'deacon' }

test('handing over ends run and merge request and opens the bead, with what is left to the next one', () => {
  const run = claude({ round: 3, head: 'd'.repeat(40) })
  const bead = beadWith(run, { slung, attempts: 1 }, { assignee: run.agent })
  const state = stateOf(bead, aMerge('gp-m1', run, { state: 'red' }).bead)
  expect(write(state, handOver(bead, run, { ...over, to: 'refinery' })).applied).toBe(true)
  const after = state.beads.get('gp-a')!
  expect(after).toMatchObject({ status: 'open' })
  expect(after.assignee).toBeUndefined()
  const gt = facts(after)
  expect(gt).toMatchObject({
    slung,
    attempts: 1,
    runs: { r1: { state: 'failed', reason: over.reason, archive: over.ref } },
  })
  expect(gt.handover).toEqual({ run: 'r1', ref: over.ref, evidence: 'FAIL', to: 'refinery' })
  expect(facts(state.beads.get('gp-m1')!).merge?.state).toBe('rejected')
  // It can be claimed at once, by the one who is to have it.
  expect(fixedAgent(after)).toBe('gp/refinery')
  const next = aRun('r2', 'gp-a', { state: 'claimed', attempt: 2, agent: 'gp/refinery' })
  expect(write(state, claim(next, 4, 'deacon')).applied).toBe(true)
  expect(inheritedBy(after, next)).toEqual({ ref: over.ref, evidence: 'FAIL', head: 'd'.repeat(40) })
  expect(inheritedBy(after, run)).toBeUndefined()
  // Saying it again, from the old reading, changes nothing.
  expect(write(state, handOver(bead, run, { ...over, to: 'worker' })).applied).toBe(false)
})

test.each(['queued', 'building', 'testing', 'landing', 'held', 'could_not_run', 'landed', 'rejected'] as const)(
  'nothing is handed over whose merge request is %s',
  (merge) => {
    const run = claude()
    const state = stateOf(beadWith(run, { slung }), aMerge('gp-m1', run, { state: merge }).bead)
    expect(write(state, handOver(beadWith(run), run, { ...over, to: 'worker' })).applied).toBe(false)
  },
)

test('a person is asked with the hand-over; the next sling tells a fresh worker all of it', () => {
  const run = claude({ agent: 'gp/refinery' })
  const state = stateOf(beadWith(run, { slung, attempts: 3 }), aMerge('gp-m1', run, { state: 'conflict' }).bead)
  const asks = { cause: 'conflict', text: 'gt sling gp-a gp' }
  write(state, handOver(beadWith(run), run, { ...over, to: 'refinery', asks }))
  const asked = state.beads.get('gp-a')!
  expect(facts(asked).needs).toEqual({ ...asks, at: over.at })
  const ordered = order(asked, { ...slung, at: at(20) })
  if (ordered.kind !== 'ok' || ordered.value === null) throw new Error('not ordered')
  expect(write(state, ordered.value).applied).toBe(true)
  const { attempts, needs, handover: left } = facts(state.beads.get('gp-a')!)
  expect([attempts, needs, left?.to, left?.ref]).toEqual([0, undefined, 'worker', over.ref])
})

test('landing and a person’s stop forget the hand-over; going down and declining keep it', () => {
  const run = claude()
  const bead = beadWith(run, { slung, handover })
  const left = (change: Parameters<typeof write>[1]) => {
    const state = stateOf(bead, aMerge('gp-m1', run).bead)
    expect(write(state, change).applied).toBe(true)
    return facts(state.beads.get('gp-a')!).handover
  }
  expect(left(stop(bead, run, 'enough', at(1), 'person'))).toBeUndefined()
  expect(left(land(aMerge('gp-m1', run), bead, run, { commit: 'c' }, at(1), 'seen'))).toBeUndefined()
  expect(left(shelve(bead, run, at(1), 'deacon'))).toEqual(handover)
  expect(left(decline(bead, run, 'not mine', at(1)))).toEqual(handover)
})

test('a bead that is not slung waits for nobody; a fixed worker is kept for a fresh attempt', () => {
  const agent = 'gp/polecats/toast'
  expect(fixedAgent(aBead('gp-a', {}, { handover: { ...handover, to: 'refinery' } }))).toBeUndefined()
  expect(fixedAgent(aBead('gp-a', {}, { slung: { ...slung, agent }, handover }))).toBe(agent)
})
