/**
 * One agent's meter: what its conversations used so far, from the transcripts of its client. A look reads only what was added
 * since the last one; how far it came lies in the agent's folder (`usage.json`), safe to lose.
 *
 * All transcripts in the client's folder for this agent's directory count, since that directory is its alone: fresh sessions
 * after a hand-off, what somebody began there with /clear, and forks, which repeat what they were forked from.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findTranscript } from '../agents/transcript.ts'
import type { UsageByDay } from '../beads/facts.ts'
import type { Read } from '../result.ts'
import { empty, fail, messageOf, ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'
import type { Counting } from './count.ts'
import { countLines } from './count.ts'
import { readAdded } from './tail.ts'

/** By conversation. */
export type Metered = Record<string, UsageByDay>

/** Where a client keeps conversations. */
export interface Place {
  config: string
  conversations: readonly string[]
}

interface Transcript {
  conversation: string
  path: string
  size: number
  /** Ms since the epoch. */
  born: number
}

/** How far a transcript was read, and the last answers in it: the next lines may repeat them. */
interface Mark {
  bytes: number
  last: string[]
}

interface Kept {
  version: typeof VERSION
  /** Where its transcripts lie, by the client's folder of settings. */
  folders: Record<string, string>
  /** By conversation; the marks by file. */
  sessions: Record<string, { days: UsageByDay; files: Record<string, Mark> }>
}

const VERSION = 1
const FILE = 'usage.json'
/** Answers whose blocks may still come. */
const STRADDLING = 32

export class Meter {
  readonly #folder: string
  readonly #longFrom: Counting['longFrom']
  #kept: Kept | undefined
  /** Whether `#seen` holds the ids of all answers that were counted. */
  #knowsAll = false
  #seen = new Set<string>()

  /** @param folder the agent's folder of runtime state (agents/launch.ts) */
  constructor(folder: string, longFrom: Counting['longFrom']) {
    this.#folder = folder
    this.#longFrom = longFrom
    this.#kept = readKept(join(folder, FILE))
  }

  /**
   * Looks. `places`: the client's folders of settings, each with the conversations that are known there, to find the
   * transcripts by. `empty`: none of them has one.
   */
  look(places: readonly Place[]): Read<Metered> {
    const folders: Record<string, string> = { ...this.#kept?.folders }
    for (const { config, conversations } of places) {
      const folder = folders[config] ?? folderOf(config, conversations)
      if (typeof folder === 'string') folders[config] = folder
      else if (folder.kind !== 'empty') return folder
    }
    if (Object.keys(folders).length === 0) return empty
    try {
      const changed = this.#count(folders, Object.values(folders).flatMap(transcriptsIn).sort(byAge))
      // What cannot be kept is counted again the next time.
      if (changed) writeFileAtomic(join(this.#folder, FILE), JSON.stringify(this.#kept))
    } catch (error) {
      return fail('E_TRANSCRIPT', `Transcripts could not be read: ${messageOf(error)}.`)
    }
    const sessions = Object.entries(this.#kept?.sessions ?? {})
    return ok(Object.fromEntries(sessions.map(([conversation, { days }]) => [conversation, days])))
  }

  #count(folders: Kept['folders'], files: Transcript[]): boolean {
    const marks = new Map(Object.values(this.#kept?.sessions ?? {}).flatMap(({ files }) => Object.entries(files)))
    const isNew = files.some(({ path }) => !marks.has(path))
    const shrunk = files.some(({ path, size }) => size < (marks.get(path)?.bytes ?? 0))
    // A new one may repeat any answer that was counted: without their ids everything is counted again.
    if (this.#kept === undefined || shrunk || (isNew && !this.#knowsAll && marks.size > 0)) {
      this.#seen = new Set()
      this.#kept = { version: VERSION, folders, sessions: {} }
      this.#knowsAll = true
      marks.clear()
    }
    this.#kept.folders = folders
    let changed = false
    for (const { conversation, path, size } of files) {
      const mark = marks.get(path) ?? { bytes: 0, last: [] }
      if (size <= mark.bytes && marks.has(path)) continue
      const { lines, bytes } = readAdded(path, mark.bytes)
      if (lines.length === 0 && marks.has(path)) continue
      changed = true
      for (const id of mark.last) this.#seen.add(id)
      this.#kept.sessions[conversation] ??= { days: {}, files: {} }
      const session = this.#kept.sessions[conversation]!
      const counting = { days: session.days, seen: this.#seen, longFrom: this.#longFrom }
      const ids = countLines(lines, counting, statSync(path).mtimeMs)
      session.files[path] = { bytes, last: [...mark.last, ...ids].slice(-STRADDLING) }
    }
    return changed
  }
}

/** Where the client keeps the transcripts of these conversations. */
function folderOf(config: string, conversations: readonly string[]): string | Exclude<Read<never>, { kind: 'ok' }> {
  for (const conversation of conversations) {
    if (conversation === '') continue
    const found = findTranscript(config, conversation)
    if (found.kind === 'ok') return dirname(found.value)
    if (found.kind !== 'empty') return found
  }
  return empty
}

/** All transcripts there, those of sub-agents under the conversation that they belong to. */
function transcriptsIn(folder: string): Transcript[] {
  const found: Transcript[] = []
  const add = (conversation: string, path: string): void => {
    const { size, birthtimeMs } = statSync(path)
    found.push({ conversation, path, size, born: birthtimeMs })
  }
  for (const entry of entriesOf(folder)) {
    if (entry.isFile() && entry.name.endsWith('.jsonl'))
      add(entry.name.slice(0, -'.jsonl'.length), join(folder, entry.name))
    if (!entry.isDirectory()) continue
    const under = join(folder, entry.name, 'subagents')
    for (const file of entriesOf(under)) if (file.name.endsWith('.jsonl')) add(entry.name, join(under, file.name))
  }
  return found
}

/** The oldest first: a fork repeats what was before it. */
const byAge = (a: Transcript, b: Transcript): number => a.born - b.born || (a.path < b.path ? -1 : 1)

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readKept(path: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept
    return kept.version === VERSION ? kept : undefined
  } catch {
    return undefined
  }
}
