/** What agents used, as typed facts of the ledger (under `metadata.gt`, like the others in facts.ts). Read by src/costs. */

/** Tokens of one model, as its provider counts them. */
export interface Tokens {
  /** Read anew; what came from or went to the cache is counted apart. */
  input: number
  output: number
  cacheRead: number
  /** All that was written to the cache … */
  cacheWrite: number
  /** … and the part of it that is kept for an hour, which costs more. Absent: none. */
  cacheWrite1h?: number
}

/** By day (`2026-11-27`, by the clock of the machine that counted), then by model. */
export type UsageByDay = Record<string, Record<string, Tokens>>

/** One conversation of an agent, counted from its transcripts. */
export interface SessionUsage {
  /** When it was counted. */
  at: string
  days: UsageByDay
  /** Why this is not all of it, or nothing: then what it used is not known. */
  unknown?: string
}

/** What the Mayor or a crew member used, on its own bead; by conversation. */
export type Spending = Record<string, SessionUsage>

/** The key of a run's usage where it has no conversation that could be named. */
export const NO_CONVERSATION = 'session'
