/** How a rig's queue did over a time, counted from its log of gate runs. Pure. */
import { estimate } from './estimate.ts'
import type { EndLine, GateLine, GateLog } from './log.ts'

export interface Stats {
  /** Changes that landed, and the steps of the target it took. */
  landed: number
  landings: number
  landings_per_hour: number
  /** From the place in line to landed; null when nothing landed. */
  wait_p50_seconds: number | null
  wait_p95_seconds: number | null
  /** Gate runs of the queue (not those that workers asked for). */
  runs: number
  runs_per_landing: number | null
  red: number
  conflicts: number
  /** Sent back as red, and landed later as the very same commit. */
  false_red: number
  /** Runs that were red on content that then was green. */
  flakes: number
  gate_minutes: number
  gate_minutes_saved: number
  /** What the next group is chosen by: probability of a bad change, and of a red on good code. */
  p: number
  f: number
}

/**
 * `from` and `to` in ms since the epoch. Rates are over the time between them as far as there is anything in it, and at
 * least over an hour: a minute of work says nothing about an hour.
 */
export function statsOf(log: Pick<GateLog, 'lines' | 'found' | 'seen'>, from: number, to: number): Stats {
  const within = log.lines.filter((line) => Date.parse(line.at) >= from && Date.parse(line.at) <= to)
  const ends = within.filter((line): line is EndLine => line.k === 'end')
  const gates = within.filter((line): line is GateLine => line.k === 'gate')
  const landed = ends.filter((end) => end.as === 'landed')
  const waits = landed.map((end) => end.wait_ms / 1000).sort((a, b) => a - b)
  const queueRuns = new Set(gates.filter((line) => line.by.endsWith('/refinery')).map((line) => line.run))
  const flakes = gates.filter((line) => line.outcome !== 'pass' && log.found(line.key).at(-1)?.outcome === 'pass')
  const minutes = (ms: number): number => ms / 60_000
  const begun = Math.max(from, Date.parse(within[0]?.at ?? '') || from)
  const hours = Math.max(1, (to - begun) / 3_600_000)
  return {
    landed: landed.length,
    // A step of `size` changes left so many lines; each counts for its part of the step.
    landings: Math.round(landed.reduce((sum, end) => sum + 1 / Math.max(1, end.size), 0)),
    landings_per_hour: landed.length / hours,
    wait_p50_seconds: quantile(waits, 0.5),
    wait_p95_seconds: quantile(waits, 0.95),
    runs: queueRuns.size,
    runs_per_landing: landed.length > 0 ? queueRuns.size / landed.length : null,
    red: ends.filter((end) => end.as === 'red' || end.as === 'could_not_run').length,
    conflicts: ends.filter((end) => end.as === 'conflict').length,
    false_red: landed.filter((end) => end.false_red).length,
    flakes: flakes.length,
    gate_minutes: minutes(gates.reduce((sum, line) => sum + line.ms, 0)),
    gate_minutes_saved: minutes(landed.reduce((sum, end) => sum + end.saved_ms, 0)),
    ...estimate(log.seen()),
  }
}

function quantile(sorted: number[], q: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? null
}
