/** What begins the row of interruptions anew, after which a run is given up. */
import { expect, it } from 'vitest'
import { facts } from '../../src/beads/bead.ts'
import type { Run } from '../../src/beads/facts.ts'
import { askForCycle, park, restart, unpark } from '../../src/kernel/sessions.ts'
import { aRun, at, beadWith, stateOf, write } from './support.ts'

const HOW = { conversation: 'c', dispatcher: { pid: 1, started: 'x' }, at: at(1), by: 'deacon', why: 'w' }

function town(more: Partial<Run>) {
  const state = stateOf(beadWith(aRun('r1', 'gp-a', more)))
  const now = (): Run => facts(state.beads.get('gp-a')!).runs!.r1!
  return { state, now }
}

it('an interruption makes the row longer, whether the conversation could be taken up or not', () => {
  const { state, now } = town({ revived: 3, sessions: 4 })
  expect(write(state, restart(now(), { ...HOW, mode: 'resume' })).applied).toBe(true)
  expect(now()).toMatchObject({ revived: 4, sessions: 5 })
  expect(write(state, restart(now(), { ...HOW, mode: 'fresh' })).applied).toBe(true)
  expect(now()).toMatchObject({ revived: 4, sessions: 6 })
})

it('a session that it asked for itself begins the row anew', () => {
  const { state, now } = town({ revived: 9 })
  write(state, askForCycle(now(), 'notes', at(1)))
  expect(write(state, restart(now(), { ...HOW, mode: 'fresh' })).applied).toBe(true)
  expect(now().revived).toBeUndefined()
})

it('so does parking', () => {
  const { state, now } = town({ revived: 9 })
  expect(write(state, park(now(), ['gp-gate'], { at: at(1), by: 'gp/polecats/r1' })).applied).toBe(true)
  expect(write(state, unpark(now(), 5, HOW)).applied).toBe(true)
  expect(now()).toMatchObject({ state: 'starting', sessions: 2 })
  expect(now().revived).toBeUndefined()
})
