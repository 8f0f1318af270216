/**
 * One record of the journal: `\n` JSON `\t` CRC-32 `\n`.
 *
 * It begins *and* ends with a newline, so that what a crash tore off ends where the next record begins and can never
 * swallow it. JSON text holds no raw tab or newline, so the line needs no escaping. The checksum is zlib's CRC-32,
 * eight hex digits, of the UTF-8 bytes before the tab.
 */

import type { Bead } from './bead.ts'
import type { Change, LeaseHolder } from './change.ts'

/** First record of every journal: what it continues, and what the snapshot has no place for. */
export interface Header {
  kind: 'header'
  /** Version of the journal format; a reader refuses a newer one. */
  v: number
  n: number
  /** SHA-256 (hex) of the snapshot text in the `.base` file beside the journal. */
  continues: string
  leases: Record<string, LeaseHolder>
  carry: {
    /** Ephemeral beads: never in a snapshot, never in git. */
    wisps: Bead[]
    /** Ids of the newest merges of foreign edits, so that a slow opener does not merge the same file again. */
    foreign: string[]
  }
}

/** Ends a journal. What stands behind the first one is void. */
export interface Seal {
  kind: 'seal'
  id: string
  at: string
}

export type JournalRecord = Header | Seal | ({ kind: 'change' } & Change)

export const FORMAT = 1

/** A line that is no whole record: where it begins in its file, and its text. */
export interface Damage {
  file: string
  offset: number
  text: string
}

const TABLE = new Uint32Array(256)
for (let n = 0; n < 256; n++) {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  TABLE[n] = c >>> 0
}

/** Fewer bytes than this are through before the other way is even found. */
const NATIVE_FROM = 1 << 15

/** Node's own (from 20.16 on), ten times as fast: whoever opens a ledger reads megabytes of journal. */
let native: ((bytes: Uint8Array) => number) | null | undefined

/** CRC-32 (IEEE 802.3, as zlib's) of some bytes. Node 20.0 has no `zlib.crc32` yet, hence our own. */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  if (to - from >= NATIVE_FROM) {
    native ??= process.getBuiltinModule?.('node:zlib').crc32 ?? null
    if (native) return native(bytes.subarray(from, to))
  }
  let c = 0xffffffff
  for (let i = from; i < to; i++) c = TABLE[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}

const hex = (n: number): string => n.toString(16).padStart(8, '0')

/** The bytes to append for one record. */
export function encode(record: JournalRecord): Buffer {
  const body = Buffer.from(JSON.stringify(record), 'utf8')
  return Buffer.concat([Buffer.from('\n'), body, Buffer.from(`\t${hex(crc32(body))}\n`)])
}

let counter = 0

/**
 * An id that no other record has: time, process, count and chance in base36. Not `node:crypto`: it costs start-up
 * time in every command, and nothing here is secret; uniqueness comes from the process and the count.
 */
export function newRecordId(): string {
  counter += 1
  const chance = Math.floor(Math.random() * 36 ** 6)
  return [Date.now(), process.pid, counter, chance].map((n) => n.toString(36)).join('-')
}

export interface Scan {
  records: { record: JournalRecord; offset: number }[]
  damage: Omit<Damage, 'file'>[]
  /** Bytes that were consumed: up to and including the last newline. A torn tail stays for the next scan. */
  consumed: number
}

const NEWLINE = 0x0a
const TAB = 0x09

/**
 * Reads whole lines of a journal. A line whose checksum or shape is wrong becomes damage; the lines around it stand.
 *
 * @param bytes what was read
 * @param start offset of `bytes[0]` in the file, for the report
 */
export function scan(bytes: Buffer, start: number): Scan {
  const found: Scan = { records: [], damage: [], consumed: 0 }
  let at = 0
  for (;;) {
    const end = bytes.indexOf(NEWLINE, at)
    if (end < 0) break
    if (end > at) {
      const record = decode(bytes, at, end)
      if (record) found.records.push({ record, offset: start + at })
      else found.damage.push({ offset: start + at, text: bytes.toString('utf8', at, end) })
    }
    at = end + 1
  }
  found.consumed = at
  return found
}

/** The line from `from` to `to`, without its newlines; null when it is damaged. */
function decode(bytes: Buffer, from: number, to: number): JournalRecord | null {
  const tab = to - 9
  if (tab <= from || bytes[tab] !== TAB) return null
  if (bytes.toString('latin1', tab + 1, to) !== hex(crc32(bytes, from, tab))) return null
  try {
    const record = JSON.parse(bytes.toString('utf8', from, tab))
    return typeof record?.kind === 'string' ? record : null
  } catch {
    return null
  }
}
