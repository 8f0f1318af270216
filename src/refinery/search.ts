/**
 * Which prefixes of a queue to test next. Pure. Entries stand in a row, each bad with probability p by itself; a test of
 * a prefix is red when anything in it is bad. What is known is always of one shape: "the first m of n hold a bad one",
 * or nothing (m = 0). Nested group testing chooses the sizes by a dynamic programme over these states and stays within
 * 3 % of the entropy bound (reference: perf, "Merge-queue policies"); with more than one slot the same programme chooses
 * several prefixes at once, which is exact because the state that an outcome leads to depends on two neighbours only:
 * the longest green prefix and the shortest red one.
 */

export interface Search {
  /** Entries in the row. */
  n: number
  /** The first `m` hold at least one bad one; 0: nothing is known. */
  m: number
  /** Tests that may run side by side. */
  slots: number
  /** Probability that an entry is bad. */
  p: number
}

/** How sizes are chosen. The queue uses `prefixes`; the others are what it is compared with. */
export type Policy = 'serial' | 'halving' | 'nested' | 'prefixes'

/**
 * A test that would save less than this part of a round is not run: at p near 0 a second slot has nothing to do, and
 * idle processors are somebody else's.
 */
const RUN_COST = 0.02

/** Probabilities closer than this lead to the same sizes; rounding lets one table serve for days. */
const STEPS = 200

/** Sizes of the prefixes to test now, ascending; none when there is nothing to learn (n = 0, or a lone suspect). */
export function prefixes(search: Search, policy: Policy = 'prefixes'): number[] {
  const { n, m, slots } = search
  if (n <= 0 || m === 1) return []
  switch (policy) {
    case 'serial':
      return [1]
    case 'halving':
      return [m > 0 ? Math.floor(m / 2) : n]
    case 'nested':
      return tableFor(search.p, 1).best(n, m).sizes
    case 'prefixes':
      return tableFor(search.p, Math.max(1, slots)).best(n, m).sizes
  }
}

interface Best {
  /** Expected rounds (gates one after another), and `RUN_COST` for each test. */
  cost: number
  sizes: number[]
}

const tables = new Map<string, Table>()

function tableFor(p: number, slots: number): Table {
  const rounded = Math.min(STEPS - 1, Math.max(1, Math.round(p * STEPS))) / STEPS
  const key = `${rounded} ${slots}`
  const known = tables.get(key) ?? new Table(rounded, slots)
  tables.set(key, known)
  return known
}

class Table {
  readonly #slots: number
  readonly #q: number
  readonly #known = new Map<number, Best>()

  constructor(p: number, slots: number) {
    this.#q = 1 - p
    this.#slots = slots
  }

  /** The best sizes for "n entries, the first m hold a bad one". */
  best(n: number, m: number): Best {
    if (n === 0) return { cost: 0, sizes: [] }
    // A lone suspect is convicted by what is known; whether it gets a second run is not a matter of sizes.
    if (m === 1) return { cost: this.best(n - 1, 0).cost, sizes: [] }
    const key = n * 1024 + m
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const found = this.#search(n, m)
    this.#known.set(key, found)
    return found
  }

  /** A shortest path: from prefix length 0, over at most `slots` chosen lengths, each step paying for its outcome. */
  #search(n: number, m: number): Best {
    const longest = m > 0 ? m - 1 : n
    const within = m > 0 ? 1 - this.#q ** m : 1
    /** Probability that the first bad entry stands behind place a and not behind place b. */
    const between = (a: number, b: number): number => (this.#q ** a - this.#q ** b) / within
    /** No further test: everything up to `at` was green, and the bad one (if one is known) stands behind it. */
    const open = (at: number): number =>
      m > 0 ? between(at, m) * this.best(n - at, m - at).cost : this.#q ** at * this.best(n - at, 0).cost
    const rest = Array.from({ length: this.#slots + 1 }, () => new Map<number, Best>())
    const from = (at: number, left: number): Best => {
      const known = rest[left]!.get(at)
      if (known !== undefined) return known
      let found: Best = { cost: at === 0 ? Number.POSITIVE_INFINITY : open(at), sizes: [] }
      for (let next = at + 1; left > 0 && next <= longest; next++) {
        // Green at `at` and red at `next`; the state never comes again: `next` < m, or nothing was known before.
        const red = between(at, next) * this.best(n - at, next - at).cost
        const then = from(next, left - 1)
        const cost = RUN_COST + red + then.cost
        if (cost < found.cost - 1e-12) found = { cost, sizes: [next, ...then.sizes] }
      }
      rest[left]!.set(at, found)
      return found
    }
    const { cost, sizes } = from(0, this.#slots)
    return { cost: 1 + cost, sizes }
  }
}
