/**
 * The emergency stop: every agent of the town, with all that it started, and every gate is stopped where it stands
 * (SIGSTOP), and later goes on from there (SIGCONT). Level-triggered: what should stand is computed anew at each look from
 * the sessions, the ledger and the processes, so both ends can be repeated, by anybody, after any crash. Nothing is
 * recorded but the hold (town/hold.ts).
 *
 * The Mayor goes on, since it is who a person talks to, and so do the drivers, the runtime's own processes and whoever
 * calls this.
 */
import { readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionView } from '../agents/runtime.ts'
import type { Run } from '../beads/facts.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { ProcessRow } from '../town/process-table.ts'
import { environmentOf, processTable } from '../town/process-table.ts'
import { signalAll } from '../town/process-tree.ts'
import type { ProcessId } from '../town/processes.ts'
import { isRunning } from '../town/processes.ts'
import type { Agent, Scene } from './freeze-plan.ts'
import { GATES, toFreeze } from './freeze-plan.ts'

/** In the environment of whatever runs in a slot of a Refinery (refinery/gate.ts). */
const SLOT_MARK = 'GASTOWN_SLOT='
const POLL_MS = 25
/** How long a process may take to stop: it can sit in a disk wait. */
const STOP_MS = 3_000
/** What is forked while its parent is being stopped can be missing in one look. */
const CALM_LOOKS = 2

/** What stands, by whom. */
export interface Standing {
  /** Addresses of agents (or `gates`), each with how many processes. */
  by: Record<string, number>
  /** All of them together. */
  processes: number
  /** Pids that did not stop, or did not go on. */
  refused: number[]
  /** Set when the runtime did not answer, so that only what the ledger and the processes themselves tell is known. */
  unsure?: string
}

/**
 * Stops everything that is to stand, until all of it does; says what stands then, whoever stopped it. Repeat it while the
 * hold says `frozen`: an agent whose start was under way appears later. Failure: E_NO_PROCESS_TABLE.
 */
export function freezeTown(town: OpenTown): Promise<Result<Standing>> {
  return until(town, 'SIGSTOP', (row) => row.stopped === true)
}

/** Lets everything go on that stands, until nothing does; says what went on. Failure: E_NO_PROCESS_TABLE. */
export function thawTown(town: OpenTown): Promise<Result<Standing>> {
  return until(town, 'SIGCONT', (row) => row.stopped !== true)
}

/**
 * Gates and provisioning steps under way, each by the process that leads it: they outlive a driver that ends.
 * Failure: E_NO_PROCESS_TABLE.
 */
export async function stepsUnderWay(town: OpenTown): Promise<Result<ProcessId[]>> {
  const seen = await look(town, 'SIGSTOP')
  if (seen.kind === 'error') return seen
  const steps = [...toFreeze(seen.value.scene)].filter(([row, name]) => name === GATES && row.session === row.pid)
  return ok(steps.map(([{ pid, started }]) => ({ pid, started })))
}

async function until(
  town: OpenTown,
  signal: 'SIGSTOP' | 'SIGCONT',
  there: (row: ProcessRow) => boolean,
): Promise<Result<Standing>> {
  const woken = new Map<string, [ProcessRow, string]>()
  const deadline = performance.now() + STOP_MS
  for (let calm = 0; ; await delay(POLL_MS)) {
    const seen = await look(town, signal)
    if (seen.kind === 'error') return seen
    const wanted = [...toFreeze(seen.value.scene)]
    const left = wanted.filter(([row]) => !there(row))
    calm = left.length === 0 ? calm + 1 : 0
    if (calm >= CALM_LOOKS || performance.now() > deadline) {
      const refused = left.map(([row]) => row.pid)
      const met = signal === 'SIGSTOP' ? wanted : [...woken.values()]
      const done = met.filter(([row]) => !refused.includes(row.pid)).map(([, name]) => name)
      const by: Record<string, number> = {}
      for (const name of done.sort()) by[name] = (by[name] ?? 0) + 1
      return ok({ by, processes: done.length, refused, ...(seen.value.unsure && { unsure: seen.value.unsure }) })
    }
    for (const entry of left) woken.set(`${entry[0].pid} ${entry[0].started}`, entry)
    signalAll(
      left.map(([{ pid, started }]) => ({ pid, started })),
      signal,
    )
  }
}

