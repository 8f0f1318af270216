/** One look at the whole town for one pass of the plan. What cannot be seen is `null` or left out; nothing is guessed. */
import { statusBehind } from '../agents/client.ts'
import { readContext } from '../agents/context.ts'
import type { SessionView } from '../agents/runtime.ts'
import type { Trouble } from '../agents/trouble.ts'
import { readTrouble } from '../agents/trouble.ts'
import type { Run } from '../beads/facts.ts'
import { activeRuns } from '../beads/fold.ts'
import { budgetsOf } from '../costs/purses.ts'
import type { ChoreName } from '../dogs/schedule.ts'
import { closedBecause } from '../kernel/host.ts'
import type { OpenTown } from '../kernel/town.ts'
import { reachOf } from '../mail/reach.ts'
import { wakesDue } from '../mail/waking.ts'
import { readChecks } from '../meow/gates/checks.ts'
import type { Checked } from '../meow/gates/evaluate.ts'
import { isLookedAt, isPending } from '../meow/gates/gate.ts'
import { dependsOn } from '../refinery/keys.ts'
import { movableQueues } from '../refinery/movable.ts'
import type { Sweeps } from '../refinery/radar-sweep.ts'
import type { Read } from '../result.ts'
import { readHold } from '../town/hold.ts'
import { oomKills } from '../town/host.ts'
import { lastMoment } from '../town/moments.ts'
import type { Memory } from '../witness/memory.ts'
import { observe, runFolder } from '../witness/observe.ts'
import type { Sighting } from './lookout.ts'
import type { Observed, Waking } from './observed.ts'

/** What only the driver knows: what is under way, what rests, what it remembers between two looks. */
export interface Own {
  starterGone(run: Run): boolean
  resting(key: string): boolean
  chores: readonly ChoreName[]
  order: string | undefined
  sweeps: Sweeps
  memory: Memory
  outOfMemory: OutOfMemory
}

/** A death this soon after the kernel ended something for want of memory is put down to that. */
const MEMORY_MS = 30_000

/** Whether the kernel ended processes for want of memory lately; two looks tell whether its count rose in between. */
export class OutOfMemory {
  #count: number | undefined
  #roseAt = Number.NEGATIVE_INFINITY

  lately(): boolean {
    const now = performance.now()
    const count = oomKills()
    if (count.kind === 'ok') {
      if (this.#count !== undefined && count.value > this.#count) this.#roseAt = now
      this.#count = count.value
    }
    return now - this.#roseAt < MEMORY_MS
  }
}

export async function lookAround(town: OpenTown, own: Own): Promise<Observed> {
  const movable = await movableQueues(town)
  const budgets = await budgetsOf(town)
  // After everything that takes its time: a session that was started meanwhile would look as if it were not there.
  const sessions = await town.runtime.list()
  const hold = readHold(town.root)
  const thawed = lastMoment(town.root, 'thawed')
  const working = workersOf(town)
  const seen = seenOf(town, working)
  return {
    state: town.ledger.state,
    ...seen,
    // Last, with nothing awaited between it and the plan: a run may have got another process while we waited, and
    // the death of its old one proves nothing.
    evidence: observe(town, working, sessions, own.memory, { client: statusBehind }),
    dispatcherGone: own.starterGone,
    sessions: standing(sessions),
    wakes: wakesOf(town, sessions),
    keeper: sessions.kind === 'ok' ? sessions.value[0]?.keeper : undefined,
    closed: closedBecause(town, hold),
    budgets,
    frozen: hold.kind === 'ok' && hold.value.frozen,
    thawedAt: thawed.kind === 'ok' ? thawed.value : undefined,
    movable,
    radar: sightings(town, own.sweeps),
    chores: own.chores,
    order: own.order,
    outOfMemory: own.outOfMemory.lately(),
    gateChecks: gateChecks(town),
    matching,
    resting: own.resting,
  }
}

/** Runs with a process that should be there. */
export function workersOf(town: OpenTown): Run[] {
  return activeRuns(town.ledger.state).filter((run) => run.process !== undefined)
}

/** How gates were looked at; nothing is read while there is none that somebody has to look at. */
export function gateChecks(town: OpenTown): ReadonlyMap<string, Checked> {
  for (const bead of town.ledger.state.beads.values())
    if (isPending(bead) && isLookedAt(bead)) return readChecks(town.paths.runtime)
  return new Map()
}

/** Nobody is looked at while no mail asks for it. */
function wakesOf(town: OpenTown, sessions: Read<SessionView[]>): Waking[] {
  return wakesDue(town.ledger.state.beads.values(), town.now()).map(({ to }) => ({
    to,
    is: reachOf(town, to, sessions).is,
  }))
}

/** What the agents' own signals say: why a turn failed, how full a context is. */
function seenOf(town: OpenTown, working: Run[]): Pick<Observed, 'trouble' | 'context'> {
  const trouble = new Map<string, Trouble>()
  const context = new Map<string, number>()
  for (const run of working) {
    const folder = runFolder(town, run)
    const failed = readTrouble(folder)
    if (failed.kind === 'ok') trouble.set(run.fence, failed.value)
    const full = readContext(folder, run.conversation)
    if (full.kind === 'ok') context.set(run.fence, full.value.used)
  }
  return { trouble, context }
}

/** What the radar last saw of the rigs in which somebody is at work. */
export function sightings(town: OpenTown, sweeps: Sweeps): Map<string, Sighting> {
  const rigs = new Set([...town.ledger.state.live.values()].flat().map((run) => run.rig))
  const seen = new Map<string, Sighting>()
  for (const rig of rigs) {
    const sweep = sweeps.of(rig)
    if (sweep === undefined) continue
    const touched = Object.entries(sweep.touched).map(([fence, { files }]) => [fence, files] as const)
    seen.set(rig, { at: Date.parse(sweep.at), touched: new Map(touched) })
  }
  return seen
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
