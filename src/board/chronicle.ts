/**
 * The newest happenings of a ledger: exact ones from the changes of the current journal, gathered while it is opened and
 * followed, and before that what the beads still tell (past.ts). Kept in memory, bounded, stored nowhere.
 */
import type { Change, Verdict } from '../beads/change.ts'
import type { State } from '../beads/fold.ts'
import type { Happening } from './happenings.ts'
import { happeningsOf } from './happenings.ts'
import { pastOf } from './past.ts'

/** Task-level happenings and records of the books are kept apart, or the latter would crowd out the former. */
const KEPT = 500

/** How many happenings of the time before the journal are looked for. */
const PAST = 200

/** A fact is dated a moment before the change that writes it down: this near, the same happening is not told twice. */
const SAME_MS = 5_000

export class Chronicle {
  #tasks: Happening[] = []
  #books: Happening[] = []
  #listeners = new Set<(news: Happening[]) => void>()
  readonly #seen = new Set<string>()
  /** When the first change was made that we know. */
  #begins: string | undefined

  /** For `LedgerOptions.onChange`. A change that was refused says nothing; one that is met again says nothing new. */
  readonly note = (change: Change, verdict: Verdict): void => {
    this.#begins ??= change.at
    if (!verdict.applied || this.#seen.has(change.id)) return
    this.#seen.add(change.id)
    const news = happeningsOf(change)
    for (const one of news) (one.system ? this.#books : this.#tasks).push(one)
    if (this.#tasks.length > 2 * KEPT) this.#tasks = this.#tasks.slice(-KEPT)
    if (this.#books.length > 2 * KEPT) this.#books = this.#books.slice(-KEPT)
    if (this.#seen.size > 8 * KEPT) for (const id of [...this.#seen].slice(0, 4 * KEPT)) this.#seen.delete(id)
    for (const listener of this.#listeners) listener(news)
  }

  /** Once the ledger is open: takes in what its beads tell of the time before the journal. */
  recall(state: State, now: Date): void {
    const known = this.#tasks.slice()
    const isKnown = (one: Happening): boolean =>
      known.some(
        ({ kind, bead, at }) =>
          kind === one.kind && bead === one.bead && Math.abs(Date.parse(at) - Date.parse(one.at)) < SAME_MS,
      )
    const past = pastOf(state, this.#begins ?? now.toISOString(), PAST).filter((one) => !isKnown(one))
    this.#tasks.unshift(...past.reverse())
  }

  /** The newest, newest first. `since`: epoch ms; `all`: also what only keeps the books. */
  newest(limit: number, how: { all?: boolean; since?: number } = {}): Happening[] {
    const { all = false, since } = how
    if (limit === 0) return []
    const found = this.#tasks.slice(-limit)
    // Both lists are in the order of the journal; a stable sort by time keeps that within one instant.
    if (all) found.push(...this.#books.slice(-limit))
    const late = since === undefined ? found : found.filter(({ at }) => Date.parse(at) >= since)
    return (all ? late.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)) : late).slice(-limit).reverse()
  }

  /** Calls the listener with what each further change amounts to, in order. Returns the way to stop. */
  follow(listener: (news: Happening[]) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
