/**
 * The runtime port on one private tmux server. Each answer is read from the server; nothing is remembered here but who
 * is typing where.
 */
import type { Runtime, SessionView } from '../agents/runtime.ts'
import type { Read, Result } from '../result.ts'
import { empty, fail, ok } from '../result.ts'
import type { TmuxServer } from './command.ts'
import { writeConf } from './conf.ts'
import { cannotTell, endSession, shutdown } from './end.ts'
import { checkSpec, existing, launch } from './launch.ts'
import { findPane, listPanes, viewOf } from './panes.ts'
import { capture, checkLine, typeLine } from './screen.ts'

const GRACE_MS = 5_000
const SCREEN_LINES = 50

export interface TmuxRuntimeOptions extends TmuxServer {
  /** Name of the town: our config file is written for it before a session starts, so it may be lost at any time. */
  town?: string
  /**
   * Asked before a line is typed: may it, with this on the screen (last 50 lines, with colour escapes)? The place for
   * what only an agent's preset knows: dialogs where Enter means yes, half-typed lines.
   */
  mayType?: (screen: string, session: SessionView) => Result<void>
}

/** The tmux runtime of the town that owns this server. Nothing is started before the first `start`. */
export function tmuxRuntime(options: TmuxRuntimeOptions): Runtime {
  const { mayType, town, ...server } = options
  const typing = new Map<string, Promise<Result<void>>>()

  const runtime: Runtime = {
    async start(spec) {
      const checked = checkSpec(spec)
      if (checked.kind === 'error') return checked
      const conf = town === undefined ? ok(false) : writeConf(server.conf, town)
      if (conf.kind === 'error') return conf
      const row = await findPane(server, spec.name)
      if (row.kind === 'unknown') return cannotTell(row.why)
      if (row.kind === 'error') return row
      if (row.kind === 'ok') {
        const view = viewOf(row.value)
        if (view.kind !== 'ok') return cannotTell(`the state of "${spec.name}"`)
        if (view.value.alive) return existing(spec.name)
        // This very pane, not whoever has the name by then: another start may be faster.
        const cleared = await endSession(server, row.value, GRACE_MS)
        if (cleared.kind === 'error') return cleared
      }
      return launch(server, spec)
    },

    async look(name) {
      const row = await findPane(server, name)
      return row.kind === 'ok' ? viewOf(row.value) : row
    },

    async list() {
      const panes = await listPanes(server)
      if (panes.kind !== 'ok') return panes
      return allOf(panes.value.filter((pane) => pane.name !== '').map(viewOf))
    },

    async peek(name, lines) {
      const row = await findPane(server, name)
      return row.kind === 'ok' ? capture(server, row.value.pane, lines) : row
    },

    async type(name, text) {
      const checked = checkLine(text)
      if (checked.kind === 'error') return checked
      // Two lines at once would come out as one mixed line.
      const now = (): Promise<Result<void>> => typeNow(server, name, text, mayType)
      const turn = (typing.get(name) ?? Promise.resolve()).then(now, now)
      typing.set(name, turn)
      try {
        return await turn
      } finally {
        if (typing.get(name) === turn) typing.delete(name)
      }
    },

    attachArgv(name) {
      // Inside another tmux these two would forbid the attach.
      const outer = ['env', '-u', 'TMUX', '-u', 'TMUX_PANE']
      return [...outer, 'tmux', '-L', server.socket, '-f', server.conf, 'attach-session', '-t', `=${name}`]
    },

    async end(name, graceMs = GRACE_MS) {
      const row = await findPane(server, name)
      if (row.kind === 'empty') return ok(undefined)
      if (row.kind === 'unknown') return cannotTell(row.why)
      if (row.kind === 'error') return row
      return endSession(server, row.value, graceMs)
    },

    shutdown: () => shutdown(server, GRACE_MS),
  }
  return runtime
}

/** All views, or the first that could not be told. No view: `empty`. */
function allOf(reads: Read<SessionView>[]): Read<SessionView[]> {
  const views: SessionView[] = []
  for (const read of reads) {
    if (read.kind === 'ok') views.push(read.value)
    else if (read.kind !== 'empty') return read
  }
  return views.length === 0 ? empty : ok(views)
}

async function typeNow(
  server: TmuxServer,
  name: string,
  text: string,
  mayType: TmuxRuntimeOptions['mayType'],
): Promise<Result<void>> {
  const row = await findPane(server, name)
  if (row.kind === 'error') return row
  if (row.kind === 'unknown') return cannotTell(row.why)
  const view = row.kind === 'ok' ? viewOf(row.value) : row
  if (row.kind === 'empty' || view.kind !== 'ok' || !view.value.alive) {
    return fail('E_NO_SESSION', `Nothing was typed: no agent runs in a session called "${name}".`)
  }
  if (mayType !== undefined) {
    const screen = await capture(server, row.value.pane, SCREEN_LINES, true)
    if (screen.kind !== 'ok')
      return fail('E_NO_SCREEN', `Nothing was typed: the screen of "${name}" could not be read.`)
    const allowed = mayType(screen.value, view.value)
    if (allowed.kind === 'error') return allowed
  }
  return typeLine(server, row.value, text)
}
