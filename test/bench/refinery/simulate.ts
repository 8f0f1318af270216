/**
 * A merge queue without a repository: entries arrive, some are bad, a gate run takes one gate of time and is sometimes
 * red for nothing. What happens next is decided by the very `plan()` that works real queues, over rows put together the
 * way rows.ts does it. Seeded, with a clock of its own: the same setup always ends the same. It throws when the plan
 * does what must never be: landing without a green on that tree, testing what is green already, more runs than slots, a
 * plan that never rests, an end that is not reached.
 */
import { rngOf } from '../../../src/drill/rng.ts'
import type { Estimates, Seen } from '../../../src/refinery/estimate.ts'
import { estimate } from '../../../src/refinery/estimate.ts'
import type { Action, Link, Row, Running } from '../../../src/refinery/plan.ts'
import { plan } from '../../../src/refinery/plan.ts'
import type { Policy } from '../../../src/refinery/search.ts'
import type { RedRun, RedSet, Standing } from '../../../src/refinery/suspects.ts'
import { openReds, suspectPrefix } from '../../../src/refinery/suspects.ts'
import type { Finding, Verdict } from '../../../src/refinery/verdict.ts'
import { isGreen, verdictOf } from '../../../src/refinery/verdict.ts'

export interface Setup {
  /** So many wait at the start and none comes later; or they come at random, `rate` a gate for `horizon` gates. */
  arrivals: { waiting: number } | { rate: number; horizon: number }
  /** Probability that an entry is bad, and that a run on good code is red. */
  p: number
  f: number
  slots: number
  /** A run takes between 1 − spread and 1 + spread gates; 0 when absent: slots that start together end together. */
  spread?: number
  policy: Policy
  /** Whether the plan is told p and f, or has to learn them. */
  estimates: 'known' | 'learned'
  /** What earlier queues taught; `learned` starts from its prior without it. */
  taught?: Seen
  seed: number
}

/** Times are in gates. */
export interface Outcome {
  /** Gate runs that were started; a run that was stopped counts as well. */
  runs: number
  stopped: number
  wall: number
  landed: number
  /** Of these, so many before the last arrival could come: what a queue that runs for ever does. */
  landedInTime: number
  returned: number
  goodReturned: number
  badLanded: number
  /** From arrival to landing, in order of landing. */
  waits: number[]
  /** From arrival to the end of the first run an entry was in, of those that came while a search went on. */
  newcomers: number[]
  /** What this queue taught, on top of what was known. */
  taught: Seen
}

/** ms that a gate takes. */
export const GATE = 5 * 60_000
/** Entries that are tested together at the most; as in a rig that sets nothing. */
const BATCH = 30
/** Runs and verdicts that estimates are made from (log.ts). */
const RECENT = 600
const START = Date.UTC(2026, 0, 1)
/** Looks at one instant, and runs for one entry, beyond which no progress is made. */
const ENDLESS = 1_000

/** Works one queue to its end. */
export function simulate(setup: Setup): Outcome {
  return new Simulation(setup).run()
}

/** Names a tree by what is in it and not by the order in which that came, as git does. */
type Content = readonly [number, number]
const nameOf = ([a, b]: Content): string => `${a}.${b}`

interface Entry {
  id: string
  bad: boolean
  /** ms since the epoch. */
  arrived: number
  content: Content
  /** It came while a red group was searched. */
  newcomer: boolean
  tested: boolean
}

interface Run extends Running {
  ends: number
}

interface Woven {
  onto: string
  entries: readonly Entry[]
  links: Link[]
}

class Simulation {
  readonly #setup: Setup
  readonly #coming: Entry[]
  /** No arrival is later than this, ms since the epoch. */
  readonly #horizon: number
  readonly #flakes: () => number
  readonly #delays: () => number
  readonly #out: Outcome

  #now = START
  #arrived = 0
  #line: Entry[] = []
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Map<string, Standing>()
  readonly #landed = new Set<string>()
  #content: Content = [0, 0]
  #target = nameOf([0, 0])
  #running: Run[] = []
  readonly #results = new Map<string, Finding[]>()
  #redRuns: (RedRun & { tree: string })[] = []

  /** Derived from the above, until that changes. */
  #reds: RedSet[] | undefined
  #estimates: Estimates | undefined
  #links: Woven = { onto: '', entries: [], links: [] }
  #spare: Woven = { onto: '', entries: [], links: [] }
  /** Runs for the estimates: whether each was red, and on which tree. */
  readonly #log: { tree: string; red: boolean }[] = []
  readonly #verdicts: boolean[]

