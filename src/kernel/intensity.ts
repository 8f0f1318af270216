/**
 * What the breakers say now, and whether something may start. Pure: derived from the runs in the ledger and the clock at
 * each look, stored nowhere (law 11). When they open and close: breaker-tree.ts; what counts: outcomes.ts.
 */
import type { RunRole } from '../agents/roles.ts'
import { roleOf } from '../agents/roles.ts'
import type { Cause, Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { activeRuns } from '../beads/fold.ts'
import type { Cell, Opening } from './breaker-tree.ts'
import { BreakerTree, isAlive, recent } from './breaker-tree.ts'
import { brokenText } from './breaker-words.ts'
import { nodeOf, outcomes } from './outcomes.ts'
import type { Beside } from './reach.ts'
import { holds } from './reach.ts'

export interface Breaker {
  /** `town`, `gp`, `gp/polecats`, `gp/refinery`, `gp/witness`. */
  node: string
  cause: Cause
  state: 'closed' | 'open' | 'half-open'
  /** Fences of the runs that failed, oldest first: since its trouble began; of a closed one, within the window. */
  failures: string[]
  /** Ids of their beads, each once. */
  beads: string[]
  /** When the first and the last of them failed, RFC 3339. */
  first: string
  last: string
  /** While open: when a run may try, RFC 3339. */
  until?: string
  /** How often it opened in a row; 0 while closed. */
  times: number
  /** While half-open: the run that tries. */
  probe?: string
  /** Opened by this node below it alone, which has a breaker of its own. */
  through?: string
  /** Opened while something right below it worked: it holds neither that nor what has a breaker of its own. */
  beside?: Beside
  /** The run that proved that it works again. */
  closedBy?: string
  /** One line for people. */
  text: string
}

/** Whether something may start: freely, as the one that tries (for these nodes), or not, and until when if time helps. */
export type MayStart =
  | { is: 'yes' }
  | { is: 'probe'; nodes: string[] }
  | { is: 'no'; until?: string; why: string; nodes: string[]; by?: 'budget' }

/** All breakers that are not at rest: those that opened, and those with failures in the window. */
export function breakers(state: State, now: Date): Breaker[] {
  const time = now.getTime()
  const tree = new BreakerTree()
  for (const outcome of outcomes(state, time)) tree.take(outcome)
  const active = activeRuns(state)
  const found = [...tree.cells()].flatMap((cell) => standingOf(cell, time, active) ?? [])
  return found.sort((a, b) => (`${a.node} ${a.cause}` < `${b.node} ${b.cause}` ? -1 : 1))
}

/** What the breakers say about one more start. The most careful of those above it decides. */
export function mayStart(all: readonly Breaker[], rig: string, role: RunRole): MayStart {
  const leaf = nodeOf(rig, role)
  const concerned = all.filter((one) => one.state !== 'closed' && holds(one, leaf))
  const [longest] = concerned.filter(({ state }) => state === 'open').sort((a, b) => (a.until! > b.until! ? -1 : 1))
  const nodes = [...new Set(concerned.map(({ node }) => node))]
  if (longest !== undefined) return { is: 'no', until: longest.until!, why: longest.text, nodes }
  const tried = concerned.find(({ probe }) => probe !== undefined)
  if (tried !== undefined) return { is: 'no', why: tried.text, nodes }
  return nodes.length === 0 ? { is: 'yes' } : { is: 'probe', nodes }
}

function standingOf(cell: Cell, now: number, active: readonly Run[]): Breaker | undefined {
  if (!isAlive(cell, now)) return undefined
  const { node, cause, open, closed } = cell
  const counted = open === undefined ? recent(cell.failures, now) : cell.failures
  // Of one that something closed, what it was closed from, until new failures come.
  const failures = counted.length === 0 && closed !== undefined ? closed.failures : counted
  const [first, last] = [failures[0], failures.at(-1)]
  if (first === undefined || last === undefined) return undefined
  // What nothing opened is told at its leaf alone.
  if (open === undefined && closed === undefined && first.node !== node) return undefined
  const halfOpen = open !== undefined && open.until <= now
  const tries = halfOpen ? active.find((run) => isProbe(run, node, open)) : undefined
  const breaker = {
    node,
    cause,
    state: open === undefined ? ('closed' as const) : halfOpen ? ('half-open' as const) : ('open' as const),
    failures: failures.map(({ run }) => run.fence),
    beads: [...new Set(failures.map(({ run }) => run.bead))],
    first: new Date(first.at).toISOString(),
    last: new Date(last.at).toISOString(),
    ...(open !== undefined && !halfOpen && { until: new Date(open.until).toISOString() }),
    times: open?.times ?? 0,
    ...(tries !== undefined && { probe: tries.fence }),
    ...(open?.through !== undefined && { through: open.through }),
    ...(open?.beside !== undefined && { beside: open.beside }),
    ...(open === undefined && closed !== undefined && { closedBy: closed.by.fence }),
  }
  return { ...breaker, text: brokenText(breaker) }
}

/** Started since it opened, and still at it. */
const isProbe = (run: Run, node: string, open: Opening): boolean =>
  Date.parse(run.claimed_at) > open.since && holds({ node, ...open }, nodeOf(run.rig, roleOf(run)))
