/** Wakes an agent that sits idle: one line at its prompt, confirmed by its own hook (law 9). What it is about lies in its inbox. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { readBeat } from './beat.ts'
import type { Runtime } from './runtime.ts'

/** How long the hook of a line that was typed may take to fire before the line counts as undelivered. */
const CONFIRM_MS = 10_000
const LOOK_MS = 50

/** Why nothing could be typed, where only somebody at that screen can change it. */
export const AT_THE_SCREEN: ReadonlySet<string> = new Set(['E_DIALOG', 'E_DRAFT', 'E_COPY_MODE', 'E_NOT_THE_AGENT'])

export interface Sleeper {
  address: string
  session: string
  /** The agent's folder. */
  folder: string
}

/**
 * Types the line and waits for a hook of the agent that is newer. Agents without hooks confirm nothing; for them the line that
 * was typed is all that can be known. Errors: those of `Runtime.type` (nothing was typed); E_UNDELIVERED.
 */
export async function wakeWith(
  runtime: Runtime,
  { address, session, folder }: Sleeper,
  line: string,
): Promise<Result<void>> {
  const before = lastHook(folder)
  const typed = await runtime.type(session, line)
  return typed.kind === 'error' ? typed : confirmed(folder, address, before)
}

/** Waits until a hook fired since `before`; undefined: it never had one. */
export async function confirmed(folder: string, address: string, before: number | undefined): Promise<Result<void>> {
  if (before === undefined) return ok(undefined)
  for (const end = performance.now() + CONFIRM_MS; performance.now() < end; await delay(LOOK_MS)) {
    if ((lastHook(folder) ?? 0) > before) return ok(undefined)
  }
  return fail('E_UNDELIVERED', `A line was typed to ${address}, and no hook of it confirmed that.`, {
    hint: `gt peek ${address}`,
  })
}

/** When its last hook fired, epoch ms; undefined: none did since its launch. */
export function lastHook(folder: string): number | undefined {
  const beat = readBeat(folder)
  return beat.kind === 'ok' ? beat.value.at : undefined
}
