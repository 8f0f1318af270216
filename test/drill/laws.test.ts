/** Each law against a history in which it alone is broken. */
import { expect, test } from 'vitest'
import type { Evidence } from '../../src/drill/laws.ts'
import { judge } from '../../src/drill/laws.ts'
import type { Landing } from '../../src/scratch/landings.ts'
import { aBead, aRun } from '../kernel/support.ts'
import { aHit, aMove, aTimeline, ms } from './support.ts'

const FIRST = 'f0'
function aLanding(commit: string, bead: string, more: Partial<Landing> = {}): Landing {
  const own = { commit, tree: `tree of ${commit}`, parents: [FIRST, 'x'], author: 'x', bead, worker: 'x', subject: 'x' }
  return { ...own, changes: [own], ...more }
}
const landedBead = (id: string, commit: string) =>
  aBead(
    id,
    { status: 'closed' },
    {
      outcome: 'landed',
      landed: { commit, target: 'main', merge_request: 'm', at: 'x' },
      runs: { r1: aRun('r1', id) },
    },
  )

/** Two beads that landed one after the other, one of them after its first worker was killed. */
const ALL_WELL: Evidence = {
  shape: { rigs: [1], workers: 2, attempts: 3, rounds: 1, like: null },
  timeline: aTimeline({
    moves: [
      aMove(0, 'r1', 'claimed', { from: null }),
      aMove(1, 'r1', 'working', { from: 'starting' }),
      aMove(5, 'r1', 'lost', { reason: 'process 1 is gone' }),
      aMove(6, 'r2', 'claimed', { from: null, attempt: 2 }),
      aMove(8, 'r2', 'starting', { from: 'submitted', round: 2 }),
    ],
    landed: new Map([
      ['gp-a', ['c1']],
      ['gp-b', ['c2']],
    ]),
    mostActive: 2,
  }),
  beads: new Map([
    ['gp-a', landedBead('gp-a', 'c1')],
    ['gp-b', landedBead('gp-b', 'c2')],
  ]),
  acknowledged: ['gp-a', 'gp-b'],
  hits: [aHit(4, 'agent', { killed: ['r1'] })],
  marks: { written: [], left: new Map() },
  mains: [
    {
      rig: 'gp',
      first: FIRST,
      landings: [aLanding('c1', 'gp-a'), aLanding('c2', 'gp-b', { parents: ['c1', 'x'] })],
      tested: new Set(['tree of c1', 'tree of c2']),
    },
  ],
  missing: [],
  notRestored: [],
  unverified: [],
  damage: [],
  left: [],
  bad: [],
}

const broken = (more: Partial<Evidence>): string[] =>
  judge({ ...ALL_WELL, ...more }).flatMap(({ law, held }) => (held ? [] : [law]))
const line = (more: Partial<Evidence['timeline']>): Partial<Evidence> => ({
  timeline: { ...ALL_WELL.timeline, ...more },
})
const main = (landings: Landing[], tested = [...ALL_WELL.mains[0]!.tested]): Partial<Evidence> => ({
  mains: [{ rig: 'gp', first: FIRST, landings, tested: new Set(tested) }],
})
const [c1, c2] = ALL_WELL.mains[0]!.landings as [Landing, Landing]
const moved = (...moves: ReturnType<typeof aMove>[]) => line({ moves: [...ALL_WELL.timeline.moves, ...moves] })

test('all laws hold where all is well', () => {
  expect(broken({})).toEqual([])
})

const THERE = 'Every bead that was acknowledged is there.'
const LANDED = 'Every bead landed in the end.'
const ONCE = 'No bead landed twice, and landed means it is in main.'
const TESTED = 'main only ever moved to a tree whose gate had passed.'
const BOUNDS = 'Nobody worked beyond the cap, the attempts or the rounds.'
const DEAD = 'No agent that lives was called dead.'
const KEPT = 'Nothing that an agent wrote is lost.'

