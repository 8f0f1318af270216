/**
 * Which processes an emergency stop is about (freeze.ts carries it out). Pure: the process table in, members out.
 */
import type { ProcessRow } from '../town/process-table.ts'
import { sparedOf, treeOf } from '../town/process-tree.ts'
import type { ProcessId } from '../town/processes.ts'

/** Whose a gate is, or a provisioning step. */
export const GATES = 'gates'

/** One agent: its name for people, and the processes that stand for it. */
export interface Agent {
  name: string
  roots: ProcessId[]
}

/** Everything that `toFreeze` looks at. */
export interface Scene {
  rows: ProcessRow[]
  agents: Agent[]
  /** Agents that go on. */
  leave: Agent[]
  /** Pids of those who drive the town. */
  drivers: number[]
  /** The fence in a process's environment, if it belongs to a run of this town. */
  fenceOf(row: ProcessRow): string | undefined
  /** Whether it runs in a Refinery's slot of this town. */
  inSlot(row: ProcessRow): boolean
  /** Whether it works in a worktree or slot of this town. */
  inRig(row: ProcessRow): boolean
  /** Names of runs by fence. */
  names: ReadonlyMap<string, string>
  /** This process. */
  own: number
}

/**
 * The processes that are to stand, each with whose it is. Never pid 0 or 1, this process, what it started, its ancestors,
 * a driver, an agent that is left, nor an ancestor of an agent (the runtime). A session's own process stays too when it has
 * children: then it only waits for the agent, and tmux would wake it and its group at once (tmux/launch.ts).
 */
export function toFreeze(scene: Scene): Map<ProcessRow, string> {
  const { rows, agents, leave, drivers, own, names } = scene
  const byPid = new Map(rows.map((row) => [row.pid, row]))
  const roots = agents.flatMap((agent) => agent.roots)
  // A gate or a provisioning step: its driver gave it a session of its own (town/command.ts).
  const step = (row: ProcessRow): boolean => row.session === row.pid && drivers.includes(row.ppid) && scene.inRig(row)
  const gates = treeOf([], rows, (row) => scene.inSlot(row) || step(row))
  const strays = treeOf(roots, rows, (row) => scene.fenceOf(row) !== undefined)
  const all = [...new Set([...strays, ...gates])]
  const spared = sparedOf(own, undefined, all, rows)
  for (const pid of drivers) spared.add(pid)
  const left = leave.flatMap((agent) => agent.roots)
  for (const { pid } of treeOf(left, rows, () => false)) spared.add(pid)
  const parents = new Set(rows.map((row) => row.ppid))
  for (const root of roots) {
    const row = byPid.get(root.pid)
    if (row?.started !== root.started) continue
    if (parents.has(row.pid) && !row.stopped) spared.add(row.pid)
    for (const pid of above(row, byPid)) spared.add(pid)
  }
  const whose = new Map<ProcessRow, string>()
  for (const row of gates) whose.set(row, GATES)
  for (const row of strays) whose.set(row, names.get(scene.fenceOf(row) ?? '') ?? 'ended runs')
  for (const agent of agents) for (const row of treeOf(agent.roots, rows, () => false)) whose.set(row, agent.name)
  return new Map(all.filter((row) => !spared.has(row.pid)).map((row) => [row, whose.get(row) ?? 'ended runs']))
}

/** Pids of all ancestors. */
function above(row: ProcessRow, byPid: ReadonlyMap<number, ProcessRow>): Set<number> {
  const pids = new Set<number>()
  for (let at = byPid.get(row.ppid); at !== undefined && !pids.has(at.pid); at = byPid.get(at.ppid)) pids.add(at.pid)
  return pids
}
