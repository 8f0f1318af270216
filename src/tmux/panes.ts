/**
 * What the server holds, read back. Identity comes from user options on the agent's own pane (`@gt_name`, `@gt_labels`,
 * `@gt_process`), never from a session's name: panes and sessions that a person adds carry none and are never ours.
 */
import type { SessionView } from '../agents/runtime.ts'
import type { Read } from '../result.ts'
import { empty, ok, unknown } from '../result.ts'
import type { ProcessId } from '../town/processes.ts'
import { identify, isRunning } from '../town/processes.ts'
import type { CallOptions, TmuxServer } from './command.ts'
import { tmux } from './command.ts'

export interface PaneRow {
  /** Ours when not empty. */
  name: string
  /** `$3`, `%7`: the server's own ids, never used twice. */
  session: string
  pane: string
  pid: number
  dead: boolean
  exitCode?: number
  /** As recorded at the start of the agent; absent while that is not finished. */
  process?: ProcessId
  labels: Record<string, string>
  /** A person's copy mode or other mode holds the keyboard. */
  inMode: boolean
  /** The server's own pid. */
  server: number
  /**
   * Last output in the pane's window, epoch seconds. Measured with 3.3a: keys that are not echoed, an attached client, a
   * resize and options leave it alone; output of another pane that a person opened in that window does not.
   */
  activity: number
}

const FIELDS = [
  '@gt_name',
  'session_id',
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_dead_signal',
  'pane_in_mode',
  'pid',
  'window_activity',
  '@gt_process',
  '@gt_labels',
]

/** Every pane of the server, a person's included. `empty`: no server, or one without panes. */
export async function listPanes(server: TmuxServer, options: CallOptions = {}): Promise<Read<PaneRow[]>> {
  const panes = await readPanes(server, options)
  const unreaped = panes.kind === 'ok' ? panes.value.find(isUnreaped) : undefined
  if (unreaped === undefined) return panes
  // A busy tmux 3.3a can miss SIGCHLD and leave a zombie without an exit code (seen: 1 start in 10); the same signal once more makes it look.
  try {
    process.kill(unreaped.server, 'SIGCHLD')
  } catch {
    // The server ended meanwhile: the second look says so.
  }
  return readPanes(server, options)
}

/** Its agent is gone, and tmux has no exit code for it. */
function isUnreaped(row: PaneRow): boolean {
  if (row.exitCode !== undefined) return false
  // One that ended before it could be written down (tmux/launch.ts).
  if (row.process === undefined) return identify(row.pid).kind === 'empty'
  if (row.process.pid !== row.pid) return false
  const running = isRunning(row.process)
  return running.kind === 'ok' && !running.value
}

async function readPanes(server: TmuxServer, options: CallOptions): Promise<Read<PaneRow[]>> {
  const format = FIELDS.map((field) => `#{${field}}`).join('|')
  const answer = await tmux(server, ['list-panes', '-a', '-F', format], options)
  if (answer.kind === 'error') {
    const { code, message } = answer.failure
    // No target at all: a server without any session, about to end.
    if (code === 'E_TMUX_NO_SERVER' || code === 'E_TMUX_NO_TARGET') return empty
    return code === 'E_NO_TMUX' || code === 'E_TMUX_SOCKET' ? answer : unknown(message)
  }
  const rows = answer.value
    .split('\n')
    .filter((line) => line !== '')
    .map(parsePane)
  return rows.length === 0 ? empty : ok(rows)
}

/** One line of `listPanes`: no field can hold a `|` (labels are URL-encoded). */
export function parsePane(line: string): PaneRow {
  const [name, session, pane, pid, dead, status, signal, mode, serverPid, activity, recorded, labels] = line.split('|')
  const row: PaneRow = {
    name: name ?? '',
    session: session ?? '',
    pane: pane ?? '',
    pid: Number(pid),
    dead: dead === '1',
    labels: decodeLabels(labels ?? ''),
    inMode: Number(mode) > 0,
    server: Number(serverPid),
    activity: Number(activity),
  }
  const known = decodeProcess(recorded ?? '')
  if (known !== undefined) row.process = known
  // As a shell says it: 128 + signal.
  if (row.dead && status) row.exitCode = Number(status)
  else if (row.dead && signal) row.exitCode = 128 + Number(signal)
  return row
}

/** What the port shows of one of our panes. `unknown` when the system would not say whether its process runs. */
export function viewOf(row: PaneRow): Read<SessionView> {
  const base: Omit<SessionView, 'process' | 'alive'> = { name: row.name, labels: row.labels }
  if (row.exitCode !== undefined) base.exitCode = row.exitCode
  if (row.activity > 0) base.activity = row.activity * 1000
  // The record holds for the process it was made for; a person may have respawned the pane since.
  if (row.process !== undefined && row.process.pid === row.pid) {
    const running = isRunning(row.process)
    if (running.kind !== 'ok') return running
    return ok({ ...base, process: row.process, alive: running.value && !row.dead })
  }
  const now = identify(row.pid)
  if (now.kind === 'ok') return ok({ ...base, process: now.value, alive: !row.dead })
  return now.kind === 'empty' ? ok({ ...base, process: { pid: row.pid, started: 'gone' }, alive: false }) : now
}

/** What the port shows of every agent; the first one that could not be told, if any. `empty`: none. */
export function viewsOf(rows: PaneRow[]): Read<SessionView[]> {
  const views: SessionView[] = []
  const servers = new Map<number, Read<ProcessId>>()
  for (const row of rows) {
    if (row.name === '') continue
    const view = viewOf(row)
    if (view.kind === 'empty') continue
    if (view.kind !== 'ok') return view
    const server = servers.get(row.server) ?? identify(row.server)
    servers.set(row.server, server)
    views.push(server.kind === 'ok' ? { ...view.value, keeper: server.value } : view.value)
  }
  return views.length === 0 ? empty : ok(views)
}

/** The pane of the session called `name`. `empty` when there is none. */
export async function findPane(server: TmuxServer, name: string): Promise<Read<PaneRow>> {
  const panes = await listPanes(server)
  if (panes.kind !== 'ok') return panes
  const row = panes.value.find((pane) => pane.name === name)
  return row === undefined ? empty : ok(row)
}

/** Labels as one word of plain signs, whatever they hold. */
export const encodeLabels = (labels: Record<string, string>): string => new URLSearchParams(labels).toString()
const decodeLabels = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text))

export const encodeProcess = (id: ProcessId): string => `${id.pid},${id.started}`
function decodeProcess(text: string): ProcessId | undefined {
  const match = /^(\d+),(.+)$/.exec(text)
  return match === null ? undefined : { pid: Number(match[1]), started: match[2]! }
}
