/**
 * One journal file and the reader that follows it. Files in `<ledger>/journal/`:
 *
 *   00000007.base   the snapshot that journal 7 continues: its own copy, durable before the journal is linked
 *   00000007.log    records: a header, changes, at last a seal
 *   00000007.index  cache: the lines of the base that decide what is ready (index-file.ts)
 *   00000001-00000064.pack  journals sealed long ago, compressed (packs.ts)
 *   published.json  cache: what issues.jsonl looked like when we put it there
 *   tmp.<pid>.…     half-made files; a dead process's are reaped
 *
 * None ends in `.jsonl`: other beads tools glob those.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Change, Verdict } from './change.ts'
import { eachBead } from './cold.ts'
import { errno, readRange } from './disk.ts'
import type { State } from './fold.ts'
import { apply, emptyState, put } from './fold.ts'
import type { Damage, Header } from './record.ts'
import { FORMAT, scan } from './record.ts'

export const digits = (n: number): string => String(n).padStart(8, '0')
export const journalFolder = (dir: string): string => join(dir, 'journal')
export const logPath = (dir: string, n: number): string => join(dir, 'journal', `${digits(n)}.log`)
export const basePath = (dir: string, n: number): string => join(dir, 'journal', `${digits(n)}.base`)
export const indexPath = (dir: string, n: number): string => join(dir, 'journal', `${digits(n)}.index`)

/** Numbers of the files of one kind, ascending. Empty when there is no journal folder; throws when it is unreadable. */
export function numbers(dir: string, kind: 'log' | 'base' | 'index'): number[] {
  const pattern = new RegExp(`^(\\d{8})\\.${kind}$`)
  try {
    return readdirSync(journalFolder(dir))
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

/** A journal being followed. `state` is what the base and the records up to `offset` amount to. */
export interface Journal {
  readonly dir: string
  readonly n: number
  readonly path: string
  readonly fd: number
  readonly header: Header
  readonly state: State
  /** Where the header ends. */
  readonly start: number
  /** Everything before this byte was folded. */
  offset: number
  /** Id of the first seal, once it was read; nothing behind it counts. */
  seal: string | null
  /** Number of changes that were folded, applied or not. */
  changes: number
  damage: Damage[]
}

export type OnChange = (change: Change, verdict: Verdict) => void

const broken = (what: string, path: string): Result<never> =>
  fail('E_STORE', `Could not read the ledger: ${what} (${path}).`, {
    kept: 'Nothing was changed.',
    hint: 'Run `gt doctor`, which checks the ledger and its disk.',
  })

/**
 * Opens journal `n` and folds all of it.
 *
 * @param before the journal it follows, folded to its seal, when that is at hand: its state is taken over (the base
 * holds the same, for the fold is deterministic) and its file closed. Otherwise the state comes from the base.
 * @returns E_STORE when a file cannot be read, with `details: 'ENOENT'` when it is not there
 */
export function openJournal(dir: string, n: number, before?: Journal, onChange?: OnChange): Result<Journal> {
  const path = logPath(dir, n)
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const bytes = readFrom(fd, 0)
    const found = scan(bytes, 0)
    const first = found.records[0]?.record
    const header = first?.kind === 'header' ? ok(first) : headerFrom(dir, n)
    if (header.kind !== 'ok') return closing(fd, header)
    if (header.value.v > FORMAT) return closing(fd, tooNew(path))
    const state = before ? before.state : baseState(dir, n)
    if ('kind' in state) return closing(fd, state)
    begin(state, header.value)
    const start = bytes.indexOf('\n', found.records[0]?.offset ?? 0) + 1
    const journal: Journal = {
      dir,
      n,
      path,
      fd,
      header: header.value,
      state,
      start,
      offset: 0,
      seal: null,
      changes: 0,
      damage: [],
    }
    const read = fold(journal, bytes, onChange)
    if (read.kind !== 'ok') return closing(fd, read)
    if (before) closeSync(before.fd)
    return ok(journal)
  } catch (error) {
    const failed = broken(messageOf(error), path)
    if (failed.kind === 'error') failed.failure.details = errno(error)
    return fd === undefined ? failed : closing(fd, failed)
  }
}

function closing<T>(fd: number, result: Result<T>): Result<never> {
  closeSync(fd)
  return result as Result<never>
}

const tooNew = (path: string): Result<never> =>
  fail('E_LEDGER_NEWER', `The ledger was written by a newer gt than this one (${path}).`, {
    kept: 'Nothing was changed.',
    hint: 'Update gt, then run the command again.',
  })

/** The state that a base file holds. */
function baseState(dir: string, n: number): State | Result<never> {
  const state = emptyState()
  const read = eachBead(basePath(dir, n), (bead) => put(state, bead))
  return read.kind === 'ok' ? state : read
}

/** Makes a state the one at the beginning of a journal: leases and ephemeral beads travel in the header. */
export function begin(state: State, header: Header): void {
  for (const bead of header.carry.wisps) put(state, bead)
  state.leases.clear()
  for (const [name, holder] of Object.entries(header.leases)) state.leases.set(name, holder)
  state.decided.clear()
  for (const id of header.carry.foreign) state.decided.add(id)
}

/** A damaged header says nothing that the journal before it does not say too. */
function headerFrom(dir: string, n: number): Result<Header> {
  if (!existsSync(logPath(dir, n - 1)) || !existsSync(basePath(dir, n - 1))) {
    return broken('the first record of the journal is damaged and there is no older one', logPath(dir, n))
  }
  const before = openJournal(dir, n - 1)
  if (before.kind !== 'ok') return before
  closeSync(before.value.fd)
  return ok(nextHeader(before.value, ''))
}

/** How many merges of foreign edits a journal remembers, and how many bases are kept: a stalled process's horizon. */
export const KEPT = 8

/** The header of the journal after this one. Only facts of the fold go in: everybody makes the same bytes. */
export function nextHeader(journal: Journal, continues: string): Header {
  const { state } = journal
  const wisps = [...state.beads.values()].filter((bead) => bead.ephemeral === true)
  wisps.sort((a, b) => (a.id < b.id ? -1 : 1))
  const leases = [...state.leases].sort(([a], [b]) => (a < b ? -1 : 1))
  const foreign = [...state.decided].filter((id) => id.startsWith('foreign-')).slice(-KEPT)
  return {
    kind: 'header',
    v: FORMAT,
    n: journal.n + 1,
    continues,
    leases: Object.fromEntries(leases),
    carry: { wisps, foreign },
  }
}

/** All bytes of a file from an offset on. Throws. */
export function readFrom(fd: number, offset: number): Buffer {
  const size = fstatSync(fd).size
  if (size < offset) throw new Error(`the file shrank from ${offset} to ${size} bytes`)
  return readRange(fd, offset, size)
}

/** Folds what was appended since the last read; true when there was any record. */
export function follow(journal: Journal, onChange?: OnChange): Result<boolean> {
  if (journal.seal !== null) return ok(false)
  try {
    return fold(journal, readFrom(journal.fd, journal.offset), onChange)
  } catch (error) {
    return broken(messageOf(error), journal.path)
  }
}

function fold(journal: Journal, bytes: Buffer, onChange?: OnChange): Result<boolean> {
  const found = scan(bytes, journal.offset)
  for (const { record, offset } of found.records) {
    if (record.kind === 'header') continue
    if (record.kind === 'seal') {
      journal.seal = record.id
      // Damage behind the seal is as void as everything else there.
      found.damage = found.damage.filter((damage) => damage.offset < offset)
      break
    }
    if (record.kind !== 'change') return tooNew(journal.path)
    const { kind: _kind, ...change } = record
    journal.changes += 1
    const verdict = apply(journal.state, change)
    onChange?.(change, verdict)
  }
  for (const damage of found.damage) journal.damage.push({ file: journal.path, ...damage })
  journal.offset += found.consumed
  return ok(found.records.length > 0)
}
