/** Which beads start first: cool ones before those that would get in the way. And when the radar looks. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { Run, RunState } from '../../src/beads/facts.ts'
import { PREFERENCE_MS } from '../../src/deacon/cool.ts'
import { nextRadar } from '../../src/deacon/lookout.ts'
import { aBead, aRun, at, beadWith, stateOf } from '../kernel/support.ts'
import type { Scene } from './support.ts'
import { inState, now, slung, todo } from './support.ts'

const waiting = (id: string, paths: string[] | undefined, more: Partial<Bead> = {}): Bead =>
  aBead(id, more, { ...slung(), ...(paths && { paths }) })
const running = (paths?: string[], more: Partial<Run> = {}): Bead =>
  beadWith(inState('working', more), paths && { paths })

/** Who starts, in order, beside one running bead and with room for `room` more. */
const starts = (beads: Bead[], room: number, scene: Scene = {}, when = now): string[] =>
  todo(stateOf(...beads), scene, { cap: 1 + room }, when).map((action) => action.replace('dispatch ', ''))

test.each<[string, string[], string[], boolean]>([
  ['the same file', ['src/a.ts'], ['src/a.ts'], true],
  ['a file beside', ['src/a.ts'], ['src/a.tsx'], false],
  ['a folder without wildcards', ['src'], ['src/a.ts'], true],
  ['a folder with a slash', ['./src/'], ['src/deep/a.ts'], true],
  ['a folder of a similar name', ['src'], ['srcs/a.ts'], false],
  ['a glob that means the file', ['src/**/*.ts'], ['src/deep/a.ts'], true],
  ['a glob beside the file', ['src/**/*.ts'], ['docs/a.md'], false],
  ['globs with a common beginning', ['src/cli/**'], ['src/*.ts'], true],
  ['globs far apart', ['src/cli/**'], ['docs/**'], false],
  ['globs apart in the last letter', ['src/a*'], ['src/b*'], false],
  ['a glob with no beginning', ['**/*.md'], ['src/**'], true],
  ['any of several', ['x', 'y/**', 'z'], ['q', 'y/1'], true],
  ['nothing declared', ['src/**'], [], false],
])('declared paths that may meet: %s', (_what, a, b, hot) => {
  for (const [mine, theirs] of [
    [a, b],
    [b, a],
  ] as const) {
    const beads = [running(theirs), waiting('gp-1', mine), waiting('gp-2', undefined)]
    const wanted = hot ? ['gp-2', 'gp-1'] : ['gp-1', 'gp-2']
    expect(starts(beads, 2), `${mine} beside ${theirs}`).toEqual(wanted)
  }
})

test('what a running branch touches counts, whatever its bead declares; in its own rig, while it lives', () => {
  const beads = [running(), waiting('gp-1', ['src/cli/**']), waiting('gp-2', ['src/git/**'])]
  const touched = { r1: ['src/cli/mq.ts'] }
  expect(starts(beads, 1)).toEqual(['gp-1'])
  expect(starts(beads, 1, { touched })).toEqual(['gp-2'])
  expect(starts(beads, 1, { touched: { r0: ['src/cli/mq.ts'] } })).toEqual(['gp-1'])
  const other = [running(['src/cli/**'], { rig: 'other' }), ...beads.slice(1)]
  expect(starts(other, 1)).toEqual(['gp-1'])
})

test('what was handed in is still in the way; what ended is not', () => {
  const of = (state: RunState) => [
    running(['src/cli/**'], { state, cleared: true }),
    waiting('gp-1', ['src/cli/x']),
    waiting('gp-2', ['docs/x']),
  ]
  expect(starts(of('submitted'), 0)).toEqual(['gp-2'])
  expect(starts(of('lost'), 0)).toEqual(['gp-1'])
})

