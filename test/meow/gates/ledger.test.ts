/** Gates in the ledger: how they are made, what the ledger alone says of them, and what their end writes. */
import { expect, test } from 'vitest'
import type { Bead } from '../../../src/beads/bead.ts'
import { facts } from '../../../src/beads/bead.ts'
import { readyBeads } from '../../../src/beads/ready.ts'
import { statusOf } from '../../../src/kernel/status.ts'
import { waitsOf } from '../../../src/kernel/waiting.ts'
import { messageBead } from '../../../src/mail/send.ts'
import { changeFor, openGate } from '../../../src/meow/gates/change.ts'
import type { NewGate } from '../../../src/meow/gates/create.ts'
import { createGate } from '../../../src/meow/gates/create.ts'
import { evaluateGate } from '../../../src/meow/gates/evaluate.ts'
import { cameOf, deadlineOf, gateWords, nanoseconds, opensAt } from '../../../src/meow/gates/gate.ts'
import { lookInLedger } from '../../../src/meow/gates/ledger-look.ts'
import { gatesToParkOn, mayGoOn, parkedOn } from '../../../src/meow/gates/waits.ts'
import { aBead, aRun, at, beadWith, stateOf, write } from '../../kernel/support.ts'
import { aGate, needing } from './support.ts'

const now = new Date(at(60))
const aMessage = (thread: string): Bead =>
  messageBead(
    { from: 'mayor', to: 'gp/crew/b', subject: 'x', body: '' },
    {
      id: 'hq-m',
      thread,
      from: { address: 'mayor' },
      to: [{ address: 'gp/crew/b' }, { address: 'human' }],
      at: now,
      expireMs: 1,
    },
  )
const author = { by: 'person', at: at(0) }
const how = { by: 'deacon', at: at(60) }

test('a gate is a bead in the format’s own fields, and what it blocks is not ready until it is open', () => {
  const state = stateOf(aBead('gp-a'))
  const made = createGate(
    state,
    { prefix: 'gp', type: 'timer', timeoutMs: 7_200_000, blocks: ['gp-a'], rig: 'gp' },
    author,
  )
  if (made.kind === 'error') throw new Error(made.failure.message)
  const { gate, input } = made.value
  expect(gate).toMatchObject({ issue_type: 'gate', await_type: 'timer', timeout: 7_200_000_000_000, status: 'open' })
  expect(gate.title).toBe(`Gate: timer until ${at(7_200)}`)
  expect(write(state, input).applied).toBe(true)
  const ready = (): string[] => readyBeads(state, { now }).map(({ id }) => id)
  expect(ready()).toEqual([])
  expect(write(state, openGate(state.beads.get(gate.id)!, 'it is time', how)).applied).toBe(true)
  expect(ready()).toEqual(['gp-a'])
  expect(cameOf(state.beads.get(gate.id))).toBe('open: it is time')
  expect(facts(state.beads.get(gate.id)!).outcome).toBe('done')
})

test.each<[Partial<NewGate>, string]>([
  [{ type: 'moon' }, 'E_BAD_GATE'],
  [{ type: 'timer' }, 'E_BAD_GATE'],
  [{ type: 'timer', deadline: 'soon' }, 'E_BAD_GATE'],
  [{ type: 'command', command: { run: ' ' } }, 'E_BAD_GATE'],
  [{ type: 'gh:pr', awaitId: 'main' }, 'E_BAD_GATE'],
  [{ type: 'gh:run' }, 'E_BAD_GATE'],
  [{ type: 'bead', awaitId: 'gp-none' }, 'E_NO_BEAD'],
  [{ type: 'human', blocks: ['gp-none'] }, 'E_NO_BEAD'],
])('refuses %j', (input, code) => {
  const made = createGate(stateOf(aBead('gp-a')), { prefix: 'gp', type: 'human', ...input }, author)
  expect(made).toMatchObject({ kind: 'error', failure: { code } })
})

