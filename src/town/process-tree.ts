/**
 * A process and everything it started, and how to end all of it, verified (design laws 5 and 9; pain T11).
 *
 * Agents run their tools in sessions of their own, so killing the agent alone leaves those running, re-parented to
 * init and out of reach. Therefore: collect first, ask, wait, collect again, kill, and look whether all is gone.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Read, Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { ProcessRow } from './process-table.ts'
import { isMarked, processTable } from './process-table.ts'
import type { ProcessId } from './processes.ts'
import { isRunning } from './processes.ts'

const POLL_MS = 20
/** A look at all processes costs some 10 ms: one in so many polls. */
const LOOK_EVERY = 5
/** How long a process may take to go after SIGKILL (it can sit in a disk wait). */
const KILL_MS = 3_000

export interface Marker {
  name: string
  value: string
}

export interface EndTreeOptions {
  /** How long the tree may take to go by itself before SIGKILL. Default 5,000. */
  graceMs?: number
  /** What is sent first. Default SIGTERM; SIGINT is followed by SIGTERM at half of the grace. */
  signal?: 'SIGINT' | 'SIGTERM'
  /**
   * Pids that stay, with all that they start; everything else of the tree goes, our own ancestors included. For a
   * command that runs inside the tree it ends: `[process.pid]`. Default: this process and its ancestors stay.
   */
  spare?: number[]
  /** A process whose environment holds exactly this belongs to the tree, wherever it was re-parented to (Linux). */
  marker?: Marker
}

/**
 * The members of the tree of `root` in these rows: children of members, and members of sessions and process groups
 * that a member leads or led. `known` holds what was seen before (`root` among it): a leader that is gone still names its group.
 */
export function treeOf(known: ProcessId[], rows: ProcessRow[], marked: (row: ProcessRow) => boolean): ProcessRow[] {
  const byPid = new Map(rows.map((row) => [row.pid, row]))
  // A pid that came back as another process (other start time) no longer stands for anything of ours.
  const leaders = new Set<number>()
  for (const id of known) {
    const now = byPid.get(id.pid)
    if (now === undefined || now.started === id.started) leaders.add(id.pid)
  }
  const members = new Map<number, ProcessRow>()
  for (let grew = true; grew; ) {
    grew = false
    for (const row of rows) {
      if (members.has(row.pid)) continue
      const belongs = leaders.has(row.pid) || members.has(row.ppid) || leaders.has(row.session) || leaders.has(row.pgid)
      if (!belongs && !marked(row)) continue
      members.set(row.pid, row)
      leaders.add(row.pid)
      grew = true
    }
  }
  return [...members.values()]
}

/**
 * What may not be signalled: init, this process (`own`), and `spare` or else our ancestors. Whoever of these stands in
 * the tree keeps what it starts, too: `gt done` still has a git to run.
 */
export function sparedOf(
  own: number,
  spare: number[] | undefined,
  tree: ProcessRow[],
  rows: ProcessRow[],
): Set<number> {
  const parents = new Map(rows.map((row) => [row.pid, row.ppid]))
  const lineOf = (pid: number): number[] => {
    const line: number[] = []
    for (let at: number | undefined = pid; at !== undefined && !line.includes(at); at = parents.get(at)) line.push(at)
    return line
  }
  const staying = new Set([own, ...(spare ?? [])])
  const inside = new Set(tree.filter((row) => staying.has(row.pid)).map((row) => row.pid))
  const kept = tree.filter((row) => lineOf(row.pid).some((pid) => inside.has(pid))).map((row) => row.pid)
  return new Set([0, 1, ...staying, ...kept, ...(spare === undefined ? lineOf(own) : [])])
}

/**
 * Everything that `root` started and that lives: the whole tree with the sessions and process groups its members
 * lead, without `root` itself. `empty` never: a root without children gives `[]`. `unknown`: the table was not readable.
 */
export function descendants(root: ProcessId): Read<ProcessId[]> {
  const table = processTable()
  if (table.kind !== 'ok') return table
  const tree = treeOf([root], table.value, () => false)
  return ok(tree.filter((row) => row.pid !== root.pid).map(identity))
}

/**
 * Ends `root` and its whole tree: signal, grace, SIGKILL; verified by pid and start time. A tree that is gone already is
 * `ended: 0`. Never signals pid 0 or 1, nor this process. Failures: `E_STILL_RUNNING` (details: `pids`), `E_NO_PROCESS_TABLE`.
 */
export function endTree(root: ProcessId, options: EndTreeOptions = {}): Promise<Result<{ ended: number }>> {
  return end([root], options)
}

/**
 * Ends every process that carries the marker in its environment, with its tree, wherever it is: for a run whose session
 * is gone already. Failures as `endTree`. Linux only; elsewhere nothing is found.
 */
