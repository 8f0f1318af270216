/** Claude Code's transcripts: where one lies, what an answer in it says, how long it is (reference: claude-code.md section 11). */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok, unknown } from '../result.ts'

/**
 * The transcript of a conversation, `<config>/projects/<folder>/<id>.jsonl`. Looked for in every project folder, since
 * how a folder is named is the client's business. `empty`: this conversation never got a first message.
 */
export function findTranscript(configFolder: string, conversation: string): Read<string> {
  const projects = join(configFolder, 'projects')
  try {
    for (const folder of readdirSync(projects, { withFileTypes: true })) {
      const file = join(projects, folder.name, `${conversation}.jsonl`)
      if (folder.isDirectory() && existsSync(file)) return ok(file)
    }
    return empty
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
    return fail('E_TRANSCRIPT', `Transcripts in ${projects} could not be looked at: ${messageOf(error)}.`)
  }
}

/** Enough for some answers and their tool results; a transcript has megabytes, and this is asked often. */
const TAIL_BYTES = 256 * 1024

/**
 * How many tokens the conversation had when the model last answered, read from the end of its transcript; `at` in epoch
 * milliseconds. After a compaction it is what that left. `empty`: there was no answer yet. `unknown`: none of the last
 * 256 KB tells.
 */
export function lastContext(path: string): Read<{ tokens: number; at: number; model?: string }> {
  let tail: string
  let whole: boolean
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
      tail = bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, size - bytes.length))
      whole = size === bytes.length
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
    return fail('E_TRANSCRIPT', `The transcript ${path} could not be read: ${messageOf(error)}.`)
  }
  for (const line of tail.split('\n').reverse()) {
    const left = compaction(line)
    if (left !== undefined) return ok(left)
    const message = assistantMessage(line)
    if (message === undefined || message.sidechain || message.model === '<synthetic>') continue
    const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = message.usage
    const parts = [input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens]
    return ok({
      tokens: parts.reduce<number>((sum, one) => sum + (Number(one) || 0), 0),
      at: message.at,
      model: message.model,
    })
  }
  return whole ? empty : unknown(`the last ${TAIL_BYTES / 1024} KB of ${path} hold no answer`)
}

/** Compaction replaces the conversation by a summary: what was before it counts no more. */
function compaction(line: string): { tokens: number; at: number } | undefined {
  if (!line.includes('"compact_boundary"')) return undefined
  try {
    const { subtype, timestamp, compactMetadata } = JSON.parse(line)
    const tokens: unknown = compactMetadata?.postTokens
    if (subtype !== 'compact_boundary' || typeof tokens !== 'number') return undefined
    return { tokens, at: Date.parse(timestamp) || 0 }
  } catch {
    return undefined
  }
}

/** An answer of the model. It stands in a transcript once per content block, each time with the same whole usage. */
export interface AssistantMessage {
  id: string
  /** `<synthetic>`: the client's own error text, which cost nothing. */
  model: string
  /** As the provider counts: `input_tokens`, `cache_read_input_tokens` … */
  usage: Record<string, unknown>
  /** Epoch milliseconds; 0 when the line has no time. */
  at: number
  /** Said by a sub-agent, whose context is its own. */
  sidechain: boolean
}

/** The answer that a line of a transcript holds, if it does; a torn last line holds none (yet). */
export function assistantMessage(line: string): AssistantMessage | undefined {
  // Most lines are prompts and tool results of many kilobytes: not worth parsing.
  if (!line.includes('"assistant"')) return undefined
  try {
    const { type, message, timestamp, isSidechain } = JSON.parse(line) as {
      type?: string
      message?: Partial<AssistantMessage>
      timestamp?: string
      isSidechain?: boolean
    }
    if (type !== 'assistant' || typeof message?.id !== 'string' || typeof message.model !== 'string') return undefined
    const at = Date.parse(timestamp ?? '') || 0
    return { id: message.id, model: message.model, usage: message.usage ?? {}, at, sidechain: isSidechain === true }
  } catch {
    return undefined
  }
}
