/** One bead for each trouble, by whoever sees it. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { Cause, Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { put } from '../../src/beads/fold.ts'
import { notReadyBecause } from '../../src/beads/ready.ts'
import { incidentOf, incidents } from '../../src/kernel/incidents.ts'
import { breakers } from '../../src/kernel/intensity.ts'
import { waitsOf } from '../../src/kernel/waiting.ts'
import { aRun, at, beadWith, stateOf, write } from './support.ts'

let count = 0

function ran(seconds: number, more: Partial<Run> = {}): Bead {
  const fence = `r${++count}`
  const run = aRun(fence, `gp-${fence}`, {
    state: 'lost',
    cause: 'crash',
    claimed_at: at(seconds - 1),
    since: at(seconds),
    reason: `broke\nat ${seconds}`,
    ...more,
  })
  return beadWith(run, {}, { updated_at: at(seconds) })
}

const broken = (more: Partial<Run> = {}): Bead[] => [0, 10, 20, 30, 40].map((seconds) => ran(seconds, more))
const now = (seconds: number): Date => new Date(at(seconds))
const seen = (state: State, seconds: number) => incidents(state, breakers(state, now(seconds)), now(seconds))
const beadsOf = (state: State): Bead[] => [...state.beads.values()].filter((bead) => incidentOf(bead) !== undefined)

/** What a driver does: writes what there is to write. Answers how many changes applied. */
function drive(state: State, seconds: number): number {
  return seen(state, seconds).filter((input) => write(state, input, at(seconds)).applied).length
}

test('a breaker that opened has one bead that tells a person what, how often, the last reasons, and what to type', () => {
  const state = stateOf(...broken())
  expect(drive(state, 41)).toBe(1)
  const [bead] = beadsOf(state)
  expect(bead).toMatchObject({ issue_type: 'event', priority: 1, status: 'open', labels: ['gt:incident'] })
  expect(bead?.id).toMatch(/^gp-i[0-9a-z]{12}$/)
  expect(bead?.title).toBe('Workers of gp keep being killed or crashing')
  expect(facts(bead!)).toMatchObject({
    rig: 'gp',
    incident: { node: 'gp/polecats', cause: 'crash', count: 5, first: at(0), last: at(40) },
    needs: { cause: 'breaker', at: at(41) },
  })
  const { text } = facts(bead!).needs!
  expect(text).toMatch(/^5 failures of 5 beads since 12:00 UTC; /)
  for (const part of [`gt why ${bead?.id}`, 'gt restore', ': broke at 40', ': broke at 20'])
    expect(text).toContain(part)
  expect(text).not.toContain('broke at 10')
  expect(waitsOf(state)).toMatchObject([{ bead: { id: bead?.id }, cause: 'breaker' }])
  expect(notReadyBecause(state, bead!, now(41))).toContain('not work')
  // Seen again, there is nothing to say.
  expect(seen(state, 42)).toEqual([])
})

test('two drivers who see it at once leave one bead, and one update', () => {
  const state = stateOf(...broken())
  for (const seconds of [41, 80]) {
    const both = [...seen(state, seconds), ...seen(state, seconds)]
    expect(both.map((input) => write(state, input, at(seconds)).applied)).toEqual([true, false])
    expect(beadsOf(state)).toHaveLength(1)
    put(state, ran(75, { claimed_at: at(71) }))
  }
})

test('it counts on while it is open, and nobody is told twice', () => {
  const state = stateOf(...broken())
  drive(state, 41)
  put(state, ran(75, { claimed_at: at(71) }))
  expect(drive(state, 80)).toBe(1)
  const [bead] = beadsOf(state)
  expect(facts(bead!)).toMatchObject({ incident: { count: 6, first: at(0), last: at(75) }, needs: { at: at(41) } })
  expect(facts(bead!).needs?.text).toContain('broke at 75')
})

test('it is closed by itself when something works again, and says what', () => {
  const state = stateOf(...broken())
  drive(state, 41)
  const works = ran(200, { state: 'submitted', claimed_at: at(100) })
  put(state, works)
  expect(drive(state, 201)).toBe(1)
  const [bead] = beadsOf(state)
  const fence = Object.keys(facts(works).runs!)[0]
  expect(bead).toMatchObject({ status: 'closed', close_reason: `over by itself: run ${fence} works` })
  expect(facts(bead!)).toMatchObject({ outcome: 'done' })
  expect(facts(bead!).needs).toBeUndefined()
  expect(seen(state, 202)).toEqual([])
  // New trouble is another incident.
  for (const one of [300, 301, 302, 303, 304]) put(state, ran(one))
  expect(drive(state, 305)).toBe(1)
  expect(beadsOf(state)).toHaveLength(2)
})

test('nothing tried for half an hour: it is over as well', () => {
  const state = stateOf(...broken())
  drive(state, 41)
  expect(drive(state, 40 + 30 * 60 + 1)).toBe(1)
  expect(beadsOf(state)[0]?.close_reason).toBe('over by itself: nothing failed there for 30 min')
})

test('who closed it by hand is not told of the same again', () => {
  const state = stateOf(...broken())
  drive(state, 41)
  const { id } = beadsOf(state)[0]!
  write(state, { by: 'person', why: 'seen', ops: [{ op: 'set', id, path: ['status'], value: 'closed' }] }, at(50))
  put(state, ran(75, { claimed_at: at(71) }))
  expect(seen(state, 80)).toEqual([])
})

test('what a person answered is not asked again', () => {
  const state = stateOf(...broken())
  drive(state, 41)
  const { id } = beadsOf(state)[0]!
  write(state, { by: 'person', why: 'I know', ops: [{ op: 'unset', id, path: ['metadata', 'gt', 'needs'] }] }, at(50))
  put(state, ran(75, { claimed_at: at(71) }))
  expect(drive(state, 80)).toBe(1)
  expect(facts(beadsOf(state)[0]!)).toMatchObject({ incident: { count: 6 } })
  expect(facts(beadsOf(state)[0]!).needs).toBeUndefined()
})

test('trouble all over is told once, at the top', () => {
  const others = broken({ rig: 'other', agent: 'other/polecats/x' })
  const state = stateOf(...broken(), ...others)
  expect(drive(state, 41)).toBe(1)
  const [bead] = beadsOf(state)
  expect(bead?.title).toBe('Agents all over the town keep being killed or crashing')
  expect(bead?.id).toMatch(/^hq-i/)
  expect(facts(bead!)).toMatchObject({ incident: { node: 'town', count: 10 } })
  // Of another cause it is another trouble.
  for (const one of broken({ cause: 'exit' })) put(state, one)
  expect(drive(state, 41)).toBe(1)
})

test.each<[Cause, string]>([
  ['start', 'gt doctor'],
  ['exit', 'gt config get workers.agent'],
  ['crash', 'gt restore'],
  ['memory', 'gt config set workers.max'],
])('%s: what to type', (cause, words) => {
  const state = stateOf(...broken({ cause }))
  drive(state, 41)
  expect(facts(beadsOf(state)[0]!).needs?.text).toContain(words)
})

test('every change says by which rule and from what', () => {
  const state = stateOf(...broken())
  const [input] = seen(state, 41)
  expect(input).toMatchObject({ by: 'deacon', rule: 'restart-intensity' })
  expect(input?.evidence).toHaveLength(3)
})
