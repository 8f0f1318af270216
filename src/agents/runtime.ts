/**
 * The runtime port: where sessions of agents live. `tmux` is the embedded default (src/tmux); others plug in later.
 * Nothing outside src/tmux knows about tmux (design section 7).
 */
import type { Read, Result } from '../result.ts'
import type { ProcessId } from '../town/processes.ts'

export interface SessionSpec {
  /** Letters, digits, `-` and `_`. For people; identity is in `labels`. */
  name: string
  cwd: string
  /** The agent itself: this process *is* the session. Never a shell string. */
  argv: string[]
  env: Record<string, string>
  /** Names not to inherit from whoever starts the session. */
  unset?: string[]
  /** Identity, kept by the runtime beside the session: GT_RUN, GT_BEAD, GT_ROLE … */
  labels: Record<string, string>
}

export interface SessionView {
  name: string
  labels: Record<string, string>
  /** The agent's process. */
  process: ProcessId
  /** False when the process ended; its last screen can still be peeked at. */
  alive: boolean
  exitCode?: number
}

export interface Runtime {
  /** Starts a session and watches its first 300 ms: an early death is an error that carries the output. */
  start(spec: SessionSpec): Promise<Result<SessionView>>
  look(name: string): Promise<Read<SessionView>>
  /** Every session of this town. `empty` when there is none; `unknown` when the runtime did not answer. */
  list(): Promise<Read<SessionView[]>>
  /** The last lines of the screen (with scrollback), plain text. */
  peek(name: string, lines: number): Promise<Read<string>>
  /** Types one line into a session that is proven to run its agent, then Enter (reference: nudging). */
  type(name: string, text: string): Promise<Result<void>>
  /** What a person runs to watch or talk: replaces their process. */
  attachArgv(name: string): string[]
  /** Ends a session and its whole process tree: interrupt, grace, kill; verified. No session: ok. */
  end(name: string, graceMs?: number): Promise<Result<void>>
  /** Ends every session of this town and the server itself, only ever this town's. */
  shutdown(): Promise<Result<void>>
}
