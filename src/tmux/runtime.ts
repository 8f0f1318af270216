/**
 * The runtime port on one private tmux server. Each answer is read from the server; nothing is remembered here but who
 * is typing where.
 */
import type { Prompt, Runtime, SessionView } from '../agents/runtime.ts'
import type { Result } from '../result.ts'
import { empty, ok } from '../result.ts'
import { ring } from './bell.ts'
import type { TmuxServer } from './command.ts'
import { callEnv, socketPath } from './command.ts'
import { writeConf } from './conf.ts'
import { cannotTell, endPaneTree, endSession, shutdown } from './end.ts'
import type { Keys } from './keys.ts'
import { checkSpec, existing, launch, launchIn } from './launch.ts'
import { showLine } from './line.ts'
import { findPane, listPanes, viewOf, viewsOf } from './panes.ts'
import { capture, checkLine } from './screen.ts'
import { ready, typeNow } from './type.ts'

const GRACE_MS = 5_000

export interface TmuxRuntimeOptions extends TmuxServer {
  /** Name of the town: our config file is written for it before a session starts, so it may be lost at any time. */
  town?: string
  /** Bound in that file. */
  keys?: Keys
  /**
   * Asked before a line is typed: may it, with this on the screen (with colour escapes)? The place for
   * what only an agent's preset knows: dialogs where Enter means yes, half-typed lines.
   */
  mayType?: (screen: string, session: SessionView) => Result<Prompt>
}

/** The tmux runtime of the town that owns this server. Nothing is started before the first `start`. */
export function tmuxRuntime(options: TmuxRuntimeOptions): Runtime {
  const { mayType, town, keys, ...server } = options
  let told = false
  const typing = new Map<string, Promise<Result<void>>>()

  const runtime: Runtime = {
    async start(spec) {
      const checked = checkSpec(spec)
      if (checked.kind === 'error') return checked
      const conf = town === undefined ? ok(false) : writeConf(server.conf, town, keys)
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

    async replace(spec) {
      const checked = checkSpec(spec)
      if (checked.kind === 'error') return checked
      const row = await findPane(server, spec.name)
      if (row.kind === 'unknown') return cannotTell(row.why)
      if (row.kind === 'error') return row
      if (row.kind === 'empty') return runtime.start(spec)
      const ended = await endPaneTree(row.value, GRACE_MS)
      if (ended.kind === 'error') return ended
      // The agent's end may have taken the pane along; pane ids begin anew with every server, so it must be this very one.
      const now = await findPane(server, spec.name)
      const same = now.kind === 'ok' && now.value.pane === row.value.pane && now.value.server === row.value.server
      return same ? launchIn(server, spec, row.value) : runtime.start(spec)
    },

    async look(name) {
      const row = await findPane(server, name)
      return row.kind === 'ok' ? viewOf(row.value) : row
    },

    async list() {
      const panes = await listPanes(server)
      return panes.kind === 'ok' ? viewsOf(panes.value) : panes
    },

    async peek(name, lines) {
      const row = await findPane(server, name)
      return row.kind === 'ok' ? capture(server, row.value.pane, lines) : row
    },

    async type(name, text) {
      const checked = checkLine(text)
      if (checked.kind === 'error') return checked
      // Two lines at once would come out as one mixed line.
      const now = (): Promise<Result<void>> => typeNow(server, { name, text, mayType })
      const turn = (typing.get(name) ?? Promise.resolve()).then(now, now)
      typing.set(name, turn)
      try {
        return await turn
      } finally {
        if (typing.get(name) === turn) typing.delete(name)
      }
    },

    async mayType(name) {
      const at = await ready(server, name, mayType)
      return at.kind === 'error' ? at : ok(undefined)
    },

    ring: (text) => ring(server, text),

    async tell(line) {
      const conf = told || town === undefined ? ok(false) : writeConf(server.conf, town, keys)
      if (conf.kind === 'error') return conf
      const shown = await showLine(server, line, !told && town !== undefined)
      told ||= shown.kind === 'ok'
      return shown
    },

    async here() {
      const session = sessionHere(server)
      if (session === undefined) return empty
      const panes = await listPanes(server)
      if (panes.kind !== 'ok') return panes
      const row = panes.value.find((pane) => pane.session === session && pane.name !== '')
      return row === undefined ? empty : ok(row.name)
    },

    attachArgv(name) {
      if (sessionHere(server) !== undefined) {
        // Over a pane: the popup that we were called in has done its work.
        return ['tmux', '-L', server.socket, 'switch-client', '-t', `=${name}`, ';', 'display-popup', '-C']
      }
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

/** `$3`, when a person called us on this server. Agents are nobody's screen, whatever they inherited. */
function sessionHere(server: TmuxServer): string | undefined {
  const { TMUX = '', GT_AGENT } = process.env
  const [socket, , session] = TMUX.split(',')
  return GT_AGENT === undefined && session && socket === socketPath(server, callEnv(server)) ? `$${session}` : undefined
}
