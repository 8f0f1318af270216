/** What a new run is called. */
import { expect, test } from 'vitest'
import { freeName } from '../../src/polecats/names.ts'
import { namesTaken, placeOf } from '../../src/polecats/place.ts'
import { paths } from '../../src/town/paths.ts'
import { aBead, aRun, at, beadWith, stateOf } from '../kernel/support.ts'

const by = (agent: string, bead: string, more = {}) => aRun(`r-${agent}-${bead}`, bead, { agent, ...more })
const lost = { state: 'lost' } as const

test('a bead is given to no name that had it before, nor to one at work', () => {
  const had = by('gp/polecats/toast', 'gp-a', lost)
  const bead = beadWith(had, { slung: { rig: 'gp', by: 'person', at: at(0) } }, { status: 'open' })
  const state = stateOf(
    bead,
    beadWith(by('gp/polecats/rust', 'gp-b')),
    beadWith(by('gp/polecats/chrome', 'gp-c', lost)),
  )
  expect(namesTaken(state, bead)).toEqual(new Set(['toast', 'rust']))
  const town = { paths: paths({ root: '/town' }), ledger: { state } } as Parameters<typeof placeOf>[0]
  expect(placeOf(town, bead, 'gp', 'k3', 0).agent).toBe('gp/polecats/chrome')
  expect(placeOf(town, aBead('gp-d'), 'gp', 'k3', 0).agent).toBe('gp/polecats/toast')
})

test('a bead that had every name of the pool gets a new one', () => {
  const taken = new Set<string>()
  for (let n = 0; n < 60; n++) {
    const name = freeName(taken)
    expect(taken.has(name)).toBe(false)
    taken.add(name)
  }
})

test('a bead for a certain worker goes to that one again', () => {
  const had = by('gp/polecats/toast', 'gp-a', lost)
  const slung = { rig: 'gp', agent: 'gp/polecats/toast', by: 'person', at: at(0) }
  const bead = beadWith(had, { slung }, { status: 'open' })
  const town = { paths: paths({ root: '/town' }), ledger: { state: stateOf(bead) } } as Parameters<typeof placeOf>[0]
  expect(placeOf(town, bead, 'gp', 'k3', 0).agent).toBe('gp/polecats/toast')
})
