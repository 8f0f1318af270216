/**
 * The loop that keeps a town true: plan, act, wait for something to happen. The Deacon runs it for ever; a waiting
 * `gt sling` runs it until its beads are settled. One driver at a time, by lease: whoever holds it acts, others watch
 * and take over when it ends or dies.
 */

import { judges } from '../agents/preset.ts'
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import type { Lease } from '../beads/leases.ts'
import { acquire, release } from '../beads/leases.ts'
import type { OpenTown } from '../kernel/town.ts'
import { refreshSettings } from '../kernel/town.ts'
import { dependsOn } from '../refinery/keys.ts'
import { movableQueues } from '../refinery/movable.ts'
import { Sweeps } from '../refinery/radar-sweep.ts'
import type { Failure, Read, Result } from '../result.ts'
import { ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import { observe } from '../witness/observe.ts'
import { act } from './act.ts'
import type { Sighting } from './lookout.ts'
import { nextRadar } from './lookout.ts'
import { notifyPerson } from './notify.ts'
import type { Action, Observed, Policy } from './plan.ts'
import { keyOf, nextDue, plan } from './plan.ts'

export interface DriveOptions {
  /** Looked at after every change of the ledger; true ends the loop. */
  until(): boolean
  signal: AbortSignal
  /** What was done, for logs and progress. */
  onAction?(action: Action, result: Result<boolean>): void
  /** Called in a quiet moment after changes: the time to bring the ledger's git repository up to date. */
  onQuiet?(): Promise<void>
  /** Other events that call for a new pass, such as an edited settings file. Answers how to stop listening. */
  wakeOn?(wake: () => void): () => void
}

/** How often the processes of active workers are looked at: a look at thirty costs 0.03 ms (reference: perf). */
const PULSE_MS = 150
/** How long somebody who does not hold the lease waits before trying again. */
const TAKEOVER_MS = 2_000
/** An action that failed rests this long before it begins again; doubles while it keeps failing. */
const REST_MS = 2_000
const LONGEST_REST_MS = 120_000
/** How long actions under way may take to finish after an interrupt. */
const PARTING_MS = 3_000
/** Nothing written for this long: a quiet moment, good for a commit of the ledger. */
const QUIET_MS = 1_000

/** Runs until `until()`, an abort, or a ledger that cannot be read. In-flight actions are finished, not dropped. */
export async function drive(town: OpenTown, options: DriveOptions): Promise<Result<void>> {
  const driver = new Driver(town, options)
  try {
    return await driver.run()
  } finally {
    await driver.close()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

class Driver {
  readonly #town: OpenTown
  readonly #options: DriveOptions
  readonly #inFlight = new Map<string, Promise<void>>()
  /** Actions that failed lately, by key: when they may begin again, and how long the next rest is. */
  readonly #resting = new Map<string, { until: number; rest: number }>()
  readonly #stop = new AbortController()
  readonly #sweeps: Sweeps
  #lease: Lease | null = null
  #wake: () => void = () => {}
  #woken = false
  #unwatch: () => void = () => {}
  #unwake: () => void = () => {}
  #quietSince = Date.now()
  #committed = false

  constructor(town: OpenTown, options: DriveOptions) {
    this.#town = town
    this.#options = options
    this.#sweeps = new Sweeps(town.paths.runtime)
  }

  async run(): Promise<Result<void>> {
    const { signal } = this.#options
    this.#unwatch = this.#town.ledger.watch(() => this.#nudge())
    signal.addEventListener('abort', () => this.#nudge(), { once: true })
    this.#unwake = this.#options.wakeOn?.(() => this.#nudge()) ?? (() => {})
    while (!signal.aborted) {
      const read = this.#town.ledger.refresh()
      if (read.kind === 'error') return read
      if (read.value) this.#stirred()
      if (this.#options.until()) break
      if (this.#lease === null) {
        const lease = acquire(this.#town.ledger, 'deacon', 'deacon')
        if (lease.kind === 'error') return lease
        this.#lease = lease.value
      }
      if (this.#lease === null) await this.#sleep(TAKEOVER_MS)
      else {
        await this.#pass()
        if (!this.#options.until()) await this.#sleep(this.#patience())
      }
    }
    return ok(undefined)
  }

  /** One full pass: look, plan, begin what is not yet under way. */
  async #pass(): Promise<void> {
    // Settings that broke meanwhile leave the last good ones in force; every command says what is wrong with them.
    await refreshSettings(this.#town)
    const { settings } = this.#town
    const policy: Policy = {
      cap: settings.workers.max,
      rounds: settings.workers.rounds,
      attempts: settings.workers.attempts,
      judges: (preset) => judges(preset, settings.agents),
      quietAfterMs: settings.workers.quiet_after,
      startTimeoutMs: settings.workers.start_timeout,
      radarEveryMs: settings.deacon.radar,
    }
    this.#woken = false
    for (const [key, { until }] of this.#resting) if (until + LONGEST_REST_MS < Date.now()) this.#resting.delete(key)
    const actions = plan(await this.#look(), policy, this.#town.now())
    for (const action of actions) this.#begin(action)
    notifyPerson(this.#town)
  }

  #begin(action: Action): void {
    const key = keyOf(action)
    const rested = this.#resting.get(key)
    if (this.#inFlight.has(key) || (rested !== undefined && rested.until > Date.now())) return
    const running = act(this.#town, action, this.#stop.signal).then((result) => {
      this.#inFlight.delete(key)
      // What failed, or had nothing to do, is not tried again in a tight circle.
      const rest = rested?.rest ?? REST_MS
      if (result.kind === 'ok' && result.value) this.#resting.delete(key)
      else this.#resting.set(key, { until: Date.now() + rest, rest: Math.min(LONGEST_REST_MS, rest * 2) })
      this.#options.onAction?.(action, result)
      this.#nudge()
    })
    this.#inFlight.set(key, running)
  }

  /** How long nothing can change without an event: the heartbeat, or less when something is due. */
  #patience(): number {
    const now = this.#town.now()
    const due = nextDue(this.#town.ledger.state, now)
    const rests = [...this.#resting.values()].map(({ until }) => until - Date.now()).filter((ms) => ms > 0)
    const waits = [this.#town.settings.deacon.heartbeat, ...rests]
    const radar = nextRadar(this.#town.ledger.state, this.#seen(), this.#town.settings.deacon.radar, now)
    for (const at of [due, radar]) if (at !== undefined) waits.push(at - now.getTime())
    return Math.max(10, Math.min(...waits))
  }

  #stirred(): void {
    this.#quietSince = Date.now()
    this.#committed = false
  }

  #nudge(): void {
    this.#woken = true
    this.#wake()
  }

  /** Sleeps until an event, the death of a worker's process, or the time is over. */
  async #sleep(ms: number): Promise<void> {
    const deadline = Date.now() + ms
    while (!this.#woken && Date.now() < deadline && !this.#options.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(this.#pulse(), deadline - Date.now()))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = () => {}
      if (this.#lease !== null && this.#someoneDied()) break
      await this.#commitWhenQuiet()
    }
    this.#woken = false
  }

  /** With no worker there is nothing to feel the pulse of: an idle town sleeps. */
  #pulse(): number {
    if (this.#working().length > 0) return PULSE_MS
    return this.#committed || this.#options.onQuiet === undefined ? 60_000 : QUIET_MS
  }

  #working(): Run[] {
    const runs = [...this.#town.ledger.state.live.values()].flat()
    return runs.filter((run) => ACTIVE_RUN.has(run.state) && run.process !== undefined)
  }

  #someoneDied(): boolean {
    return this.#working().some((run) => {
      if (run.process === undefined || this.#inFlight.has(`run:${run.fence}`)) return false
      const alive = isRunning(run.process)
      return alive.kind === 'ok' && !alive.value
    })
  }

  async #commitWhenQuiet(): Promise<void> {
    if (this.#committed || this.#lease === null || Date.now() - this.#quietSince < QUIET_MS) return
    this.#committed = true
    await this.#options.onQuiet?.()
  }

  /** Observes the whole town for one pass. */
  async #look(): Promise<Observed> {
    const town = this.#town
    const sessions = await town.runtime.list()
    const movable = await movableQueues(town)
    return {
      state: town.ledger.state,
      // Last, with nothing awaited between it and the plan: a run may have got another process while we waited, and
      // the death of its old one proves nothing.
      evidence: observe(town, this.#working(), sessions),
      dispatcherGone: (run) => this.#starterGone(run),
      sessions: standing(sessions),
      movable,
      radar: this.#seen(),
      matching,
      resting: (key) => (this.#resting.get(key)?.until ?? 0) > Date.now(),
    }
  }

  /** What the radar last saw of the rigs in which somebody is at work. */
  #seen(): Map<string, Sighting> {
    const rigs = new Set([...this.#town.ledger.state.live.values()].flat().map((run) => run.rig))
    const seen = new Map<string, Sighting>()
    for (const rig of rigs) {
      const sweep = this.#sweeps.of(rig)
      if (sweep === undefined) continue
      const touched = Object.entries(sweep.touched).map(([fence, { files }]) => [fence, files] as const)
      seen.set(rig, { at: Date.parse(sweep.at), touched: new Map(touched) })
    }
    return seen
  }

  /** Whether nobody is starting this run any more: its saga's process is gone, or is ours and the saga is over. */
  #starterGone(run: Run): boolean {
    if (run.dispatcher === undefined) return true
    if (run.dispatcher.pid === process.pid) {
      return !this.#inFlight.has(`dispatch:${run.bead}`) && !this.#inFlight.has(`run:${run.fence}`)
    }
    const alive = isRunning(run.dispatcher)
    return alive.kind === 'ok' && !alive.value
  }

  /**
   * Stops gates, lets everything else finish, gives the lease back. When we were told to stop, only for a moment: what is
   * cut off is in the ledger, and the next driver goes on from there.
   */
  async close(): Promise<void> {
    this.#stop.abort()
    const finished = Promise.all(this.#inFlight.values())
    await (this.#options.signal.aborted ? Promise.race([finished, pause(PARTING_MS)]) : finished)
    this.#unwatch()
    this.#unwake()
    if (this.#lease !== null) release(this.#lease)
  }
}

/** Which sessions stand, and whether their agents run; null when that cannot be known. */
function standing(sessions: Read<SessionView[]>): Map<string, boolean> | null {
  if (sessions.kind === 'empty') return new Map()
  return sessions.kind === 'ok' ? new Map(sessions.value.map((one) => [one.labels.run ?? '', one.alive])) : null
}

/** A glob that cannot be read means no file. */
function matching(globs: readonly string[]): (file: string) => boolean {
  try {
    return dependsOn({ paths: [...globs] })
  } catch {
    return () => false
  }
}

/** One line about a failure for a log. */
export function lineOf(failure: Failure): string {
  return `${failure.code}: ${failure.message}`
}
