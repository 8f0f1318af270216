/** One look at what the ledger does not say: sessions, signs of life, the daemon, the machine. What a board is made of. */
import { activityOf, readBeat } from '../agents/beat.ts'
import { statusBehind } from '../agents/client.ts'
import { readContext } from '../agents/context.ts'
import { agentDir } from '../agents/launch.ts'
import type { SessionView } from '../agents/runtime.ts'
import { lookAround } from '../attention/look.ts'
import type { Extras } from '../attention/waiting.ts'
import type { Run } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import { daemonProcess, driverSeen } from '../deacon/daemon.ts'
import { hostSays } from '../kernel/host.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Read } from '../result.ts'
import { readHold } from '../town/hold.ts'
import { readHost } from '../town/host.ts'
import type { Verdict } from '../witness/evaluate.ts'
import { evaluate } from '../witness/evaluate.ts'
import type { Memory } from '../witness/memory.ts'
import { observe, runFolder } from '../witness/observe.ts'
import type { TownLine } from './board.ts'

/** What an agent without a run (Mayor, crew) was seen to do. */
export interface Signs {
  doing: string | null
  /** Epoch ms of the last hook event. */
  at: number | null
}

export interface Sightings {
  /** Every session of the town; empty also when they could not be told (`blind`). */
  sessions: SessionView[]
  /** Why not, when the runtime did not answer. */
  blind: string | null
  /** On active runs, by fence. */
  verdicts: ReadonlyMap<string, Verdict>
  /** Percent of the context in use, by session name. */
  context: ReadonlyMap<string, number>
  /** Of sessions that belong to no run, by session name. */
  signs: ReadonlyMap<string, Signs>
  /** The daemon's pid. */
  daemon: number | null
  /** What waits for a person outside the ledger. */
  outside: Extras
  hold: TownLine['hold']
  closed: TownLine['closed']
  host: TownLine['host']
}

/** How long one look may spend on going through the files of silent workers. */
const FILES_MS = 15

/**
 * Looks around. `memory`: the observer's own, the same at each look, so that a look costs some `stat`s (about 2 ms for 30
 * workers) and one call of the runtime (5 to 10 ms).
 */
export async function lookAtTown(town: OpenTown, memory: Memory): Promise<Sightings> {
  const listed = await town.runtime.list()
  const sessions = listed.kind === 'ok' ? listed.value : []
  const runs = [...town.ledger.state.live.values()].flat()
  const hold = readHold(town.root)
  const readings = readHost(town.root)
  const says = hostSays(readings, town.settings.host, hold)
  return {
    sessions,
    blind: listed.kind === 'unknown' ? listed.why : listed.kind === 'error' ? listed.failure.message : null,
    verdicts: verdictsOn(town, runs, listed, memory),
    ...looksInside(town, runs, sessions),
    daemon: daemonProcess(town)?.pid ?? null,
    outside: await lookAround(town, driverSeen(town), listed),
    hold: hold.kind === 'ok' ? { reason: hold.value.reason, frozen: hold.value.frozen } : null,
    closed: says.is === 'open' ? null : says.why,
    host: {
      load1: numberOf(readings.load1),
      cores: numberOf(readings.cores),
      memory_free_mb: megabytes(numberOf(readings.memoryFreeBytes)),
      disk_free_mb: megabytes(numberOf(readings.diskFreeBytes)),
    },
  }
}

function verdictsOn(
  town: OpenTown,
  runs: Run[],
  listed: Read<SessionView[]>,
  memory: Memory,
): ReadonlyMap<string, Verdict> {
  const active = runs.filter((run) => ACTIVE_RUN.has(run.state))
  const now = town.now().getTime()
  if (memory.pending) memory.goOn(FILES_MS, now)
  const evidence = observe(town, active, listed, memory, { client: statusBehind })
  const thresholds = { quietAfterMs: town.settings.workers.quiet_after }
  return new Map(active.map((run) => [run.fence, evaluate(run, evidence.get(run.fence)!, now, thresholds)]))
}

/** Context of everybody, and what those without a run do. */
function looksInside(town: OpenTown, runs: Run[], sessions: SessionView[]): Pick<Sightings, 'context' | 'signs'> {
  const byFence = new Map(runs.map((run) => [run.fence, run]))
  const context = new Map<string, number>()
  const signs = new Map<string, Signs>()
  for (const { name, labels } of sessions) {
    const run = byFence.get(labels.run ?? '')
    const { agent } = labels
    if (run === undefined && agent === undefined) continue
    const folder = run === undefined ? agentDir(town.root, { address: agent! }) : runFolder(town, run)
    const full = readContext(folder, run?.conversation)
    if (full.kind === 'ok') context.set(name, full.value.used)
    if (run !== undefined) continue
    const beat = readBeat(folder)
    signs.set(
      name,
      beat.kind === 'ok' ? { doing: activityOf(beat.value), at: beat.value.at } : { doing: null, at: null },
    )
  }
  return { context, signs }
}

const numberOf = (read: Read<number>): number | null => (read.kind === 'ok' ? read.value : null)
const megabytes = (bytes: number | null): number | null => (bytes === null ? null : Math.floor(bytes / 1024 / 1024))
