/**
 * The board: the one projection of a town that every screen shares (`gt feed`, `gt dashboard`, the tmux status line). Pure:
 * from the ledger's state, from what was seen of the sessions, and from the time. Plain data, fit for JSON.
 */
import { attention } from '../attention/attention.ts'
import type { Item } from '../attention/item.ts'
import type { Extras } from '../attention/waiting.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import type { Surroundings } from '../convoys/pace.ts'
import type { Cost, Glance } from '../costs/glance.ts'
import type { Status } from '../kernel/status.ts'
import { statusOf } from '../kernel/status.ts'
import type { AgentLine } from './agents.ts'
import { agentsOf } from './agents.ts'
import type { ConvoyLine } from './convoys.ts'
import { convoysOf } from './convoys.ts'
import type { Happening } from './happenings.ts'
import type { QueueLine } from './queue.ts'
import { queueOf } from './queue.ts'
import type { Sightings } from './sightings.ts'

export type { AgentLine } from './agents.ts'
export type { ConvoyLine } from './convoys.ts'
export type { QueueLine } from './queue.ts'

/** Times are RFC 3339 UTC; what is not known is null, never a guess. */
export interface Board {
  /** When this was put together. */
  at: string
  town: TownLine
  /** What waits for a person, as `gt attend` shows it: the most pressing first, each with its answers. */
  problems: Item[]
  /** Whoever has a session or a live run: Mayor, crew, workers, the Witness's and the Refinery's own sessions. */
  agents: AgentLine[]
  /** Handed in and not landed, by rig, in the order of the line. */
  queue: QueueLine[]
  /** Work that belongs together, and how far it is. */
  convoys: ConvoyLine[]
  /** Slung, and not started yet, with why. */
  waiting: { bead: string; title: string; rig: string | null; reason: string }[]
  /** The newest landings, newest first; `cost` is null where nobody counts. */
  landed: { bead: string; title: string; commit: string; target: string; at: string; cost: Cost | null }[]
  /** What happened, newest first. */
  events: EventLine[]
  /** What it costs; absent where prices cannot be read. */
  costs?: CostLine
}

export interface TownLine {
  name: string
  /** Absolute. */
  path: string
  daemon: { running: boolean; pid: number | null }
  hold: { reason: string; frozen: boolean } | null
  /** Why nothing new starts: the hold, or load, memory and disk. */
  closed: string | null
  host: { load1: number | null; cores: number | null; memory_free_mb: number | null; disk_free_mb: number | null }
  /** Worker slots: taken, and how many there are. */
  workers: { busy: number; max: number }
  /** Beads that are free to be slung. */
  ready: number
  /** Landed since midnight, by this machine's clock. */
  landed_today: number
  /** Why it cannot be told which sessions there are; null: it was told. */
  blind: string | null
}

/** A happening, with the title of the task that it is about. */
export interface EventLine {
  id: string
  at: string
  by: string
  kind: Happening['kind']
  bead: string | null
  title: string | null
  run: string | null
  text: string
  system: boolean
}

/** US dollars at list prices. */
export interface CostLine {
  today: Cost
  /** Null: there is none. */
  budget_usd: number | null
}

/** What a board is made of. */
export interface BoardSources {
  town: Pick<TownLine, 'name' | 'path'> & { slots: number }
  state: State
  books: Books
  sightings: Sightings
  /** Newest first. */
  happenings: readonly Happening[]
  spent?: Glance | undefined
  /** The town's budget for today, US dollars. */
  budget?: number | undefined
  now: Date
}

/** What the ledger alone says; the same as long as that does not move on (and nothing is deferred until just now). */
export interface Books {
  status: Status
  queue: QueueLine[]
  convoys: ConvoyLine[]
  /** What waits for a person, with what was seen outside the ledger. */
  attend(outside: Extras): Item[]
}

/** Passes over all beads: 60 ms for the status of a hundred thousand, of which forty thousand are open, and about as much for convoys. */
export function booksOf(state: State, around: Surroundings): Books {
  const status = statusOf(state, around.now, around.gate)
  return { status, queue: queueOf(state), convoys: convoysOf(state, around), attend: attending(state) }
}

/** A walk over all beads, and only when something else was seen than before. */
function attending(state: State): Books['attend'] {
  let last: { key: string; items: Item[] } | undefined
  return (outside) => {
    const key = JSON.stringify({ ...outside, sessions: outside.sessions && [...outside.sessions].sort() })
    if (last?.key !== key) last = { key, items: attention(state, outside) }
    return last.items
  }
}

export function boardOf(sources: BoardSources): Board {
  const { town, state, books, sightings, happenings, spent, budget, now } = sources
  const { status, queue, convoys } = books
  const agents = agentsOf(state, sightings, now)
  const waiting = status.waiting.map(({ bead, title, reason }) => ({ bead, title, rig: rigOf(state, bead), reason }))
  return {
    at: now.toISOString(),
    town: {
      name: town.name,
      path: town.path,
      daemon: { running: sightings.daemon !== null, pid: sightings.daemon },
      hold: sightings.hold,
      closed: sightings.closed,
      host: sightings.host,
      workers: { busy: agents.filter(({ slot }) => slot).length, max: town.slots },
      ready: status.ready,
      landed_today: status.landed_today,
      blind: sightings.blind,
    },
    problems: books.attend(sightings.outside),
    agents,
    queue,
    convoys,
    waiting,
    landed: status.landed.map((one) => ({ ...one, cost: spent === undefined ? null : costOf(spent, one.bead) })),
    events: happenings.map((one) => eventLine(state, one)),
    ...(spent !== undefined && { costs: { today: spent.today, budget_usd: budget ?? null } }),
  }
}

const costOf = ({ beads }: Glance, bead: string): Cost => beads.get(bead) ?? { usd: 0, partly: false }

const rigOf = (state: State, id: string): string | null => {
  const bead = state.beads.get(id)
  return bead === undefined ? null : (facts(bead).slung?.rig ?? facts(bead).rig ?? null)
}

/** A merge request's happening is its task's. */
export function eventLine(state: State, { bead: about, run, ...rest }: Happening): EventLine {
  const found = about === undefined ? undefined : lookUp(state, about)
  const of = found === undefined ? undefined : facts(found).merge?.bead
  const task = of === undefined ? found : (lookUp(state, of) ?? found)
  return { ...rest, bead: task?.id ?? about ?? null, title: task?.title ?? null, run: run ?? null }
}
