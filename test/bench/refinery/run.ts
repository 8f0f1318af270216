/**
 * `npm run bench:refinery`: what the merge queue costs and how long changes wait in it, beside the alternatives and the
 * least that any procedure could do. Simulated gates (simulate.ts) under the real `plan()`; seeded, so every machine
 * prints the same figures. Ends with 1 when a target is missed.
 */
import type { Seen } from '../../../src/refinery/estimate.ts'
import type { Policy } from '../../../src/refinery/search.ts'
import type { Outcome, Setup } from './simulate.ts'
import { GATE, simulate } from './simulate.ts'

const WAITING = 30
const BAD = [0.01, 0.05, 0.1, 0.2, 0.4]
const FLAKES = [0, 0.02]
const GATES_AN_HOUR = 3_600_000 / GATE
/** More slots would stand idle under the first three; `prefixes` with one slot is `nested`. */
const POLICIES: { policy: Policy; slots: number }[] = [
  { policy: 'serial', slots: 1 },
  { policy: 'halving', slots: 1 },
  { policy: 'nested', slots: 1 },
  { policy: 'prefixes', slots: 1 },
  { policy: 'prefixes', slots: 2 },
  { policy: 'prefixes', slots: 4 },
]
/** Queues a cell: enough to know mean runs to 1 %, and with flakes for events of one in ten thousand changes. */
const [LEAST, LEAST_WITH_FLAKES, MOST] = [400, 1_500, 4_000]

interface Cell {
  runs: number
  wall: number
  /** Good changes sent back, of a thousand. */
  rejected: number
}

const targets: { what: string; figure: string; target: string; met: boolean }[] = []
const fixed = (value: number, digits = 2): string => value.toFixed(digits)
const percent = (value: number): string => `${Math.round(value * 100)} %`
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

function table(head: string[], rows: string[][]): void {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
    console.log(`  ${cells.join('   ')}`)
  }
}

/** Works queues until their mean number of runs is known to 1 % (two standard errors). */
function cell(setup: Omit<Setup, 'seed' | 'arrivals'>, most = MOST, taught?: (seed: number) => Seen): Cell {
  const least = setup.f > 0 ? LEAST_WITH_FLAKES : LEAST
  let [queues, runs, squares, wall, good, rejected] = [0, 0, 0, 0, 0, 0]
  for (; queues < most; queues++) {
    const mean = runs / queues
    if (queues >= least && 2 * Math.sqrt((squares / queues - mean ** 2) / queues) < mean / 100) break
    const history = taught && { taught: taught(queues) }
    const outcome = simulate({ ...setup, ...history, arrivals: { waiting: WAITING }, seed: queues })
    if (outcome.badLanded > 0) throw new Error('a bad change landed')
    runs += outcome.runs
    squares += outcome.runs ** 2
    wall += outcome.wall
    good += outcome.landed + outcome.goodReturned
    rejected += outcome.goodReturned
  }
  return { runs: runs / queues, wall: wall / queues, rejected: (rejected / good) * 1000 }
}

/** What 20 queues before this one taught; ten different pasts. */
function past(setup: Omit<Setup, 'seed' | 'arrivals'>): (seed: number) => Seen {
  const pasts = Array.from({ length: 10 }, (_, number) => {
    let taught: Seen = { verdicts: [], goodRuns: [] }
    for (let queue = 0; queue < 20; queue++) {
      const seed = 1_000_000 + number * 100 + queue
      taught = simulate({ ...setup, taught, arrivals: { waiting: WAITING }, seed }).taught
    }
    return taught
  })
  return (seed) => pasts[seed % pasts.length]!
}

/** No procedure needs fewer runs on average, and none can do without one. */
function bound(p: number): number {
  return Math.max(1, WAITING * (-p * Math.log2(p) - (1 - p) * Math.log2(1 - p)))
}

/** By policy, slots, p and f: the cells of the first tables, which others refer to. */
const cells = new Map<string, Cell>()
const at = (policy: Policy, slots: number, p: number, f: number): Cell => cells.get(`${policy} ${slots} ${p} ${f}`)!

