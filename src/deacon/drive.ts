/**
 * The loop that keeps a town true: plan, act, wait for something to happen. The Deacon runs it for ever; a waiting
 * `gt sling` runs it until its beads are settled. One driver at a time, by lease: whoever holds it acts, others watch
 * and take over when it ends or dies.
 */

import { channelsOf } from '../attention/channels.ts'
import { lookOutside } from '../attention/look.ts'
import { notifyOpen } from '../attention/notify.ts'
import { noticesOf } from '../attention/waiting.ts'
import type { Run } from '../beads/facts.ts'
import type { Lease } from '../beads/leases.ts'
import { acquire, release } from '../beads/leases.ts'
import { lastTimes } from '../dogs/looks.ts'
import { choresDue, nextChore } from '../dogs/schedule.ts'
import type { OpenTown } from '../kernel/town.ts'
import { refreshSettings } from '../kernel/town.ts'
import { seenOrders } from '../meow/orders/books.ts'
import { markOrders } from '../meow/orders/mark.ts'
import { nextOrder, ordersDue } from '../meow/orders/timetable.ts'
import { Sweeps } from '../refinery/radar-sweep.ts'
import type { Failure, Result } from '../result.ts'
import { ok } from '../result.ts'
import type { DeathWatch } from '../town/deaths.ts'
import { onDeaths } from '../town/deaths.ts'
import { happenedSince } from '../town/moments.ts'
import type { ProcessId } from '../town/processes.ts'
import { isRunning, self } from '../town/processes.ts'
import { Memory } from '../witness/memory.ts'
import { runFolder } from '../witness/observe.ts'
import { act } from './act.ts'
import type { Action } from './actions.ts'
import { keyOf, ORDER_KEY } from './actions.ts'
import { Edge } from './edge.ts'
import type { Own } from './look.ts'
import { gateChecks, lookAround, OutOfMemory, sightings, workersOf } from './look.ts'
import { nextRadar } from './lookout.ts'
import type { Observed, Policy } from './observed.ts'
import { Obstacles } from './obstacles.ts'
import { nextDue, plan } from './plan.ts'
import { policyOf } from './policy.ts'
import { PULSE_MS, Pulse } from './pulse.ts'

export interface DriveOptions {
  /** Looked at after every change of the ledger; true ends the loop. */
  until(): boolean
  signal: AbortSignal
  /** What was done, for logs and progress. */
  onAction?(action: Action, result: Result<boolean>): void
  /** Called in a quiet moment after changes: the time to bring the ledger's git repository up to date. */
  onQuiet?(): Promise<void>
  /** Does the Dogs' chores and the orders as well: the daemon's work, not that of a command that waits for its beads. */
  chores?: boolean
  /** Other events that call for a new pass, such as an edited settings file. Answers how to stop listening. */
  wakeOn?(wake: () => void): () => void
  /** How deaths of workers become events; a test switches them off to see that the passes alone notice them too. */
  deaths?: typeof onDeaths
}

/** Longest sleep without a look at the clock: it may have been set, and a timer takes no more than 24 days. */
const NAP_MS = 60_000
/** While a silent worker's files are looked through: so much at a time, so often. At most 4 % of a core. */
const LOOK_MS = 2
const LOOK_EVERY_MS = 50
/** How long somebody who does not hold the lease waits before trying again. */
const TAKEOVER_MS = 2_000
/** An action that failed rests this long before it begins again; doubles while it keeps failing. */
const REST_MS = 2_000
const LONGEST_REST_MS = 120_000
/** How long actions under way may take to finish after an interrupt. */
const PARTING_MS = 3_000
/** While somebody is at work, or mail waits for them, the town is looked at this often without an event: a dialog tells nobody. */
const ATTENTION_MS = 10_000
/** From the share on at which a person is warned, use is counted this often: tool calls alone wake nobody. */
const NEAR_MS = 2_000
/** Nothing written for this long: a quiet moment, good for a commit of the ledger. */
const QUIET_MS = 1_000

