/** Gates and parked runs in the plan of the town, and the alarm clock that lets it sleep meanwhile. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { GateFacts, Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { nextDue, plan } from '../../src/deacon/plan.ts'
import { LAST_WORDS_MS } from '../../src/deacon/supervise.ts'
import type { Checked } from '../../src/meow/gates/evaluate.ts'
import { nanoseconds } from '../../src/meow/gates/gate.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import { aGate } from '../meow/gates/support.ts'
import { now, observed, POLICY, slung, todo } from './support.ts'

const HOUR = 3_600
const timer = (id: string, seconds: number, more: Partial<Bead> = {}): Bead =>
  aGate(id, { await_type: 'timer', timeout: nanoseconds(seconds * 1_000), ...more })
const asked: GateFacts = { asked: { at: at(0), about: 'turn' } }
const pull = (gate: GateFacts = {}): Bead => aGate('gp-g', { await_type: 'gh:pr', await_id: '7' }, gate)
const seen = (seconds: number, next: number): Checked => ({
  at: Date.parse(at(seconds)),
  times: 1,
  next: Date.parse(at(next)),
  said: 'open',
  unknown: 0,
})
const parkedRun = (fence: string, gates: string[], more: Partial<Run> = {}): Run => {
  const { process: _, ...run } = aRun(fence, `gp-${fence}`, { state: 'parked', parked: { gates, at: at(0) }, ...more })
  return run
}
const open = (id: string): Bead => aGate(id, { await_type: 'human', status: 'closed' })

test.each<[string, Bead, Record<string, Checked>, string[]]>([
  ['a timer whose time came', timer('gp-g', 60), {}, ['check-gate gp-g']],
  ['a timer a second before', timer('gp-g', 61), {}, []],
  ['one that is open', timer('gp-g', 60, { status: 'closed' }), {}, []],
  ['a person decides, and hears of it', aGate('gp-g', { await_type: 'human' }), {}, ['check-gate gp-g']],
  ['a person decides and knows it', aGate('gp-g', { await_type: 'human' }, asked), {}, []],
  ['a person decides, in time', aGate('gp-g', { await_type: 'human' }, { deadline: at(60) }), {}, ['check-gate gp-g']],
  ['nobody looked yet', pull(), {}, ['check-gate gp-g']],
  ['looked at a moment ago', pull(), { 'gp-g': seen(59, 89) }, []],
  ['its pause is over', pull(), { 'gp-g': seen(30, 60) }, ['check-gate gp-g']],
  ['its time came during a pause', pull({ deadline: at(60) }), { 'gp-g': seen(59, 600) }, ['check-gate gp-g']],
  [
    'its time came, a person knows',
    pull({ deadline: at(50), asked: { at: at(50), about: 'deadline' } }),
    { 'gp-g': seen(49, 600) },
    [],
  ],
  ['the clock was set back', pull(), { 'gp-g': seen(9_000, 9_030) }, ['check-gate gp-g']],
  ['it failed', pull({ failed: { at: at(0), why: 'red' } }), {}, []],
])('%s', (_, gate, checks, expected) => {
  expect(todo(stateOf(gate), { checks })).toEqual(expected)
})

test('of many that are to be looked at, four at a time, the longest overdue first', () => {
  const gates = Array.from({ length: 9 }, (_, n) => aGate(`gp-g${n}`, { await_type: 'command' }))
  const checks = Object.fromEntries(gates.slice(4).map(({ id }, n) => [id, seen(0, 50 - n)]))
  expect(todo(stateOf(...gates), { checks })).toEqual([0, 1, 2, 3].map((n) => `check-gate gp-g${n}`))
  const all = Object.fromEntries(gates.map(({ id }, n) => [id, seen(0, 50 - n)]))
  expect(todo(stateOf(...gates), { checks: all })).toEqual([8, 7, 6, 5].map((n) => `check-gate gp-g${n}`))
})

test.each<[string, Bead[], string[]]>([
  ['its gate is open', [open('gp-g')], ['unpark r1']],
  ['its gate failed', [pull({ failed: { at: at(0), why: 'red' } })], ['unpark r1']],
  ['its gate is gone', [], ['unpark r1']],
  ['its gate is pending', [timer('gp-g', HOUR)], []],
])('a parked run: %s', (_, gates, expected) => {
  expect(todo(stateOf(beadWith(parkedRun('r1', ['gp-g'])), ...gates))).toEqual(expected)
})

test('all of several gates must be over', () => {
  const run = beadWith(parkedRun('r1', ['gp-g', 'gp-h']))
  expect(todo(stateOf(run, open('gp-g'), timer('gp-h', HOUR)))).toEqual([])
  expect(todo(stateOf(run, open('gp-g'), open('gp-h')))).toEqual(['unpark r1'])
})

test('work that comes back, from the queue or from a wait, goes before fresh work, and none of it takes a slot twice', () => {
  const red = aRun('r9', 'gp-r9', { state: 'submitted', merge_request: 'gp-m' })
  const state = stateOf(
    aBead('gp-fresh1', {}, slung()),
    aBead('gp-fresh2', {}, slung()),
    beadWith(parkedRun('r2', ['gp-g'], { parked: { gates: ['gp-g'], at: at(2) } })),
    beadWith(parkedRun('r1', ['gp-g'], { parked: { gates: ['gp-g'], at: at(1) } })),
    open('gp-g'),
    beadWith(red),
    aMerge('gp-m', red, { state: 'red' }).bead,
  )
  const starts = (cap: number): string[] => todo(state, {}, { cap }).filter((line) => !line.startsWith('end-session'))
  expect(starts(0)).toEqual([])
  expect(starts(1)).toEqual(['rework gp-r9'].map((line) => line.replace('gp-r9', 'r9')))
  expect(starts(2)).toEqual(['rework r9', 'unpark r1'])
  expect(starts(4)).toEqual(['rework r9', 'unpark r1', 'unpark r2', 'dispatch gp-fresh1'])
  expect(todo(state, { resting: ['run:r1'] }, { cap: 2 })).toEqual(['rework r9', 'unpark r2'])
})

test.each(['script', 'claude'])(
  'a driver that died while it brought %s back from a wait: the next one begins afresh',
  (preset) => {
    const { process: _, ...run } = aRun('r1', 'gp-a', {
      preset,
      state: 'starting',
      sessions: 2,
      parked: { gates: ['gp-g'], at: at(0) },
    })
    const state = stateOf(beadWith(run))
    expect(todo(state)).toEqual([])
    expect(plan(observed(state, { gone: true }), POLICY, now)).toMatchObject([{ do: 'bring-back', mode: 'fresh' }])
    expect(todo(state, { gone: true, closed: 'held' })).toEqual([])
  },
)

test('what waited comes back neither into a limit of its account nor where starts keep failing', () => {
  const claude = { preset: 'claude' }
  const limit = { is: 'quota' as const, until: at(600), times: 1, text: 'used up' }
  const limited = beadWith(aRun('r8', 'gp-r8', { ...claude, state: 'rate_limited', limit }))
  const state = stateOf(beadWith(parkedRun('r1', ['gp-g'], claude)), open('gp-g'), limited)
  expect(todo(state)).toEqual([])
  expect(todo(state, {}, {}, new Date(at(601)))).toContain('unpark r1')
  expect(todo(stateOf(beadWith(parkedRun('r1', ['gp-g'])), open('gp-g'), limited))).toEqual(['unpark r1'])
  const failures = Array.from({ length: 6 }, (_, n) =>
    beadWith(
      aRun(`f${n}`, `gp-f${n}`, { state: 'failed', cause: 'start', since: at(30 + n), cleared: true }),
      {},
      { status: 'open', updated_at: at(50) },
    ),
  )
  const broken = stateOf(beadWith(parkedRun('r1', ['gp-g'])), open('gp-g'), ...failures)
  expect(todo(broken)).not.toContain('unpark r1')
})

test('a parked run takes no slot, and nobody takes its silence for anything', () => {
  const state = stateOf(beadWith(parkedRun('r1', ['gp-g'])), timer('gp-g', 100 * HOUR), aBead('gp-b', {}, slung()))
  expect(todo(state, {}, { cap: 1 })).toEqual(['dispatch gp-b'])
  expect(todo(state, {}, { cap: 1 }, new Date(at(99 * HOUR)))).toEqual(['dispatch gp-b'])
  expect(todo(state, { closed: 'held' })).toEqual([])
  expect(todo(stateOf(beadWith(parkedRun('r1', ['gp-g'])), open('gp-g')), { closed: 'held' })).toEqual([])
  expect(todo(stateOf(beadWith(parkedRun('r1', ['gp-g'])), open('gp-g')), { sessions: null })).toEqual([])
})

test('its session ends after its last words, at once when its agent has ended, and is not looked for any more after that', () => {
  const spoke = beadWith(
    aRun('r1', 'gp-a', { state: 'parked', since: at(59), parked: { gates: ['gp-g'], at: at(59) } }),
  )
  const state = stateOf(spoke, timer('gp-g', HOUR))
  const later = new Date(now.getTime() + LAST_WORDS_MS)
  expect(todo(state, { sessions: { r1: true } })).toEqual([])
  expect(todo(state, { sessions: { r1: true } }, {}, later)).toEqual(['end-session r1'])
  expect(todo(state, { sessions: { r1: false } })).toEqual(['end-session r1'])
  expect(todo(state, { sessions: {} })).toEqual(['end-session r1'])
  expect(todo(state, { sessions: null }, {}, later)).toEqual([])
  expect(todo(stateOf(beadWith(parkedRun('r1', ['gp-g'])), timer('gp-g', HOUR)), { sessions: {} }, {}, later)).toEqual(
    [],
  )
})

test('the clock wakes the driver for a timer, a deadline, a look and the last words, and for nothing before', () => {
  const due = (state: State, checks: Record<string, Checked> = {}): number | undefined =>
    nextDue(state, POLICY, now, new Map(Object.entries(checks)))
  const parked = beadWith(parkedRun('r1', ['gp-g']))
  expect(due(stateOf(parked, timer('gp-g', 2 * HOUR)))).toBe(Date.parse(at(2 * HOUR)))
  expect(due(stateOf(parked, aGate('gp-g', { await_type: 'human' }, { deadline: at(HOUR) })))).toBe(
    Date.parse(at(HOUR)),
  )
  expect(due(stateOf(parked, aGate('gp-g', { await_type: 'human' })))).toBeUndefined()
  expect(due(stateOf(parked, pull()), { 'gp-g': seen(59, 89) })).toBe(Date.parse(at(89)))
  expect(due(stateOf(parked, pull({ deadline: at(70) })), { 'gp-g': seen(59, 89) })).toBe(Date.parse(at(70)))
  const speaks = beadWith(
    aRun('r2', 'gp-b', { state: 'parked', since: at(59), parked: { gates: ['gp-g'], at: at(59) } }),
  )
  expect(due(stateOf(speaks, timer('gp-g', HOUR)))).toBe(Date.parse(at(59)) + LAST_WORDS_MS)
})

test('parked for two hours: woken at the heartbeat, the driver has nothing to do until the minute it opens', () => {
  const state = stateOf(beadWith(parkedRun('r1', ['gp-g'])), timer('gp-g', 2 * HOUR))
  for (let second = 60; second < 2 * HOUR; second += 120) {
    const when = new Date(at(second))
    expect(todo(state, {}, {}, when)).toEqual([])
    expect(nextDue(state, POLICY, when)).toBe(Date.parse(at(2 * HOUR)))
  }
  expect(todo(state, {}, {}, new Date(at(2 * HOUR)))).toEqual(['check-gate gp-g'])
})