function waitingTables(): void {
  for (const f of FLAKES) {
    const rows = POLICIES.map(({ policy, slots }) => {
      const found = BAD.map((p) => cell({ p, f, slots, policy, estimates: 'known' }))
      for (const [index, one] of found.entries()) cells.set(`${policy} ${slots} ${BAD[index]} ${f}`, one)
      return [`${policy}, ${slots} slot${slots > 1 ? 's' : ''}`, ...found]
    })
    console.log(`\n${WAITING} changes waiting, ${percent(f)} of runs on good code red: gate runs / wall in gates`)
    const head = ['p (bad changes)', ...BAD.map(percent)]
    const text = (one: string | Cell): string =>
      typeof one === 'string' ? one : `${fixed(one.runs)} / ${fixed(one.wall)}`
    table(head, [['least possible', ...BAD.map((p) => fixed(bound(p)))], ...rows.map((row) => row.map(text))])
    if (f === 0) continue
    console.log('\ngood changes rejected, of a thousand')
    table(
      head,
      rows.map((row) => row.map((one) => (typeof one === 'string' ? one : fixed(one.rejected)))),
    )
  }
  atMost('30 changes, 5 % bad, 1 slot: runs', at('prefixes', 1, 0.05, 0).runs, 9.3)
  atMost('30 changes, 10 % bad, 1 slot: runs', at('prefixes', 1, 0.1, 0).runs, 15)
  atMost('30 changes, 5 % bad, 1 slot: runs a change', at('prefixes', 1, 0.05, 0).runs / WAITING, 0.31)
  atMost('30 changes, 5 % bad, 2 slots: wall in gates', at('prefixes', 2, 0.05, 0).wall, 6)
  const rejected = [1, 2, 4].flatMap((slots) =>
    [0.01, 0.05, 0.1, 0.2].map((p) => at('prefixes', slots, p, 0.02).rejected),
  )
  atMost('2 % flakes, up to 20 % bad: good changes rejected, of a thousand (worst cell)', Math.max(...rejected), 1)
}

function learnedTable(): void {
  console.log(
    `\n${WAITING} changes waiting, 1 slot, p and f told or learned: gate runs (good changes rejected, of a thousand)`,
  )
  const columns = FLAKES.flatMap((f) => [0.05, 0.1, 0.2].map((p) => ({ p, f })))
  const row = (name: string, of: (p: number, f: number) => Cell): string[] => [
    name,
    ...columns.map(({ p, f }) => {
      const { runs, rejected } = of(p, f)
      return `${fixed(runs)} (${fixed(rejected)})`
    }),
  ]
  const learned = (p: number, f: number, warm: boolean): Cell => {
    const setup = { p, f, slots: 1, policy: 'prefixes' as const, estimates: 'learned' as const }
    return cell(setup, LEAST_WITH_FLAKES, warm ? past(setup) : undefined)
  }
  table(
    ['p, f', ...columns.map(({ p, f }) => `${percent(p)}, ${percent(f)}`)],
    [
      row('told', (p, f) => at('prefixes', 1, p, f)),
      row('learned from nothing', (p, f) => learned(p, f, false)),
      row('learned, warm', (p, f) => learned(p, f, true)),
    ],
  )
}

/** One long queue several times over: what arrives while another search goes on is part of it. */
function arrivals(
  setup: Omit<Setup, 'seed' | 'arrivals'>,
  rate: number,
): { landedAnHour: number; runs: number; text: string[] } {
  const [horizon, times] = [400, 8]
  const outcomes: Outcome[] = []
  for (let seed = 0; seed < times; seed++) outcomes.push(simulate({ ...setup, arrivals: { rate, horizon }, seed }))
  const waits = outcomes.flatMap((one) => one.waits).sort((a, b) => a - b)
  const landedAnHour = (sum(outcomes.map((one) => one.landedInTime)) / (horizon * times)) * GATES_AN_HOUR
  const runs = sum(outcomes.map((one) => one.runs)) / waits.length
  const share = (part: number): string => fixed(waits[Math.floor(waits.length * part)]!, 1)
  return { landedAnHour, runs, text: [fixed(landedAnHour, 1), share(0.5), share(0.95), fixed(runs)] }
}

function arrivalTable(): void {
  const minutes = GATE / 60_000
  console.log(
    `\nchanges come at random, 2 % flakes, a gate takes ${minutes} minutes; wait from arrival to landing, in gates`,
  )
  const rows: string[][] = []
  for (const p of [0.05, 0.1]) {
    for (const rate of [1, 2, 3]) {
      for (const { policy, slots } of POLICIES) {
        if (policy === 'halving' || policy === 'nested') continue
        const found = arrivals({ p, f: 0.02, slots, policy, estimates: 'known' }, rate)
        rows.push([percent(p), `${rate}`, policy, `${slots}`, ...found.text])
        if (p !== 0.05 || rate !== 3 || policy !== 'prefixes' || slots !== 1) continue
        atLeast('3 changes a gate, 5 % bad, 2 % flakes, 1 slot: landings an hour', found.landedAnHour, 28)
        atMost('3 changes a gate, 5 % bad, 2 % flakes, 1 slot: runs a landing', found.runs, 0.45)
      }
    }
  }
  table(['p', 'arrivals a gate', 'policy', 'slots', 'landed an hour', 'wait p50', 'p95', 'runs a landing'], rows)
}

function atMost(what: string, figure: number, most: number): void {
  targets.push({ what, figure: fixed(figure), target: `≤ ${most}`, met: figure <= most })
}

function atLeast(what: string, figure: number, least: number): void {
  targets.push({ what, figure: fixed(figure), target: `≥ ${least}`, met: figure >= least })
}

waitingTables()
learnedTable()
arrivalTable()
console.log('\ntargets')
table(
  ['', 'figure', 'target', ''],
  targets.map(({ what, figure, target, met }) => [what, figure, target, met ? 'met' : 'MISSED']),
)
process.exitCode = targets.every(({ met }) => met) ? 0 : 1
