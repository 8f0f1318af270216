/** What the driver met without success, time and again: written down once it lasts, and gone when it succeeds. */
import { expect, it, vi } from 'vitest'
import type { Action } from '../../src/deacon/actions.ts'
import { Obstacles } from '../../src/deacon/obstacles.ts'
import { readObstacles } from '../../src/kernel/obstacles.ts'
import { fail, ok } from '../../src/result.ts'
import { aBead, at, stateOf } from '../kernel/support.ts'
import { folder } from '../support/places.ts'

const slung = { slung: { rig: 'gp', by: 'person', at: at(0) } }
const state = stateOf(aBead('gp-a', {}, slung), aBead('gp-b', {}, slung))
const gone = (words: string) => fail('E_REMOTE_UNREACHABLE', words, { hint: 'git ls-remote' })
const dispatch = (bead: string): Action => ({ do: 'dispatch', bead })
const refine = (mark: string): Action => ({ do: 'refine', rig: 'gp', mark })

it('says nothing of a moment’s trouble, and one thing of what several stand still for', () => {
  const runtime = folder()
  const obstacles = new Obstacles()
  const told = () => {
    obstacles.save(runtime, () => false)
    return readObstacles(runtime).map(({ beads, since, message }) => [beads.join(), since, message])
  }
  for (const n of [1, 2, 3]) {
    expect(told()).toEqual([])
    obstacles.note(state, dispatch('gp-a'), gone(`gone after ${n} ms`), at(n), 2_000)
    obstacles.note(state, dispatch('gp-b'), gone(`gone after ${n} s`), at(n), 2_000)
  }
  expect(told()).toEqual([['gp-a,gp-b', at(1), 'gone after 3 ms']])
  obstacles.note(state, dispatch('gp-a'), ok(true), at(4), 2_000)
  expect(told()).toEqual([['gp-b', at(1), 'gone after 3 s']])
})

it('is the same for a queue that somebody joined, and all of the rig stands still for it', () => {
  const runtime = folder()
  const obstacles = new Obstacles()
  for (const mark of ['a', 'a b', 'a b c']) obstacles.note(state, refine(mark), gone('gone'), at(1), 2_000)
  obstacles.save(runtime, () => false)
  expect(readObstacles(runtime)).toMatchObject([{ rig: 'gp', beads: [], code: 'E_REMOTE_UNREACHABLE' }])
})

it('forgets what is not tried again, unless a try takes its time', () => {
  const runtime = folder()
  const obstacles = new Obstacles()
  const now = vi.spyOn(performance, 'now').mockReturnValue(0)
  for (const _ of [1, 2, 3]) obstacles.note(state, dispatch('gp-a'), gone('gone'), at(1), 2_000)
  now.mockReturnValue(10_000)
  obstacles.save(runtime, (key) => key === 'dispatch:gp-a')
  expect(readObstacles(runtime)).toHaveLength(1)
  obstacles.save(runtime, () => false)
  expect(readObstacles(runtime)).toEqual([])
  now.mockRestore()
})
