/** Sending off: when a convoy bead is made, when something is a convoy already, and who is told. */
import { describe, expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { childrenByParent } from '../../src/beads/epics.ts'
import type { Following } from '../../src/beads/facts.ts'
import { turnOf } from '../../src/convoys/due.ts'
import { addMembers, followSling, newConvoy, removeMembers, unfollow } from '../../src/convoys/follow.ts'
import { membersOf } from '../../src/convoys/members.ts'
import { audienceOf, landedNotice } from '../../src/convoys/notice.ts'
import { failureOf, must } from '../beads/support.ts'
import { aBead, at, stateOf, write } from '../kernel/support.ts'
import { landed, task, tracks } from './support.ts'

const epic = (line: string, gt: object = {}): Bead => task(line, gt, { issue_type: 'epic' })
const by = (who: string) => ({ by: who, at: at(9) })

/** What a sling writes: `make`, `note <who> on <bead>`, or nothing; and the convoy. */
function sent(who: string, beads: Bead[], asked: string, name?: string): string {
  const state = stateOf(...beads)
  const named = asked.split(' ').map((id) => state.beads.get(id)!)
  const { id, input } = must(followSling(state, { asked: named, name }, () => childrenByParent(state), by(who)))
  if (input === null) return id === null ? '-' : `in ${id}`
  expect(write(state, input).applied).toBe(true)
  const [op] = input.ops
  if (op?.op !== 'create') return `note on ${id}: ${words(state.beads.get(id!)!.metadata!.gt!.convoy!)}`
  expect(op.bead.id).toBe(id)
  return `make "${op.bead.title}" of ${membersOf(state, op.bead)
    .map((one) => one.id)
    .join(' ')}`
}
const words = ({ by: who, notify = [] }: Following): string => [who, ...notify].join(' ')
const open = (id: string, members: string[], who = 'person') => tracks(id, members, { convoy: { by: who, at: at(0) } })

describe('a sling', () => {
  const [a, b] = [task('a'), task('b')]
  const family = [epic('e'), task('e.1 ^ e'), task('e.2 ^ e'), landed('e.3 ^ e')]
  test.each<[string, string, Bead[], string, string]>([
    ['one bead of a person', 'person', [a], 'a', '-'],
    ['one bead of the Mayor', 'mayor', [a], 'a', `note on a: mayor`],
    ['one bead of a crew member', 'gp/crew/max', [a], 'a', `note on a: gp/crew/max`],
    ['one bead of a worker, who will be gone', 'gp/polecats/toast', [a], 'a', '-'],
    ['one that the Mayor is told of already', 'mayor', [a, b, open('cv', ['a', 'b'], 'mayor')], 'a', 'in cv'],
    ['one in the convoy of somebody else', 'mayor', [a, b, open('cv', ['a', 'b'])], 'a', `note on a: mayor`],
    ['several', 'person', [a, b], 'a b', 'make "Bead a and 1 more" of a b'],
    ['the same again', 'person', [a, b, open('cv', ['a', 'b'])], 'b a', 'in cv'],
    ['the same again by the Mayor', 'mayor', [a, b, open('cv', ['a', 'b'])], 'a b', `note on cv: person mayor`],
    ['a part of it', 'person', [a, b, task('c'), open('cv', ['a', 'b', 'c'])], 'a b', 'in cv'],
    ['more than it', 'person', [a, b, open('cv', ['a'])], 'a b', 'make "Bead a and 1 more" of a b'],
    [
      'what was one and has landed',
      'person',
      [a, b, tracks('cv', ['a', 'b'], {}, { status: 'closed' })],
      'a b',
      'make "Bead a and 1 more" of a b',
    ],
    ['an epic', 'person', family, 'e', `note on e: person`],
    ['all open children of an epic', 'person', family, 'e.1 e.2', `note on e: person`],
    ['some of them', 'person', [...family, task('e.4 ^ e')], 'e.1 e.2', 'make "Bead e.1 and 1 more" of e.1 e.2'],
    ['more than them', 'person', [...family, a], 'e.1 e.2 a', 'make "Bead e.1 and 2 more" of e.1 e.2 a'],
    ['an epic and a bead', 'person', [...family, a], 'e a', 'make "Bead e and 1 more" of a e.1 e.2 e.3'],
    ['a convoy', 'person', [a, open('cv', ['a'])], 'cv', 'in cv'],
  ])('%s', (_what, who, beads, asked, expected) => {
    expect(sent(who, beads, asked)).toBe(expected)
  })

  test('a name asks for a convoy, and the same name again finds it', () => {
    expect(sent('person', [a], 'a', 'Leap years')).toBe('make "Leap years" of a')
    expect(sent('person', [a, { ...open('cv', ['a']), title: 'Leap years' }], 'a', 'Leap years')).toBe('in cv')
    expect(sent('person', [a, open('cv', ['a'])], 'a', 'Leap years')).toBe('make "Leap years" of a')
  })
})

test('members are added and taken out, unknown ones too; refusals say what to do instead', () => {
  const state = stateOf(
    open('cv', ['a', 'gone']),
    task('a'),
    task('b'),
    epic('e'),
    aBead('m', { issue_type: 'message' }),
  )
  const cv = state.beads.get('cv')!
  const beads = (...ids: string[]) => ids.map((id) => state.beads.get(id)!)
  expect(write(state, must(addMembers(state, cv, beads('b', 'a', 'e'), by('person')))).applied).toBe(true)
  expect(write(state, must(removeMembers(state.beads.get('cv')!, ['gone', 'a'], by('person')))).applied).toBe(true)
  expect(membersOf(state, state.beads.get('cv')!).map(({ id }) => id)).toEqual(['b', 'e'])
  const refusals = [
    addMembers(state, state.beads.get('cv')!, beads('b'), by('person')),
    addMembers(state, cv, beads('cv'), by('person')),
    addMembers(state, state.beads.get('e')!, beads('a'), by('person')),
    addMembers(state, cv, beads('m'), by('person')),
    addMembers(state, { ...cv, status: 'closed' }, beads('b'), by('person')),
    removeMembers(cv, ['b'], by('person')),
    unfollow(state, state.beads.get('a')!, undefined, by('person')),
    newConvoy(state, { title: 'x', members: beads('m') }, by('person')),
    newConvoy(state, { title: ' ', members: beads('a') }, by('person')),
  ]
  expect(refusals.map((one) => failureOf(one).code)).toEqual([
    ...['E_NOTHING', 'E_SELF', 'E_NOT_A_CONVOY', 'E_NOT_WORK', 'E_CLOSED', 'E_NOTHING', 'E_NOTHING', 'E_NOT_WORK'],
    ...['E_BAD_TITLE'],
  ])
})

test('closed by a person it is followed no more, and nobody is told', () => {
  const state = stateOf(open('cv', ['a']), landed('a'), landed('b'))
  write(state, must(unfollow(state, state.beads.get('cv')!, 'the wrong list', by('person'))))
  expect(state.beads.get('cv')).toMatchObject({ status: 'closed', close_reason: 'the wrong list' })
  expect(turnOf(state, state.beads.get('cv')!, by('deacon'))).toBeUndefined()
})

test('agents that stay get a message, the person is notified, each once', () => {
  expect(audienceOf({ by: 'person', at: '', notify: ['mayor', 'person'] })).toEqual({ agents: ['mayor'], person: true })
  expect(audienceOf({ by: 'gp/polecats/toast', at: '' })).toEqual({ agents: [], person: false })
})

test('the notice names what did not land first, in one line each, whatever titles hold', () => {
  const hostile = { ...landed('b', 'declined'), title: 'two\nlines \x1b[31m and `ticks`' }
  const members = [landed('a'), hostile].map((bead) => ({ id: bead.id, bead }))
  expect(landedNotice(tracks('cv', ['a', 'b']), members)).toEqual({
    title: 'Over: cv Bead cv (1 of 2)',
    text: 'b declined: two lines and `ticks`\na landed as c0ffee0000 on main: Bead a',
  })
  const [only] = members
  expect(landedNotice(only!.bead, [only!]).title).toBe('Landed: a Bead a')
  const many = Array.from({ length: 30 }, (_, i) => landed(`m${i}`)).map((bead) => ({ id: bead.id, bead }))
  expect(landedNotice(tracks('cv', []), many).text.split('\n').at(-1)).toBe('… and 10 more: gt convoy show cv')
})
