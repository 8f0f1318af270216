/**
 * What is known of a tree: the gates' remembered results, put together. Pure. A green is remembered by content for as
 * long as the log lasts; a red counts only while the work it was found in is the work that waits (`since`).
 */
import type { GateReport } from '../beads/facts.ts'

/** One finished gate on one content. */
export interface Finding {
  /** ms since the epoch. */
  at: number
  outcome: 'pass' | 'fail' | 'could_not_run'
  ms: number
  /** The run it was part of, and who ran it. */
  run: string
  by?: string
  /** One line: how the command ended. */
  text: string
  /** End of the output; empty for a pass. */
  tail: string
  exit_code?: number
}

/** A gate as far as a verdict needs to know it: its name, and the key of the content it would run on. */
export interface GateKey {
  name: string
  key: string
}

export interface Verdict {
  is: 'pass' | 'flaky' | 'fail' | 'could_not_run' | 'unknown'
  /** Reds in a row of the gate that is red, 0 when none is. */
  reds: number
  /** When the last of them ended, ms since the epoch. */
  redAt?: number
  /** Gates that have to run before this tree has (another) verdict. */
  missing: GateKey[]
  /** What the verdict rests on, gate by gate. */
  parts: { gate: string; key: string; finding: Finding; retries: number }[]
}

/** Nothing to run: the owner's recorded word that no gate is wanted (`landing.unverified = true`). */
export const UNGATED: Verdict = { is: 'pass', reds: 0, missing: [], parts: [] }

/** The verdict on a tree whose gates have these keys. `found`: everything known of a key, oldest first. */
export function verdictOf(gates: GateKey[], found: (key: string) => readonly Finding[], since: number): Verdict {
  const verdict: Verdict = { is: 'unknown', reds: 0, missing: [], parts: [] }
  let flaky = false
  for (const gate of gates) {
    const { name, key } = gate
    const all = found(key)
    const last = all.at(-1)
    if (last === undefined || (last.outcome !== 'pass' && last.at < since)) {
      verdict.missing.push(gate)
      continue
    }
    const before = all.slice(0, -1).filter((one) => one.outcome !== 'pass' && one.at >= since)
    verdict.parts.push({ gate: name, key, finding: last, retries: before.length })
    if (last.outcome === 'pass') {
      if (before.length > 0) flaky = true
      continue
    }
    // Gates run in order and stop at the first red: the first one decides.
    if (verdict.reds > 0) continue
    verdict.is = last.outcome
    verdict.reds = redsInARow(all, since)
    verdict.redAt = last.at
    verdict.missing.push(gate)
  }
  if (verdict.reds > 0 || verdict.missing.length > 0) return verdict
  return { ...verdict, is: flaky ? 'flaky' : 'pass' }
}

function redsInARow(all: readonly Finding[], since: number): number {
  let count = 0
  for (let i = all.length - 1; i >= 0 && all[i]!.outcome !== 'pass' && all[i]!.at >= since; i--) count++
  return count
}

export const isGreen = (verdict: Verdict): boolean => verdict.is === 'pass' || verdict.is === 'flaky'
export const isRed = (verdict: Verdict): boolean => verdict.is === 'fail' || verdict.is === 'could_not_run'

/** The finding that makes a verdict red, with the name of its gate. */
export function culprit(verdict: Verdict): { gate: string; finding: Finding } | undefined {
  return verdict.parts.find(({ finding }) => finding.outcome !== 'pass')
}

/** A verdict as the ledger keeps it with a merge request. */
export function reportOf(verdict: Verdict, tree: string, command: string, at: string): GateReport {
  const red = culprit(verdict)
  const outcome = verdict.is === 'unknown' ? 'could_not_run' : verdict.is
  const ms = verdict.parts.reduce((sum, { finding }) => sum + finding.ms, 0)
  return {
    outcome,
    command,
    tree,
    ms,
    ...(red?.finding.exit_code !== undefined && { exit_code: red.finding.exit_code }),
    at,
  }
}