test.each<[string, string, Partial<Evidence>]>([
  ['an acknowledged bead is gone', THERE, { acknowledged: ['gp-a', 'gp-b', 'gp-z'] }],
  [
    'a bead did not land',
    LANDED,
    { beads: new Map([...ALL_WELL.beads, ['gp-c', aBead('gp-c')]]), acknowledged: ['gp-c'] },
  ],
  ['a bead is in main twice', ONCE, main([c1, { ...c2, changes: [...c2.changes, { ...c1, commit: 'c1' }] }])],
  [
    'a bead was called landed twice',
    ONCE,
    line({
      landed: new Map([
        ['gp-a', ['c0', 'c1']],
        ['gp-b', ['c2']],
      ]),
    }),
  ],
  ['landed, and not in main', ONCE, main([c1])],
  [
    'in main, and not in the ledger',
    ONCE,
    main([c1, c2, aLanding('c3', 'gp-c', { parents: ['c2', 'x'] })], ['tree of c1', 'tree of c2', 'tree of c3']),
  ],
  ['a tree was never tested', TESTED, main([c1, c2], ['tree of c1'])],
  ['main was moved past a landing', TESTED, main([c1, { ...c2, parents: ['elsewhere', 'x'] }])],
  ['a receipt does not hold', 'Every landing has a receipt that holds.', { unverified: ['c1: not so'] }],
  ['two live runs', 'No bead ever had two live runs.', line({ twice: ['gp-a had the live runs r1 and r2'] })],
  ['more at once than the cap', BOUNDS, line({ mostActive: 3 })],
  ['more attempts than allowed', BOUNDS, moved(aMove(9, 'r9', 'claimed', { from: null, attempt: 5 }))],
  ['more rounds than allowed', BOUNDS, moved(aMove(9, 'r2', 'starting', { from: 'submitted', round: 3 }))],
  ['nobody killed it', DEAD, { hits: [] }],
  ['another one was killed', DEAD, { hits: [aHit(4, 'agent', { killed: ['r2'] })] }],
  ['it was killed only afterwards', DEAD, { hits: [aHit(6, 'agent', { killed: ['r1'] })] }],
  ['tmux ended before it began', DEAD, { hits: [aHit(-1, 'tmux', { killed: [] })] }],
  ['started anew while it lived', DEAD, moved(aMove(9, 'r2', 'starting', { from: 'working' }))],
  [
    'a replaced worker was heard',
    'Nobody who was replaced could change anything.',
    { hits: [...ALL_WELL.hits, aHit(7, 'stale', { wrong: 'accepted' })] },
  ],
  ['a file is gone', KEPT, { missing: ['step 1 of run r1'] }],
  ['restore does not bring it back', KEPT, { notRestored: ['gt restore r1'] }],
  ['a repository is damaged', 'The repositories are whole.', { damage: ['missing blob'] }],
  ['a process is left', 'After gt down nothing is left: no process, no session, no worktree.', { left: ['process 1'] }],
  ['doctor is not content', 'gt doctor finds nothing bad.', { bad: ['Ledger: damaged'] }],
])('a breach is seen: %s', (_what, law, more) => {
  expect(broken(more)).toEqual([law])
})

test('what may end a worker does: its own end, the end of tmux’s server, a start that never was, gt down', () => {
  const died = (more: Partial<ReturnType<typeof aMove>>) => moved(aMove(9, 'r2', 'failed', more))
  expect(broken({ ...died({}), marks: { written: [], left: new Map([['r2', [ms(9)]]]) } })).toEqual([])
  // One that only ended when it heard that it had been replaced was no proof.
  expect(broken({ ...died({}), marks: { written: [], left: new Map([['r2', [ms(7), ms(10)]]]) } })).toEqual([DEAD])
  expect(broken({ ...died({}), hits: [...ALL_WELL.hits, aHit(7, 'tmux', { killed: [] })] })).toEqual([])
  expect(broken(died({ from: 'provisioning', hasProcess: false }))).toEqual([])
  expect(broken(moved(aMove(9, 'r2', 'stopped', { reason: 'the town went down' })))).toEqual([])
  expect(broken(died({}))).toEqual([DEAD])
})

test('a verdict shows a few of many breaches', () => {
  const left = Array.from({ length: 9 }, (_, n) => `process ${n}`)
  const [verdict] = judge({ ...ALL_WELL, left }).filter(({ held }) => !held)
  expect(verdict?.seen).toEqual([...left.slice(0, 5), 'and 4 more'])
})
