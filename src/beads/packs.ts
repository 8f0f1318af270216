/**
 * Packs: journals sealed long ago, put together and compressed. Nothing of the audit trail is lost by it: whoever
 * replays the journals (history.ts) reads a pack as if its journals still lay there. What makes packs: pack.ts.
 *
 *   journal/00000001-00000064.pack   gzip of one line of JSON (`Contents`), then the bytes of each journal as they were
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { errno, sha256 } from './disk.ts'
import { journalFolder, logPath, numbers } from './journal.ts'

export interface Pack {
  path: string
  from: number
  to: number
}

/** First line of a pack. */
export interface Contents {
  v: 1
  journals: { n: number; bytes: number; sha256: string }[]
}

const NAME = /^(\d{8})-(\d{8})\.pack$/
const NEWLINE = 0x0a

/** The packs there are, oldest first. Throws when the folder cannot be read. */
export function packsIn(dir: string): Pack[] {
  try {
    return readdirSync(journalFolder(dir))
      .flatMap((name) => {
        const [, from, to] = NAME.exec(name) ?? []
        return from === undefined ? [] : [{ path: join(journalFolder(dir), name), from: Number(from), to: Number(to) }]
      })
      .sort((a, b) => a.from - b.from)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

/** Numbers of the journals that can be read, packed or not, ascending. */
export function journalNumbers(dir: string): number[] {
  const all = new Set(numbers(dir, 'log'))
  for (const { from, to } of packsIn(dir)) for (let n = from; n <= to; n++) all.add(n)
  return [...all].sort((a, b) => a - b)
}

/**
 * A reader of journals by number, packed or not. It holds the pack that it opened last, so going through them in order
 * opens each once. Throws when a journal is nowhere, or its pack is damaged.
 */
export function journalReader(dir: string): (n: number) => Buffer {
  let held: { path: string; journals: Map<number, Buffer> } | undefined
  return (n) => {
    try {
      return readFileSync(logPath(dir, n))
    } catch (error) {
      // Perhaps packed since it was listed, so the packs are looked at now.
      const pack = errno(error) === 'ENOENT' ? packsIn(dir).find(({ from, to }) => from <= n && n <= to) : undefined
      if (pack === undefined) throw error
      if (held?.path !== pack.path) held = { path: pack.path, journals: readPack(pack) }
      const bytes = held.journals.get(n)
      if (bytes === undefined) throw new Error(`${pack.path} does not hold journal ${n}`)
      return bytes
    }
  }
}

/** All journals of a pack, each compared with the checksum that was taken of it. Throws when one differs. */
export function readPack({ path }: Pick<Pack, 'path'>): Map<number, Buffer> {
  zlib ??= createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib')
  const bytes = zlib.gunzipSync(readFileSync(path))
  const end = bytes.indexOf(NEWLINE)
  const contents = JSON.parse(bytes.toString('utf8', 0, end)) as Contents
  const journals = new Map<number, Buffer>()
  let at = end + 1
  for (const journal of contents.journals) {
    const piece = bytes.subarray(at, at + journal.bytes)
    if (sha256(piece) !== journal.sha256) throw new Error(`journal ${journal.n} in ${path} is not as it was put there`)
    journals.set(journal.n, piece)
    at += journal.bytes
  }
  return journals
}
/** Loaded on first use: hardly a command replays journals. */
let zlib: typeof import('node:zlib') | undefined
