/**
 * The person of a drill's town: keeps enough work in it, starts the daemon again when it has been gone for a while, answers
 * what a person is asked (gt mq retry, gt sling), and has one `gt sling --wait` waiting, which takes over when no daemon drives.
 * Where nothing may start for a while after too many deaths, it waits in the town's time: the drill sets the clock forward.
 * Everything goes through the real `gt`; what it answered with success is remembered as acknowledged.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { breakers, mayStart } from '../kernel/intensity.ts'
import { liveRun } from '../kernel/runs.ts'
import { isRunning } from '../town/processes.ts'
import type { Rng } from './rng.ts'
import { find, signal } from './sight.ts'
import type { DrillTown, Said } from './town.ts'
import { WORKERS } from './town.ts'

/** How often it looks. */
const LOOK_MS = 150
/** How long it watches a town without a daemon: sometimes a waiting sling is faster (it looks every 2 s), sometimes not. */
const IMPATIENT_MS = 200
const PATIENT_MS = 3_500
/** Beads that are created side by side: each is a process. */
const TOGETHER = 4
/** What waits for a worker beside those at work. */
const IN_LINE = 2
/** Dates of files do not pass with the clock: past this, agents would look silent (QUIET_MINUTES in town.ts). */
const MOST_PASSED_MS = 40 * 60_000

export interface Person {
  /** Beads that `gt bead create` answered for, in order. */
  acknowledged: string[]
  /** How often it did what a person was asked for. */
  answered: number
  /** How often it started the daemon. */
  ups: number
  /** How often it let time pass because of a breaker. */
  rests: number
  /** From now on no new beads: what is there is brought to its end. */
  finish(): void
  /** Stops looking; resolves when nothing of it runs any more. */
  leave(): Promise<void>
}

export interface Duty {
  town: DrillTown
  rng: Rng
  /** At most so many beads; absent: as many as keep the workers busy. */
  beads?: number | undefined
  pause(ms: number): Promise<void>
  stopped(): boolean
}

/** Begins to look after the town, until it is told to leave. */
export function person(duty: Duty): Person {
  return new DutifulPerson(duty)
}

class DutifulPerson implements Person {
  readonly acknowledged: string[] = []
  answered = 0
  ups = 0
  rests = 0
  readonly #duty: Duty
  /** By bead: when what was answered last had been asked. */
  readonly #answers = new Map<string, string>()
  #finishing = false
  #leaving = false
  #upAt: number | undefined
  #waiter: Promise<Said> | undefined
  /** A bug of ours, told when it leaves. */
  #stumbled: unknown
  readonly #done: Promise<void>

