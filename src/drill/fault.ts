/** What a fault is: something bad that can be done to a town, and what it hit. */
import type { Run } from '../beads/facts.ts'
import { activeRuns as activeIn } from '../beads/fold.ts'
import type { Rng } from './rng.ts'
import type { Kind } from './schedule.ts'
import type { DrillTown } from './town.ts'

/** Where a fault happens. */
export interface Scene {
  town: DrillTown
  rng: Rng
  /** Real pause; shorter when the drill is stopped. */
  pause(ms: number): Promise<void>
}

/** What was done. All instants are real ms since the epoch. */
export interface Struck {
  at: number
  /** When it was over, for one that lasts. */
  until?: number
  /** What was hit, in a few words. */
  what: string
  /** Fences of the runs whose agents were killed. */
  killed?: string[]
  /** The run that it was about, if it should only go on. */
  run?: string
  /** Pid of the driver that was killed. */
  driver?: number
  /** What the town did wrong at once, in words: no record of the ledger would show it. */
  wrong?: string
}

/** One that was done, in its place in the row. */
export interface Hit extends Struck {
  n: number
  kind: Kind
}

export interface Fault {
  kind: Kind
  /** In a word or three, for the report. */
  title: string
  /** Why it cannot be tried here; null: it can. */
  missing(town: DrillTown): string | null
  /** Does it, and ends when it is over; whatever it held is let go even when the drill is stopped. `null`: nothing to hit. */
  strike(scene: Scene): Promise<Struck | null>
}

export const always = (): null => null

export const onLinux = (): string | null =>
  process.platform === 'linux' ? null : 'finding the processes of a run needs Linux (/proc)'

/** Runs that use a worker slot now, as the ledger says. */
export function activeRuns(town: DrillTown): Run[] {
  town.ledger.refresh()
  return activeIn(town.ledger.state)
}

/** Those with an agent at work. */
export const workingRuns = (town: DrillTown): (Run & { process: NonNullable<Run['process']> })[] =>
  activeRuns(town).filter(
    (run): run is Run & { process: NonNullable<Run['process']> } =>
      run.process !== undefined && (run.state === 'working' || run.state === 'quiet'),
  )

/** `p1/polecats/toast` → `toast`. */
export const shortName = (run: Pick<Run, 'agent'>): string => run.agent.split('/').at(-1) ?? run.agent

/** Looks again and again until there is something, for at most `ms`. */
export async function lookFor<T>(scene: Scene, ms: number, look: () => T | undefined): Promise<T | undefined> {
  for (const end = Date.now() + ms; ; ) {
    const found = look()
    if (found !== undefined || Date.now() >= end) return found
    await scene.pause(LOOK_MS)
  }
}

const LOOK_MS = 40
