/**
 * The ledger: one town's beads, a snapshot plus the journal that continues it (design section 5).
 *
 *   write ──► append to N.log, fdatasync ──► read back: applied? ──► over the bound: seal ──► N+1.base, N+1.log,
 *             (void when a seal was first:                                                  issues.jsonl
 *              append again to N+1)
 *
 * No lock anywhere: the order of the journal is the order of the world, and every reader folds it to the same verdicts.
 */
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { coldBeadsIn, recheckArchive } from './archive-read.ts'
import type { Change, ChangeInput, Condition, Verdict } from './change.ts'
import { appendDurably, diskFailure, fsyncFolder, pause } from './disk.ts'
import type { State } from './fold.ts'
import { foreignEdit } from './foreign.ts'
import { history } from './history.ts'
import type { Journal, OnChange } from './journal.ts'
import { follow, journalFolder, logPath, numbers, openJournal } from './journal.ts'
import { isPath } from './paths.ts'
import { issuesPath, lookAtPublished, publish } from './publish.ts'
import type { Damage } from './record.ts'
import { encode, newRecordId } from './record.ts'
import { appendSeal, beginFirst, succeed } from './roll.ts'
import { complete, readForeignSnapshot, snapshotText } from './snapshot.ts'
import { watchLedger } from './watch.ts'

export type { Damage } from './record.ts'

export interface LedgerOptions {
  /** Size at which a journal is sealed and the next one begins. Default 4 MiB. */
  journalBytes?: number
  /** Never writes a byte: no roll, no merge of foreign edits, `write` refuses. */
  readOnly?: boolean
  /**
   * An edit of issues.jsonl that does not parse is left where it is, and the ledger goes on without it. For those who could not
   * mend it and must not fail by it: agents at work, and whoever ends the town. Default: opening refuses, and says where.
   */
  leaveBroken?: boolean
  /**
   * Told of every change as it is folded, in order, applied or not: those of the current journal while it is opened, and then
   * whatever is appended, by whomever.
   */
  onChange?: OnChange
}

export interface Ledger {
  /** `<town>/.beads`, absolute. */
  readonly dir: string
  /** Current as of the last `refresh` or `write`. Its maps change in place, its beads never do. */
  readonly state: State
  /** Counts up whenever the state moved on; for whoever wants to know whether it did. */
  readonly revision: number
  /** Reads what was appended since; true when anything was. */
  refresh(): Result<boolean>
  /** Appends durably and reads back: `ok` means it is on disk; the verdict says whether its conditions held. */
  write(input: ChangeInput): Result<Verdict>
  /** Damaged places met in the journals that this ledger read (the current one, and those it followed before). */
  damaged(): Damage[]
  /** Every change there is a journal for, oldest first, with its verdict; only those that touch `id` when given. */
  history(id?: string): Iterable<{ change: Change; applied: boolean }>
  /** Calls the listener after the state moved on (other processes' and own writes). Returns the way to stop. */
  watch(listener: () => void): () => void
  /**
   * Merges a foreign edit of issues.jsonl if there is one, then seals, snapshots and publishes now; nothing to seal
   * when the journal holds no change.
   */
  roll(): Result<void>
  close(): void
}

const DEFAULT_BYTES = 4 * 1024 * 1024
/** Longest wait for the process that sealed a journal to begin the next one, before doing it ourselves. */
const SEALER_MS = 300
/** A ledger that rolls over this often between two looks is not making progress. */
const PATIENCE = 100

/**
 * Opens an existing ledger (`<town>/.beads`). Finishes a rollover that a crash interrupted and merges a foreign edit
 * of issues.jsonl.
 *
 * @returns E_NO_LEDGER when there is none; E_LEDGER_PARSE with file and line when issues.jsonl was edited into
 * something that is no beads file (unless \`leaveBroken\`); E_LEDGER_NEWER, E_STORE
 */
export function openLedger(dir: string, options: LedgerOptions = {}): Result<Ledger> {
  const at = resolve(dir)
  try {
    if (numbers(at, 'log').length === 0) {
      // A fresh clone of the ledger's repository: the snapshot came along, the journal begins here.
      if (!existsSync(issuesPath(at)) || options.readOnly === true) return noLedger(at)
      return createLedger(at, options)
    }
  } catch (error) {
    return fail('E_STORE', `Could not read the ledger: ${messageOf(error)}.`, { hint: 'Run `gt doctor`.' })
  }
  const journal = newest(at, options.onChange)
  if (journal.kind !== 'ok') return journal
  const ledger = new TownLedger(journal.value, options)
  const settled = options.readOnly === true ? ok(undefined) : ledger.settle()
  if (settled.kind === 'error' && !isBearable(settled.failure.code, options)) {
    ledger.close()
    return settled
  }
  return ok(ledger)
}

