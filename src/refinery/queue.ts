/**
 * Carries out the Refinery's plan for one rig. Crash-only: every step is in the ledger before the next, the driver
 * that holds an entry is named in it, and a dead driver's entry is recovered from what the repository shows.
 * One driver a rig at a time, by lease; even two would be harmless, since the target moves by compare-and-swap only.
 */
import { acquire, release } from '../beads/leases.ts'
import { fetchRemote, isAncestor } from '../git/repository.ts'
import { waitsForChildren } from '../kernel/integration.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND, openMerges } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, ok } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'
import { admission, releasable } from './admission.ts'
import { move, moveAndTell, recordLanding, requeue, sourceOf, untellPerson } from './books.ts'
import { carryOut } from './carry.ts'
import { estimate } from './estimate.ts'
import { freshen } from './integration.ts'
import { giveUp } from './landing.ts'
import type { GateLog } from './log.ts'
import { gateLogOf } from './log.ts'
import { isOrphan } from './movable.ts'
import { due, plan } from './plan.ts'
import { Pulls } from './pull.ts'
import { inLine, type Lane, Lookout, parkedOf } from './rows.ts'
import { TestRuns } from './testing.ts'
import { takeOut } from './unmergeable.ts'

/** What one call did. `busy`: another driver has this rig's queue in hand. */
export interface Worked {
  steps: number
  busy: boolean
}

interface Options {
  /** Only the first entry in line. */
  once?: boolean
  signal?: AbortSignal
}

/** What was fetched is looked at again after this long, should nobody tell us of a change. */
const FETCH_MS = 60_000

/**
 * Works the queue of a rig until nothing in it can move (or after one entry with `once`).
 * Errors: broken rig settings, a remote that does not answer, a ledger that refuses writes; entries keep their place.
 */
export async function workQueue(town: OpenTown, rigName: string, options: Options = {}): Promise<Result<Worked>> {
  const lease = acquire(town.ledger, `refinery:${rigName}`, `${rigName}/refinery`)
  if (lease.kind === 'error') return lease
  if (lease.value === null) return ok({ steps: 0, busy: true })
  try {
    return await new Refinery(town, rigName, options).work()
  } finally {
    release(lease.value)
  }
}

class Refinery {
  readonly #town: OpenTown
  readonly #name: string
  readonly #options: Options
  readonly #log: GateLog
  readonly #runs: TestRuns
  readonly #pulls: Pulls
  /** Entries of a group that the remote refused: one by one from here on. */
  readonly #apart = new Set<string>()
  #rig: RigSettings | undefined
  #lookout: { settings: string; lookout: Lookout } | undefined
  #fetchedAt = Number.NEGATIVE_INFINITY
  #only: string | undefined
  #steps = 0
  #woken = false
  #wake: () => void = () => {}

  constructor(town: OpenTown, name: string, options: Options) {
    this.#town = town
    this.#name = name
    this.#options = options
    this.#log = gateLogOf(town, name)
    this.#pulls = new Pulls(town, name, this.#log)
    this.#runs = new TestRuns(town, this.#log, () => this.#nudge())
  }

