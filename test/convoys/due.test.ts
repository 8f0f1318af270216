/** When a convoy says that it has landed: once, conditionally, and anew after a member was at work again. */
import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import { closeBead, reopenBead } from '../../src/beads/edit.ts'
import type { State } from '../../src/beads/fold.ts'
import { put } from '../../src/beads/fold.ts'
import { readyBeads } from '../../src/beads/ready.ts'
import { dueConvoys, turnOf } from '../../src/convoys/due.ts'
import { Paces } from '../../src/convoys/pace.ts'
import { keyOf } from '../../src/deacon/actions.ts'
import { plan } from '../../src/deacon/plan.ts'
import { observed, POLICY } from '../deacon/support.ts'
import { aBead, at, stateOf, write } from '../kernel/support.ts'
import { value } from '../meow/molecules.ts'
import { around, edges, landed, now, slung, task, tracks, working } from './support.ts'

const said = { by: 'deacon', at: at(60) }
const followed = { convoy: { by: 'mayor', at: at(0) } }
const epic = (id: string, more: Partial<Bead> = {}, gt: object = followed): Bead =>
  aBead(id, { issue_type: 'epic', ...more }, gt)
const branch = { integration: { rig: 'gp', branch: 'I', base: 'main', at: at(0) } }

describe('who has something to say', () => {
  test.each<[string, Bead[], string[]]>([
    ['nobody without followers', [landed('gp-a'), epic('gp-e', {}, {}), landed('gp-e.1 ^ gp-e')], []],
    ['all landed', [tracks('cv', ['gp-a', 'gp-b']), landed('gp-a'), landed('gp-b', 'done')], ['cv']],
    [
      'declined and cancelled are over',
      [tracks('cv', ['gp-a', 'gp-b']), landed('gp-a', 'declined'), landed('gp-b', 'cancelled')],
      ['cv'],
    ],
    ['one is open', [tracks('cv', ['gp-a', 'gp-b']), landed('gp-a'), task('gp-b')], []],
    [
      'one waits for a person',
      [tracks('cv', ['gp-a']), task('gp-a', { needs: { cause: 'ask', text: '?', at: at(0) } })],
      [],
    ],
    ['one is not in the ledger', [tracks('cv', ['gp-a', 'gp-gone']), landed('gp-a')], []],
    ['none at all', [tracks('cv', [])], []],
    ['the only one was deleted', [tracks('cv', ['gp-a']), task('gp-a', {}, { status: 'tombstone' })], []],
    [
      'a deleted one is none',
      [tracks('cv', ['gp-a', 'gp-b']), landed('gp-a'), task('gp-b', {}, { status: 'tombstone' })],
      ['cv'],
    ],
    [
      'it was told',
      [
        tracks('cv', ['gp-a'], { convoy: { by: 'person', at: at(0), told: at(40) } }, { status: 'closed' }),
        landed('gp-a'),
      ],
      [],
    ],
    [
      'it was told, and one works again',
      [
        tracks('cv', ['gp-a'], { convoy: { by: 'person', at: at(0), told: at(40) } }, { status: 'closed' }),
        working('gp-a'),
      ],
      ['cv'],
    ],
    [
      'it was told, and one is gone since',
      [
        tracks('cv', ['gp-a', 'gp-gone'], { convoy: { by: 'person', at: at(0), told: at(40) } }, { status: 'closed' }),
        landed('gp-a'),
      ],
      [],
    ],
    [
      'a person closed it before',
      [tracks('cv', ['gp-a'], { outcome: 'cancelled' }, { status: 'closed' }), landed('gp-a')],
      [],
    ],
    [
      'a bead that is its own convoy',
      [task('gp-a', { ...followed, outcome: 'landed' }, { status: 'closed' })],
      ['gp-a'],
    ],
    ['such a bead at work', [task('gp-a', { ...followed, ...slung })], []],
    ['such a bead opened again', [task('gp-a', { convoy: { by: 'mayor', at: at(0), told: at(9) } })], ['gp-a']],
    ['an epic whose children landed', [epic('gp-e'), landed('gp-e.1 ^ gp-e'), landed('gp-e.2 ^ gp-e')], ['gp-e']],
    ['a child is open', [epic('gp-e'), landed('gp-e.1 ^ gp-e'), task('gp-e.2 ^ gp-e')], []],
    ['a grandchild is open, its parent closed', [epic('gp-e'), landed('gp-e.1 ^ gp-e'), task('gp-x ^ gp-e.1')], []],
    [
      'an inner epic nobody closed',
      [epic('gp-e'), epic('gp-i', { dependencies: task('gp-i ^ gp-e').dependencies! }, {}), landed('gp-x ^ gp-i')],
      ['gp-e'],
    ],
    [
      'an inner epic without children',
      [epic('gp-e'), epic('gp-i', { dependencies: task('gp-i ^ gp-e').dependencies! }, {}), landed('gp-e.1 ^ gp-e')],
      [],
    ],
    ['an epic without children', [epic('gp-e')], []],
    [
      'steps and gates are not work',
      [
        epic('gp-e'),
        landed('gp-e.1 ^ gp-e'),
        task('gp-s ^ gp-e', { step: { of: 'gp-e.1', name: 's', n: 1 } }),
        task('gp-g ^ gp-e', {}, { issue_type: 'gate' }),
      ],
      ['gp-e'],
    ],
    [
      'an epic that lands as one, before that',
      [epic('gp-e', {}, { ...followed, ...branch }), landed('gp-e.1 ^ gp-e')],
      [],
    ],
    [
      'and after',
      [epic('gp-e', { status: 'closed' }, { ...followed, ...branch, outcome: 'landed' }), landed('gp-e.1 ^ gp-e')],
      ['gp-e'],
    ],
    ['a convoy of an epic', [tracks('cv', ['gp-e']), epic('gp-e', {}, {}), landed('gp-e.1 ^ gp-e')], ['cv']],
    [
      'a convoy of convoys',
      [
        tracks('cv', ['cv2', 'gp-a']),
        tracks('cv2', ['gp-b', 'cv'], { outcome: 'cancelled' }, { status: 'closed' }),
        landed('gp-a'),
        landed('gp-b'),
      ],
      ['cv'],
    ],
    [
      'whose inner one has open work',
      [
        tracks('cv', ['cv2', 'gp-a']),
        tracks('cv2', ['gp-b'], { outcome: 'cancelled' }, { status: 'closed' }),
        landed('gp-a'),
        task('gp-b'),
      ],
      [],
    ],
    [
      'a wisp that left a digest',
      [tracks('cv', ['gp-w']), task('gp-d', { digest_of: 'gp-w', outcome: 'done' }, { status: 'closed' })],
      ['cv'],
    ],
  ])('%s', (_what, beads, due) => {
    const state = stateOf(...beads)
    expect(dueConvoys(state)).toEqual(due)
    // The change agrees with the look.
    for (const bead of beads) expect(turnOf(state, bead, said) !== undefined).toBe(due.includes(bead.id))
  })

  test('it is part of the plan', () => {
    const actions = plan(observed(stateOf(tracks('cv', ['gp-a']), landed('gp-a')), { sessions: null }), POLICY, now)
    expect(actions.map(keyOf)).toEqual(['convoy:cv'])
  })
})