/** Makes the folder and the first journal (continuing an issues.jsonl that is already there), and opens it. */
export function createLedger(dir: string, options: LedgerOptions = {}): Result<Ledger> {
  const at = resolve(dir)
  try {
    mkdirSync(journalFolder(at), { recursive: true })
    fsyncFolder(at)
    if (numbers(at, 'log').length === 0) {
      const path = issuesPath(at)
      const found = existsSync(path) ? readForeignSnapshot(readFileSync(path), path) : ok([])
      if (found.kind !== 'ok') return found
      const begun = beginFirst(at, snapshotText(found.value.map(complete)))
      if (begun.kind !== 'ok') return begun
    }
  } catch (error) {
    return diskFailure(error, 'create the ledger', at)
  }
  return openLedger(at, options)
}

const noLedger = (dir: string): Result<never> =>
  fail('E_NO_LEDGER', `There is no ledger in ${dir}.`, { hint: 'Run `gt install <dir>` to make a town.' })

/** A full or read-only disk stops writing, not reading. */
const isBearable = (code: string, { leaveBroken }: LedgerOptions): boolean =>
  code === 'E_DISK_FULL' || code === 'E_READ_ONLY' || (code === 'E_LEDGER_PARSE' && leaveBroken === true)

/** Opens the newest journal. Its base may be pruned while we look (eight rollovers on), so look again. */
function newest(dir: string, onChange?: OnChange): Result<Journal> {
  for (let tries = 1; ; tries++) {
    const n = numbers(dir, 'log').at(-1)
    if (n === undefined) return noLedger(dir)
    const journal = openJournal(dir, n, undefined, onChange)
    if (journal.kind === 'ok' || tries >= PATIENCE) return journal
    if (journal.failure.details !== 'ENOENT' || numbers(dir, 'log').at(-1) === n) return journal
  }
}

class TownLedger implements Ledger {
  readonly dir: string
  revision = 0
  #journal: Journal
  /** For appending; opened at the first write, once per journal. */
  #appendFd: number | undefined
  #damage: Damage[] = []
  /** The record whose verdict `write` waits for. */
  #awaited: { id: string; verdict?: Verdict } | undefined
  readonly #bound: number
  readonly #readOnly: boolean
  readonly #onChange: OnChange | undefined

  constructor(journal: Journal, options: LedgerOptions) {
    this.dir = journal.dir
    this.#journal = journal
    this.#journal.state.cold = coldBeadsIn(journal.dir)
    this.#bound = options.journalBytes ?? DEFAULT_BYTES
    this.#readOnly = options.readOnly === true
    this.#onChange = options.onChange
  }

  get state(): State {
    return this.#journal.state
  }

