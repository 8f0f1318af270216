/**
 * Restart intensity as a tree (design section 9): how many failures of one cause a node may have before nothing starts
 * there for a while. Pure: a fold over outcomes (outcomes.ts) in the order of time, so that every process knows the same
 * at any moment, also after a restart; nothing of it is stored.
 *
 *   closed ── 5 failures in 15 min, of 2 beads ──► open ── its rest is over ──► half-open: one run may try
 *      ▲                                            ▲                             │ │
 *      │                                            └─ it failed: twice the rest ─┘ │
 *      └──────────────────────────── what was started since works ─────────────────┘
 *
 * Up the tree: two nodes of a parent open at once for one cause open the parent too. So does one that has opened again
 * three times in a row while nothing else there proved to work; then its neighbours try by themselves, as it may be the
 * trouble of that one alone.
 *
 *   town, open ─┬─ a   broken   has a breaker of its own, and tries by itself ┐ while something works beside,
 *               ├─ b   broken   the same                                      ┤ the town's breaker
 *               ├─ c   works    goes on                                       ┘ does not hold these,
 *               └─ d   unknown  one tries                                       but this one
 *
 * What works (a proof while the parent is open or in the half hour before, and at most one failure since that was started)
 * is not held by the trouble of others, nor does what it starts then end that trouble. The parent holds only what nobody
 * knows about. When the last that works fails a second time, it is everybody's trouble: it holds all, and rests once more.
 * Numbers: design section 9, and the reference's (half an hour without a failure forgets).
 */
import type { Cause, Run } from '../beads/facts.ts'
import type { Outcome } from './outcomes.ts'
import { isWithin, parentOf, QUIET_MS, upwards } from './outcomes.ts'
import { Proofs } from './proofs.ts'
import type { Beside, Reach } from './reach.ts'
import { branchOf, holds, isBelow } from './reach.ts'

export const INTENSITY = {
  failures: 5,
  windowMs: 15 * 60_000,
  /** One bead alone is its own trouble: attempts and parking are for that. */
  beads: 2,
  restMs: 30_000,
  longestRestMs: 10 * 60_000,
  /** Opened again so often in a row, it opens what is above it. */
  climbs: 3,
} as const

/** Of a breaker that is not closed. */
export interface Opening extends Omit<Reach, 'node'> {
  /** When it first opened in this row. */
  since: number
  until: number
  rest: number
  times: number
}

/** What is known of one cause at one node. */
export interface Cell {
  node: string
  cause: Cause
  failures: Outcome[]
  open?: Opening
  /** What closed it the last time, and the failures until then. */
  closed?: { by: Run; failures: Outcome[] }
}

/** The breakers as of the outcomes taken so far. */
export class BreakerTree {
  readonly #cells = new Map<string, Cell>()
  readonly #proofs = new Proofs()

  /** Takes the next outcome; they come in the order of time. */
  take(outcome: Outcome): void {
    if (outcome.failed === undefined) for (const cause of outcome.proves) this.#prove(outcome, cause)
    else this.#fail(outcome, outcome.failed)
  }

