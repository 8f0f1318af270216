/** When nothing may start any more, for how long, and what ends it: by example. Any order: intensity.property.test.ts. */
import { expect, test } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { Run } from '../../src/beads/facts.ts'
import type { Breaker } from '../../src/kernel/intensity.ts'
import { breakers, mayStart } from '../../src/kernel/intensity.ts'
import { aRun, at, beadWith, stateOf } from './support.ts'

const MIN = 60
let count = 0

interface Told {
  node?: string
  bead?: string
  claimed?: number
  cause?: 'start' | 'exit' | 'crash' | 'memory' | undefined
  state?: Run['state']
}

/** A bead whose run was claimed one second before, and failed (or got so far) at `seconds`. */
function ran(seconds: number, { node = 'gp/polecats', bead, claimed = seconds - 1, cause, state }: Told = {}): Bead {
  const fence = `r${++count}`
  const [rig, part] = node.split('/') as [string, string]
  const agent = part === 'polecats' ? `${rig}/polecats/${fence}` : node
  const run = aRun(fence, bead ?? `${rig}-${fence}`, {
    rig,
    agent,
    state: state ?? 'failed',
    claimed_at: at(claimed),
    since: at(seconds),
    ...(state === undefined && { cause: cause ?? 'crash', reason: 'it broke' }),
  })
  return beadWith(run, {}, { id: `${run.bead}.${count}`, updated_at: at(seconds) })
}

const failures = (times: number[], told: Told = {}): Bead[] => times.map((seconds) => ran(seconds, told))
const FIVE = [0, 10, 20, 30, 40]

function see(beads: Bead[], seconds: number): Breaker[] {
  return breakers(stateOf(...beads), new Date(at(seconds)))
}
/** In short: `gp/polecats crash open`. */
const short = (beads: Bead[], seconds: number): string[] =>
  see(beads, seconds).map(({ node, cause, state }) => `${node} ${cause} ${state}`)
const may = (beads: Bead[], seconds: number, rig = 'gp', role: 'polecat' | 'refinery' | 'witness' = 'polecat') =>
  mayStart(see(beads, seconds), rig, role)

test('nothing failed: nothing is said, and everything may start', () => {
  const beads = [ran(0, { state: 'finished' }), ran(0, { state: 'working' })]
  expect(see(beads, 5)).toEqual([])
  expect(may(beads, 5)).toEqual({ is: 'yes' })
})

test('the fifth failure of one cause within 15 minutes opens it for 30 seconds', () => {
  expect(may(failures(FIVE.slice(1)), 41)).toEqual({ is: 'yes' })
  const beads = failures(FIVE)
  const [breaker] = see(beads, 41)
  expect(breaker).toMatchObject({
    node: 'gp/polecats',
    cause: 'crash',
    state: 'open',
    first: at(0),
    last: at(40),
    until: at(70),
    times: 1,
  })
  expect([breaker?.failures.length, breaker?.beads.length]).toEqual([5, 5])
  expect(may(beads, 41)).toMatchObject({ is: 'no', until: at(70), nodes: ['gp/polecats'] })
  expect(may(beads, 69)).toMatchObject({ is: 'no' })
  expect(may(beads, 70)).toEqual({ is: 'probe', nodes: ['gp/polecats'] })
  // Others are not concerned.
  for (const [rig, role] of [
    ['gp', 'refinery'],
    ['gp', 'witness'],
    ['other', 'polecat'],
  ] as const)
    expect(may(beads, 41, rig, role)).toEqual({ is: 'yes' })
})

test.each<[string, Bead[]]>([
  ['of one bead alone', failures(FIVE, { bead: 'gp-a' })],
  ['of several causes', [...failures(FIVE.slice(0, 4)), ran(40, { cause: 'exit' })]],
  ['spread over more than 15 minutes', failures([0, 4 * MIN, 8 * MIN, 12 * MIN, 16 * MIN])],
  ['at several places', [...failures(FIVE.slice(0, 4)), ran(40, { node: 'gp/refinery' })]],
])('five failures %s open nothing', (_what, beads) => {
  for (const seconds of [41, 16 * MIN]) {
    expect(short(beads, seconds).filter((one) => !one.endsWith('closed'))).toEqual([])
    expect(may(beads, seconds)).toEqual({ is: 'yes' })
  }
})

