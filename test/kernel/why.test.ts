/** The chain of decisions, from state and trail. */
import { expect, test } from 'vitest'
import { put } from '../../src/beads/fold.ts'
import type { TrailEntry } from '../../src/beads/trail.ts'
import { incidentOf, incidents } from '../../src/kernel/incidents.ts'
import { breakers } from '../../src/kernel/intensity.ts'
import { chainOf, whyBead, whyIncident, whyRun } from '../../src/kernel/why.ts'
import { aBead, aRun, at, beadWith, stateOf, write } from './support.ts'

const entry = (more: Partial<TrailEntry>): TrailEntry => ({
  id: 'c',
  at: at(1),
  by: 'deacon',
  why: 'because',
  applied: true,
  beads: ['gp-a'],
  ...more,
})
const now = (seconds: number): Date => new Date(at(seconds))

test('only what took effect is a link of the chain; with its rule and its evidence', () => {
  const chain = chainOf([
    entry({ why: 'created' }),
    entry({ applied: false, why: 'refused' }),
    entry({ why: 'lost', fence: 'k3', rule: 'dead-process', evidence: ['process 1 is gone'] }),
  ])
  expect(chain).toEqual([
    { at: at(1), by: 'deacon', fence: null, why: 'created', rule: null, evidence: [] },
    { at: at(1), by: 'deacon', fence: 'k3', why: 'lost', rule: 'dead-process', evidence: ['process 1 is gone'] },
  ])
})

test('a bead: where it stands and why, and its runs, oldest first', () => {
  const needs = { cause: 'poison', text: 'It ended 3 different workers', at: at(9) }
  const runs = {
    r2: aRun('r2', 'gp-a', { claimed_at: at(5), state: 'lost', cause: 'crash', reason: 'gone' }),
    r1: aRun('r1', 'gp-a', { state: 'failed', cause: 'exit', reason: 'exit code 1', archive: 'refs/x' }),
  }
  const bead = aBead('gp-a', {}, { runs, needs })
  const why = whyBead(stateOf(bead), bead, [entry({})], now(10))
  expect(why).toMatchObject({ kind: 'bead', standing: 'needs_human', reason: needs.text })
  expect(why.runs.map(({ run, cause, archive }) => [run, cause, archive])).toEqual([
    ['r1', 'exit', 'refs/x'],
    ['r2', 'crash', null],
  ])
  expect(why.steps).toHaveLength(1)
})

test('a bead that nothing is to be said of', () => {
  const bead = aBead('gp-a')
  expect(whyBead(stateOf(bead), bead, [], now(10))).toMatchObject({
    standing: 'open',
    reason: null,
    runs: [],
    steps: [],
  })
})

test('a slung bead that a breaker holds back says so', () => {
  const slung = { rig: 'gp', by: 'person', at: at(0) }
  const failed = Array.from({ length: 5 }, (_, n) =>
    beadWith(aRun(`r${n}`, `gp-${n}`, { state: 'failed', cause: 'start', since: at(n) }), {}, { updated_at: at(n) }),
  )
  const bead = aBead('gp-w', {}, { slung })
  const state = stateOf(...failed, bead)
  const why = whyBead(state, bead, [], now(6))
  expect(why).toMatchObject({ standing: 'waiting', reason: expect.stringContaining('keep failing to start') })
  // Another rig's is not held.
  const other = aBead('gp-v', {}, { slung: { ...slung, rig: 'other' } })
  put(state, other)
  expect(whyBead(state, other, [], now(6)).reason).toBeNull()
})

test('a run', () => {
  const run = aRun('r1', 'gp-a', { merge_request: 'gp-m1' })
  expect(whyRun(beadWith(run), run, [entry({ fence: 'r1' })])).toMatchObject({
    kind: 'run',
    run: 'r1',
    bead: 'gp-a',
    merge_request: 'gp-m1',
    cause: null,
    steps: [{ fence: 'r1' }],
  })
})

test('an incident: its breaker as it is now, and every failure; once it is over, those of its time', () => {
  const failed = (n: number, seconds: number) =>
    beadWith(
      aRun(`r${n}`, `gp-${n}`, {
        state: 'lost',
        cause: 'crash',
        reason: `reason ${n}`,
        claimed_at: at(seconds - 1),
        since: at(seconds),
      }),
      {},
      { updated_at: at(seconds) },
    )
  const state = stateOf(...[1, 2, 3, 4, 5].map((n) => failed(n, n)))
  const drive = (seconds: number) => {
    for (const input of incidents(state, breakers(state, now(seconds)), now(seconds))) write(state, input, at(seconds))
  }
  const incident = () => [...state.beads.values()].find((bead) => incidentOf(bead) !== undefined)!
  const why = (seconds: number) => whyIncident(state, incident(), [], now(seconds))!
  drive(6)
  expect(why(6)).toMatchObject({ kind: 'incident', open: true, node: 'gp/polecats', rule: 'restart-intensity' })
  expect(why(6).breaker).toMatchObject({ state: 'open', until: at(35), probe: null })
  expect(why(6).failures.map(({ run, reason }) => [run, reason])).toEqual(
    [1, 2, 3, 4, 5].map((n) => [`r${n}`, `reason ${n}`]),
  )
  // The breaker knows of one more before the bead does.
  put(state, failed(6, 40))
  expect(why(41).failures).toHaveLength(6)
  drive(41)
  const works = aRun('ok', 'gp-ok', { state: 'submitted', claimed_at: at(110), since: at(120) })
  put(state, beadWith(works, {}, { updated_at: at(120) }))
  drive(121)
  put(state, failed(7, 200))
  expect(why(201)).toMatchObject({ open: false, breaker: null })
  expect(why(201).failures).toHaveLength(6)
  expect(whyIncident(state, aBead('gp-x'), [], now(0))).toBeUndefined()
})
