/**
 * Ending sessions and the server, with every process they started; verified (design law 5, pain T11 and T12).
 */
import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { endTree } from '../town/process-tree.ts'
import type { ProcessId } from '../town/processes.ts'
import { identify, isRunning } from '../town/processes.ts'
import type { TmuxServer } from './command.ts'
import { callEnv, socketPath, tmux } from './command.ts'
import type { PaneRow } from './panes.ts'
import { listPanes } from './panes.ts'

const SERVER_GONE_MS = 3_000
const POLL_MS = 20

/**
 * Ends one of our sessions: its process tree (with whatever carries its `GT_RUN` in the environment), then its pane.
 * Windows that a person opened there stay, in a session of another name. Failures: those of `endTree` and `tmux`.
 */
export async function endSession(server: TmuxServer, row: PaneRow, graceMs: number): Promise<Result<void>> {
  const ended = await endPaneTree(row, graceMs)
  if (ended.kind === 'error') return ended
  // Pane ids begin again at %0 with every server, so the server itself checks that it is still this very pane.
  const same = `#{&&:#{==:#{pid},${row.server}},#{==:#{pane_pid},${row.pid}}}`
  const killed = absentIsFine(await tmux(server, ['if-shell', '-F', '-t', row.pane, same, `kill-pane -t ${row.pane}`]))
  if (killed.kind === 'error') return killed
  const left = await listPanes(server)
  if (left.kind === 'empty') return ok(undefined)
  if (left.kind !== 'ok') return left.kind === 'error' ? left : cannotTell(left.why)
  if (left.value.some((pane) => pane.pane === row.pane && pane.server === row.server && pane.pid === row.pid)) {
    return fail('E_STILL_RUNNING', `tmux still shows the pane of "${row.name}" after it was told to remove it.`)
  }
  if (!left.value.some((pane) => pane.session === row.session && pane.server === row.server)) return ok(undefined)
  const renamed = await tmux(server, ['rename-session', '-t', row.session, `${row.name}-left-${row.session.slice(1)}`])
  return absentIsFine(renamed)
}

/** Ends everything on this server and the server itself. No server: ok. Failures: the first one met; the rest is ended all the same. */
export async function shutdown(server: TmuxServer, graceMs: number): Promise<Result<void>> {
  const panes = await listPanes(server)
  if (panes.kind === 'empty') return ok(undefined)
  if (panes.kind !== 'ok') return panes.kind === 'error' ? panes : cannotTell(panes.why)
  const serverProcess = identify(panes.value[0]!.server)
  const endings = await Promise.all(panes.value.map((row) => endPaneTree(row, graceMs)))
  const killed = absentIsFine(await tmux(server, ['kill-server']))
  const failed = [...endings, killed].find((ending) => ending.kind === 'error')
  if (failed?.kind === 'error') return failed
  const ended = serverProcess.kind === 'ok' ? await gone(serverProcess.value, server.socket) : ok(undefined)
  // tmux leaves its socket file behind.
  if (ended.kind === 'ok') rmSync(socketPath(server, callEnv(server)), { force: true })
  return ended
}

/** A command that runs inside the session it ends must live to finish: it alone is spared. */
export async function endPaneTree(row: PaneRow, graceMs: number): Promise<Result<void>> {
  const run = row.labels.run ?? row.labels.GT_RUN
  const marker = run ? { marker: { name: 'GT_RUN', value: run } } : {}
  const now = identify(row.pid)
  const root =
    row.process?.pid === row.pid ? row.process : now.kind === 'ok' ? now.value : { pid: row.pid, started: 'gone' }
  const ended = await endTree(root, { graceMs, spare: [process.pid], ...marker })
  return ended.kind === 'error' ? ended : ok(undefined)
}

async function gone(id: ProcessId, socket: string): Promise<Result<void>> {
  for (const end = performance.now() + SERVER_GONE_MS; ; await delay(POLL_MS)) {
    const running = isRunning(id)
    if (running.kind === 'ok' && !running.value) return ok(undefined)
    if (performance.now() > end) {
      return fail(
        'E_STILL_RUNNING',
        `The tmux server of this town (${socket}, pid ${id.pid}) was told to end and still runs.`,
        {
          details: { pids: [id.pid] },
        },
      )
    }
  }
}

function absentIsFine(answer: Result<string>): Result<void> {
  if (answer.kind === 'ok') return ok(undefined)
  const { code } = answer.failure
  return code === 'E_TMUX_NO_TARGET' || code === 'E_TMUX_NO_SERVER' ? ok(undefined) : answer
}

/** An action that needed to know, and could not. */
export function cannotTell(why: string): Result<never> {
  return fail('E_RUNTIME_UNKNOWN', `Nothing was done, because tmux did not say what runs: ${why}`, {
    exit: EXIT.tryAgain,
  })
}
