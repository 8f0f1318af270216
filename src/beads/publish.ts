/**
 * `issues.jsonl`: the copy of the newest base that git and other beads tools read. Somebody else may have changed it
 * since we wrote it; such an edit is found by content, and never overwritten before it was merged (ledger.ts).
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { discard, diskFailure, errno, renameOver, sha256, writeTemporary } from './disk.ts'
import type { Journal } from './journal.ts'
import { basePath, journalFolder, KEPT, logPath, numbers } from './journal.ts'
import { scan } from './record.ts'

export const issuesPath = (dir: string): string => join(dir, 'issues.jsonl')
const cachePath = (dir: string): string => join(dir, 'journal', 'published.json')

/** What a file looks like without reading it, and the hash it had then. Times in nanoseconds, as text. */
interface Signature {
  ino: string
  size: string
  mtime: string
  sha256: string
}

/**
 * - `current`: exactly the base of the newest journal.
 * - `stale`: gone, or an older state of ours, or an edit that was merged already: publishing loses nothing.
 * - `foreign`: somebody else's, not merged yet.
 */
export type Published = { is: 'current' } | { is: 'stale' } | { is: 'foreign'; bytes: Buffer; sha256: string }

/** Looks at `issues.jsonl`; one stat when nothing happened. Throws when it cannot be read. */
export function lookAtPublished(journal: Journal): Published {
  const path = issuesPath(journal.dir)
  const seen = signatureOf(path)
  if (seen === null) return { is: 'stale' }
  const cached = readCache(journal.dir)
  let hash: string
  let bytes: Buffer | undefined
  if (cached && cached.ino === seen.ino && cached.size === seen.size && cached.mtime === seen.mtime)
    hash = cached.sha256
  else {
    bytes = readFileSync(path)
    hash = sha256(bytes)
  }
  if (hash === journal.header.continues) {
    if (bytes && sameSignature(seen, signatureOf(path))) writeCache(journal.dir, { ...seen, sha256: hash })
    return { is: 'current' }
  }
  if (journal.state.decided.has(foreignId(hash)) || recentBases(journal.dir).has(hash)) return { is: 'stale' }
  return { is: 'foreign', bytes: bytes ?? readFileSync(path), sha256: hash }
}

/**
 * Whether `issues.jsonl` is known to be the base with this hash: one stat and a look at the cache. False also when only
 * reading the file would tell. Throws when the folder cannot be read.
 */
export function isPublished(dir: string, continues: string): boolean {
  const cached = readCache(dir)
  return cached !== null && cached.sha256 === continues && sameSignature(cached, signatureOf(issuesPath(dir)))
}

/** The record id of a merge: one file content is merged once, however many processes meet it. */
export const foreignId = (hash: string): string => `foreign-${hash}`

/**
 * Puts a copy of the newest base in the place of `issues.jsonl`, unless it is there, or an edit is that was not merged
 * yet, or another process rolled on meanwhile (it publishes).
 *
 * @param merged hash of a foreign file that holds nothing new and may go
 */
export function publish(journal: Journal, merged?: string): Result<void> {
  const { dir, n } = journal
  const path = issuesPath(dir)
  try {
    const before = signatureOf(path)
    const there = lookAtPublished(journal)
    if (there.is === 'current') return ok(undefined)
    if (there.is === 'foreign' && there.sha256 !== merged) return ok(undefined)
    let written: Signature | undefined
    const bytes = readFileSync(basePath(dir, n))
    const { continues } = journal.header
    // A header that was damaged itself, and made again from the journal before, names no hash.
    if (continues !== '' && sha256(bytes) !== continues) return damaged(basePath(dir, n))
    const temporary = writeTemporary(journalFolder(dir), bytes, (fd) => {
      // Taken before the rename: an edit that follows it must not be cached as ours.
      written = { ...signatureFrom(fstatSync(fd, { bigint: true })), sha256: journal.header.continues }
    })
    const overtaken = numbers(dir, 'log').at(-1) !== n || !sameSignature(before, signatureOf(path))
    if (overtaken) discard(temporary)
    else {
      renameOver(temporary, path)
      if (written) writeCache(dir, written)
    }
    return ok(undefined)
  } catch (error) {
    // The base was pruned: eight rollovers happened meanwhile, and somebody else publishes.
    if (errno(error) === 'ENOENT') return ok(undefined)
    return diskFailure(error, 'publish the beads', path)
  }
}

const damaged = (path: string): Result<never> =>
  fail('E_STORE', `${path} is damaged: it is not the snapshot that the journal beside it continues.`, {
    kept: 'It was not published; every journal is kept, and git has the last committed snapshot.',
    hint: 'Put an undamaged copy of that file back (git has older ones as issues.jsonl), then run the command again.',
  })

/**
 * Bases whose bytes are not what their journal continues: a disk that changed them, a hand that did. Reads all that are
 * kept, so it is for a check-up, not for every command. Throws when one cannot be read.
 *
 * @returns their paths
 */
export function damagedBases(dir: string): string[] {
  return numbers(dir, 'base')
    .map((n) => ({ base: basePath(dir, n), log: logPath(dir, n) }))
    .filter(({ base, log }) => {
      try {
        const continues = continuesOf(log)
        return continues !== null && sha256(readFileSync(base)) !== continues
      } catch (error) {
        // Pruned meanwhile, or a base whose journal was not begun yet.
        if (errno(error) === 'ENOENT') return false
        throw error
      }
    })
    .map(({ base }) => base)
}

type Stamp = Omit<Signature, 'sha256'>

function signatureFrom(stat: { ino: bigint; size: bigint; mtimeNs: bigint }): Stamp {
  return { ino: String(stat.ino), size: String(stat.size), mtime: String(stat.mtimeNs) }
}

function signatureOf(path: string): Stamp | null {
  try {
    return signatureFrom(statSync(path, { bigint: true }))
  } catch (error) {
    if (errno(error) === 'ENOENT') return null
    throw error
  }
}

function sameSignature(a: Stamp | null, b: Stamp | null): boolean {
  return a?.ino === b?.ino && a?.size === b?.size && a?.mtime === b?.mtime
}

function readCache(dir: string): Signature | null {
  try {
    return JSON.parse(readFileSync(cachePath(dir), 'utf8'))
  } catch {
    // Only a cache: without it the file is hashed.
    return null
  }
}

function writeCache(dir: string, signature: Signature): void {
  try {
    renameOver(writeTemporary(journalFolder(dir), JSON.stringify(signature)), cachePath(dir))
  } catch {
    // Only a cache.
  }
}

/** Hashes of the bases of the newest journals: what a process that stalled before its rename may publish late. */
function recentBases(dir: string): Set<string> {
  const hashes = new Set<string>()
  for (const n of numbers(dir, 'log').slice(-KEPT)) {
    const hash = continuesOf(logPath(dir, n))
    if (hash) hashes.add(hash)
  }
  return hashes
}

/** Reads only as much of a journal as holds its header's hash. */
function continuesOf(path: string): string | null {
  const fd = openSync(path, 'r')
  try {
    for (let size = 4096; ; size *= 8) {
      const bytes = Buffer.alloc(size)
      const read = readSync(fd, bytes, 0, size, 0)
      const first = scan(bytes.subarray(0, read), 0).records[0]?.record
      if (first) return first.kind === 'header' ? first.continues : null
      if (read < size) return null
    }
  } finally {
    closeSync(fd)
  }
}
