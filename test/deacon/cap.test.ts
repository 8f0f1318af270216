/** A cap that is lowered while more work than it allows: the busy finish, nobody new starts above it. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import { facts } from '../../src/beads/bead.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { whatItMeans } from '../../src/cli/config.ts'
import { advance, claim, comeBack } from '../../src/kernel/runs.ts'
import { aBead, aMerge, aRun, at, beadWith, stateOf, write } from '../kernel/support.ts'
import type { Scene } from './support.ts'
import { evidence, slung, todo } from './support.ts'

/** `busy` runs at work, and beside them two beads that wait, or one whose work came back. */
function town(busy: number, beside: 'waiting' | 'returned'): { state: State; scene: Scene; runs: Run[] } {
  const runs = Array.from({ length: busy }, (_, n) => aRun(`r${n}`, `gp-${n}`))
  const back = aRun('back', 'gp-back', { state: 'submitted', merge_request: 'gp-m' })
  const more: Record<typeof beside, Bead[]> = {
    waiting: [aBead('gp-x', {}, slung()), aBead('gp-y', {}, slung())],
    returned: [beadWith(back), aMerge('gp-m', back, { state: 'red' }).bead],
  }
  const seen = Object.assign({}, ...runs.map((run) => evidence(run, {})))
  return { state: stateOf(...runs.map((run) => beadWith(run)), ...more[beside]), scene: { evidence: seen }, runs }
}

test.each([
  [7, [], []],
  [5, [], []],
  [4, [], []],
  [3, ['dispatch gp-x'], ['rework back']],
  [2, ['dispatch gp-x', 'dispatch gp-y'], ['rework back']],
])('cap 4 with %i at work: nobody is ended, and what starts fits', (busy, waiting, returned) => {
  for (const [beside, actions] of [
    ['waiting', waiting],
    ['returned', returned],
  ] as const) {
    const { state, scene } = town(busy, beside)
    expect(todo(state, scene, { cap: 4 }), beside).toEqual(actions)
  }
})

test('a claim and a comeback that were planned under the old cap do not apply under the new one', () => {
  for (const [busy, applied] of [
    [7, false],
    [4, false],
    [3, true],
  ] as const) {
    const { state } = town(busy, 'waiting')
    expect(write(state, claim(aRun('new', 'gp-x', { state: 'claimed' }), 4, 'deacon')).applied, `${busy}`).toBe(applied)
    const again = town(busy, 'returned')
    const back = facts(again.state.beads.get('gp-back')!).runs!.back!
    const change = comeBack(back, 4, { pid: 1, started: 's' }, at(1), 'deacon', 'red')
    expect(write(again.state, change).applied, `${busy}`).toBe(applied)
  }
})

test('the busy ones go on and hand in whatever the cap says', () => {
  const { state, runs } = town(7, 'waiting')
  expect(write(state, advance(runs[6]!, 'submitted', at(1), runs[6]!.agent, 'done')).applied).toBe(true)
  expect(todo(state, {}, { cap: 4 })).toEqual([])
})

test('gt config set workers.max says what it means for those at work', () => {
  expect(whatItMeans('workers.max', '4', town(7, 'waiting').state)).toBe(
    'At most 4 work at once from now on; 7 do now. All of them finish; nobody new starts until fewer than 4 work.',
  )
  expect(whatItMeans('workers.max', '7', town(7, 'waiting').state)).toBe(
    'At most 7 work at once from now on; 7 do now.',
  )
  expect(whatItMeans('workers.max', '4', town(1, 'waiting').state)).toBe(
    'At most 4 work at once from now on; 1 does now.',
  )
  expect(whatItMeans('workers.max', '4', town(0, 'waiting').state)).toBe('')
  expect(whatItMeans('workers.agent', 'claude', town(7, 'waiting').state)).toBe('')
})
