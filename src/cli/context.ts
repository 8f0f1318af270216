/** What a command gets and what it answers. Commands compute; run.ts prints and exits. */
import type { Command } from 'commander'
import type { ExitCode, Result } from '../result.ts'

export interface Context {
  env: NodeJS.ProcessEnv
  cwd: string
  /** `--json`: stdout is exactly one object. */
  json: boolean
  /** A person sits there: questions may be asked. */
  interactive: boolean
  /** One line on stderr while something takes longer than a second; silent with --json. */
  progress(line: string): void
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal
}

export interface Output {
  /** For `--json`. */
  data: unknown
  /** For people; a final newline is added. */
  text: string
  /** 0 unless said; with 1 or 2 the answer is printed as an error that carries the data. */
  exit?: ExitCode
  /** With `exit` ≠ 0: what is wrong. */
  problem?: { code: `E_${string}`; message: string; kept?: string; hint?: string }
}

export type Answer = Result<Output>

/** Set by an action, read by run.ts. */
export interface Slot {
  answer?: Answer
}

/** Wraps a command's body for commander: whatever it answers goes to the slot that run.ts prints. */
export function action<A extends unknown[]>(command: Command, body: (...args: A) => Answer | Promise<Answer>): Command {
  return command.action(async (...args: unknown[]) => {
    const slot = slotOf(command)
    slot.answer = await body(...(args as A))
  })
}

const SLOT = Symbol('answer')

/** The slot of the program that a command belongs to. */
export function slotOf(command: Command): Slot {
  let top: Command = command
  while (top.parent) top = top.parent
  const holder = top as Command & { [SLOT]?: Slot }
  holder[SLOT] ??= {}
  return holder[SLOT]
}