/** The town at this moment. */
async function look(town: OpenTown, signal: 'SIGSTOP' | 'SIGCONT'): Promise<Result<{ scene: Scene; unsure?: string }>> {
  const sessions = await town.runtime.list()
  const read = town.ledger.refresh()
  const runs = [...town.ledger.state.live.values()].flat()
  const rows = processTable()
  if (rows.kind !== 'ok') {
    const why = rows.kind === 'unknown' ? rows.why : 'The list of processes is empty.'
    return fail('E_NO_PROCESS_TABLE', why, {
      kept: 'A hold that stands stays: nothing new starts.',
      hint: 'try again; gt down ends everything',
    })
  }
  const views = sessions.kind === 'ok' ? sessions.value.filter((view) => view.alive) : []
  const asAgent = (view: SessionView): Agent => ({ name: view.labels.agent ?? view.name, roots: [view.process] })
  const agents = views.filter((view) => !isLeft(view)).map(asAgent)
  // Those whose session the runtime does not show.
  for (const run of runs) if (run.process) agents.push({ name: run.agent, roots: [run.process] })
  const environment = environments()
  // A step whose driver ended while it stood.
  const isLeftover = (row: ProcessRow): boolean =>
    row.stopped === true && row.ppid === 1 && worksIn(row, town.root) === true
  const slots = `${SLOT_MARK}${town.root}/`
  const scene: Scene = {
    rows: rows.value,
    agents,
    leave: views.filter(isLeft).map(asAgent),
    drivers: driversOf(town, runs),
    fenceOf: (row) =>
      environment(row).includes(`GT_TOWN=${town.root}`) ? valueIn(environment(row), 'GT_RUN=') : undefined,
    inSlot: (row) =>
      environment(row).some((entry) => entry.startsWith(slots)) || (signal === 'SIGCONT' && isLeftover(row)),
    // Where the system does not tell (macOS), that a driver started it has to do.
    inRig: (row) => worksIn(row, town.root) ?? true,
    names: new Map(runs.map((run) => [run.fence, run.agent])),
    own: process.pid,
  }
  if (sessions.kind === 'unknown') return ok({ scene, unsure: sessions.why })
  const broken = sessions.kind === 'error' ? sessions : read
  return ok({ scene, ...(broken.kind === 'error' && { unsure: broken.failure.message }) })
}

/** Whom a person talks to. */
const isLeft = (view: SessionView): boolean => view.labels.role === 'mayor'

/** Whoever drives the town or a queue, or starts a run. */
function driversOf(town: OpenTown, runs: Run[]): number[] {
  const leases = [...town.ledger.state.leases].filter(([name]) => /^(daemon|deacon|refinery:.*)$/.test(name))
  const all: ProcessId[] = leases.map(([, holder]) => holder)
  for (const run of runs) if (run.dispatcher) all.push(run.dispatcher)
  return all.filter(lives).map(({ pid }) => pid)
}

function lives(id: ProcessId): boolean {
  const running = isRunning(id)
  return running.kind === 'ok' && running.value
}

/** Reads each environment at most once. */
function environments(): (row: ProcessRow) => string[] {
  const known = new Map<number, string[]>()
  return ({ pid }) => {
    const entries = known.get(pid) ?? environmentOf(pid)
    known.set(pid, entries)
    return entries
  }
}

const valueIn = (environment: string[], name: string): string | undefined =>
  environment.find((entry) => entry.startsWith(name))?.slice(name.length) || undefined

/** Whether its directory is a worktree or a slot, `<town>/<rig>/polecats/…` or `<town>/<rig>/refinery/…`; Linux only. */
function worksIn({ pid }: ProcessRow, root: string): boolean | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`)
    return cwd.startsWith(`${root}/`) && /^[^/]+\/(polecats|refinery)\//.test(`${cwd.slice(root.length + 1)}/`)
  } catch {
    return false // Gone, or somebody else's.
  }
}