export function endMarked(
  marker: Marker,
  options: Omit<EndTreeOptions, 'marker'> = {},
): Promise<Result<{ ended: number }>> {
  return end([], { ...options, marker })
}

async function end(roots: ProcessId[], options: EndTreeOptions): Promise<Result<{ ended: number }>> {
  const { graceMs = 5_000, signal = 'SIGTERM' } = options
  const seen = new Map<string, ProcessId>(roots.map((root) => [key(root), root]))
  const signalled = new Set<string>()

  const collect = (): Read<ProcessId[]> => {
    const table = processTable()
    if (table.kind !== 'ok') return table
    const tree = treeOf([...seen.values()], table.value, markTest(options.marker))
    const spared = sparedOf(process.pid, options.spare, tree, table.value)
    if (tree.some((row) => row.pid === process.pid)) surviveHangup()
    const targets = tree.filter((row) => !spared.has(row.pid)).map(identity)
    for (const id of targets) {
      seen.set(key(id), id)
      signalled.add(key(id))
    }
    return ok(targets)
  }

  const first = collect()
  if (first.kind !== 'ok') return noTable(first)
  // Looking on while it goes: what an exit hook starts is seen under its parent, before that is gone.
  const alive = signalAll(first.value, signal)
  if (signal === 'SIGINT') {
    const left = await waitGone(alive, graceMs / 2, collect)
    await waitGone(signalAll(left, 'SIGTERM'), graceMs / 2, collect)
  } else {
    await waitGone(alive, graceMs, collect)
  }

  // A dying agent may have started something since (its own exit hooks), and a fork can run ahead of one kill.
  const deadline = performance.now() + KILL_MS
  for (;;) {
    const left = collect()
    if (left.kind !== 'ok') return noTable(left)
    if (left.value.length === 0) return ok({ ended: signalled.size })
    if (performance.now() > deadline) {
      const pids = left.value.map((id) => id.pid)
      return fail('E_STILL_RUNNING', `These processes are still there after SIGKILL: ${pids.join(', ')}.`, {
        hint: `Look at them with: ps -o pid,stat,wchan,args -p ${pids.join(',')}`,
        details: { pids },
      })
    }
    await waitGone(signalAll(left.value, 'SIGKILL'), 200)
  }
}

/** Signals each that is still the same process; gives back those that were. */
export function signalAll(ids: ProcessId[], signal: NodeJS.Signals): ProcessId[] {
  return ids.filter((id) => {
    if (isGone(id)) return false
    try {
      process.kill(id.pid, signal)
      // One that is frozen would sit on a request to end until its grace is over.
      if (signal === 'SIGTERM' || signal === 'SIGINT') process.kill(id.pid, 'SIGCONT')
    } catch {
      // Gone in between, or not ours to signal: the verification at the end tells which.
    }
    return true
  })
}

/** Waits until all are gone or the time is over; gives back those left. There is no event for a process that is not our child. */
async function waitGone(ids: ProcessId[], ms: number, look?: () => unknown): Promise<ProcessId[]> {
  const deadline = performance.now() + ms
  let left = ids
  for (let polls = 1; ; polls++) {
    left = left.filter((id) => !isGone(id))
    if (left.length === 0 || performance.now() >= deadline) return left
    if (polls % LOOK_EVERY === 0) look?.()
    await delay(POLL_MS)
  }
}

function isGone(id: ProcessId): boolean {
  const running = isRunning(id)
  return running.kind === 'ok' && !running.value
}

const key = (id: ProcessId): string => `${id.pid} ${id.started}`
const identity = ({ pid, started }: ProcessId): ProcessId => ({ pid, started })

/** Reads each environment at most once per look. */
function markTest(marker: Marker | undefined): (row: ProcessRow) => boolean {
  if (marker === undefined) return () => false
  const answers = new Map<number, boolean>()
  return (row) => {
    const known = answers.get(row.pid)
    if (known !== undefined) return known
    const answer = isMarked(row.pid, marker)
    answers.set(row.pid, answer)
    return answer
  }
}

let hangup = false
/** When the leader of our terminal dies we get SIGHUP; whoever ends the tree it runs in has to live to finish. */
function surviveHangup(): void {
  if (hangup) return
  hangup = true
  process.on('SIGHUP', () => {})
}

function noTable(why: Exclude<Read<unknown>, { kind: 'ok' }>): Result<never> {
  if (why.kind === 'error') return why
  return fail('E_NO_PROCESS_TABLE', why.kind === 'unknown' ? why.why : 'The list of processes is empty.', {
    kept: 'Nothing was ended without proof of what it is.',
  })
}
