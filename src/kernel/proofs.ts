/**
 * What was proven where, for restart intensity (breaker-tree.ts): which places work, and how lately that was seen. Pure; it
 * takes proofs in the order of time and is asked about the moment of the last one.
 */
import type { Cause } from '../beads/facts.ts'
import type { Outcome } from './outcomes.ts'
import { isWithin, QUIET_MS } from './outcomes.ts'
import { isBelow } from './reach.ts'

/** What works may fail so often before it counts as part of a trouble: now and then every worker does. */
const SLIPS = 1

interface Proof {
  leaf: string
  cause: Cause
  /** When something was proven there last, ms. */
  last: number
  /** Of the proof that was started last: when it was started, and when it was one. */
  claimed: number
  at: number
}

export class Proofs {
  readonly #all = new Map<string, Proof>()

  take({ node, run, at }: Outcome, cause: Cause): void {
    const key = `${node} ${cause}`
    const claimed = Date.parse(run.claimed_at)
    const known = this.#all.get(key)
    const newest = known === undefined || claimed >= known.claimed ? { claimed, at } : known
    this.#all.set(key, { leaf: node, cause, last: at, claimed: newest.claimed, at: newest.at })
  }

  /** Leaves below a node at which something was ever proven. */
  leaves(above: string, cause: Cause): string[] {
    return this.#of(above, cause)
      .map(({ leaf }) => leaf)
      .filter((leaf) => isBelow(leaf, above))
  }

  /** Whether something was proven in a node since an instant, elsewhere than in `except`. */
  hasSince(node: string, except: string, cause: Cause, since: number): boolean {
    return this.#of(node, cause).some(({ leaf, last }) => last >= since && !isWithin(leaf, except))
  }

  /** Whether a node works: something was proven there lately, and no more than a slip failed since that was started. */
  works(node: string, cause: Cause, at: number, failures: readonly Outcome[]): boolean {
    return this.#of(node, cause).some(
      (proof) => at - proof.at <= QUIET_MS && failures.filter((failure) => failure.at > proof.claimed).length <= SLIPS,
    )
  }

  #of(node: string, cause: Cause): Proof[] {
    return [...this.#all.values()].filter((one) => one.cause === cause && isWithin(one.leaf, node))
  }
}