test('one tries at a time; each time it fails the rest is twice as long, ten minutes at most', () => {
  const beads = failures(FIVE)
  const trying = [...beads, ran(71, { state: 'starting', claimed: 71 })]
  expect(may(trying, 72)).toMatchObject({ is: 'no', nodes: ['gp/polecats'] })
  expect(see(trying, 72)[0]).toMatchObject({ state: 'half-open', probe: expect.stringMatching(/^r/) })

  let seconds = 70
  const rests: number[] = []
  for (let n = 0; n < 7; n++) {
    beads.push(ran(seconds + 5, { claimed: seconds }))
    const { until, times } = see(beads, seconds + 6).find(({ node }) => node === 'gp/polecats')!
    expect(times).toBe(n + 2)
    rests.push((Date.parse(until!) - Date.parse(at(seconds + 5))) / 1000)
    seconds = (Date.parse(until!) - Date.parse(at(0))) / 1000
  }
  expect(rests).toEqual([60, 120, 240, 480, 600, 600, 600])
})

test('what was started since and works closes it, and the next trouble begins at the beginning', () => {
  const beads = failures(FIVE)
  beads.push(ran(75, { claimed: 70 }), ran(200, { claimed: 140, state: 'submitted' }))
  expect(see(beads, 201)).toMatchObject([{ state: 'closed', times: 0, closedBy: expect.stringMatching(/^r/) }])
  expect(may(beads, 201)).toEqual({ is: 'yes' })
  beads.push(...failures([210, 211, 212, 213]))
  expect(may(beads, 214)).toEqual({ is: 'yes' })
  beads.push(ran(214))
  expect(may(beads, 215)).toMatchObject({ is: 'no', until: at(244) })
})

test('a run that was at work before proves nothing by handing in', () => {
  const beads = [...failures(FIVE), ran(45, { claimed: -600, state: 'submitted' })]
  expect(may(beads, 46)).toMatchObject({ is: 'no' })
  expect(may(beads, 75)).toMatchObject({ is: 'probe' })
})

test('ten minutes at work are a proof as well; for starts it is enough to have spoken', () => {
  const works = (cause: Told['cause']) => [...failures(FIVE, { cause }), ran(90, { claimed: 80, state: 'working' })]
  expect(may(works('crash'), 80 + 9 * MIN)).toMatchObject({ is: 'no' })
  expect(may(works('crash'), 80 + 10 * MIN)).toEqual({ is: 'yes' })
  expect(may(works('start'), 91)).toEqual({ is: 'yes' })
})

test('half an hour without a failure forgets', () => {
  const beads = failures(FIVE)
  expect(may(beads, 40 + 30 * MIN)).toMatchObject({ is: 'probe' })
  expect(may(beads, 41 + 30 * MIN)).toEqual({ is: 'yes' })
  expect(see(beads, 41 + 30 * MIN)).toEqual([])
})

test('trouble that goes on for days stays one trouble', () => {
  const beads = failures(FIVE)
  const last = 40 + 999 * 11 * MIN
  for (let n = 1; n < 1000; n++) beads.push(ran(40 + n * 11 * MIN, { claimed: 39 + n * 11 * MIN }))
  const breaker = see(beads, last + 1).find(({ node }) => node === 'gp/polecats')
  expect(breaker).toMatchObject({ state: 'open', first: at(0), times: 1000, until: at(last + 10 * MIN) })
})