describe('what is written', () => {
  const told = (state: State, id = 'cv') => write(state, turnOf(state, state.beads.get(id)!, said)!.input, at(60))

  test('told and closed at once; of two who say it one is heard', () => {
    const state = stateOf(tracks('cv', ['gp-a', 'gp-b']), landed('gp-a'), landed('gp-b', 'declined'))
    const [one, other] = [1, 2].map(() => turnOf(state, state.beads.get('cv')!, said)!.input)
    expect([write(state, one!).applied, write(state, other!).applied]).toEqual([true, false])
    expect(state.beads.get('cv')).toMatchObject({
      status: 'closed',
      close_reason: '1 of 2 landed or done, 1 declined or cancelled',
      metadata: { gt: { outcome: 'done', convoy: { told: at(60) } } },
    })
  })

  test('a member that is opened, or one that is added, in between: it is not said', () => {
    const made = () => stateOf(tracks('cv', ['gp-a', 'gp-b']), landed('gp-a'), landed('gp-b'))
    const state = made()
    const { input } = turnOf(state, state.beads.get('cv')!, said)!
    put(state, task('gp-b'))
    expect(write(state, input).applied).toBe(false)
    const other = made()
    const { input: late } = turnOf(other, other.beads.get('cv')!, said)!
    const edge = { issue_id: 'cv', depends_on_id: 'gp-c', type: 'tracks', created_at: at(1) }
    write(other, { by: 'person', why: 'adds', ops: [{ op: 'add', id: 'cv', path: ['dependencies'], value: edge }] })
    expect(write(other, late).applied).toBe(false)
  })

  test('a member at work again opens it, and when that has landed it is said again', () => {
    const state = stateOf(tracks('cv', ['gp-a']), landed('gp-a'))
    told(state)
    put(state, working('gp-a'))
    const again = turnOf(state, state.beads.get('cv')!, said)!
    expect(again.is).toBe('reopened')
    expect(write(state, again.input).applied).toBe(true)
    expect(state.beads.get('cv')!.status).toBe('open')
    expect(facts(state.beads.get('cv')!).convoy).toEqual({ by: 'person', at: at(0) })
    expect(dueConvoys(state)).toEqual([])
    put(state, landed('gp-a'))
    expect(told(state).applied).toBe(true)
    expect(dueConvoys(state)).toEqual([])
  })

  test('an epic that was sent off is closed, and then told', () => {
    const state = stateOf(epic('gp-e'), landed('gp-e.1 ^ gp-e'), landed('gp-e.2 ^ gp-e', 'cancelled'))
    expect(turnOf(state, state.beads.get('gp-e')!, said)!.is).toBe('closes')
    told(state, 'gp-e')
    const closed = { status: 'closed', close_reason: '1 of 2 landed or done', metadata: { gt: { outcome: 'done' } } }
    expect(state.beads.get('gp-e')).toMatchObject(closed)
    expect(turnOf(state, state.beads.get('gp-e')!, said)!.is).toBe('told')
    told(state, 'gp-e')
    expect(dueConvoys(state)).toEqual([])
    // A person opens it again: more is to come, and it is not closed under their hands.
    put(state, { ...state.beads.get('gp-e')!, status: 'open' })
    expect(dueConvoys(state)).toEqual([])
  })

  test('a child at work again opens its epic', () => {
    const state = stateOf(epic('gp-e'), landed('gp-e.1 ^ gp-e'))
    told(state, 'gp-e')
    told(state, 'gp-e')
    put(state, working('gp-e.1 ^ gp-e'))
    told(state, 'gp-e')
    expect(state.beads.get('gp-e')!.status).toBe('open')
    expect(facts(state.beads.get('gp-e')!).convoy).toEqual(followed.convoy)
  })

  test('epics inside a convoy close as each is done, so that what needs them starts', () => {
    const inner = { dependencies: edges('gp-i', 'parent-child', 'gp-e') }
    const state = stateOf(
      tracks('cv', ['gp-e', 'gp-f']),
      epic('gp-e', {}, {}),
      epic('gp-i', inner, {}),
      landed('gp-x ^ gp-i'),
      task('gp-f < gp-e', slung),
    )
    const next = () => new Paces(state, around()).of('gp-f').cause?.is
    expect(next()).toBe('next')
    const closed: string[] = []
    while (dueConvoys(state).includes('cv')) {
      const { is, input } = turnOf(state, state.beads.get('cv')!, said)!
      expect([is, write(state, input, at(60)).applied]).toEqual(['closes', true])
      closed.push(input.why)
    }
    expect(closed.sort()).toEqual(['closed gp-e: 1 of 1 landed or done', 'closed gp-i: 1 of 1 landed or done'])
    expect(readyBeads(state, { now }).map(({ id }) => id)).toEqual(['gp-f'])
  })

  test('an epic that closed inside a convoy is open again with a child of it; a person who opens it keeps it open', () => {
    const state = stateOf(
      tracks('cv', ['gp-e', 'gp-f']),
      epic('gp-e', {}, {}),
      landed('gp-x ^ gp-e'),
      task('gp-f < gp-e', slung),
    )
    told(state)
    expect(state.beads.get('gp-e')!.status).toBe('closed')
    put(state, task('gp-x ^ gp-e', slung))
    expect(dueConvoys(state)).toEqual(['gp-e'])
    expect(turnOf(state, state.beads.get('gp-e')!, said)!.input.why).toBe('gp-e is open again: gp-x is open')
    told(state, 'gp-e')
    expect(state.beads.get('gp-e')!.status).toBe('open')
    expect(readyBeads(state, { now }).map(({ id }) => id)).toEqual(['gp-x'])
    put(state, landed('gp-x ^ gp-e'))
    told(state)
    write(state, value(reopenBead(state, 'gp-e', { by: 'person' })))
    expect([state.beads.get('gp-e')!.status, dueConvoys(state)]).toEqual(['open', []])
    expect(new Paces(state, around()).of('gp-f').cause?.is).toBe('not_closed')
    // More comes below it: it goes on as before.
    put(state, task('gp-y ^ gp-e', slung))
    told(state, 'gp-e')
    put(state, landed('gp-y ^ gp-e'))
    told(state)
    expect(state.beads.get('gp-e')!.status).toBe('closed')
    // What a person closes stays closed.
    write(state, value(reopenBead(state, 'gp-e', { by: 'person' })))
    write(state, value(closeBead(state, 'gp-e', {}, { by: 'person' })))
    put(state, task('gp-y ^ gp-e', slung))
    expect(dueConvoys(state)).toEqual([])
  })

  test.each<[string, Bead[]]>([
    ['that nobody sent off', [epic('gp-e', {}, {}), landed('gp-e.1 ^ gp-e')]],
    ['of which a child was declined', [epic('gp-e'), landed('gp-e.1 ^ gp-e', 'declined')]],
    ['that lands as one', [epic('gp-e', {}, { ...followed, ...branch }), landed('gp-e.1 ^ gp-e')]],
    [
      'that asks a person',
      [epic('gp-e', {}, { ...followed, needs: { cause: 'ask', text: '?', at: at(0) } }), landed('gp-e.1 ^ gp-e')],
    ],
    ['whose children were all deleted', [epic('gp-e'), task('gp-e.1 ^ gp-e', {}, { status: 'tombstone' })]],
  ])('an epic %s stays open', (_what, beads) => {
    const state = stateOf(...beads)
    for (let passes = 0; passes < 3 && dueConvoys(state).length > 0; passes++) told(state, 'gp-e')
    expect(state.beads.get('gp-e')!.status).toBe('open')
  })

  test('a child that is opened in between: its epic is not closed', () => {
    const state = stateOf(epic('gp-e'), landed('gp-e.1 ^ gp-e'))
    const { input } = turnOf(state, state.beads.get('gp-e')!, said)!
    put(state, task('gp-e.1 ^ gp-e'))
    expect(write(state, input).applied).toBe(false)
  })
})
