/** Watches a drill: keeps what was hit, and tells of each hit as soon as the ledger shows what came of it. */
import { replay } from '../beads/history.ts'
import { paths } from '../town/paths.ts'
import type { Hit } from './fault.ts'
import type { Struck } from './report.ts'
import { hitLine } from './report.ts'
import type { Timeline } from './timeline.ts'
import { readTimeline } from './timeline.ts'
import { timesOf } from './times.ts'
import type { DrillTown } from './town.ts'

/** How often the journal is read for what faults brought about: a read of some thousand records takes a tenth of a second. */
const READ_MS = 2_000

export interface WatchOptions {
  signal: AbortSignal
  say(line: string): void
}

/** What was struck so far. */
export class Watch {
  readonly hits: Hit[] = []
  readonly #town: DrillTown
  readonly #options: WatchOptions
  readonly #began: number
  readonly #told = new Set<Hit>()
  #read = 0

  constructor(town: DrillTown, options: WatchOptions, began: number) {
    this.#town = town
    this.#options = options
    this.#began = began
  }

  /** Real pause; an aborted drill pauses no more. */
  readonly pause = (ms: number): Promise<void> => {
    const { signal } = this.#options
    if (signal.aborted) return Promise.resolve()
    this.tell(false)
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end, { once: true })
    })
  }

  say(line: string): void {
    this.#options.say(line)
  }

  get stopped(): boolean {
    return this.#options.signal.aborted
  }

  note(hit: Hit): void {
    this.hits.push(hit)
    this.hits.sort((a, b) => a.n - b.n)
  }

  clock(at = Date.now()): string {
    return `${((at - this.#began) / 1000).toFixed(1).padStart(5)} s`
  }

  /** Says a line for each hit of which all is known; with `last` for all others, too. */
  tell(last: boolean): void {
    if (this.hits.every((hit) => this.#told.has(hit))) return
    if (!last && Date.now() - this.#read < READ_MS) return
    this.#read = Date.now()
    const line = readTimeline(replay(paths(this.#town).beads), this.#town.clock.stands)
    for (const { hit, times } of this.struck(line)) {
      if (this.#told.has(hit) || !(times.settled || last)) continue
      this.#told.add(hit)
      this.#options.say(hitLine(hit, times, this.clock(hit.at)))
    }
  }

  struck(line: Timeline): Struck[] {
    return this.hits.map((hit) => ({ hit, times: timesOf(hit, line) }))
  }
}
