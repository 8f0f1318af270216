/** Claude Code's transcripts: where one lies, and what it cost (reference: claude-code.md section 11). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok } from '../result.ts'

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

/** Tokens of one model. */
export interface Usage {
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
}

/**
 * Tokens used, per model, from the text of a transcript. A message stands there once per content block, each time with
 * the same whole usage, so it counts once per id; `<synthetic>` is the client's own error text. A torn last line is
 * passed over: the client may be writing it.
 */
export function usageOf(transcript: string): Record<string, Usage> {
  const seen = new Set<string>()
  const used: Record<string, Usage> = {}
  for (const line of transcript.split('\n')) {
    const message = assistantMessage(line)
    if (message === undefined || seen.has(message.id) || message.model === '<synthetic>') continue
    seen.add(message.id)
    used[message.model] ??= { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
    const sum = used[message.model]!
    sum.input += message.usage.input_tokens ?? 0
    sum.output += message.usage.output_tokens ?? 0
    sum.cacheRead += message.usage.cache_read_input_tokens ?? 0
    sum.cacheWrite += message.usage.cache_creation_input_tokens ?? 0
  }
  return used
}

/** The same from a file; `empty` when it is not there. Sub-agents have transcripts of their own. */
export function readUsage(path: string): Read<Record<string, Usage>> {
  try {
    return ok(usageOf(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
    return fail('E_TRANSCRIPT', `The transcript ${path} could not be read: ${messageOf(error)}.`)
  }
}

interface AssistantMessage {
  id: string
  model: string
  usage: Record<string, number | undefined>
}

function assistantMessage(line: string): AssistantMessage | undefined {
  // Most lines are prompts and tool results of many kilobytes: not worth parsing.
  if (!line.includes('"assistant"')) return undefined
  try {
    const { type, message } = JSON.parse(line) as { type?: string; message?: Partial<AssistantMessage> }
    if (type !== 'assistant' || typeof message?.id !== 'string' || typeof message.model !== 'string') return undefined
    return { id: message.id, model: message.model, usage: message.usage ?? {} }
  } catch {
    return undefined
  }
}