  #cell(node: string, cause: Cause): Cell {
    const key = `${node} ${cause}`
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      cell = { node, cause, failures: [] }
      this.#cells.set(key, cell)
    }
    return cell
  }

  #fail(failure: Outcome, cause: Cause): void {
    const cells = upwards(failure.node).map((node) => this.#cell(node, cause))
    for (const cell of cells) {
      if (!isAlive(cell, failure.at)) {
        cell.failures = []
        delete cell.open
        delete cell.closed
      }
      if (cell.open === undefined) cell.failures = recent(cell.failures, failure.at)
      cell.failures.push(failure)
    }
    for (const cell of cells) {
      const { open } = cell
      if (open === undefined) {
        if (cell.node === failure.node && tooMany(cell.failures)) this.#open(cell, failure.at)
      } else if (failure.at >= open.until && holds({ node: cell.node, ...open }, failure.node)) {
        open.rest = Math.min(INTENSITY.longestRestMs, open.rest * 2)
        open.until = failure.at + open.rest
        open.times++
        this.#climb(cell, open, failure.at)
      }
    }
    for (const cell of cells) this.#slip(cell, failure)
  }

  /** What is not held because it works, and fails again, is held like all; with the last of them everybody is. */
  #slip({ cause, open }: Cell, { node, at }: Outcome): void {
    if (open?.beside === undefined) return
    const works = open.beside.works.filter((one) => !isWithin(node, one.node) || this.#works(one.node, cause, at))
    if (works.length > 0) open.beside.works = works
    else {
      delete open.beside
      open.until = Math.max(open.until, at + open.rest)
    }
  }

  #open(cell: Cell, at: number, through?: string): void {
    const rest = INTENSITY.restMs
    const beside = through === undefined ? this.#beside(cell, at) : undefined
    cell.open = {
      since: at,
      until: at + rest,
      rest,
      times: 1,
      ...(through !== undefined && { through }),
      ...(beside !== undefined && { beside }),
    }
    delete cell.closed
    this.#climb(cell, cell.open, at)
  }

  #climb(cell: Cell, open: Opening, at: number): void {
    for (let node = parentOf(cell.node); node !== undefined; node = parentOf(node)) {
      const above = this.#cell(node, cell.cause)
      if (above.open !== undefined && above.open.through === undefined) continue
      // Opened for one of its nodes alone before, it opens anew, and for all, with the second.
      if (this.#isOpenBeside(node, cell, at)) this.#open(above, at)
      else if (above.open === undefined && node === parentOf(cell.node) && open.times > INTENSITY.climbs) {
        if (!this.#proofs.hasSince(node, cell.node, cell.cause, open.since)) this.#open(above, at, cell.node)
      }
    }
  }

  #isOpenBeside(above: string, cell: Cell, at: number): boolean {
    return [...this.#cells.values()].some(
      (one) => one.cause === cell.cause && one.open !== undefined && isAlive(one, at) && isBeside(above, cell, one),
    )
  }

  /** Something there works that was started before it opened: no proof that what starts works, but nothing to be held. */
  #join(cell: Cell, open: Opening, at: number): void {
    if (open.through !== undefined) return
    const now = this.#beside(cell, at)
    if (now === undefined) return
    const { works, broken } = open.beside ?? { works: [], broken: now.broken }
    const more = now.works.filter(({ node }) => !works.some((one) => one.node === node) && !broken.includes(node))
    if (more.length > 0) open.beside = { works: [...works, ...more], broken }
  }

  /** What is known at this moment of the nodes right below; undefined when none of them works. */
  #beside({ node, cause }: Cell, at: number): Beside | undefined {
    const below = [...this.#cells.values()].filter((one) => one.cause === cause && isBelow(one.node, node))
    const isOpen = (one: Cell): boolean => one.open !== undefined && isAlive(one, at)
    const broken = new Set(below.filter(isOpen).map((one) => branchOf(node, one.node)))
    const tried = this.#proofs.leaves(node, cause).map((leaf) => branchOf(node, leaf))
    const works = [...new Set(tried)].filter((one) => !broken.has(one) && this.#works(one, cause, at))
    if (works.length === 0) return undefined
    return { works: works.sort().map((one) => ({ node: one, since: at })), broken: [...broken].sort() }
  }

  #works(node: string, cause: Cause, at: number): boolean {
    const { failures } = this.#cell(node, cause)
    return this.#proofs.works(node, cause, at, recent(failures, at))
  }

  /** A run that was started since it opened works: what it was open for is over, at its node and above. */
  #prove(proof: Outcome, cause: Cause): void {
    const { node, run, at } = proof
    const claimed = Date.parse(run.claimed_at)
    this.#proofs.take(proof, cause)
    for (const name of upwards(node)) {
      const cell = this.#cells.get(`${name} ${cause}`)
      if (cell?.open === undefined) continue
      const known = cell.open.beside?.works.find((one) => isWithin(node, one.node))
      // That it works was known when this was started: it tried nothing.
      if (known !== undefined && claimed > known.since) continue
      if (!(claimed > cell.open.since)) {
        if (known === undefined && name !== node) this.#join(cell, cell.open, at)
        continue
      }
      cell.closed = { by: run, failures: cell.failures }
      cell.failures = []
      delete cell.open
    }
  }

  cells(): Iterable<Cell> {
    return this.#cells.values()
  }
}

/** Half an hour after its last failure it is as if nothing had been. */
export const isAlive = ({ failures, closed }: Cell, at: number): boolean => {
  const last = failures.at(-1) ?? closed?.failures.at(-1)
  return last !== undefined && at - last.at <= QUIET_MS
}

/** Those within the window that ends at this moment. */
export const recent = (failures: Outcome[], at: number): Outcome[] =>
  failures.filter((one) => one.at > at - INTENSITY.windowMs)

const tooMany = (failures: readonly Outcome[]): boolean =>
  failures.length >= INTENSITY.failures && new Set(failures.map(({ run }) => run.bead)).size >= INTENSITY.beads

/** Whether two nodes are under different children of a node: two rigs of the town, two roles of a rig. */
function isBeside(above: string, a: Cell, b: Cell): boolean {
  return isBelow(b.node, above) && branchOf(above, a.node) !== branchOf(above, b.node)
}
