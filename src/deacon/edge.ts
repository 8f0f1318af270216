/**
 * Keeps the line at the edge of the town's screens true. It is said anew when its words changed, when the sessions live in
 * another runtime than before, and now and then without a change: so that it cannot go on saying what nobody knows any more.
 */
import { attention } from '../attention/attention.ts'
import { lookOutside } from '../attention/look.ts'
import { activeRuns } from '../beads/fold.ts'
import type { EdgeFacts } from '../board/edge.ts'
import { edgeOf } from '../board/edge.ts'
import type { Glances } from '../costs/glance.ts'
import { openMerges } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { ProcessId } from '../town/processes.ts'

/** Two looks are at least this far apart. */
const APART_MS = 1_000
/** Words that did not change are vouched for again after this. */
const VOUCH_MS = 30_000
/** How late a pass may be. */
const LATE_MS = 30_000
/** Transcripts are read this often. */
const COSTS_MS = 60_000

export class Edge {
  readonly #town: OpenTown
  /** Words and runtime that were told last, and when. */
  #told = ''
  #toldAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  #glances: Glances | undefined
  #spent: { value: EdgeFacts['spent']; at: number } | undefined
  #turn: Promise<void> = Promise.resolve()
  #later: NodeJS.Timeout | undefined
  #over = false

  constructor(town: OpenTown) {
    this.#town = town
  }

  /** After a pass; not awaited. @param keeper the runtime's process that holds the sessions; undefined: there are none */
  look(keeper: ProcessId | undefined): void {
    clearTimeout(this.#later)
    if (this.#over || keeper === undefined) return
    const wait = this.#lookedAt + APART_MS - performance.now()
    if (wait > 0) {
      this.#later = setTimeout(() => this.look(keeper), wait)
      return
    }
    this.#lookedAt = performance.now()
    // A line is not worth a driver: what goes wrong here lets it lapse.
    this.#turn = this.#turn.then(() => this.#tell(keeper)).catch(() => {})
  }

  async #tell(keeper: ProcessId): Promise<void> {
    const words = edgeOf(await this.#facts())
    const told = JSON.stringify([words, keeper])
    const same = told === this.#told
    if (same && performance.now() - this.#toldAt < VOUCH_MS) return
    const at = this.#town.now().getTime()
    const until = at + VOUCH_MS + this.#town.settings.deacon.heartbeat + LATE_MS
    const done = await this.#town.runtime.tell({ ...(!same && { words }), at, until })
    if (done.kind === 'error') return
    this.#told = told
    this.#toldAt = performance.now()
  }

  async #facts(): Promise<EdgeFacts> {
    const { ledger, settings } = this.#town
    const { state } = ledger
    const items = attention(state, await lookOutside(this.#town))
    return {
      working: activeRuns(state).length,
      slots: settings.workers.max,
      queue: openMerges(state.beads.values()).length,
      spent: await this.#costs(),
      items,
    }
  }

  async #costs(): Promise<EdgeFacts['spent']> {
    if (this.#spent !== undefined && performance.now() - this.#spent.at < COSTS_MS) return this.#spent.value
    if (this.#glances === undefined) {
      const { Glances } = await import('../costs/glance.ts')
      this.#glances = new Glances(this.#town)
    }
    const value = (await this.#glances.look())?.today
    this.#spent = { value, at: performance.now() }
    return value
  }

  /** Resolves when what was begun is told. */
  settled(): Promise<void> {
    return this.#turn
  }

  /** Nobody looks after the town from here on, and the line says so. */
  async end(): Promise<void> {
    this.#over = true
    clearTimeout(this.#later)
    await this.#turn
    if (this.#told === '') return
    const at = this.#town.now().getTime()
    await this.#town.runtime.tell({ at, until: 0 })
  }
}