test('two roles of a rig at once open the rig; two rigs open the town', () => {
  const polecats = failures(FIVE)
  const refinery = failures(FIVE, { node: 'gp/refinery' })
  const both = [...polecats, ...refinery]
  expect(short(both, 41)).toEqual(['gp crash open', 'gp/polecats crash open', 'gp/refinery crash open'])
  expect(may(both, 41, 'gp', 'witness')).toMatchObject({ is: 'no' })
  expect(may(both, 41, 'other')).toEqual({ is: 'yes' })

  const two = [...polecats, ...failures(FIVE, { node: 'other/polecats' })]
  expect(short(two, 41)).toEqual(['gp/polecats crash open', 'other/polecats crash open', 'town crash open'])
  expect(may(two, 41, 'third')).toMatchObject({ is: 'no', until: at(70) })
  // One tries in the whole town, whoever it is.
  expect(may(two, 71, 'third')).toEqual({ is: 'probe', nodes: ['town'] })
  const trying = [...two, ran(72, { claimed: 72, state: 'working' })]
  expect(may(trying, 73, 'third')).toMatchObject({ is: 'no', nodes: ['town'] })
  // It works: the town and its own node are open again, the other rig tries by itself.
  const works = [...two, ran(80, { claimed: 72, state: 'submitted' })]
  expect(may(works, 81, 'third')).toEqual({ is: 'yes' })
  expect(may(works, 81)).toEqual({ is: 'yes' })
  expect(may(works, 81, 'other')).toEqual({ is: 'probe', nodes: ['other/polecats'] })
  // Of different causes they have nothing in common.
  const apart = [...polecats, ...failures(FIVE, { node: 'other/polecats', cause: 'exit' })]
  expect(short(apart, 41)).toEqual(['gp/polecats crash open', 'other/polecats exit open'])
})

test('one that proved it by lasting says nothing, when it hands in, about what opened after that', () => {
  const broken = [...failures(FIVE), ...failures(FIVE, { node: 'other/polecats' })]
  const lasts = { node: 'gp/refinery', claimed: 75 }
  // It tries for the town, and after ten minutes the town is closed.
  const lasted = [...broken, ran(80, { ...lasts, state: 'working' })]
  expect(short(lasted, 674)).toContain('town crash half-open')
  expect(short(lasted, 675)).toContain('town crash closed')
  // Then another tries for its own place in vain, and two rigs are in trouble at once again.
  const again = ran(681, { claimed: 680 })
  expect(short([...lasted, again], 682)).toContain('town crash open')
  const handedIn = [...broken, again, ran(690, { ...lasts, state: 'submitted' })]
  expect(may(handedIn, 691, 'gp', 'refinery')).toMatchObject({ is: 'no', until: at(711), nodes: ['town'] })
  const next = [...handedIn, ran(730, { node: 'gp/refinery', claimed: 712, state: 'submitted' })]
  expect(may(next, 731, 'gp', 'refinery')).toEqual({ is: 'yes' })
})

test('one that tried while a rig was open for one place alone says nothing about what opens for all', () => {
  const row = [70, 140, 270].map((seconds) => ran(seconds + 5, { claimed: seconds }))
  const before = failures([310, 312, 314, 316], { node: 'gp/refinery', claimed: 50 })
  const tries = { node: 'gp/refinery', claimed: 306 }
  const one = [...failures(FIVE), ...row]
  expect(see([...one, ran(306, { ...tries, state: 'working' })], 307)).toMatchObject([
    { node: 'gp', through: 'gp/polecats', state: 'half-open', probe: expect.stringMatching(/^r/) },
    { node: 'gp/polecats', state: 'open' },
  ])
  const all = [...one, ...before, ran(318, { node: 'gp/refinery', claimed: 50 })]
  const handedIn = [...all, ran(330, { ...tries, state: 'submitted' })]
  expect(short(handedIn, 331)).toEqual(['gp crash open', 'gp/polecats crash open', 'gp/refinery crash open'])
})

test('a node that opened again three times in a row opens its rig, where the others try for themselves', () => {
  const row = (times: number): Bead[] => {
    const tries = [70, 140, 270, 520].slice(0, times)
    return [...failures(FIVE), ...tries.map((seconds) => ran(seconds + 5, { claimed: seconds }))]
  }
  expect(short(row(2), 150)).toEqual(['gp/polecats crash open'])
  const beads = row(3)
  expect(short(beads, 276)).toEqual(['gp crash open', 'gp/polecats crash open'])
  expect(may(beads, 276, 'gp', 'refinery')).toMatchObject({ is: 'no', until: at(305) })
  // Its own further failures keep nobody else waiting.
  const further = row(4)
  expect(may(further, 526, 'gp', 'refinery')).toEqual({ is: 'probe', nodes: ['gp'] })
  expect(may(further, 526)).toMatchObject({ is: 'no', nodes: ['gp/polecats'] })
  const works = [...further, ran(540, { node: 'gp/refinery', claimed: 530, state: 'submitted' })]
  expect(may(works, 541, 'gp', 'refinery')).toEqual({ is: 'yes' })
  expect(may(works, 541)).toMatchObject({ is: 'no' })
  // And where something beside it works, it is its own trouble alone.
  const healthy = [...row(3), ran(100, { node: 'gp/refinery', claimed: 90, state: 'submitted' })]
  expect(short(healthy, 276)).toEqual(['gp/polecats crash open'])
})

