/** A town that a screen keeps in view: opened once, followed by its journal, put together as a board on demand. */
import type { LedgerOptions } from '../beads/ledger.ts'
import { around } from '../convoys/around.ts'
import { Glances } from '../costs/glance.ts'
import { budgetsOf } from '../costs/purses.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown, refreshSettings } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { Memory } from '../witness/memory.ts'
import type { Board, Books } from './board.ts'
import { boardOf, booksOf } from './board.ts'
import { Chronicle } from './chronicle.ts'
import { lookAtTown } from './sightings.ts'

export interface BoardOptions {
  /** Also events that only keep the books. */
  all?: boolean
  /** At most so many events; default 50. */
  events?: number
  /** Only later events, epoch ms. */
  since?: number
}

export interface WatchedTown {
  town: OpenTown
  chronicle: Chronicle
  /** The town at this moment. */
  board(options?: BoardOptions): Promise<Board>
  /**
   * Calls the listener with a board now, whenever the ledger moved on, and every two seconds for what it does not say; every five
   * where nobody is at work and nothing was written for a minute. A look follows the one before at a distance of at least five times what that took.
   * Returns the way to stop, and a look at once.
   */
  follow(listener: (board: Board) => void, options?: () => BoardOptions): { stop(): void; lookNow(): void }
  close(): void
}

/** How many events a board shows unless said. */
const EVENTS = 50

/** Two looks are at least so far apart, and at most so far. */
const SOON_MS = 200
const EVERY_MS = 2_000

/** Where nobody is at work and nothing was written for so long, they are so far apart. */
const CALM_AFTER_MS = 60_000
const CALM_EVERY_MS = 5_000

/** What time alone changes in the books (a rest that is over, a deferral) is seen this much later at most. */
const BOOKS_MS = 10_000

/** Opens the town to look at it. Errors: those of `openTown`. */
export async function watchTown(
  env: NodeJS.ProcessEnv,
  cwd: string,
  options: Omit<LedgerOptions, 'onChange'> = {},
): Promise<Result<WatchedTown>> {
  const chronicle = new Chronicle()
  const opened = await openTown(env, cwd, { ...options, onChange: chronicle.note })
  if (opened.kind === 'error') return opened
  const town = opened.value
  chronicle.recall(town.ledger.state, town.now())
  const memory = new Memory()
  const glances = new Glances(town)
  let kept: { books: Books; revision: number; at: number } | undefined
  const booksAt = (now: Date): Books => {
    const { revision, state } = town.ledger
    if (kept?.revision !== revision || now.getTime() - kept.at > BOOKS_MS)
      kept = { books: booksOf(state, around(town, now)), revision, at: now.getTime() }
    return kept.books
  }
  const board = async (how: BoardOptions = {}): Promise<Board> => {
    town.ledger.refresh()
    // A file that does not parse leaves the settings as they were.
    await refreshSettings(town)
    const sightings = await lookAtTown(town, memory)
    const budget = (await budgetsOf(town))?.purses.get('day')?.cap
    const spent = await glances.look()
    const now = town.now()
    const { all = false, events = EVENTS, since } = how
    return boardOf({
      town: { name: town.name, path: town.root, slots: town.settings.workers.max },
      state: town.ledger.state,
      books: booksAt(now),
      sightings,
      happenings: chronicle.newest(events, { all, ...(since !== undefined && { since }) }),
      spent,
      ...(budget?.unit === 'usd' && { budget: budget.count }),
      now,
    })
  }
  return ok({
    town,
    chronicle,
    board,
    follow: (listener, options) => following(town, () => board(options?.()), listener),
    close: () => town.ledger.close(),
  })
}

/** Looks again and again, never two at once. */
function following(
  town: OpenTown,
  look: () => Promise<Board>,
  listener: (board: Board) => void,
): { stop(): void; lookNow(): void } {
  let stopped = false
  let looking = false
  let again = false
  let took = 0
  let ended = performance.now()
  let moved = ended
  let every = EVERY_MS
  let timer: NodeJS.Timeout | undefined
  const plan = (ms: number): void => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(lookNow, ms)
  }
  const lookNow = (): void => {
    if (stopped) return
    if (looking) {
      again = true
      return
    }
    looking = true
    again = false
    const began = performance.now()
    void look()
      .then((board) => {
        const calm = board.town.workers.busy === 0 && performance.now() - moved > CALM_AFTER_MS
        every = calm ? CALM_EVERY_MS : EVERY_MS
        if (!stopped) listener(board)
      })
      .finally(() => {
        looking = false
        ended = performance.now()
        took = ended - began
        plan(Math.max(again ? SOON_MS : every, 5 * took))
      })
  }
  const unwatch = town.ledger.watch(() => {
    moved = performance.now()
    if (looking) again = true
    else plan(Math.max(0, Math.max(SOON_MS, 5 * took) - (performance.now() - ended)))
  })
  lookNow()
  return {
    stop: () => {
      stopped = true
      clearTimeout(timer)
      unwatch()
    },
    lookNow,
  }
}