  async work(): Promise<Result<Worked>> {
    const unwatch = this.#town.ledger.watch(() => this.#nudge())
    this.#options.signal?.addEventListener('abort', () => this.#nudge(), { once: true })
    try {
      const recovered = await this.#recover()
      if (recovered.kind === 'error') return recovered
      while (!this.#options.signal?.aborted) {
        const done = await this.#turn()
        if (done.kind === 'error') return done
        if (done.value === 'idle') break
      }
      return ok({ steps: this.#steps, busy: false })
    } finally {
      unwatch()
      await this.#runs.stopAll()
      for (const request of this.#open()) {
        if (IN_HAND.has(request.merge.state) && request.merge.state !== 'landing') {
          requeue(this.#town, request, 'the driver ended')
        }
      }
    }
  }

  /** One look and everything that follows from it at once. `idle`: nothing can move, and no gate runs. */
  async #turn(): Promise<Result<'went on' | 'idle'>> {
    this.#woken = false
    const read = this.#town.ledger.refresh()
    if (read.kind === 'error') return read
    const rig = await this.#settings()
    if (rig.kind === 'error') return rig
    const logged = this.#log.refresh()
    if (logged.kind === 'error') return logged
    const reaped = this.#reap()
    if (reaped.kind === 'error') return reaped
    const admitted = this.#admit(rig.value)
    if (admitted.kind === 'error') return admitted
    const pulled = this.#options.once ? ok(0) : await this.#pulls.turn(rig.value)
    if (pulled.kind === 'error' && !this.#mayWait(pulled.failure)) return pulled
    if (pulled.kind === 'ok' && pulled.value > 0) {
      this.#steps += pulled.value
      return ok('went on')
    }
    const queue = this.#queue(rig.value)
    if (queue.line.length === 0 && queue.parked.length === 0) return ok(await this.#endOrWait(undefined))
    const fetched = await this.#fetch()
    if (fetched.kind === 'error') return fetched
    const fresh = await freshen(this.#town, queue.line)
    if (fresh.kind === 'error') return fresh
    if (fresh.value > 0) return ok('went on')
    const lookout = this.#lookoutFor(rig.value)
    const lanes = await lookout.look({ ...queue, apart: this.#apart })
    if (lanes.kind === 'error') return lanes
    const taken = await takeOut(this.#town, this.#log, lanes.value)
    if (taken.kind === 'error') return taken
    this.#steps += taken.value
    if (taken.value > 0) return ok('went on')
    const acted = await this.#act(rig.value, lanes.value)
    if (acted.kind === 'error') return acted
    if (acted.value) return ok('went on')
    return ok(await this.#endOrWait(due(lanes.value)))
  }

  async #act(rig: RigSettings, lanes: Lane[]): Promise<Result<boolean>> {
    const now = this.#town.now().getTime()
    const running = this.#runs.running
    const view = { rows: lanes, running, slots: rig.refinery.slots, ...estimate(this.#log.seen()), now }
    let changed = false
    for (const action of plan(view)) {
      const lane = lanes.find((one) => 'row' in action && one === action.row)
      const done = await carryOut({ town: this.#town, rig, log: this.#log, runs: this.#runs }, action, lane)
      if (done.kind === 'error') return done
      if (done.value === 'nothing') continue
      this.#steps++
      if (done.value === 'moved') this.#fetchedAt = Number.NEGATIVE_INFINITY
      if (done.value === 'apart' && lane !== undefined) for (const { id } of lane.links) this.#apart.add(id)
      // Verdicts change the rows; tests that begin do not.
      if (done.value !== 'testing') changed = true
    }
    return ok(changed)
  }

  #open(): MergeRequest[] {
    return openMerges(this.#town.ledger.state.beads.values(), this.#name)
  }

  /** Who stands in line now, and who waits for a red target. */
  #queue(rig: RigSettings): { line: MergeRequest[]; parked: MergeRequest[] } {
    const open = this.#open()
    const line = inLine(open).filter((request) => {
      const source = sourceOf(this.#town, request)
      return source !== undefined && admission(rig, request, source.bead).is === 'admitted'
    })
    if (!this.#options.once) return { line, parked: parkedOf(open) }
    this.#only ??= line[0]?.bead.id
    return { line: line.filter(({ bead }) => bead.id === this.#only), parked: [] }
  }

  /** Holds what a person has to decide, and lets go of what has been decided since. */
  #admit(rig: RigSettings): Result<void> {
    for (const request of this.#open()) {
      const source = sourceOf(this.#town, request)
      if (source === undefined) continue
      if (releasable(rig, request, source.bead)) {
        const note = { held_for: undefined, reason: undefined }
        const moved = move(this.#town, request, 'queued', 'what it was held for has been settled', note)
        if (moved.kind === 'error') return moved
        const untold = untellPerson(this.#town, request)
        if (untold.kind === 'error') return untold
        this.#steps++
        continue
      }
      const wait = inLine([request]).length > 0 ? waitsForChildren(this.#town.ledger.state, request) : null
      if (wait !== null) {
        const note = { reason: wait, held_for: 'children' as const, executor: undefined, candidate: undefined }
        const moved = move(this.#town, request, 'held', wait, note)
        if (moved.kind === 'error') return moved
        this.#steps++
        continue
      }
      if (request.merge.state !== 'queued') continue
      const verdict = admission(rig, request, source.bead)
      if (verdict.is !== 'held') continue
      const note = { reason: verdict.reason, held_for: verdict.cause }
      const asks = { cause: verdict.cause, text: verdict.reason }
      const held = moveAndTell(this.#town, request, 'held', note, asks)
      if (held.kind === 'error') return held
      this.#steps++
    }
    return ok(undefined)
  }

  #reap(): Result<void> {
    const reaped = this.#runs.reap()
    if (reaped.kind === 'error') return reaped
    this.#steps += reaped.value.count
    for (const { members, end } of reaped.value.broken) {
      if (end.failure.exit === EXIT.tryAgain || members.length === 0) return end
      for (const request of members) {
        const given = giveUp(this.#town, request, end.failure.message)
        if (given.kind === 'error') return given
      }
    }
    return ok(undefined)
  }

  async #fetch(): Promise<Result<void>> {
    if (performance.now() - this.#fetchedAt < FETCH_MS) return ok(undefined)
    const fetched = await fetchRemote({ gitDir: this.#town.paths.rig(this.#name).repo })
    if (fetched.kind === 'error' && !this.#mayWait(fetched.failure)) return fetched
    this.#fetchedAt = performance.now()
    return ok(undefined)
  }

  /** What passes by itself ends no gate that is under way: by the time it is done, the remote may answer again. */
  #mayWait(failure: Failure): boolean {
    return failure.exit === EXIT.tryAgain && this.#runs.running.length > 0
  }

  /** The rig's settings as they are now; those that broke meanwhile leave the last good ones in force. */
  async #settings(): Promise<Result<RigSettings>> {
    const rig = await this.#town.rig(this.#name)
    if (rig.kind === 'ok') this.#rig = rig.value
    return this.#rig === undefined ? rig : ok(this.#rig)
  }

  #lookoutFor(rig: RigSettings): Lookout {
    const settings = JSON.stringify(rig)
    if (this.#lookout?.settings !== settings) {
      this.#lookout = { settings, lookout: new Lookout(this.#town, rig, this.#log) }
    }
    return this.#lookout.lookout
  }

  /** Waits for a run to end, for the ledger to change, or for the clock; only while a gate runs. */
  async #endOrWait(at: number | undefined): Promise<'went on' | 'idle'> {
    if (this.#runs.running.length === 0) return 'idle'
    const ahead = at === undefined ? FETCH_MS : at - Date.now()
    // What is due already waits for a slot: the end of a run wakes us.
    const ms = ahead > 0 ? Math.min(FETCH_MS, ahead) : FETCH_MS
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = () => {}
    }
    return 'went on'
  }

  #nudge(): void {
    this.#woken = true
    this.#wake()
  }

  /**
   * Whatever stands in somebody's hand was a dead driver's: we hold the rig's lease. If its candidate (or the branch
   * itself) is in the target, the landing is recorded; otherwise the entry is queued again. Nothing else can be true,
   * because the target only moves by compare-and-swap to a candidate.
   */
  async #recover(): Promise<Result<void>> {
    const read = this.#town.ledger.refresh()
    if (read.kind === 'error') return read
    const orphans = this.#open().filter(isOrphan)
    if (orphans.length === 0) return ok(undefined)
    const fetched = await this.#fetch()
    if (fetched.kind === 'error') return fetched
    for (const request of orphans) {
      const recovered = await this.#recoverOne(request)
      if (recovered.kind === 'error') return recovered
      this.#steps++
    }
    return ok(undefined)
  }

  async #recoverOne(request: MergeRequest): Promise<Result<unknown>> {
    const { candidate, state, target } = request.merge
    if (state === 'landing' && candidate !== undefined) {
      const gitDir = this.#town.paths.rig(this.#name).repo
      const landed = await isAncestor(gitDir, candidate.commit, `refs/remotes/origin/${target}`)
      if (landed.kind === 'error') return landed
      if (landed.kind === 'ok' && landed.value) {
        const { change = candidate.commit, commit } = candidate
        return recordLanding(this.#town, request, { commit: change, ...(change !== commit && { landing: commit }) })
      }
    }
    return requeue(this.#town, request, `its driver died while ${state}`)
  }
}
