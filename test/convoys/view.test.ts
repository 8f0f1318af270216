/** How a convoy gets on, and what it hangs on: the definition of a stall, one row for each cause. */
import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { convoyViews } from '../../src/convoys/list.ts'
import type { Surroundings } from '../../src/convoys/pace.ts'
import { convoyView } from '../../src/convoys/view.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import { around, edges, landed, slung, task, tracks, working } from './support.ts'

const view = (beads: Bead[], more: Partial<Surroundings> = {}) => {
  const state = stateOf(...beads)
  return convoyView(state, state.beads.get(beads[0]!.id)!, around(more))
}
const needs = { needs: { cause: 'ask', text: 'Which one?', at: at(9) } }
const gate = (id: string, type: string, more: Partial<Bead> = {}, gt: object = {}): Bead =>
  aBead(id, { issue_type: 'gate', await_type: type, ...more }, gt)
const epic = (line: string, gt: object = {}, more: Partial<Bead> = {}): Bead =>
  task(line, gt, { issue_type: 'epic', ...more })
const cv = tracks('cv', ['a', 'b'])
const later = '2026-01-01T13:00:00.000Z'

describe('what a convoy does', () => {
  test.each<[string, Bead[], Partial<Surroundings>, string, string[]]>([
    ['nothing in it', [tracks('cv', [])], {}, 'empty', []],
    ['all landed', [cv, landed('a'), landed('b', 'done')], {}, 'landed', []],
    ['one declined', [cv, landed('a'), landed('b', 'declined')], {}, 'ended', []],
    ['one at work', [cv, working('a'), task('b')], {}, 'moving', ['stuck not_slung b']],
    ['what it needs is at work', [cv, working('a'), task('b < a', slung)], {}, 'moving', ['later needs a < b']],
    ['nobody ordered it', [cv, task('a'), task('b < a')], {}, 'stalled', ['stuck not_slung a', 'stuck not_slung b']],
    [
      'behind one that nobody ordered',
      [cv, task('a'), task('b < a', slung)],
      {},
      'stalled',
      ['stuck not_slung a < a b'],
    ],
    [
      'it needs a person',
      [cv, task('a', { ...slung, ...needs }), task('b < a', slung)],
      {},
      'stalled',
      ['stuck needs_human a < a b'],
    ],
    ['a member is unknown', [cv, landed('a')], {}, 'stalled', ['stuck unknown b']],
    ['it needs what is unknown', [cv, landed('a'), task('b < gone', slung)], {}, 'stalled', ['stuck unknown gone < b']],
    ['each needs the other', [cv, task('a < b', slung), task('b < a', slung)], {}, 'stalled', ['stuck circle a < a b']],
    ['nothing stands in its way', [cv, task('a', slung), landed('b')], {}, 'waiting', ['later next a']],
    ['no slot', [cv, task('a', slung), landed('b')], { slots: { free: 0, all: 8 } }, 'waiting', ['later no_slot a']],
    [
      'the town is held',
      [cv, task('a', slung), landed('b')],
      { closed: { by: 'hold', why: 'held' } },
      'stalled',
      ['stuck held a'],
    ],
    [
      'the machine is busy',
      [cv, task('a', slung), landed('b')],
      { closed: { by: 'host', why: 'busy' } },
      'waiting',
      ['later host a'],
    ],
    [
      'all is frozen',
      [cv, working('a'), landed('b')],
      { closed: { by: 'hold', why: 'held', frozen: true } },
      'stalled',
      ['stuck held a'],
    ],
    [
      'a breaker is open',
      [cv, task('a', slung), landed('b')],
      { gate: () => ({ is: 'no', until: later, why: 'fails', nodes: ['gp'] }) },
      'waiting',
      [`later breaker a ${later}`],
    ],
    [
      'its account is paused',
      [cv, task('a', slung), landed('b')],
      { gate: () => ({ is: 'no', until: later, why: 'limit', nodes: [] }) },
      'waiting',
      [`later limited a ${later}`],
    ],
    [
      'its worker hit a limit',
      [
        cv,
        beadWith(
          aRun('r', 'a', { state: 'rate_limited', limit: { is: 'quota', until: later, times: 1, text: '5 h' } }),
          slung,
        ),
        landed('b'),
      ],
      {},
      'waiting',
      [`later limited a ${later}`],
    ],
    [
      'it rests',
      [cv, task('a', { slung: { ...slung.slung!, not_before: at(90) } }), landed('b')],
      {},
      'waiting',
      [`later resting a ${at(90)}`],
    ],
    [
      'it is put off',
      [cv, task('a', slung, { defer_until: later }), landed('b')],
      {},
      'waiting',
      [`later deferred a ${later}`],
    ],
    [
      'it waits at a timer',
      [cv, task('a < t', slung), landed('b'), gate('t', 'timer', { timeout: 3.6e12, created_at: at(0) })],
      {},
      'waiting',
      [`later gate t < a ${later}`],
    ],
    [
      'it waits at a gate of a person',
      [cv, task('a < g', slung), landed('b'), gate('g', 'human')],
      {},
      'stalled',
      ['stuck gate g < a'],
    ],
    [
      'its gate failed',
      [
        cv,
        task('a < g', slung),
        landed('b'),
        gate('g', 'command', {}, { gate: { failed: { at: at(1), why: 'red' } } }),
      ],
      {},
      'stalled',
      ['stuck gate g < a'],
    ],
    [
      'it is parked at a gate',
      [
        cv,
        beadWith(aRun('r', 'a', { state: 'parked', parked: { gates: ['g'], at: at(1) } }), slung),
        landed('b'),
        gate('g', 'human'),
      ],
      {},
      'stalled',
      ['stuck gate g < a'],
    ],
    [
      'the gate of a person opens by itself after its time',
      [
        cv,
        task('a < g', slung),
        landed('b'),
        gate(
          'g',
          'human',
          { timeout: 3.6e12, created_at: at(0) },
          { gate: { default: 'open' }, needs: { cause: 'gate', text: 'ok?', at: at(1) } },
        ),
      ],
      {},
      'waiting',
      [`later gate g < a ${later}`],
    ],
    [
      'the gate that it is parked at failed: it goes on, and is told',
      [
        cv,
        beadWith(aRun('r', 'a', { state: 'parked', parked: { gates: ['g'], at: at(1) } }), slung),
        landed('b'),
        gate('g', 'command', {}, { gate: { failed: { at: at(1), why: 'red' } } }),
      ],
      {},
      'waiting',
      ['later next a'],
    ],
    [
      'it needs what is outside and at work',
      [cv, task('a < x', slung), landed('b'), working('x')],
      {},
      'waiting',
      ['later needs x < a'],
    ],
    [
      'it needs an epic that nobody closed',
      [cv, task('a < e', slung), landed('b'), epic('e'), landed('e.1 ^ e')],
      {},
      'stalled',
      ['stuck not_closed e < a'],
    ],
    [
      'it needs an epic at work',
      [cv, task('a < e', slung), landed('b'), epic('e'), working('e.1 ^ e')],
      {},
      'waiting',
      ['later needs e < a'],
    ],
    [
      'it needs an epic that stands',
      [cv, task('a < e', slung), landed('b'), epic('e'), task('e.1 ^ e')],
      {},
      'stalled',
      ['stuck not_slung e.1 < a'],
    ],
    [
      'its parent is put off',
      [cv, task('a ^ e', slung), landed('b'), epic('e', {}, { status: 'deferred' })],
      {},
      'stalled',
      ['stuck held e < a'],
    ],
    [
      'it is in the queue',
      [
        cv,
        beadWith(aRun('r', 'a', { state: 'submitted', merge_request: 'm' }), slung),
        landed('b'),
        aMerge('m', aRun('r', 'a')).bead,
      ],
      {},
      'moving',
      [],
    ],
    [
      'it lands as one, next',
      [epic('e', { integration: { rig: 'gp', branch: 'I', base: 'main', at: at(0) } }), landed('e.1 ^ e')],
      {},
      'waiting',
      ['later next e'],
    ],
    ['a bead by itself', [task('a', slung)], {}, 'waiting', ['later next a']],
  ])('%s', (_what, beads, more, state, expected) => {
    const found = view(beads, more)
    const words = found.standstills.map(({ pace, is, bead, members, until }) => {
      const behind = members.length === 1 && members[0] === bead ? '' : ` < ${members.join(' ')}`
      return `${pace} ${is} ${bead}${behind}${until === undefined ? '' : ` ${until}`}`
    })
    expect([found.state, ...words]).toEqual([state, ...expected])
  })

  test('causes are ranked: somebody is needed, then what passes; of equal ones the one with the most behind it', () => {
    const { standstills } = view([
      tracks('cv', ['a', 'b', 'c', 'd', 'e']),
      task('a', slung),
      task('b'),
      task('c < e', slung),
      task('d', { ...slung, ...needs }),
      task('e'),
    ])
    expect(standstills.map(({ is, bead }) => `${is} ${bead}`)).toEqual([
      'needs_human d',
      'not_slung e',
      'not_slung b',
      'next a',
    ])
  })

  test('a long chain is followed to its root', () => {
    const ids = Array.from({ length: 5_000 }, (_, i) => `a${i}`)
    const chain = ids.map((id, i) => task(i === 0 ? id : `${id} < a${i - 1}`, slung))
    const { state, waves, standstills } = view([tracks('cv', ids), ...chain], { slots: { free: 0, all: 8 } })
    expect([state, waves.length, standstills.length, standstills[0]?.is]).toEqual(['waiting', 5_000, 1, 'no_slot'])
  })
})

