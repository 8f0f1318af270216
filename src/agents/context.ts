/**
 * How full an agent's context is. Unattended agents have a status line whose command is the hook guard: Claude Code calls it
 * at the start and after each answer, and what it is told is kept in `<folder>/status.json`. It is no sign of life: measured
 * with 2.1.330 it is also called while idle, when a usage limit ends. A person keeps the status line that is theirs.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok, unknown } from '../result.ts'
import { findTranscript, lastContext } from './transcript.ts'

export interface ContextUse {
  /** Percent of the model's window, 0 to 100. */
  used: number
  /** Epoch milliseconds as of which. */
  at: number
  model?: string
  /** Of this conversation, as the client reckons it at list prices. */
  costUsd?: number
  /** The size of the window is assumed, since only the transcript was there: never less than the truth. */
  assumed?: true
}

/** Windows of models, in tokens. A transcript does not say which one it is: the least that holds what is in use. */
const WINDOWS = [200_000, 1_000_000]

/**
 * From the agent's folder; where its status line said nothing yet (or it has none), from the end of the transcript of
 * `conversation`, when given. `empty`: no answer of the model is known. Half-written text is `unknown`.
 */
export function readContext(folder: string, conversation?: string): Read<ContextUse> {
  const said = statusLine(join(folder, 'status.json'))
  if (said.kind !== 'empty' || !conversation) return said
  const config = configFolderOf(folder)
  const transcript = config.kind === 'ok' ? findTranscript(config.value, conversation) : config
  const last = transcript.kind === 'ok' ? lastContext(transcript.value) : transcript
  if (last.kind !== 'ok') return last
  const { tokens, at, model } = last.value
  const window = WINDOWS.find((size) => tokens <= size) ?? tokens
  return ok({ used: Math.round((100 * tokens) / window), at, assumed: true, ...(model !== undefined && { model }) })
}

/** The client's folder of settings and transcripts under which this agent was started; `empty`: it has none. */
export function configFolderOf(folder: string): Read<string> {
  return text(join(folder, 'config-folder'))
}

/** `empty` also before the first answer and after /clear: the client has no percentage then. */
function statusLine(path: string): Read<ContextUse> {
  const written = text(path)
  if (written.kind !== 'ok') return written
  try {
    const said = JSON.parse(written.value) as {
      context_window?: { used_percentage?: unknown }
      cost?: { total_cost_usd?: unknown }
      model?: { id?: unknown }
    }
    const used = said?.context_window?.used_percentage
    if (used === null || used === undefined) return empty
    if (typeof used !== 'number') return unknown(`${path} has no percentage`)
    const model = said.model?.id
    const costUsd = said.cost?.total_cost_usd
    return ok({
      used,
      at: Math.floor(statSync(path).mtimeMs),
      ...(typeof model === 'string' && { model }),
      ...(typeof costUsd === 'number' && { costUsd }),
    })
  } catch (error) {
    return unknown(`${path} does not parse: ${messageOf(error)}`)
  }
}

function text(path: string): Read<string> {
  try {
    return ok(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
    return fail('E_READ', `${path} could not be read: ${messageOf(error)}.`)
  }
}