test.each<[string, Partial<Bead>, Bead[], string]>([
  ['a timer whose time came', { await_type: 'timer', timeout: nanoseconds(60_000) }, [], 'met'],
  ['a timer a moment before', { await_type: 'timer', timeout: nanoseconds(60_001) }, [], 'not-yet'],
  ['a timer without a time', { await_type: 'timer' }, [], 'unknown'],
  ['a closed bead', { await_type: 'bead', await_id: 'gp:gp-b' }, [aBead('gp-b', { status: 'closed' })], 'met'],
  ['an open bead', { await_type: 'bead', await_id: 'gp-b' }, [aBead('gp-b')], 'not-yet'],
  [
    'a cancelled bead',
    { await_type: 'bead', await_id: 'gp-b' },
    [aBead('gp-b', { status: 'closed' }, { outcome: 'cancelled' })],
    'failed',
  ],
  ['a deleted bead', { await_type: 'bead', await_id: 'gp-b' }, [aBead('gp-b', { status: 'tombstone' })], 'failed'],
  ['a bead that nobody knows', { await_type: 'bead', await_id: 'gp-b' }, [], 'unknown'],
  ['a person', { await_type: 'human' }, [], 'not-yet'],
  [
    'a message of its thread',
    { await_type: 'mail', await_id: 't1' },
    [aBead('gp-m', { issue_type: 'message', labels: ['thread:t1'] })],
    'met',
  ],
  [
    'a message from its sender',
    { await_type: 'mail', await_id: 'mayor' },
    [aBead('gp-m', { issue_type: 'message', sender: 'mayor' })],
    'met',
  ],
  [
    'a message to its waiter',
    { await_type: 'mail', waiters: ['gp/polecats/a'] },
    [aBead('gp-m', { issue_type: 'message', assignee: 'gp/polecats/a' })],
    'met',
  ],
  ['a message of this town in its thread', { await_type: 'mail', await_id: 't1' }, [aMessage('t1')], 'met'],
  ['one of this town to its waiter', { await_type: 'mail', waiters: ['gp/crew/b'] }, [aMessage('t2')], 'met'],
  ['another message', { await_type: 'mail', await_id: 't1' }, [aBead('gp-m', { issue_type: 'message' })], 'not-yet'],
  [
    'a message from before',
    { await_type: 'mail', await_id: 't1' },
    [aBead('gp-m', { issue_type: 'message', title: 't1', created_at: at(-1) })],
    'not-yet',
  ],
  ['a type of another tool', { await_type: 'jira' }, [], 'unknown'],
])('%s', (_, more, others, expected) => {
  const gate = aGate('gp-g', more)
  expect(lookInLedger(stateOf(gate, ...others), gate, now)?.is).toBe(expected)
})

test.each(['gh:run', 'gh:pr', 'command'])('the ledger alone says nothing about %s', (await_type) => {
  const gate = aGate('gp-g', { await_type })
  expect(lookInLedger(stateOf(gate), gate, now)).toBeNull()
})

test('a condition is asked of whoever was plugged in; until then it is unknown', () => {
  const gate = aGate('gp-g', { await_type: 'condition' }, { condition: { text: 'steps.complete >= 3', of: 'gp-a' } })
  const state = stateOf(gate)
  expect(lookInLedger(state, gate, now)?.is).toBe('unknown')
  expect(lookInLedger(state, gate, now, (_, text, of) => text === 'steps.complete >= 3' && of === 'gp-a')?.is).toBe(
    'met',
  )
  expect(lookInLedger(state, gate, now, () => false)?.is).toBe('not-yet')
})

test('one that fails stays open; a person is asked only where no worker is parked on it', () => {
  const parked = aRun('r1', 'gp-a', { state: 'parked', parked: { gates: ['gp-g'], at: at(0) } })
  const gate = aGate('gp-g', { await_type: 'gh:pr', await_id: '7' })
  for (const [state, asks] of [
    [stateOf(gate), 'gate'],
    [stateOf(gate, beadWith(parked)), undefined],
  ] as const) {
    const change = changeFor(state, gate, { is: 'fail', why: 'closed unmerged' }, how)!
    expect(write(state, change).applied).toBe(true)
    const then = state.beads.get('gp-g')!
    expect([then.status, cameOf(then), facts(then).needs?.cause]).toEqual(['open', 'failed: closed unmerged', asks])
    expect(parkedOn(state, 'gp-g').every((run) => mayGoOn(state, run))).toBe(true)
    // Once only; and a person may open it all the same, which answers the question.
    expect(write(state, change).applied).toBe(false)
    expect(write(state, openGate(then, 'anyway', how)).applied).toBe(true)
    expect(facts(state.beads.get('gp-g')!).needs).toBeUndefined()
  }
})