test('members: where they stand, who works on them, what landed', () => {
  const { members } = view([cv, landed('a'), working('b < a')])
  expect(members).toMatchObject([
    { id: 'a', state: 'landed', pace: 'over', wave: 1, agent: null, commit: 'c0ffee0000000000', cause: null },
    { id: 'b', state: 'in_progress', pace: 'now', wave: 2, agent: 'gp/polecats/run-b', run: 'run-b', commit: null },
  ])
})

test('listed: convoys, epics that lie in no other, and beads slung alone; what is behind only when all is asked for', () => {
  const told = { convoy: { by: 'person', at: at(0), told: at(40) } }
  const state = stateOf(
    tracks('cv', ['a']),
    working('a'),
    task('alone', slung),
    task('idle'),
    landed('gone'),
    epic('e'),
    epic('i ^ e'),
    task('x ^ i'),
    tracks('old', ['gone'], told, { status: 'closed' }),
    task('mine', { convoy: { by: 'mayor', at: at(0) }, outcome: 'landed' }, { status: 'closed' }),
    task('asks', { ...slung, diagnosis: { run: 'r', bead: 'a', evidence: '' } }),
    aBead('m', { issue_type: 'merge-request' }),
    { ...task('ends'), dependencies: edges('ends', 'related', 'a') },
  )
  const rows = (all: boolean): string[] =>
    convoyViews(state, around(), all).map((one) => `${one.bead.id} ${one.kind} ${one.state}`)
  expect(rows(false)).toEqual(['e epic stalled', 'alone bead waiting', 'cv convoy moving', 'mine bead landed'])
  expect(rows(true)).toEqual([...rows(false), 'old convoy landed'])
})
