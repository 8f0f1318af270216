/**
 * Puts journals that were sealed long ago into packs (packs.ts). Every step is durable before the next:
 *
 *   pack under its final name ──► read back and compared ──► its journals' own files go
 *
 * A crash in between leaves a journal both packed and by itself; the next pass takes its file away. Never touched: the
 * newest journals, which readers and merges of foreign edits still open, and any that was written to within a day.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { discard, diskFailure, errno, linkNew, sha256 } from './disk.ts'
import { digits, journalFolder, KEPT, logPath, numbers } from './journal.ts'
import type { Contents } from './packs.ts'
import { packsIn, readPack } from './packs.ts'

/** A writer that stalled may still append (void) records to a journal that was sealed meanwhile; not for this long. */
const REST_MS = 86_400_000
/**
 * Fewer files than this, and less text, is not worth a pack. It also ends a circle: what a pass writes into the ledger
 * about itself makes a journal or two, which must not be a reason for the next pass.
 */
const MANY = 64
const MUCH = 1 << 20
/** One pack holds at most so much text: it is opened as a whole. */
const PACK_BYTES = 16 << 20

export interface PackPlan {
  /** Journals that are packed already and still lie there by themselves. */
  left: number[]
  /** Neighbours, each list for one pack. */
  packs: number[][]
}

export interface Packed {
  journals: number
  /** Bytes of their files before, and of the packs. */
  before: number
  after: number
}

/** What a pass would do now; nothing is changed. Throws when the folder cannot be read. */
export function packPlan(dir: string, now: Date): PackPlan {
  const packs = packsIn(dir)
  const isPacked = (n: number): boolean => packs.some(({ from, to }) => from <= n && n <= to)
  const old = numbers(dir, 'log').slice(0, -KEPT)
  const young = old.findIndex((n) => now.getTime() - statSync(logPath(dir, n)).mtimeMs < REST_MS)
  const rested = young < 0 ? old : old.slice(0, young)
  const fresh = rested.filter((n) => !isPacked(n)).map((n) => ({ n, size: statSync(logPath(dir, n)).size }))
  const plan: PackPlan = { left: rested.filter(isPacked), packs: [] }
  const much = fresh.reduce((sum, { size }) => sum + size, 0) >= MUCH
  if (fresh.length < MANY && !much) return plan
  let [list, bytes]: [number[], number] = [[], 0]
  for (const { n, size } of fresh) {
    if (list.length > 0 && (list.at(-1) !== n - 1 || bytes + size > PACK_BYTES)) {
      plan.packs.push(list)
      ;[list, bytes] = [[], 0]
    }
    list.push(n)
    bytes += size
  }
  plan.packs.push(list)
  return plan
}

/**
 * Carries the plan out; what is done is done whole, an abort ends it between two packs. One process at a time, which is
 * the caller's duty (two would only do the same work twice).
 *
 * Errors: E_PACK when a pack does not hold what it should (the journals stay); E_DISK_FULL, E_READ_ONLY, E_STORE.
 */
export async function packJournals(dir: string, plan: PackPlan, signal?: AbortSignal): Promise<Result<Packed>> {
  const done: Packed = { journals: 0, before: 0, after: 0 }
  try {
    for (const n of plan.left) {
      const pack = packsIn(dir).find(({ from, to }) => from <= n && n <= to)
      const taken = pack && takeAway(dir, readPack(pack), [n])
      if (taken?.kind === 'error') return taken
    }
    for (const list of plan.packs) {
      if (signal?.aborted) break
      const journals = list.map((n) => ({ n, bytes: readFileSync(logPath(dir, n)) }))
      const path = join(journalFolder(dir), `${digits(list[0]!)}-${digits(list.at(-1)!)}.pack`)
      // On another thread: the daemon goes on meanwhile. Where one of that name is there already it is read and compared.
      const bytes = await promisify(gzip)(textOf(journals))
      linkNew(bytes, path)
      const taken = takeAway(dir, readPack({ path }), list)
      if (taken.kind === 'error') return taken
      done.journals += list.length
      done.before += journals.reduce((sum, journal) => sum + journal.bytes.length, 0)
      done.after += bytes.length
    }
    return ok(done)
  } catch (error) {
    return errno(error) === undefined ? badPack(messageOf(error)) : diskFailure(error, 'pack the journals', dir)
  }
}

function textOf(journals: { n: number; bytes: Buffer }[]): Buffer {
  const contents: Contents = {
    v: 1,
    journals: journals.map(({ n, bytes }) => ({ n, bytes: bytes.length, sha256: sha256(bytes) })),
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(contents)}\n`), ...journals.map(({ bytes }) => bytes)])
}

/** Takes the files of packed journals away, each after a look that the pack holds all of it. */
function takeAway(dir: string, packed: ReadonlyMap<number, Buffer>, list: number[]): Result<void> {
  for (const n of list) {
    const [own, held] = [readFileSync(logPath(dir, n)), packed.get(n)]
    // Behind its seal a stalled writer may have left a void record since.
    if (held === undefined || !own.subarray(0, held.length).equals(held)) {
      return badPack(`the pack does not hold what ${logPath(dir, n)} says`)
    }
  }
  for (const n of list) discard(logPath(dir, n))
  return ok(undefined)
}

const badPack = (why: string): Result<never> =>
  fail('E_PACK', `Old journals could not be packed: ${why}.`, {
    kept: 'Every journal; none was taken away without its copy.',
    hint: 'gt doctor   (checks every record)',
  })