test('what works beside two that are broken is not held by the town, until it fails twice; the rest tries alone', () => {
  const broken = [...failures(FIVE), ...failures(FIVE, { node: 'other/polecats' })]
  const third = (seconds: number, told: Told = {}) => ran(seconds, { node: 'third/polecats', ...told })
  const works = [...broken, third(-60, { state: 'submitted' })]
  const town = (beads: Bead[], seconds: number) => see(beads, seconds).find(({ node }) => node === 'town')
  expect(town(works, 41)?.beside).toMatchObject({ works: [{ node: 'third' }], broken: ['gp', 'other'] })
  expect(may(works, 41, 'third')).toEqual({ is: 'yes' })
  expect(may(works, 41, 'fourth')).toMatchObject({ is: 'no', until: at(70), nodes: ['town'] })
  expect(may(works, 71, 'fourth')).toEqual({ is: 'probe', nodes: ['town'] })
  // Those that are broken wait for nobody but themselves, and nobody for them.
  expect(may(works, 71)).toEqual({ is: 'probe', nodes: ['gp/polecats'] })
  const again = [...works, ran(75, { claimed: 72 })]
  expect(may(again, 76)).toMatchObject({ is: 'no', until: at(135), nodes: ['gp/polecats'] })
  expect(may(again, 76, 'fourth')).toEqual({ is: 'probe', nodes: ['town'] })
  // What it starts tried nothing, so it ends nothing.
  const goesOn = [...again, third(90, { claimed: 80, state: 'submitted' })]
  expect(town(goesOn, 91)?.state).toBe('half-open')
  // Once may happen; the second time it is everybody's trouble.
  const slipped = [...goesOn, third(100, { claimed: 95 })]
  expect(may(slipped, 101, 'third')).toEqual({ is: 'yes' })
  const all = [...slipped, third(110, { claimed: 95 })]
  expect(may(all, 111, 'third')).toMatchObject({ is: 'no', until: at(140), nodes: ['town'] })
  expect(may(all, 141, 'third')).toEqual({ is: 'probe', nodes: ['town'] })
  // What proves to work after it opened, though it was started before, joins those that work.
  const joins = [...broken, third(50, { claimed: 20, state: 'submitted' })]
  expect(may(joins, 49, 'third')).toMatchObject({ is: 'no' })
  expect(may(joins, 51, 'third')).toEqual({ is: 'yes' })
  // Long ago is nothing.
  expect(may([...broken, third(-31 * MIN, { state: 'submitted' })], 41, 'third')).toMatchObject({ is: 'no' })
})

test('nothing that the clock says is still to come counts', () => {
  const beads = failures(FIVE.map((seconds) => seconds + 60 * MIN))
  expect(see(beads, 0)).toEqual([])
  expect(may([...beads, ...failures(FIVE)], 41)).toMatchObject({ is: 'no', until: at(70) })
})

test('what it says to people', () => {
  const text = (beads: Bead[], seconds: number) => see(beads, seconds).map((one) => one.text)
  expect(text(failures(FIVE, { cause: 'start' }), 41)).toEqual([
    'Workers of gp keep failing to start (5 times, 5 beads): nothing starts there until 12:01:10 UTC, then one tries',
  ])
  const beside = [
    ...failures(FIVE),
    ...failures(FIVE, { node: 'other/polecats' }),
    ran(20, { node: 'third/polecats', state: 'submitted' }),
  ]
  expect(text(beside, 41)).toContain(
    'Agents all over the town keep being killed or crashing (10 times, 10 beads): nothing untried starts there until 12:01:10 UTC, then one tries; third works and goes on, gp, other try by themselves',
  )
  expect(text([ran(0)], 1)).toEqual(['Workers of gp keep being killed or crashing (once, one bead)'])
})
