/**
 * What a person was told, and when something more may be said. Each key is told once, ever; of one cause at most three
 * messages go out in a minute, and what is more becomes one message. Pure but for the file it is kept in.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../town/atomic.ts'
import type { Severity } from './severity.ts'
import { severityOf, weight } from './severity.ts'

export interface Notice {
  /** What it is about, in one word: `ask`, `red`, `landed` … */
  cause: string
  /** Told once for each: cause and subject, and the instant where the same may come again. */
  key: string
  title: string
  text: string
  bead?: string
  /** By its cause, unless said. */
  severity?: Severity
  /** `news` asks for nothing. */
  kind?: 'waits' | 'news'
}

/** One message for the channels: a notice, or several of one cause. */
export interface Message {
  cause: string
  title: string
  text: string
  severity: Severity
  bead?: string
  /** Keys of what it tells. */
  keys: string[]
}

export interface Memory {
  /** Keys, the newest last. */
  told: string[]
  /** By cause: when its last messages went out, in ms since the epoch; none older than a minute. */
  sent: Record<string, number[]>
  /** Notices that nobody will give again, which wait for their minute to be over. */
  pending: Notice[]
}

const MESSAGES = 3
const WINDOW_MS = 60_000
/** Keys that are remembered beyond those that are still open. */
const KEPT = 1000
/** Lines of a message that tells several. */
const LINES = 12

export interface Due {
  send: Message[]
  memory: Memory
  /** Whether the memory is another than before. */
  changed: boolean
}

/**
 * What goes out now.
 *
 * @param open everything that stands now, told or not: it is given again as long as it stands; null: not looked at
 * @param news what was never given before and will not be given again
 * @param now ms since the epoch
 */
export function due(open: Notice[] | null, news: Notice[], memory: Memory, now: number): Due {
  const told = new Set(memory.told)
  const waiting = new Map<string, Notice>()
  for (const notice of [...memory.pending, ...news, ...(open ?? [])])
    if (!told.has(notice.key)) waiting.set(notice.key, notice)
  const passing = new Set([...memory.pending, ...news].map(({ key }) => key))
  const send: Message[] = []
  const sent: Memory['sent'] = {}
  const pending: Notice[] = []
  for (const [cause, times] of Object.entries(memory.sent)) {
    const recent = times.filter((at) => at <= now && now - at < WINDOW_MS)
    if (recent.length > 0) sent[cause] = recent
  }
  for (const [cause, fresh] of byCause(waiting.values())) {
    const recent = sent[cause] ?? []
    const room = MESSAGES - recent.length
    const messages = fresh.length <= room ? fresh.map((one) => messageOf([one])) : room > 0 ? [messageOf(fresh)] : []
    if (messages.length > 0) sent[cause] = [...recent, ...messages.map(() => now)]
    else pending.push(...fresh.filter(({ key }) => passing.has(key)))
    send.push(...messages)
  }
  const changed = send.length > 0 || pending.length !== memory.pending.length
  return { send, changed, memory: { told: remember(memory.told, send, open), sent, pending } }
}

function byCause(notices: Iterable<Notice>): Map<string, Notice[]> {
  const found = new Map<string, Notice[]>()
  for (const notice of notices) {
    const same = found.get(notice.cause)
    if (same === undefined) found.set(notice.cause, [notice])
    else same.push(notice)
  }
  return found
}

/** What stands is never forgotten, however much is told meanwhile. */
function remember(before: string[], send: Message[], open: Notice[] | null): string[] {
  const keys = [...before, ...send.flatMap((message) => message.keys)]
  const old = keys.slice(0, -KEPT)
  if (old.length === 0 || open === null) return keys
  const standing = new Set(open.map(({ key }) => key))
  return [...old.filter((key) => standing.has(key)), ...keys.slice(-KEPT)]
}

const severityOfNotice = ({ severity, cause, kind }: Notice): Severity =>
  severity ?? (kind === 'news' ? 'low' : severityOf(cause))

function messageOf(notices: Notice[]): Message {
  const [first] = notices as [Notice]
  const { cause } = first
  const keys = notices.map(({ key }) => key)
  const severity = notices.map(severityOfNotice).reduce((a, b) => (weight(b) > weight(a) ? b : a))
  if (notices.length === 1) {
    const { title, text, bead } = first
    return { cause, title, text, severity, keys, ...(bead !== undefined && { bead }) }
  }
  const waits = notices.some(({ kind }) => kind !== 'news')
  const title = waits ? `${notices.length} things wait: ${cause}` : `${notices.length} notices: ${cause}`
  const lines = notices.slice(0, LINES).map((one) => one.title)
  if (notices.length > LINES) lines.push(`… and ${notices.length - LINES} more`)
  if (waits) lines.push('All of them: gt attend')
  return { cause, title, text: lines.join('\n'), severity, keys }
}

const fileOf = (runtime: string): string => join(runtime, 'told.json')

/** Nothing told yet, where there is no file or none that we understand. An older gt kept the list of keys alone. */
export function readMemory(runtime: string): Memory {
  const none: Memory = { told: [], sent: {}, pending: [] }
  try {
    const kept = JSON.parse(readFileSync(fileOf(runtime), 'utf8')) as string[] | Partial<Memory>
    return Array.isArray(kept) ? { ...none, told: kept } : { ...none, ...kept }
  } catch {
    return none
  }
}

export const writeMemory = (runtime: string, memory: Memory) => writeFileAtomic(fileOf(runtime), JSON.stringify(memory))
