/** The report card of a drill: as data, and as one screen for people. */

import type { Hit } from './fault.ts'
import { FAULTS } from './faults.ts'
import type { Evidence, Verdict } from './laws.ts'
import type { Kind } from './schedule.ts'
import { KINDS } from './schedule.ts'
import type { Times } from './times.ts'

/** A hit, and what came of it. */
export interface Struck {
  hit: Hit
  times: Times
}

/** ms: the middle one and the largest; null: none was measured. */
export interface Figures {
  p50: number | null
  max: number | null
}

/** One line of the table. */
export interface Row {
  kind: Kind
  title: string
  count: number
  noticed: Figures
  recovered: Figures
}

/** `data` of `gt drill --json`. */
export interface Report {
  seed: number
  like: string | null
  rigs: number
  workers: number
  seconds: number
  /** From the last fault until everything had landed and was cleared away. */
  rest_seconds: number
  beads: { acknowledged: number; landed: number }
  runs: { begun: number; most_at_once: number }
  /** What a person had to do: answer for a bead, start the daemon, wait for a breaker. */
  person: { answered: number; ups: number; rests: number }
  faults: Row[]
  /** Every fault that hit, in order. */
  hits: { n: number; kind: Kind; at: string; what: string; noticed_ms: number | null; recovered_ms: number | null }[]
  untried: { kind: Kind; title: string; why: string }[]
  laws: Verdict[]
  /** Folder that stays (with --keep), or null. */
  kept: string | null
}

/** What the report is made from. */
export interface Told {
  seed: number
  evidence: Evidence
  laws: Verdict[]
  struck: Struck[]
  untried: Report['untried']
  seconds: number
  restSeconds: number
  person: { answered: number; ups: number; rests: number }
}

export function reportOf(told: Told): Report {
  const { evidence, struck, person } = told
  const { shape, timeline, acknowledged } = evidence
  return {
    seed: told.seed,
    like: shape.like,
    rigs: shape.rigs.length,
    workers: shape.workers,
    seconds: tenth(told.seconds),
    rest_seconds: tenth(told.restSeconds),
    beads: { acknowledged: acknowledged.length, landed: acknowledged.filter((id) => timeline.landed.has(id)).length },
    runs: { begun: timeline.moves.filter(({ from }) => from === null).length, most_at_once: timeline.mostActive },
    person,
    faults: rowsOf(struck),
    hits: struck.map(({ hit, times }) => ({
      n: hit.n,
      kind: hit.kind,
      at: new Date(hit.at).toISOString(),
      what: hit.what,
      noticed_ms: times.noticed,
      recovered_ms: times.recovered,
    })),
    untried: told.untried,
    laws: told.laws,
    kept: null,
  }
}

const tenth = (seconds: number): number => Math.round(seconds * 10) / 10

/** One row for each kind that hit. */
export function rowsOf(struck: readonly Struck[]): Row[] {
  return KINDS.flatMap((kind) => {
    const own = struck.filter(({ hit }) => hit.kind === kind)
    if (own.length === 0) return []
    const noticed = figures(own.map(({ times }) => times.noticed))
    const recovered = figures(own.map(({ times }) => times.recovered))
    return [{ kind, title: FAULTS[kind].title, count: own.length, noticed, recovered }]
  })
}

/** The lower of the two middle ones, when they are two: a figure that was measured. */
export function figures(all: readonly (number | null)[]): Figures {
  const sorted = all.filter((ms) => ms !== null).sort((a, b) => a - b)
  return { p50: sorted[Math.ceil(sorted.length / 2) - 1] ?? null, max: sorted.at(-1) ?? null }
}

/** One fault, as soon as all is known of it. */
export function hitLine(hit: Hit, times: Times, clock: string): string {
  const parts = [
    times.noticed === null ? '' : `noticed after ${span(times.noticed)}`,
    times.recovered === null ? '' : `recovered after ${span(times.recovered)}`,
    times.settled ? '' : 'what came of it was not seen',
    hit.wrong === undefined ? '' : `WRONG: ${hit.wrong}`,
  ].filter((part) => part !== '')
  const end = parts.length === 0 ? 'nothing to mend' : parts.join(', ')
  return `${clock}  #${String(hit.n).padEnd(3)} ${hit.kind.padEnd(7)}  ${hit.what}: ${end}`
}

/** `80 ms`, `1.4 s`, `-`. */
function span(ms: number | null): string {
  if (ms === null) return '-'
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`
}

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`)

/** One screen, for stdout. */
export function reportText(report: Report): string {
  const { beads, runs, person, laws } = report
  const like = report.like === null ? '' : `, like ${report.like}`
  const head = ['fault', 'count', 'noticed p50', 'max', 'recovered p50', 'max']
  const rows = report.faults.map(({ title, count, noticed, recovered }) => [
    title,
    String(count),
    span(noticed.p50),
    span(noticed.max),
    span(recovered.p50),
    span(recovered.max),
  ])
  const untried = report.untried.map(({ title, why }) => [title, `not tried: ${why}`])
  const held = laws.filter((one) => one.held)
  return [
    '',
    `Seed ${report.seed}: ${report.rigs} ${report.rigs === 1 ? 'rig' : 'rigs'}, ${report.workers} workers${like}; ${report.seconds} s.`,
    '',
    ...table([head, ...rows]),
    ...untried.map(([title, why]) => `  ${title}: ${why}`),
    '',
    `${beads.acknowledged} beads acknowledged, ${beads.landed} landed, in ${runs.begun} runs, at most ${runs.most_at_once} at a time.`,
    `The last fault was over ${report.rest_seconds} s before all was at rest. Typed by a person meanwhile: gt up ${times(person.ups)}, what a bead asked for ${times(person.answered)}. A breaker rested ${times(person.rests)}.`,
    '',
    `Laws (${held.length} of ${laws.length} held):`,
    ...laws.flatMap(({ law, held: kept, seen }) => [
      `  ${kept ? 'yes' : 'NO '}  ${law}`,
      ...seen.map((one) => `         ${one}`),
    ]),
  ].join('\n')
}

/** The first column to the left, figures to the right. */
function table(rows: string[][]): string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  return rows.map((row) => {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
    return `  ${cells.join('  ')}`
  })
}