  constructor(setup: Setup) {
    this.#setup = setup
    const draw = rngOf(setup.seed).next
    const { arrivals } = setup
    const times: number[] = []
    if ('waiting' in arrivals) for (let i = 0; i < arrivals.waiting; i++) times.push(0)
    else {
      const gap = (): number => -Math.log(1 - draw()) / arrivals.rate
      for (let at = gap(); at < arrivals.horizon; at += gap()) times.push(at)
    }
    this.#coming = times.map((at, index) => ({
      id: `c${index}`,
      bad: draw() < setup.p,
      arrived: START + at * GATE,
      content: [(draw() * 2 ** 31) | 0, (draw() * 2 ** 31) | 0],
      newcomer: false,
      tested: false,
    }))
    this.#horizon = START + ('waiting' in arrivals ? Number.POSITIVE_INFINITY : arrivals.horizon * GATE)
    // Streams of their own: policies are compared on the same entries, however many runs each makes.
    this.#flakes = rngOf(setup.seed ^ 0x5bd1e995).next
    this.#delays = rngOf(setup.seed ^ 0x2545f491).next
    this.#verdicts = [...(setup.taught?.verdicts ?? [])]
    this.#out = {
      ...{ runs: 0, stopped: 0, wall: 0, landed: 0, landedInTime: 0, returned: 0, goodReturned: 0, badLanded: 0 },
      waits: [],
      newcomers: [],
      taught: { verdicts: [], goodRuns: [] },
    }
    this.#remember(this.#target, 'pass')
  }

  run(): Outcome {
    const most = ENDLESS * (this.#coming.length + 1)
    for (;;) {
      this.#arrivals()
      this.#act()
      if (this.#out.runs > most) throw new Error(`no end after ${this.#out.runs} runs`)
      const next = Math.min(
        this.#coming[this.#arrived]?.arrived ?? Number.POSITIVE_INFINITY,
        ...this.#running.map(({ ends }) => ends),
      )
      if (next === Number.POSITIVE_INFINITY) break
      this.#now = next
      const ended = this.#running.filter(({ ends }) => ends <= next)
      this.#running = this.#running.filter(({ ends }) => ends > next)
      for (const run of ended) this.#end(run)
    }
    if (this.#line.length > 0) throw new Error(`${this.#line.length} entries wait, and nothing is done about them`)
    return { ...this.#out, wall: (this.#now - START) / GATE, taught: this.#seen() }
  }

  #arrivals(): void {
    for (
      let next = this.#coming[this.#arrived];
      next && next.arrived <= this.#now;
      next = this.#coming[this.#arrived]
    ) {
      this.#arrived++
      next.newcomer = this.#openReds().length > 0
      this.#line.push(next)
      this.#entries.set(next.id, next)
      this.#waiting.set(next.id, { head: next.id, since: next.arrived })
    }
  }

  /** Looks and acts until there is nothing to do, as a driver does. */
  #act(): void {
    for (let looks = 0; looks < ENDLESS; looks++) {
      const { p, f } = this.#told()
      const { slots, policy } = this.#setup
      const running = this.#running
      const actions = plan({ rows: [this.#row()], running, slots, p, f, now: this.#now, policy })
      if (actions.length === 0) return
      for (const action of actions) this.#take(action)
      if (this.#running.length > slots) throw new Error(`${this.#running.length} runs in ${slots} slots`)
    }
    throw new Error('the plan never rests')
  }

  #take(action: Action): void {
    switch (action.do) {
      case 'test': {
        const { tree, ids } = action
        if (this.#running.some((run) => run.tree === tree)) throw new Error(`${ids} is tested twice`)
        if (this.#results.get(tree)?.at(-1)?.outcome === 'pass') throw new Error(`${ids} is green already`)
        const takes = GATE * (1 + (2 * this.#delays() - 1) * (this.#setup.spread ?? 0))
        const run = `r${++this.#out.runs}`
        const keys = action.gates.map(({ key }) => key)
        this.#running = [...this.#running, { run, tree, keys, ids, ends: this.#now + takes }]
        return
      }
      case 'stop':
        this.#running = this.#running.filter(({ run }) => run !== action.run)
        this.#out.stopped++
        return
      case 'land':
        this.#land(action.row, action.row.links.slice(0, action.count))
        return
      case 'return': {
        const entry = this.#entries.get(action.link.id)!
        this.#out.returned++
        if (!entry.bad) this.#out.goodReturned++
        this.#leave([action.link], true)
        return
      }
      default:
        throw new Error(`the target was always green, and the plan says: ${action.do}`)
    }
  }

  #land(row: Row, links: Link[]): void {
    const { tree } = links.at(-1)!
    if (row.base.tree !== this.#target) throw new Error('the target has moved since')
    if (this.#results.get(tree)?.at(-1)?.outcome !== 'pass') throw new Error(`${tree} was never green`)
    for (const { id } of links) {
      const entry = this.#entries.get(id)!
      this.#content = joined(this.#content, entry.content)
      this.#landed.add(id)
      this.#out.landed++
      if (this.#now <= this.#horizon) this.#out.landedInTime++
      if (entry.bad) this.#out.badLanded++
      this.#out.waits.push((this.#now - entry.arrived) / GATE)
    }
    this.#leave(links, false)
    this.#target = nameOf(this.#content)
    if (this.#target !== tree) throw new Error(`landed ${tree}, and the target is ${this.#target}`)
  }

  #leave(links: Link[], red: boolean): void {
    for (const { id } of links) this.#waiting.delete(id)
    this.#line = this.#line.filter(({ id }) => this.#waiting.has(id))
    this.#verdicts.push(...links.map(() => red))
    this.#reds = undefined
    this.#estimates = undefined
  }

  #end({ run, tree, ids }: Run): void {
    const members = ids.map((id) => this.#entries.get(id)!)
    const flake = this.#flakes() < this.#setup.f
    const red = flake || members.some(({ bad }) => bad)
    for (const entry of members) {
      if (entry.newcomer && !entry.tested) this.#out.newcomers.push((this.#now - entry.arrived) / GATE)
      entry.tested = true
    }
    this.#remember(tree, red ? 'fail' : 'pass')
    this.#log.push({ tree, red })
    this.#estimates = undefined
    this.#reds = undefined
    // Green afterwards on the same content: the red said nothing of its members.
    if (!red) this.#redRuns = this.#redRuns.filter((one) => one.tree !== tree)
    else this.#redRuns.push({ run, at: this.#now, members: ids.map((id) => ({ id, head: id })), tree })
  }

  #remember(tree: string, outcome: Finding['outcome']): void {
    const finding: Finding = { at: this.#now, outcome, ms: GATE, run: '', text: '', tail: '' }
    this.#results.set(tree, [...(this.#results.get(tree) ?? []), finding])
    for (const { links } of [this.#links, this.#spare]) {
      const link = links.find((one) => one.tree === tree)
      if (link) link.verdict = this.#verdict(tree, 0)
    }
  }

  #verdict(tree: string, since: number): Verdict {
    return verdictOf([{ name: 'gate', key: tree }], (key) => this.#results.get(key) ?? [], since)
  }

  #openReds(): RedSet[] {
    if (this.#reds === undefined) {
      this.#reds = openReds(this.#redRuns, this.#waiting, (id) => this.#landed.has(id))
      const open = new Set(this.#reds.map(({ run }) => run))
      // Nothing comes back in this world: what is explained stays so.
      this.#redRuns = this.#redRuns.filter(({ run }) => open.has(run))
    }
    return this.#reds
  }

  #row(): Row {
    const reds = this.#openReds()
    const order = this.#line.slice(0, BATCH)
    this.#links = this.#weave(order, this.#links)
    const lone = order[0] !== undefined && suspectPrefix([order[0].id], reds) === 1
    if (lone) this.#spare = this.#weave(order.slice(1), this.#spare)
    const verdict = this.#verdict(this.#target, 0)
    if (!isGreen(verdict)) throw new Error(`the target ${this.#target} is not known to be green`)
    return {
      name: 'main',
      base: { commit: this.#target, tree: this.#target, verdict },
      links: this.#links.links,
      reds,
      spare: lone ? this.#spare.links : [],
      alarmed: false,
    }
  }

  /** Links for these entries, or those of before when nothing changed: most looks see the row of the last one. */
  #weave(entries: readonly Entry[], before: Woven): Woven {
    const same = before.onto === this.#target && before.entries.length === entries.length
    if (same && entries.every((entry, index) => entry === before.entries[index])) return before
    let content = this.#content
    const links = entries.map((entry) => {
      content = joined(content, entry.content)
      const tree = nameOf(content)
      // Nothing is handed in twice here, so no result is older than the work.
      return { id: entry.id, commit: tree, tree, verdict: this.#verdict(tree, 0) }
    })
    return { onto: this.#target, entries, links }
  }

  #told(): Estimates {
    if (this.#setup.estimates === 'known') return this.#setup
    this.#estimates ??= estimate(this.#seen())
    return this.#estimates
  }

  #seen(): Seen {
    const good = this.#log.slice(-RECENT).filter(({ tree }) => this.#results.get(tree)!.at(-1)!.outcome === 'pass')
    const goodRuns = [...(this.#setup.taught?.goodRuns ?? []), ...good.map(({ red }) => red)]
    return { verdicts: this.#verdicts.slice(-RECENT), goodRuns: goodRuns.slice(-RECENT) }
  }
}

const joined = (a: Content, b: Content): Content => [a[0] ^ b[0], a[1] ^ b[1]]
