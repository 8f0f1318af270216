/**
 * How often changes are bad and how often good code is red, from the rig's own past. Pure. Beta estimates whose counts
 * decay, so that a rig that mended its tests is believed within days.
 */

/** What one finished entry or run says. */
export interface Seen {
  /** Entries with a verdict, oldest first: true when it was sent back as red. */
  verdicts: boolean[]
  /** Runs on trees that proved good, oldest first: true when it was red. */
  goodRuns: boolean[]
}

/** Before anything was seen: 5 % of changes are bad (workers test before they hand in), 1 % of runs are flakes. */
const PRIOR = { bad: { mean: 0.05, weight: 20 }, flake: { mean: 0.01, weight: 50 } }
/** Observations after which one counts half. */
const HALF_LIFE = 150

export interface Estimates {
  /** Probability that an entry is bad. */
  p: number
  /** Probability that a run on good code is red. */
  f: number
}

export function estimate(seen: Seen): Estimates {
  return { p: beta(seen.verdicts, PRIOR.bad), f: beta(seen.goodRuns, PRIOR.flake) }
}

function beta(observed: boolean[], prior: { mean: number; weight: number }): number {
  let [hits, count] = [0, 0]
  const decay = 0.5 ** (1 / HALF_LIFE)
  for (const hit of observed) {
    hits = hits * decay + (hit ? 1 : 0)
    count = count * decay + 1
  }
  return (hits + prior.mean * prior.weight) / (count + prior.weight)
}