/** Runs until `until()`, an abort, a `gt down`, or a ledger that cannot be read. In-flight actions are finished, not dropped. */
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
  readonly #obstacles = new Obstacles()
  readonly #stop = new AbortController()
  readonly #sweeps: Sweeps
  readonly #pulse = new Pulse()
  readonly #edge: Edge
  readonly #outOfMemory = new OutOfMemory()
  /** Of the workers, between two passes. */
  readonly #memory = new Memory()
  /** As of the last pass. */
  #policy: Policy
  /** Mail waits for somebody who is there, and could not be woken. */
  #unheard = false
  #budgets: Observed['budgets']
  #deaths: DeathWatch | undefined
  #lease: Lease | null = null
  #wake: () => void = () => {}
  #woken = false
  #unwatch: () => void = () => {}
  #unwake: () => void = () => {}
  readonly #began = Date.now()
  /** When orders were last looked through, by the town's clock: what was due then is begun, rests, or waits for its turn. */
  #ordersAt = 0
  #quietSince = performance.now()
  #committed = false

  constructor(town: OpenTown, options: DriveOptions) {
    this.#town = town
    this.#options = options
    this.#policy = policyOf(town)
    this.#sweeps = new Sweeps(town.paths.runtime)
    this.#edge = new Edge(town)
  }

  async run(): Promise<Result<void>> {
    const { signal } = this.#options
    this.#unwatch = this.#town.ledger.watch(() => {
      this.#stirred()
      this.#nudge()
    })
    signal.addEventListener('abort', () => this.#nudge(), { once: true })
    this.#unwake = this.#options.wakeOn?.(() => this.#nudge()) ?? (() => {})
    while (!signal.aborted) {
      const read = this.#town.ledger.refresh()
      if (read.kind === 'error') return read
      if (read.value) this.#stirred()
      if (this.#options.until() || this.#wentDown()) break
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

  /** `gt down` since we began: whoever waits here for his turn must not begin where the daemon has just ended. */
  #wentDown(): boolean {
    return happenedSince(this.#town.root, 'down', this.#began)
  }

  /** One full pass: look, plan, begin what is not yet under way. */
  async #pass(): Promise<void> {
    // Settings that broke meanwhile leave the last good ones in force; every command says what is wrong with them.
    await refreshSettings(this.#town)
    this.#policy = policyOf(this.#town)
    this.#woken = false
    for (const [key, { until }] of this.#resting)
      if (until + LONGEST_REST_MS < performance.now()) this.#resting.delete(key)
    const observed = await lookAround(this.#town, this.#own())
    this.#unheard = observed.wakes.some(({ is }) => is === 'busy' || is === 'later')
    this.#budgets = observed.budgets
    const actions = plan(observed, this.#policy, this.#town.now())
    for (const action of actions) this.#begin(action)
    this.#obstacles.save(this.#town.paths.runtime, (key) => this.#isUnderWay(key))
    // Not awaited: a channel that hangs holds up nothing.
    void this.#tellPeople()
    this.#edge.look(observed.keeper)
  }

  /** What began to wait for a person since it was last told. */
  async #tellPeople(): Promise<void> {
    const { ledger, settings } = this.#town
    if (channelsOf(this.#town).length === 0) return
    const outside = await lookOutside(this.#town, settings.witness.dialog)
    await notifyOpen(this.#town, noticesOf(ledger.state, outside))
  }

  /** Whether the action is being tried, whatever mark its key ends with. */
  #isUnderWay(key: string): boolean {
    return [...this.#inFlight.keys()].some((one) => one === key || one.startsWith(`${key}:`))
  }

  #begin(action: Action): void {
    const key = keyOf(action)
    const rested = this.#resting.get(key)
    if (this.#inFlight.has(key) || (rested !== undefined && rested.until > performance.now())) return
    const running = act(this.#town, action, this.#stop.signal).then((result) => {
      this.#inFlight.delete(key)
      // What failed, or had nothing to do, is not tried again in a tight circle.
      const rest = rested?.rest ?? REST_MS
      if (result.kind === 'ok' && result.value) this.#resting.delete(key)
      else this.#resting.set(key, { until: performance.now() + rest, rest: Math.min(LONGEST_REST_MS, rest * 2) })
      const at = this.#town.now().toISOString()
      this.#obstacles.note(this.#town.ledger.state, action, result, at, rest)
      this.#options.onAction?.(action, result)
      this.#nudge()
    })
    this.#inFlight.set(key, running)
  }

  /** How long nothing can change without an event: the heartbeat, or less when something is due. */
  #patience(): number {
    const now = this.#town.now()
    const due = nextDue(this.#town.ledger.state, this.#policy, now, gateChecks(this.#town))
    const rests = [...this.#resting.values()].map(({ until }) => until - performance.now()).filter((ms) => ms > 0)
    const { settings, ledger, paths } = this.#town
    const waits = [settings.deacon.heartbeat, ...rests]
    if (this.#working().length > 0 || this.#unheard) waits.push(ATTENTION_MS)
    waits.push(...this.#moneyWaits(now))
    const radar = nextRadar(ledger.state, sightings(this.#town, this.#sweeps), settings.deacon.radar, now)
    const chore = this.#options.chores ? nextChore(lastTimes(paths.runtime), settings.dogs, now) : undefined
    const order = this.#options.chores
      ? nextOrder(settings.orders, seenOrders(this.#town, now.getTime()), this.#ordersAt)
      : undefined
    for (const at of [due, radar, chore, order]) if (at !== undefined) waits.push(at - now.getTime())
    return Math.max(10, Math.min(...waits))
  }

  /** A new day; and while somebody works, a new count, soon where a budget is nearly used up. */
  #moneyWaits(now: Date): number[] {
    if (this.#budgets === undefined) return []
    const { purses, tomorrow, againMs = ATTENTION_MS } = this.#budgets
    const near = [...purses.values()].some(({ stands }) => stands !== 'within')
    const counts = this.#working().length === 0 ? [] : [againMs, near ? NEAR_MS : ATTENTION_MS]
    return [tomorrow - now.getTime(), ...counts]
  }

  #stirred(): void {
    this.#quietSince = performance.now()
    this.#committed = false
  }

  #nudge(): void {
    this.#woken = true
    this.#wake()
  }

  /** Sleeps until an event, the death of a worker's process, or the time is over. */
  async #sleep(ms: number): Promise<void> {
    const deadline = performance.now() + ms
    this.#watchDeaths()
    while (!this.#woken && performance.now() < deadline && !this.#options.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(this.#nap(), deadline - performance.now()))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = () => {}
      if (this.#memory.goOn(LOOK_MS, this.#town.now().getTime())) break
      if (this.#lease !== null && this.#pulse.changed(this.#working(), (run) => runFolder(this.#town, run))) break
      await this.#commitWhenQuiet()
    }
    this.#woken = false
  }

  /** How long nothing has to be done here. */
  #nap(): number {
    if (this.#memory.pending) return LOOK_EVERY_MS
    const nap = this.#lease !== null && this.#working().length > 0 ? PULSE_MS : NAP_MS
    if (this.#committed || this.#lease === null || this.#options.onQuiet === undefined) return nap
    return Math.min(nap, Math.max(10, this.#quietSince + QUIET_MS - performance.now()))
  }

  /** With no worker there is nothing to feel the pulse of: an idle town sleeps. */
  #watchDeaths(): void {
    const needed = this.#lease !== null && this.#working().length > 0
    if (!needed) {
      this.#deaths?.stop()
      this.#deaths = undefined
    } else if (this.#deaths === undefined) {
      const { deaths = onDeaths } = this.#options
      this.#deaths = deaths(
        () => this.#inReach(),
        () => this.#nudge(),
      )
    }
  }

  #working(): Run[] {
    return workersOf(this.#town)
  }

  /** Processes whose death calls for a pass: where something is being done about a run already, its end will. */
  #inReach(): ProcessId[] {
    const found: ProcessId[] = []
    for (const { fence, process } of this.#working()) {
      if (process !== undefined && !this.#inFlight.has(`run:${fence}`)) found.push(process)
    }
    return found
  }

  async #commitWhenQuiet(): Promise<void> {
    if (this.#committed || this.#lease === null || performance.now() - this.#quietSince < QUIET_MS) return
    this.#committed = true
    await this.#options.onQuiet?.()
  }

  /** What only the driver knows. */
  #own(): Own {
    const { settings, paths } = this.#town
    return {
      starterGone: (run) => this.#starterGone(run),
      resting: (key) => (this.#resting.get(key)?.until ?? 0) > performance.now(),
      chores: this.#options.chores ? choresDue(lastTimes(paths.runtime), settings.dogs, this.#town.now()) : [],
      order: this.#orderDue(),
      sweeps: this.#sweeps,
      memory: this.#memory,
      outOfMemory: this.#outOfMemory,
    }
  }

  /** The next order to be carried out: one at a time. */
  #orderDue(): string | undefined {
    const { settings } = this.#town
    if (!this.#options.chores || Object.keys(settings.orders).length === 0) return undefined
    this.#ordersAt = this.#town.now().getTime()
    const due = ordersDue(settings.orders, markOrders(this.#town, this.#ordersAt), this.#ordersAt)
    if ([...this.#inFlight.keys()].some((key) => key.startsWith(ORDER_KEY))) return undefined
    return due.find((name) => (this.#resting.get(`${ORDER_KEY}${name}`)?.until ?? 0) <= performance.now())
  }

  /** Whether nobody is starting this run any more: its saga's process is gone, or is ours and the saga is over. */
  #starterGone(run: Run): boolean {
    if (run.dispatcher === undefined) return true
    const me = self()
    if (run.dispatcher.pid === me.pid && run.dispatcher.started === me.started) {
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
    const told = this.#options.signal.aborted || this.#wentDown()
    await (told ? Promise.race([finished, pause(PARTING_MS)]) : finished)
    this.#unwatch()
    this.#unwake()
    this.#deaths?.stop()
    await this.#edge.end()
    if (this.#lease !== null) release(this.#lease)
  }
}

/** One line about a failure for a log. */
export function lineOf(failure: Failure): string {
  return `${failure.code}: ${failure.message}`
}
