/**
 * Signs of life. The hook guard writes `<folder>/beat`: the last event's name is its first line, its mtime the time.
 * One small file written in place, because it is written at every tool call and read at every tick of the Deacon.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok, unknown } from '../result.ts'

export interface Beat {
  /** Epoch milliseconds of the last hook event. */
  at: number
  /** Its name: `SessionStart`, `UserPromptSubmit`, `PostToolUse`, `Stop`, `Notification:idle_prompt` … */
  event: string
}

/** What the last beat says. Esc fires no hook, so `busy` can be stale; `waiting` means a dialog: never type then. */
export type Activity = 'starting' | 'busy' | 'idle' | 'waiting' | 'ended'

/** The last sign of life in an agent's folder; `empty` when no hook has fired since the launch. */
export function readBeat(folder: string): Read<Beat> {
  const path = join(folder, 'beat')
  try {
    // Between the guard's truncation and its write the file is empty for some microseconds: look again.
    for (let tries = 0; tries < 20; tries++) {
      const event = readFileSync(path, 'utf8').split('\n', 1)[0] ?? ''
      if (event !== '') return ok({ at: Math.floor(statSync(path).mtimeMs), event })
    }
    return unknown(`${path} has no event in it`)
  } catch (error) {
    return lookFailed(path, error)
  }
}

/**
 * The first sign that the agent itself is up, not only its process; `empty` until then. Launching clears older ones.
 * Measured with Claude Code 2.1.330: no hook fires while a start-up dialog is open, so this proves there is none.
 */
export function firstSign(folder: string): Read<Beat> {
  return readBeat(folder)
}

/** What a beat says about the agent (reference: claude-code.md section 6). */
export function activityOf(beat: Beat): Activity {
  switch (beat.event) {
    case 'SessionStart':
      return 'starting'
    case 'Stop':
    case 'StopFailure':
    case 'Notification:idle_prompt':
      return 'idle'
    case 'PermissionRequest':
    case 'Notification:permission_prompt':
      return 'waiting'
    case 'SessionEnd':
      return 'ended'
    default:
      return 'busy'
  }
}

/** Records a sign of life from Node, for agents without hooks. A folder that is gone is no error: nobody reads it. */
export function writeBeat(folder: string, event: string): void {
  try {
    writeFileSync(join(folder, 'beat'), `${event}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** What sessions leave in the folder by their hooks: half-written ones too, should the shell have been killed. */
const SIGNS = /^(beat$|failure\.|status\.)/

/** Forgets the signs of an earlier session in this folder, so that `firstSign` means the one that starts now. */
export function clearBeats(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) if (SIGNS.test(name)) rmSync(join(folder, name), { force: true })
}

/**
 * Events that may follow a failed turn although the agent did not go on (measured, 2.1.330): `idle_prompt` comes 60 s later,
 * a compaction by hand may fail as well, and the session may end. Any other event means that it went on, and the guard
 * takes the failure away.
 */
export const FAILURE_STANDS: readonly string[] = ['StopFailure', 'Notification:idle_prompt', 'PreCompact', 'SessionEnd']

/** A turn that failed. */
export interface TurnFailure {
  /** Epoch milliseconds. */
  at: number
  /** `rate_limit`, `authentication_failed`, `billing_error`, `server_error`, `invalid_request`, `model_not_found` … */
  error: string
  /** The client's words for people, at most 500 characters. */
  message: string
}

/** Why the last turn failed, from Claude Code's StopFailure; what it means says trouble.ts. `empty`: it did not. */
export function readFailure(folder: string): Read<TurnFailure> {
  const path = join(folder, 'failure.json')
  try {
    const said = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    // The details are the provider's raw answer.
    const message = [said.last_assistant_message, said.error_details].find((text) => typeof text === 'string') ?? ''
    return ok({
      at: Math.floor(statSync(path).mtimeMs),
      error: String(said.error ?? 'unknown'),
      message: String(message).slice(0, 500),
    })
  } catch (error) {
    return lookFailed(path, error)
  }
}

function lookFailed(path: string, error: unknown): Read<never> {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
  if (error instanceof SyntaxError) return unknown(`${path} does not parse: ${error.message}`)
  return fail('E_READ', `${path} could not be read: ${messageOf(error)}.`)
}