test('a gate is nobody’s task: it is not counted as ready, and one that failed waits for a person', () => {
  const state = stateOf(aGate('gp-g', { await_type: 'gh:pr', await_id: '7' }), aBead('gp-a', needing('gp-a', 'gp-g')))
  expect(statusOf(state, now)).toMatchObject({ ready: 0, waiting: [], running: [] })
  expect(waitsOf(state)).toEqual([])
  write(state, changeFor(state, state.beads.get('gp-g')!, { is: 'fail', why: 'closed unmerged' }, how)!)
  expect(statusOf(state, now).ready).toBe(0)
  expect(waitsOf(state)).toMatchObject([{ bead: { id: 'gp-g' }, cause: 'gate' }])
})

test('a timer until a point in time opens then; other gates have it as their deadline', () => {
  const made = (type: string): Bead => {
    const gate = createGate(stateOf(), { prefix: 'gp', type, deadline: at(90) }, author)
    if (gate.kind === 'error') throw new Error(gate.failure.message)
    return gate.value.gate
  }
  expect([opensAt(made('timer')), deadlineOf(made('timer'))]).toEqual([Date.parse(at(90)), undefined])
  expect([opensAt(made('human')), deadlineOf(made('human'))]).toEqual([undefined, Date.parse(at(90))])
})

test('a person hears of a gate that is theirs when somebody waits for it, not before, and once', () => {
  const gate = aGate('gp-g', { await_type: 'human', description: 'Is it signed?' })
  const verdict = (...others: Bead[]) => {
    const state = stateOf(gate, ...others)
    return evaluateGate(gate, lookInLedger(state, gate, now)!, now)
  }
  const later = aBead('gp-a', needing('gp-a', 'gp-g', 'gp-b'))
  expect(verdict(later, aBead('gp-b')).is).toBe('wait')
  const turn = { is: 'ask', about: 'turn', text: 'Is it signed?' }
  expect(verdict(later, aBead('gp-b', { status: 'closed' }))).toEqual(turn)
  expect(verdict()).toEqual(turn)
  const parked = aRun('r1', 'gp-c', { state: 'parked', parked: { gates: ['gp-g'], at: at(0) } })
  expect(verdict(later, aBead('gp-b'), beadWith(parked))).toEqual(turn)
  const state = stateOf(gate)
  write(state, changeFor(state, gate, verdict(), how)!)
  const then = state.beads.get('gp-g')!
  expect(facts(then).needs).toMatchObject({
    cause: 'gate',
    text: expect.stringContaining('Is it signed? Open it: gt gate open gp-g'),
  })
  expect(evaluateGate(then, lookInLedger(state, then, now)!, now).is).toBe('wait')
})

test('a question about looking is asked once and taken back', () => {
  const gate = aGate('gp-g', { await_type: 'gh:pr', await_id: '7' })
  const state = stateOf(gate)
  const ask = changeFor(state, gate, { is: 'ask', about: 'unknown', text: 'no gh' }, how)!
  expect([write(state, ask).applied, write(state, ask).applied]).toEqual([true, false])
  const asked = state.beads.get('gp-g')!
  expect(facts(asked).needs).toMatchObject({ cause: 'gate', text: expect.stringContaining(gateWords(gate)) })
  expect(write(state, changeFor(state, asked, { is: 'wait', said: 'open', answered: true }, how)!).applied).toBe(true)
  expect(facts(state.beads.get('gp-g')!).needs).toBeUndefined()
  expect(changeFor(state, gate, { is: 'wait', said: 'open' }, how)).toBeNull()
})

test('who parks waits for what its bead and its next steps need, not for a gate behind another step', () => {
  const step = (id: string, n: number, status: string, ...needs: string[]): Bead =>
    aBead(id, { status, ...needing(id, ...needs) }, { step: { of: 'gp-a', name: id, n } })
  const bead = aBead('gp-a', needing('gp-a', 'gp-g0', 'gp-b'))
  const state = stateOf(
    bead,
    aBead('gp-b'),
    step('gp-a.1', 1, 'closed', 'gp-g4'),
    step('gp-a.2', 2, 'open', 'gp-a.1', 'gp-g1', 'gp-g3'),
    step('gp-a.3', 3, 'open', 'gp-a.2', 'gp-g2'),
    ...['gp-g0', 'gp-g1', 'gp-g2', 'gp-g4'].map((id) => aGate(id, { await_type: 'human' })),
    aGate('gp-g3', { await_type: 'human' }, { failed: { at: at(0), why: 'red' } }),
  )
  expect(gatesToParkOn(state, bead).sort()).toEqual(['gp-g0', 'gp-g1'])
})
