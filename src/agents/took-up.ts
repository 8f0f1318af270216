/**
 * Whether a client that was told to go on with a conversation stays. Some need seconds to find that they do not know it, and end
 * then (measured: Gemini CLI, when nothing was ever said in it); its empty prompt is the sign that it took it up.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Preset } from './preset.ts'
import type { Runtime } from './runtime.ts'

/** A client that shows no prompt for so long is left at it: it lives, and is watched like every other one. */
const PATIENCE_MS = 20_000
const LOOK_MS = 200
const SCREEN_LINES = 60
const SCREEN_CHARS = 600

/** `E_AGENT_DIED`: it ended instead, with what its screen said. Agents whose table describes no empty prompt are not waited for. */
export async function tookUp(
  runtime: Pick<Runtime, 'look' | 'peek'>,
  session: string,
  { ready, title, name }: Pick<Preset, 'ready' | 'title' | 'name'>,
  patienceMs = PATIENCE_MS,
): Promise<Result<void>> {
  if (ready === undefined) return ok(undefined)
  const prompt = new RegExp(ready, 'm')
  for (const end = performance.now() + patienceMs; performance.now() < end; await delay(LOOK_MS)) {
    const look = await runtime.look(session)
    const screen = await runtime.peek(session, SCREEN_LINES)
    const text = screen.kind === 'ok' ? screen.value.trim() : ''
    if (look.kind === 'empty' || (look.kind === 'ok' && !look.value.alive)) {
      const words = text === '' ? '' : ` Its screen:\n${text.slice(-SCREEN_CHARS)}`
      return fail('E_AGENT_DIED', `${title ?? name} ended instead of going on with its conversation.${words}`)
    }
    if (prompt.test(text)) return ok(undefined)
  }
  return ok(undefined)
}
