/** Waves: every member once, and behind everything that it needs, whatever stands between. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { childrenByParent } from '../../src/beads/epics.ts'
import { membersOf } from '../../src/convoys/members.ts'
import { needsOf, wavesOf } from '../../src/convoys/waves.ts'
import { aBead, at, stateOf } from '../kernel/support.ts'
import { edges, landed, task, tracks } from './support.ts'

const epic = (line: string, gt: object = {}): Bead => task(line, gt, { issue_type: 'epic' })

function waves(root: string, ...beads: Bead[]): string {
  const state = stateOf(...beads)
  const members = membersOf(state, state.beads.get(root)!).map(({ id }) => id)
  const { waves, circular } = wavesOf(state, members, childrenByParent(state))
  return waves.map((wave) => wave.join(' ')).join(' | ') + (circular.length > 0 ? ` (${circular.join(' ')})` : '')
}

test.each<[string, string, Bead[], string]>([
  ['side by side', 'cv', [tracks('cv', ['a', 'b']), task('a'), task('b')], 'a b'],
  ['one after the other', 'cv', [tracks('cv', ['b', 'a', 'c']), task('a'), task('b < a'), task('c < b')], 'a | b | c'],
  ['what has landed stays where it was', 'cv', [tracks('cv', ['a', 'b']), landed('a'), task('b < a')], 'a | b'],
  ['through a bead outside', 'cv', [tracks('cv', ['a', 'b']), task('a'), task('x < a'), task('b < x')], 'a | b'],
  ['through its parent', 'cv', [tracks('cv', ['a', 'e.1']), task('a'), epic('e < a'), task('e.1 ^ e')], 'a | e.1'],
  [
    'an epic that is needed is its children',
    'cv',
    [tracks('cv', ['b', 'e']), epic('e'), task('e.1 ^ e'), task('e.2 ^ e < e.1'), task('b < e')],
    'e.1 | e.2 | b',
  ],
  ['an epic by itself', 'e', [epic('e'), task('e.1 ^ e'), task('e.2 ^ e'), task('e.3 ^ e < e.1 e.2')], 'e.1 e.2 | e.3'],
  [
    'what lands as one lands last',
    'e',
    [
      epic('e', { integration: { rig: 'gp', branch: 'I', base: 'main', at: at(0) } }),
      task('e.1 ^ e'),
      task('e.2 ^ e < e.1'),
    ],
    'e.1 | e.2 | e',
  ],
  [
    'for the children of another',
    'cv',
    [
      tracks('cv', ['s', 'e.1']),
      epic('e'),
      task('e.1 ^ e'),
      aBead('s', { dependencies: edges('s', 'waits-for', 'e') }),
    ],
    'e.1 | s',
  ],
  ['one that nobody knows', 'cv', [tracks('cv', ['gone', 'a']), task('a < gone')], 'gone | a'],
  [
    'a circle, and what stands behind it',
    'cv',
    [tracks('cv', ['a', 'b', 'c', 'd']), task('a < b'), task('b < a'), task('c < b'), task('d')],
    'd | a b c (a b c)',
  ],
  ['a bead by itself', 'a', [task('a < b'), task('b')], 'a'],
])('%s', (_what, root, beads, expected) => {
  expect(waves(root, ...beads)).toBe(expected)
})

/** Beads 0…n−1 that need only smaller ones, some of them epics or outside the convoy, some below others. */
const towns = fc.integer({ min: 1, max: 14 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, i) =>
      fc.record({
        needs: i === 0 ? fc.constant([] as number[]) : fc.uniqueArray(fc.nat(i - 1), { maxLength: 3 }),
        parent: i === 0 ? fc.constant(undefined) : fc.option(fc.nat(i - 1), { nil: undefined, freq: 2 }),
        epic: fc.boolean(),
        member: fc.boolean(),
      }),
    ),
  ),
)

test('every member stands in exactly one wave, behind all that it needs, and in the first one that it can', () => {
  fc.assert(
    fc.property(towns, (all) => {
      const beads = all.map(({ needs, parent, epic: isEpic }, i): Bead => {
        const up = parent === undefined || needs.includes(parent) ? [] : edges(`b${i}`, 'parent-child', `b${parent}`)
        return aBead(`b${i}`, {
          issue_type: isEpic ? 'epic' : 'task',
          dependencies: [...edges(`b${i}`, 'blocks', ...needs.map((n) => `b${n}`)), ...up],
        })
      })
      const state = stateOf(
        tracks(
          'cv',
          all.flatMap(({ member }, i) => (member ? [`b${i}`] : [])),
        ),
        ...beads,
      )
      const children = childrenByParent(state)
      const members = membersOf(state, state.beads.get('cv')!, children).map(({ id }) => id)
      const { waves, circular } = wavesOf(state, members, children)
      expect(waves.flat().sort()).toEqual([...members].sort())
      const waveOf = new Map(waves.flatMap((wave, i) => wave.map((id) => [id, i] as const)))
      const among = new Set(members)
      for (const id of members) {
        if (circular.includes(id)) continue
        const needs = [...needsOf(state, id, among, children)].map((need) => waveOf.get(need)!)
        expect(waveOf.get(id)).toBe(Math.max(-1, ...needs) + 1)
      }
      // An edge between two members that is plainly there is among the needs.
      for (const bead of beads) {
        for (const { type, depends_on_id } of bead.dependencies ?? []) {
          if (type !== 'blocks' || !among.has(bead.id) || !among.has(depends_on_id)) continue
          if (!circular.includes(bead.id)) expect(waveOf.get(bead.id)).toBeGreaterThan(waveOf.get(depends_on_id)!)
        }
      }
    }),
    { numRuns: 300 },
  )
})
