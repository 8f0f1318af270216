/** Restart intensity in any order of events: a small town that starts what it may, and where most things go wrong. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { Cause, Run } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { put } from '../../src/beads/fold.ts'
import type { Breaker } from '../../src/kernel/intensity.ts'
import { breakers, mayStart } from '../../src/kernel/intensity.ts'
import { holds } from '../../src/kernel/reach.ts'
import { aRun, at, beadWith, stateOf } from './support.ts'

const LEAVES = [
  ['gp', 'polecat', 'gp/polecats'],
  ['gp', 'refinery', 'gp/refinery'],
  ['other', 'polecat', 'other/polecats'],
  ['third', 'polecat', 'third/polecats'],
] as const
/** Runs that go on at one time in each place. */
const CAP = 3
const WINDOW = 15 * 60

const aMove = fc.record({
  wait: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1, 5, 10, 20, 31, 65) },
    { weight: 1, arbitrary: fc.constantFrom(130, 400, 700) },
  ),
  /** Mostly one and the same place. */
  leaf: fc.constantFrom(0, 0, 0, 1, 2, 2, 3),
  /** How whoever goes on there ends: mostly badly. */
  end: fc.oneof(
    { weight: 8, arbitrary: fc.constant('crash' as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom('exit' as const, 'submitted' as const, 'stopped' as const, 'none' as const),
    },
  ),
  /** How many of them. */
  many: fc.integer({ min: 1, max: CAP }),
  starts: fc.nat(CAP),
})
const someMoves = fc.array(aMove, { minLength: 20, maxLength: 80, size: 'max' })
type Move = typeof aMove extends fc.Arbitrary<infer T> ? T : never

interface Tried {
  leaf: number
  run: Run
  /** What was open where it began, and is therefore to be proven by it. */
  tries: string[]
}

class World {
  clock = 0
  readonly tried: Tried[] = []
  readonly state: State = stateOf()

  beads(): Bead[] {
    return [...this.state.beads.values()]
  }

  going(leaf: number): Tried[] {
    return this.tried.filter((one) => one.leaf === leaf && one.run.state === 'working')
  }

  play({ wait, leaf, end, many, starts }: Move): void {
    this.clock += wait
    const ended = end === 'none' ? [] : this.going(leaf).slice(0, many)
    for (const one of ended) {
      one.run = { ...one.run, ...endOf(end), since: at(this.clock) }
      put(this.state, beadOf(one.run))
    }
    for (let n = 0; n < starts && this.going(leaf).length < CAP; n++) this.#start(leaf)
  }

  #start(leaf: number): void {
    const [rig, role, node] = LEAVES[leaf]!
    const all = breakers(this.state, new Date(at(this.clock)))
    const may = mayStart(all, rig, role)
    if (may.is === 'no') return
    const fence = `r${this.tried.length}`
    const agent = role === 'polecat' ? `${rig}/polecats/${fence}` : node
    const run = aRun(fence, `${rig}-${fence}`, { rig, agent, claimed_at: at(this.clock), since: at(this.clock) })
    put(this.state, beadOf(run))
    this.tried.push({ leaf, run, tries: openings(all.filter((one) => holds(one, node))) })
  }
}

/**
 * Which troubles these are that something is open for. One that closed and comes back is another one, which who began before
 * it says nothing about; so is the one for all that takes the place of one for a single node.
 */
const openings = (all: Breaker[]): string[] =>
  all
    .filter(({ state }) => state !== 'closed')
    .map(({ node, cause, failures, through }) => [node, cause, failures[0], through].join(' '))

/** Each run has a bead of its own: whether it is the bead is another matter (poison.ts). */
const beadOf = (run: Run): Bead => beadWith(run, {}, { updated_at: run.since })

const endOf = (end: Move['end']): Partial<Run> =>
  end === 'submitted' || end === 'stopped' ? { state: end } : { state: 'lost', cause: end as Cause }

/** Plays all moves; looks after each. */
function played(moves: Move[], look: (world: World) => void = () => {}): World {
  const world = new World()
  for (const move of moves) {
    world.play(move)
    look(world)
  }
  return world
}

const seconds = (time: string): number => (Date.parse(time) - Date.parse(at(0))) / 1000

