/**
 * The drill's hand on the clock of its town (clock.ts), and its memory of where that stood when: the records of the ledger
 * bear the town's time, and are wanted in ours.
 */
import { renameSync, writeFileSync } from 'node:fs'

/** From this real instant on the town's clock was so much ahead. Both in ms. */
export interface ClockStand {
  at: number
  offset: number
}

export class TownClock {
  /** What GT_DRILL_CLOCK names. */
  readonly file: string
  readonly stands: ClockStand[] = []
  #passed = 0
  #wrong = 0

  constructor(file: string) {
    this.file = file
    this.#set()
  }

  /** The town's time, in ms since the epoch. */
  now(): number {
    return Date.now() + this.#passed + this.#wrong
  }

  /** So much time has passed in the town that was let pass in a moment here. */
  get passed(): number {
    return this.#passed
  }

  /** Lets time pass: the clock goes forward and stays there. */
  pass(ms: number): void {
    this.#passed += ms
    this.#set()
  }

  /** Sets it wrong by so much, on top of what has passed; 0: right again. */
  setWrong(ms: number): void {
    this.#wrong = ms
    this.#set()
  }

  /** In one step, so that nobody reads half a number. Throws when the disk does not let it. */
  #set(): void {
    const offset = this.#passed + this.#wrong
    writeFileSync(`${this.file}.new`, String(offset))
    renameSync(`${this.file}.new`, this.file)
    this.stands.push({ at: Date.now(), offset })
  }
}

/** Whoever read the clock just before it was set may write the old time a moment after, in ms. */
const LATE_MS = 250

/**
 * The real instant of a time that the town's clock showed, both ms since the epoch: of the stands of the clock the first in
 * whose span it fits, else the one that it fits best. `until`: the real instant at which all this was read.
 */
export function realTime(shown: number, stands: readonly ClockStand[], until: number): number {
  let best = shown
  let least = Number.POSITIVE_INFINITY
  for (const [i, { at, offset }] of stands.entries()) {
    const real = shown - offset
    const end = stands[i + 1]?.at ?? until
    const outside = Math.max(0, at - real - LATE_MS, real - end - LATE_MS)
    if (outside >= least) continue
    best = real
    least = outside
  }
  return best
}