  refresh(): Result<boolean> {
    const before = this.revision
    for (;;) {
      const read = follow(this.#journal, this.#folded)
      if (read.kind !== 'ok') return read
      if (this.#journal.seal === null) return ok(this.revision !== before)
      const moved = this.#moveOn()
      if (moved.kind !== 'ok') return moved
      if (!moved.value) return ok(this.revision !== before)
    }
  }

  write(input: ChangeInput): Result<Verdict> {
    const refused = this.#refusal(input)
    if (refused) return refused
    const thawed = this.#thaw(input)
    if (thawed.kind !== 'ok') return thawed
    const change: Change = { ...input, id: newRecordId(), at: new Date().toISOString() }
    for (let tries = 0; tries < PATIENCE; tries++) {
      const open = this.#ensureOpenJournal()
      if (open.kind !== 'ok') return open
      const verdict = this.#append(change)
      if (verdict.kind !== 'ok') return verdict
      if (verdict.value !== 'void') {
        // The change is acknowledged whatever becomes of the rollover: the next write tries that again.
        if (this.#isFull() && this.#seal().kind === 'ok') this.settle()
        return ok(verdict.value)
      }
    }
    return fail('E_STORE', `The journal was sealed ${PATIENCE} times before the change could be written.`, {
      kept: 'This change was not acknowledged; everything that was acknowledged before is safe.',
      hint: 'Run the command again.',
    })
  }

  roll(): Result<void> {
    if (this.#readOnly) return readOnly(this.dir)
    const settled = this.settle()
    if (settled.kind !== 'ok' || this.#journal.changes === 0) return settled
    const sealed = this.#seal()
    return sealed.kind === 'ok' ? publish(this.#journal) : sealed
  }

  damaged(): Damage[] {
    return [...this.#damage, ...this.#journal.damage]
  }

  history(id?: string): Iterable<{ change: Change; applied: boolean }> {
    return history(this.dir, id)
  }

  watch(listener: () => void): () => void {
    return watchLedger(this, journalFolder(this.dir), listener)
  }

  close(): void {
    this.#closeAppend()
    closeSync(this.#journal.fd)
  }

  /** Brings everything to rest: state current, no sealed journal without successor, foreign edit merged, published. */
  settle(): Result<void> {
    for (let tries = 0; tries < PATIENCE; tries++) {
      const refreshed = this.refresh()
      if (refreshed.kind !== 'ok') return refreshed
      const open = this.#ensureOpenJournal()
      if (open.kind !== 'ok') return open
      const done = this.#settlePublished()
      if (done.kind !== 'ok') return done
      if (done.value) return ok(undefined)
    }
    return ok(undefined)
  }

  /** True when issues.jsonl needs nothing more; false to look again. */
  #settlePublished(): Result<boolean> {
    let there: ReturnType<typeof lookAtPublished>
    try {
      there = lookAtPublished(this.#journal)
    } catch (error) {
      return diskFailure(error, 'look at the published beads', issuesPath(this.dir))
    }
    if (there.is === 'current') return ok(true)
    if (there.is === 'stale') return done(publish(this.#journal))
    const input = foreignEdit(this.#journal, there)
    if (input.kind !== 'ok') return input
    if (input.value === null) return done(publish(this.#journal, there.sha256))
    // Only into this very journal: in the next one, what was computed here would be out of date.
    const verdict = this.#append(input.value)
    if (verdict.kind !== 'ok') return verdict
    const sealed = this.#seal()
    return sealed.kind === 'ok' ? ok(false) : sealed
  }

  /** Remembers what `follow` folds. */
  #folded = (change: Change, verdict: Verdict): void => {
    this.revision += 1
    const awaited = this.#awaited
    if (awaited && awaited.id === change.id) awaited.verdict ??= verdict
    this.#onChange?.(change, verdict)
  }

  /** Brings the archived beads that a change edits back among the live ones. */
  #thaw(input: ChangeInput): Result<void> {
    for (const op of input.ops) {
      if (!('path' in op) || this.state.beads.has(op.id)) continue
      const bead = this.state.cold?.get(op.id)
      if (!bead) continue
      const when: Condition[] = [{ if: 'absent', id: bead.id }]
      const back = this.write({
        by: input.by,
        why: `${bead.id} back from the archive`,
        ops: [{ op: 'put', bead }],
        when,
      })
      recheckArchive(this.dir)
      if (back.kind !== 'ok') return back
    }
    return ok(undefined)
  }

  #refusal(input: ChangeInput): Result<never> | null {
    if (this.#readOnly) return readOnly(this.dir)
    for (const op of input.ops) {
      const sound = 'bead' in op ? isBead(op.bead) : !('path' in op) || isPath(op.path)
      if (!sound) {
        return fail('E_BAD_CHANGE', `The ledger does not take this operation: ${JSON.stringify(op).slice(0, 200)}.`, {
          kept: 'Nothing was written.',
        })
      }
    }
    return null
  }

  /** One durable append and the verdict read back; `void` when a seal stands before it. */
  #append(change: Change): Result<Verdict | 'void'> {
    const fd = this.#openAppend()
    if (fd.kind !== 'ok') return this.#isPutAway() ? ok('void') : fd
    const appended = appendDurably(fd.value, encode({ kind: 'change', ...change }), this.#journal.path)
    if (appended.kind !== 'ok') return appended
    this.#awaited = { id: change.id }
    const read = follow(this.#journal, this.#folded)
    const { verdict } = this.#awaited
    this.#awaited = undefined
    if (read.kind !== 'ok') return read
    if (verdict) return ok(verdict)
    if (this.#journal.seal !== null) return ok('void')
    return fail('E_STORE', `The change could not be read back from ${this.#journal.path}.`, {
      kept: 'This change was not acknowledged; everything that was acknowledged before is safe.',
      hint: 'Run `gt doctor`, which checks the ledger and its disk.',
    })
  }

  /** Whether our journal was sealed so long ago that it lies in a pack by now; what we hold open of it says so. */
  #isPutAway(): boolean {
    if (existsSync(this.#journal.path)) return false
    return follow(this.#journal, this.#folded).kind === 'ok' && this.#journal.seal !== null
  }

  #openAppend(): Result<number> {
    if (this.#appendFd === undefined) {
      try {
        this.#appendFd = openSync(this.#journal.path, constants.O_WRONLY | constants.O_APPEND)
        // Whoever linked this journal may have died before its folder was on disk; what we append must not hang in the air.
        fsyncFolder(journalFolder(this.dir))
      } catch (error) {
        this.#closeAppend()
        return diskFailure(error, 'open the journal', this.#journal.path)
      }
    }
    return ok(this.#appendFd)
  }

  #closeAppend(): void {
    if (this.#appendFd !== undefined) closeSync(this.#appendFd)
    this.#appendFd = undefined
  }

  /** Seals the journal and begins the next one; the process whose seal is the first does the work. */
  #seal(): Result<void> {
    if (this.#journal.seal !== null) return this.#ensureOpenJournal()
    const fd = this.#openAppend()
    if (fd.kind !== 'ok') return fd
    const id = appendSeal(fd.value, this.#journal.path)
    if (id.kind !== 'ok') return id
    const read = follow(this.#journal, this.#folded)
    if (read.kind !== 'ok') return read
    return this.#ensureOpenJournal(id.value)
  }

  /** From a sealed journal to an open one, beginning it if nobody does. `mine`: the seal that we wrote. */
  #ensureOpenJournal(mine?: string): Result<void> {
    for (let waited = 0; this.#journal.seal !== null; ) {
      const moved = this.#moveOn()
      if (moved.kind !== 'ok') return moved
      if (moved.value) {
        const read = this.refresh()
        if (read.kind !== 'ok') return read
      } else if (this.#journal.seal !== mine && waited < SEALER_MS) {
        pause(5)
        waited += 5
      } else {
        const begun = succeed(this.#journal)
        if (begun.kind !== 'ok') return begun
        const opened = this.#moveOn()
        if (opened.kind !== 'ok') return opened
        // Best effort here: the journal is what counts, and whoever opens or rolls next publishes and reports.
        publish(this.#journal)
      }
    }
    return ok(undefined)
  }

  /** Past the bound; a header that is longer than that (many wisps) must not make every write roll over. */
  #isFull(): boolean {
    const { offset, start } = this.#journal
    return offset - start > Math.max(this.#bound, start)
  }

  /** From a sealed journal to its successor, when there is one. */
  #moveOn(): Result<boolean> {
    const { n } = this.#journal
    const next = existsSync(logPath(this.dir, n + 1))
    if (!next && (numbers(this.dir, 'log').at(-1) ?? n) <= n) return ok(false)
    // Journals between were put away: begin again from the newest base.
    const old = this.#journal
    const followed = next ? openJournal(this.dir, n + 1, old, this.#folded) : undefined
    const packed = followed?.kind === 'error' && followed.failure.details === 'ENOENT'
    const opened = followed === undefined || packed ? newest(this.dir, this.#onChange) : followed
    if (opened.kind !== 'ok') return opened
    if (opened !== followed) closeSync(old.fd)
    this.#closeAppend()
    this.#damage.push(...old.damage)
    this.#journal = opened.value
    this.#journal.state.cold ??= coldBeadsIn(this.dir)
    this.revision += 1
    return ok(true)
  }
}

const done = (result: Result<void>): Result<boolean> => (result.kind === 'ok' ? ok(true) : result)

const isBead = (bead: { id?: unknown; title?: unknown } | null): boolean =>
  typeof bead?.id === 'string' && bead.id !== '' && typeof bead.title === 'string'

const readOnly = (dir: string): Result<never> =>
  fail('E_READ_ONLY', `The ledger in ${dir} was opened for reading only.`, { kept: 'Nothing was changed.' })