test('the small town does get into trouble: everything that a breaker can be is met', () => {
  const met = new Set<string>()
  fc.assert(
    fc.property(someMoves, (moves) => {
      played(moves, (world) => {
        for (const one of breakers(world.state, new Date(at(world.clock))))
          met.add(
            [one.node, one.state, one.probe && 'probe', one.through && 'through', one.beside && 'beside']
              .filter(Boolean)
              .join(' '),
          )
      })
    }),
    // The same towns each time: whether chance meets everything is not what is asked.
    { numRuns: 30, seed: 9 },
  )
  const states = ['closed', 'open', 'half-open', 'half-open probe']
  for (const node of ['gp/polecats', 'gp', 'town'])
    for (const state of states) expect(met).toContain(`${node} ${state}`)
  expect([...met].some((one) => one.endsWith('through'))).toBe(true)
  expect([...met].some((one) => one.endsWith('beside'))).toBe(true)
})

test('in any 15 minutes in which nothing proves to work, no more is tried in vain than the intensity allows', () => {
  fc.assert(
    fc.property(someMoves, fc.constantFrom<Cause[]>('crash', 'exit'), (moves, cause) => {
      const { tried } = played(moves)
      for (const [leaf] of LEAVES.entries()) {
        const here = tried.filter((one) => one.leaf === leaf).map(({ run }) => run)
        // Whoever handed in or lasted for ten minutes.
        const proofs = here.flatMap((run) => {
          const [from, to] = [seconds(run.claimed_at), seconds(run.since)]
          if (run.state === 'submitted') return [to]
          return run.state === 'working' || to - from >= 600 ? [from + 600] : []
        })
        for (const { claimed_at } of here) {
          const from = seconds(claimed_at)
          const isIn = (time: number): boolean => time >= from && time < from + WINDOW
          if (proofs.some(isIn)) continue
          const vain = here.filter(
            (run) => run.cause === cause && isIn(seconds(run.claimed_at)) && isIn(seconds(run.since)),
          )
          // Four that open nothing; those that went on while the fifth opened it; tries after 30 s, 1, 2 and 4 min of rest.
          expect(vain.length).toBeLessThanOrEqual(4 + CAP + 4)
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('where something is broken one tries at a time, and when it works that is over, there and above', () => {
  fc.assert(
    fc.property(someMoves, (moves) => {
      played(moves, (world) => {
        const going = world.tried.filter(({ run }) => run.state === 'working')
        const all = breakers(world.state, new Date(at(world.clock)))
        const left = openings(all)
        // One that works by now, or has a breaker of its own beside one that works, does not try for those above any more.
        const held = (leaf: number): string[] => openings(all.filter((one) => holds(one, LEAVES[leaf]![2])))
        const trying = going.flatMap(({ leaf, tries }) => tries.filter((one) => held(leaf).includes(one)))
        expect(new Set(trying).size, trying.join()).toBe(trying.length)
        // Whoever handed in, or has lasted for ten minutes, has proven it.
        const works = [
          ...world.tried.filter(({ run }) => run.state === 'submitted'),
          ...going.filter(({ run }) => world.clock - seconds(run.claimed_at) >= 600),
        ].flatMap(({ tries }) => tries)
        expect(left.filter((one) => works.includes(one))).toEqual([])
      })
    }),
    { numRuns: 40 },
  )
})

test('whoever looks sees the same: after a restart, and in any order of the beads', () => {
  fc.assert(
    fc.property(someMoves, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (moves, chance) => {
      const world = played(moves)
      const now = new Date(at(world.clock))
      const shuffled = world
        .beads()
        .map((bead) => ({ bead: JSON.parse(JSON.stringify(bead)) as Bead, key: chance.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ bead }) => bead)
      const [here, there] = [world.state, stateOf(...shuffled)].map((state) =>
        breakers(state, now).map(({ probe, ...rest }) => ({ ...rest, text: '', tries: probe !== undefined })),
      )
      expect(there).toEqual(here)
    }),
    { numRuns: 40 },
  )
})

test('at whatever time the clock stands, nothing waits for more than ten minutes; half an hour later all is forgotten', () => {
  fc.assert(
    fc.property(someMoves, fc.integer({ min: -3000, max: 3000 }), (moves, off) => {
      const world = played(moves)
      const now = world.clock + off
      for (const { until } of breakers(world.state, new Date(at(now))))
        expect(seconds(until ?? at(now)) - now).toBeLessThanOrEqual(600)
      const later = breakers(world.state, new Date(at(world.clock + 1801)))
      expect(later.filter(({ state }) => state !== 'closed')).toEqual([])
    }),
    { numRuns: 40 },
  )
})