test('a free slot never stays empty for it, and priority goes before', () => {
  const hot = waiting('gp-1', ['src/**'])
  expect(starts([running(['src/**']), hot], 1)).toEqual(['gp-1'])
  const urgent = waiting('gp-9', ['src/**'], { priority: 0 })
  expect(starts([running(['src/**']), urgent, waiting('gp-2', ['docs/x'])], 1)).toEqual(['gp-9'])
  expect(starts([running(['src/**']), hot, waiting('gp-2', undefined)], 1)).toEqual(['gp-2'])
})

test('beads that are started together are in each other’s way too', () => {
  const beads = [waiting('gp-1', ['src/a']), waiting('gp-2', ['src/a']), waiting('gp-3', ['src/c'])]
  expect(starts(beads, 1)).toEqual(['gp-1', 'gp-3'])
  expect(starts(beads, 2)).toEqual(['gp-1', 'gp-3', 'gp-2'])
})

test('after half an hour in line the place in line counts alone', () => {
  const beads = [
    running(['src/**'], { state: 'submitted' }),
    waiting('gp-1', ['src/**']),
    aBead('gp-2', {}, { ...slung({ at: at(1) }), paths: ['docs/x'] }),
  ]
  const after = (ms: number) => starts(beads, 0, {}, new Date(Date.parse(at(0)) + ms))
  expect(after(PREFERENCE_MS - 1)).toEqual(['gp-2'])
  expect(after(PREFERENCE_MS)).toEqual(['gp-1'])
})

test('whatever stands in a ledger as paths, the plan goes on', () => {
  const odd = [null, 7, '', '/', '[', '{', '(', '!', '\\', 'x'.repeat(70_000), '*'.repeat(499)] as unknown as string[]
  const beads = [running(odd), waiting('gp-1', odd), waiting('gp-2', 'src' as never)]
  expect(starts(beads, 2, { touched: { r1: ['src/a.ts'] } }).sort()).toEqual(['gp-1', 'gp-2'])
})

const two = (a: RunState, b: RunState, rig = 'gp'): Bead[] => [
  beadWith(aRun('r1', 'gp-a', { state: a })),
  beadWith(aRun('r2', 'gp-b', { state: b, rig })),
]

test.each<[string, Bead[], Scene, boolean]>([
  ['nobody is there', [], { radarAt: null }, false],
  ['one is alone', [beadWith(inState('working'))], { radarAt: null }, false],
  ['two are at work, never looked at', two('working', 'quiet'), { radarAt: null }, true],
  ['one of two has handed in', two('submitted', 'rate_limited'), { radarAt: null }, true],
  ['both have handed in', two('submitted', 'submitted'), { radarAt: null }, false],
  ['one has no branch yet', two('working', 'provisioning'), { radarAt: null }, false],
  ['they are of different rigs', two('working', 'working', 'other'), { radarAt: null }, false],
  ['it looked a moment ago', two('working', 'working'), {}, false],
  ['it looked a minute ago', two('working', 'working'), { radarAt: now.getTime() - 60_000 }, true],
  ['it looked tomorrow', two('working', 'working'), { radarAt: now.getTime() + 86_400_000 }, true],
])('the radar looks when it has to: %s', (_when, beads, scene, looks) => {
  const plan = todo(stateOf(...beads), scene).filter((action) => action.startsWith('radar'))
  expect(plan).toEqual(looks ? ['radar gp'] : [])
})

test('the loop wakes for the radar only where two are at work', () => {
  const seen = new Map([['gp', { at: now.getTime() - 10_000, touched: new Map() }]])
  expect(nextRadar(stateOf(...two('working', 'working')), seen, 60_000, now)).toBe(now.getTime() + 50_000)
  expect(nextRadar(stateOf(...two('submitted', 'submitted')), seen, 60_000, now)).toBeUndefined()
  expect(nextRadar(stateOf(), seen, 60_000, now)).toBeUndefined()
  // One that is due already is in the plan; waiting for it would be a tight circle.
  expect(nextRadar(stateOf(...two('working', 'working')), new Map(), 60_000, now)).toBeUndefined()
})
