/** Parking and going on, as several processes see it: each looks at the ledger when it likes, one of them wins. */
import { expect, test } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { activeRuns } from '../../src/beads/fold.ts'
import { fencedLedger } from '../../src/kernel/fenced.ts'
import { advance, liveRun, shelve, stop } from '../../src/kernel/runs.ts'
import { askForCycle, ended, park, restart, unpark } from '../../src/kernel/sessions.ts'
import { standing } from '../../src/kernel/standing.ts'
import { aRun, at, beadWith, stateOf, write } from './support.ts'

const how = { at: at(5), by: 'gp/polecats/r1' }
const back = (pid: number) => ({
  conversation: `c${pid}`,
  dispatcher: { pid, started: 'x' },
  at: at(9),
  by: 'deacon',
  why: 'open',
})
const runIn = (state: State): Run => facts(state.beads.get('gp-a')!).runs!.r1!

/** A run that is parked on one gate. */
function parkedTown(more: Partial<Run> = {}): { state: State; run: Run } {
  const working = aRun('r1', 'gp-a', more)
  const state = stateOf(beadWith(working))
  expect(write(state, park(working, ['gp-g'], { ...how, notes: 'half done' })).applied).toBe(true)
  return { state, run: runIn(state) }
}

test('parked, it holds its bead and its name, and takes no slot; its notes and files stay', () => {
  const { state, run } = parkedTown()
  expect(run).toMatchObject({ state: 'parked', parked: { gates: ['gp-g'], at: at(5) }, notes: { text: 'half done' } })
  expect([activeRuns(state), liveRun(state.beads.get('gp-a')!)?.fence, run.cleared]).toEqual([[], 'r1', undefined])
  expect(standing(state, state.beads.get('gp-a')!, new Date(at(9)))).toBe('parked')
})

test.each(['claimed', 'provisioning', 'starting', 'rate_limited', 'submitted', 'parked', 'lost', 'stopped'] as const)(
  'nobody parks from %s',
  (from) => {
    const run = aRun('r1', 'gp-a', { state: from })
    expect(write(stateOf(beadWith(run)), park(run, ['gp-g'], how)).applied).toBe(false)
  },
)

test('of two drivers one brings it back, and the other ends nothing', () => {
  const { state, run } = parkedTown()
  expect(write(state, unpark(run, 4, back(1))).applied).toBe(true)
  expect(write(state, unpark(run, 4, back(2))).applied).toBe(false)
  // Who saw it parked and ended its old session writes that down for nobody: there is a new one.
  expect(write(state, ended(run, 'deacon')).applied).toBe(false)
  expect(runIn(state)).toMatchObject({
    state: 'starting',
    dispatcher: { pid: 1 },
    sessions: 2,
    attempt: 1,
    fence: 'r1',
  })
  expect(runIn(state).process).toBeUndefined()
})

test('it comes back only into a free slot', () => {
  const { state, run } = parkedTown()
  const other = stateOf(...state.beads.values(), beadWith(aRun('r2', 'gp-b')))
  expect(write(other, unpark(run, 1, back(1))).applied).toBe(false)
  expect(write(other, unpark(run, 2, back(1))).applied).toBe(true)
})

test('a person stops it while it is parked: it does not come back, whoever read it before', () => {
  const { state, run } = parkedTown()
  expect(write(state, stop(state.beads.get('gp-a')!, run, 'enough', at(7), 'person')).applied).toBe(true)
  expect(write(state, unpark(run, 4, back(1))).applied).toBe(false)
  expect(state.beads.get('gp-a')!.status).toBe('open')
})

test('stopped and brought back at once: whoever is second sees the first', () => {
  const { state, run } = parkedTown()
  const bead = state.beads.get('gp-a')!
  expect(write(state, unpark(run, 4, back(1))).applied).toBe(true)
  expect(write(state, stop(bead, run, 'enough', at(7), 'person')).applied).toBe(true)
  expect(write(state, advance(run, 'working', at(9), 'deacon', 'began')).applied).toBe(false)
})

test('parked twice in a row: an old reading neither ends nor resumes the second wait', () => {
  const { state, run: first } = parkedTown()
  write(state, unpark(first, 4, back(1)))
  write(state, advance(first, 'working', at(10), 'deacon', 'began'))
  expect(write(state, park(runIn(state), ['gp-h'], { ...how, at: at(11) })).applied).toBe(true)
  expect(write(state, ended(first, 'deacon')).applied).toBe(false)
  expect(write(state, unpark(first, 4, back(2))).applied).toBe(false)
})

test('a parked run is neither resumed as one that was interrupted nor handed off', () => {
  const { state, run } = parkedTown()
  const next = { ...back(1), mode: 'resume' as const }
  expect(write(state, restart(run, next)).applied).toBe(false)
  expect(write(state, askForCycle(run, 'notes', at(9))).applied).toBe(false)
})

test('what a wait came to is told to the session after it, not to the one after that', () => {
  const { state, run } = parkedTown()
  write(state, unpark(run, 4, back(1)))
  expect(runIn(state).parked).toEqual({ gates: ['gp-g'], at: at(5) })
  write(state, advance(run, 'working', at(10), 'deacon', 'began'))
  expect(write(state, askForCycle(runIn(state), 'more', at(11))).applied).toBe(true)
  expect(runIn(state).parked).toBeUndefined()
})

test('a question about how it stands still is over when it parks; stopping the town leaves its attempts alone', () => {
  const { state, run } = parkedTown({ stuck: { is: 'idle', since: at(0), step: 'asked', at: at(1), evidence: '' } })
  expect(run.stuck).toBeUndefined()
  expect(write(state, shelve(state.beads.get('gp-a')!, run, at(9), 'deacon')).applied).toBe(true)
  expect(facts(state.beads.get('gp-a')!).attempts).toBe(0)
})

test('its fence still writes while it is parked, and not once it is stopped', () => {
  const { state, run } = parkedTown()
  const ledger = {
    state,
    refresh: () => ({ kind: 'ok', value: false }),
    write: (input: Parameters<typeof write>[1]) => ({ kind: 'ok', value: write(state, input) }),
  }
  const own = fencedLedger(ledger as never, 'r1')
  const say = { by: run.agent, why: 'progress', ops: [] }
  expect(own.write(say)).toMatchObject({ kind: 'ok', value: { applied: true } })
  write(state, stop(state.beads.get('gp-a')!, run, 'enough', at(7), 'person'))
  expect(own.write(say)).toMatchObject({ kind: 'error', failure: { code: 'E_STALE_FENCE' } })
})
