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
  /** The agent itself. Never a shell string. */
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
  /**
   * The process that stands for the agent: it lives exactly as long. It may be the runtime's own, in front of the agent,
   * and then does nothing but wait for it.
   */
  process: ProcessId
  /** False when the process ended; its last screen can still be peeked at. */
  alive: boolean
  /** As a shell tells it: 128 + signal for one that a signal ended. */
  exitCode?: number
  /**
   * When it last wrote to its screen, epoch ms; to the second, or as exactly as the runtime knows. A weak sign of life: a
   * terminal that is attached or resized makes an agent draw itself anew, and what is typed comes back as an echo.
   */
  activity?: number
  /** The runtime's own process in which the session lives and with which it ends, where there is one. */
  keeper?: ProcessId
}

/** `empty`: the agent's prompt is on the screen, and nothing stands in it. `unseen`: of this agent nobody can tell. */
export type Prompt = 'empty' | 'unseen'

/** Goes with `E_DRAFT`: what stands in the prompt. */
export interface Draft {
  draft: string
}

/** What everybody who looks at a session sees at the edge of the screen. */
export interface EdgeLine {
  /** Absent: the same as before. */
  words?: { calm: string; loud: string } | undefined
  /** When they were true, epoch ms, and until when they count; after that the line says that nobody has vouched for them since. */
  at: number
  until: number
}

export interface Runtime {
  /** Starts a session and watches its first 300 ms: an early death is an error that carries the output. */
  start(spec: SessionSpec): Promise<Result<SessionView>>
  /**
   * The same where a session of that name may be there already: what runs in it ends, with all that it started, and this one
   * takes its place, so that whoever watches stays.
   */
  replace(spec: SessionSpec): Promise<Result<SessionView>>
  look(name: string): Promise<Read<SessionView>>
  /** Every session of this town. `empty` when there is none; `unknown` when the runtime did not answer. */
  list(): Promise<Read<SessionView[]>>
  /** The last lines of the screen (with scrollback), plain text. */
  peek(name: string, lines: number): Promise<Read<string>>
  /** Whether a line may be typed now, by the same look as that of `type`; types nothing. */
  mayType(name: string): Promise<Result<void>>
  /** Types one line into a session that is proven to run its agent, then Enter (reference: nudging). */
  type(name: string, text: string): Promise<Result<void>>
  /** Rings the bell of everybody who looks at a session of this town, with one line of text; answers how many. Never types. */
  ring(text: string): Promise<Result<number>>
  /** Shows a line at the edge of the screen of everybody who looks at a session of this town. Nothing is started for it. */
  tell(line: EdgeLine): Promise<Result<void>>
  /** The session in whose screen we were called by a person. `empty`: in none of this town. */
  here(): Promise<Read<string>>
  /** What a person runs to watch or talk: replaces their process, or turns the screen that shows a session of this town already. */
  attachArgv(name: string): string[]
  /** Ends a session and its whole process tree: interrupt, grace, kill; verified. No session: ok. */
  end(name: string, graceMs?: number): Promise<Result<void>>
  /** Ends every session of this town and the server itself, only ever this town's. */
  shutdown(): Promise<Result<void>>
}