  constructor(duty: Duty) {
    this.#duty = duty
    this.#done = this.#watch().catch((thrown: unknown) => {
      this.#stumbled = thrown
    })
  }

  finish(): void {
    this.#finishing = true
  }

  async leave(): Promise<void> {
    this.#leaving = true
    await this.#done
    if (this.#stumbled !== undefined) throw this.#stumbled
    for (const { pid } of this.#waiters()) signal(pid, 'SIGTERM')
    await this.#waiter
  }

  async #watch(): Promise<void> {
    const { town, pause, stopped } = this.#duty
    while (!this.#leaving && !stopped()) {
      town.ledger.refresh()
      await this.#keepUp()
      await this.#answer()
      await this.#giveWork()
      this.#letTimePass()
      this.#wait()
      await pause(LOOK_MS)
    }
  }

  /** `gt up`, some time after the daemon was found gone. */
  async #keepUp(): Promise<void> {
    const { town, rng } = this.#duty
    const daemon = town.ledger.state.leases.get('daemon')
    const alive = daemon === undefined ? undefined : isRunning(daemon)
    if (alive?.kind === 'ok' && alive.value) {
      this.#upAt = undefined
      return
    }
    this.#upAt ??= Date.now() + (this.ups === 0 ? 0 : rng.int(IMPATIENT_MS, PATIENT_MS))
    if (Date.now() < this.#upAt) return
    const said = await town.gt('up')
    if (said.code === 0) this.ups++
    this.#upAt = undefined
  }

  /** Does what the town asks a person for, once for each time it asks. */
  async #answer(): Promise<void> {
    const asked = this.#own().filter((bead) => {
      const { needs } = facts(bead)
      return needs !== undefined && this.#answers.get(bead.id) !== needs.at
    })
    const { town } = this.#duty
    const idle: Bead[] = []
    for (const bead of asked) {
      const run = liveRun(bead)
      const request = run?.merge_request
      if (run === undefined || request === undefined) idle.push(bead)
      else if ((await town.gt('mq', 'retry', request)).code === 0) this.#answered(bead)
    }
    for (const [rig, beads] of byRig(idle)) {
      const said = await town.gt('sling', ...beads.map(({ id }) => id), rig)
      if (said.code === 0) for (const bead of beads) this.#answered(bead)
    }
  }

  #answered(bead: Bead): void {
    this.answered++
    this.#answers.set(bead.id, facts(bead).needs?.at ?? '')
  }

  async #giveWork(): Promise<void> {
    const { town, stopped, beads: most = Number.POSITIVE_INFINITY } = this.#duty
    const open = this.#own().filter((bead) => bead.status !== 'closed')
    const wanted = this.#finishing ? 0 : town.shape.workers + IN_LINE - open.length
    for (let left = Math.min(wanted, most - this.acknowledged.length); left > 0 && !stopped(); left -= TOGETHER) {
      await Promise.all(Array.from({ length: Math.min(left, TOGETHER) }, () => this.#create()))
    }
    // Also those whose sling did not get through. Side by side: a sling waits for the first sign of life of all its beads.
    const unslung = this.#own().filter((bead) => bead.status === 'open' && facts(bead).slung === undefined)
    const slings = [...byRig(unslung)].flatMap(([rig, beads]) =>
      WORKERS.map((worker, kind) => ({
        rig,
        worker,
        ids: beads.filter((_, n) => n % WORKERS.length === kind).map(({ id }) => id),
      })),
    )
    const called = slings.filter(({ ids }) => ids.length > 0)
    await Promise.all(called.map(({ rig, worker, ids }) => town.gt('sling', ...ids, rig, '--agent', worker)))
    town.ledger.refresh()
  }

  async #create(): Promise<void> {
    const { town } = this.#duty
    const n = this.acknowledged.length
    const rig = town.rigs[n % town.rigs.length]?.name ?? ''
    const said = await town.gt(
      'bead',
      'create',
      `Work ${n + 1}`,
      '--rig',
      rig,
      '--body',
      'What the drill’s worker does.',
    )
    const id = (said.data as { id?: string } | undefined)?.id
    if (said.code === 0 && id !== undefined) this.acknowledged.push(id)
    town.ledger.refresh()
  }

  /** A breaker that rests keeps beads waiting for half a minute and more: that is right, and worth no real time. */
  #letTimePass(): void {
    const { clock, ledger, rigs } = this.#duty.town
    const waiting = new Set(this.#own().flatMap((bead) => (bead.status === 'open' ? [facts(bead).rig] : [])))
    const all = breakers(ledger.state, new Date(clock.now()))
    for (const { name } of rigs) {
      const may = mayStart(all, name, 'polecat')
      if (!waiting.has(name) || may.is !== 'no' || may.until === undefined) continue
      const rest = Date.parse(may.until) - clock.now() + LOOK_MS
      if (rest <= 0 || clock.passed + rest > MOST_PASSED_MS) continue
      clock.pass(rest)
      this.rests++
    }
  }

  /** One sling waits for all that is open; a new one when it has ended or was killed. */
  #wait(): void {
    const { town } = this.#duty
    if (this.#waiter !== undefined || this.#finishing) return
    const [rig, beads] = [...byRig(this.#own().filter((bead) => bead.status !== 'closed'))][0] ?? []
    if (rig === undefined || beads === undefined) return
    this.#waiter = town.gt('sling', ...beads.map(({ id }) => id), rig, '--wait')
    void this.#waiter.then(() => {
      this.#waiter = undefined
    })
  }

  #waiters() {
    return find(this.#duty.town.home, (argv) => argv[2] === 'sling' && argv.includes('--wait'))
  }

  /** Its beads, as they are now. */
  #own(): Bead[] {
    const { beads } = this.#duty.town.ledger.state
    return this.acknowledged.map((id) => beads.get(id)).filter((bead) => bead !== undefined)
  }
}

function byRig(beads: Bead[]): Map<string, Bead[]> {
  const rigs = new Map<string, Bead[]>()
  for (const bead of beads) {
    const rig = facts(bead).rig ?? ''
    rigs.set(rig, [...(rigs.get(rig) ?? []), bead])
  }
  return rigs
}
