/**
 * What every room hands to every other room: values or reasons, never exceptions.
 *
 * `Result` is what an action answers: it happened, or it did not and here is why.
 * `Read` is what a look-up answers, and it has four ends (design law 8): `ok`, `empty` (looked, nothing there),
 * `error` (could not look) and `unknown` (looked, cannot tell). The last two never continue as `empty`.
 */

/** Exit codes of `gt` (design section 11). */
export const EXIT = {
  done: 0,
  failed: 1,
  needsPerson: 2,
  usage: 64,
  missingProgram: 69,
  bug: 70,
  tryAgain: 75,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A reason a user can act on: what happened, what was kept, what to type next. */
export interface Failure {
  /** Stable machine-readable name, `E_…`. */
  code: `E_${string}`
  /** What happened, one or two sentences. */
  message: string
  /** What is safe in spite of it. */
  kept?: string
  /** The next command to type. */
  hint?: string
  exit: ExitCode
  /** Facts for code that reacts to this failure; never shown as they are. */
  details?: unknown
}

export type Ok<T> = { kind: 'ok'; value: T }
export type Err = { kind: 'error'; failure: Failure }
export type Result<T> = Ok<T> | Err
export type Read<T> = Result<T> | { kind: 'empty' } | { kind: 'unknown'; why: string }

export const ok = <T>(value: T): Ok<T> => ({ kind: 'ok', value })
export const empty = { kind: 'empty' } as const
export const unknown = (why: string): { kind: 'unknown'; why: string } => ({ kind: 'unknown', why })

/**
 * Makes an error. `exit` is 1 (refused or failed) unless said.
 */
export function fail(code: `E_${string}`, message: string, more: Partial<Omit<Failure, 'code' | 'message'>> = {}): Err {
  return { kind: 'error', failure: { code, message, exit: EXIT.failed, ...more } }
}

/** Proof that a switch is exhaustive; reached only through a bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

/** The text of anything thrown at us by a library or by Node. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
