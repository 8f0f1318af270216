/**
 * The rig's log of gate runs: one JSON object a line, appended by whoever ran a gate (the Refinery, `gt gate run`). It
 * is the cache of results by content, the memory of red groups, and what estimates and `gt mq stats` are counted from.
 * Runtime state: losing it costs gate runs, never a wrong landing. Verdicts themselves are in the ledger.
 */
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import type { Seen } from './estimate.ts'
import type { RedRun } from './suspects.ts'
import type { Finding } from './verdict.ts'

/** One finished gate. `members` only when the Refinery ran it for entries in line. */
export interface GateLine extends Omit<Finding, 'at' | 'by'> {
  k: 'gate'
  at: string
  gate: string
  key: string
  tree: string
  members?: { id: string; head: string }[]
  by: string
}

/** An entry left the line. */
export interface EndLine {
  k: 'end'
  at: string
  id: string
  head: string
  as: 'landed' | 'red' | 'could_not_run' | 'conflict'
  /** From its place in line to here, ms. */
  wait_ms: number
  /** Entries that landed with it, itself included; 0 when it did not land. */
  size: number
  /** Gate time that remembered results saved, ms; counted once a landing. */
  saved_ms: number
  /** It was called red before, with this very head. */
  false_red?: boolean
}

export type Line = GateLine | EndLine

/** The line of an entry that leaves now. `landed`: what is only known of one that landed. */
export function endOf(
  { bead, merge }: MergeRequest,
  as: EndLine['as'],
  now: Date,
  landed: Pick<EndLine, 'size' | 'saved_ms' | 'false_red'> = { size: 0, saved_ms: 0 },
): EndLine {
  const wait_ms = now.getTime() - Date.parse(merge.queued_at)
  return { k: 'end', at: now.toISOString(), id: bead.id, head: merge.head, as, wait_ms, ...landed }
}

/** The log is put aside at this size; what it remembered is learnt again. */
const MAX_BYTES = 2 * 1024 * 1024
/** How many runs are looked at for red groups and estimates. */
const RECENT = 600

export class GateLog {
  readonly #file: string
  #offset = 0
  #inode = 0
  #rest = ''
  #lines: Line[] = []
  readonly #byKey = new Map<string, Finding[]>()

  constructor(file: string) {
    this.#file = file
  }

  /** Reads what was appended since the last look, also by others. A torn or foreign line is passed over. */
  refresh(): Result<void> {
    try {
      const { size, ino } = statSync(this.#file)
      if (ino !== this.#inode || size < this.#offset) this.#forget(ino)
      const fd = openSync(this.#file, 'r')
      try {
        const bytes = Buffer.alloc(size - this.#offset)
        const read = readSync(fd, bytes, 0, bytes.length, this.#offset)
        this.#offset += read
        const pieces = `${this.#rest}${bytes.toString('utf8', 0, read)}`.split('\n')
        this.#rest = pieces.pop() ?? ''
        for (const piece of pieces) this.#take(piece)
      } finally {
        closeSync(fd)
      }
      return ok(undefined)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ok(undefined)
      return fail('E_GATE_LOG', `${this.#file} cannot be read: ${messageOf(error)}.`)
    }
  }

  /** Appends whole lines with one write; each begins and ends with a line end, so a torn one harms no other. */
  append(...lines: Line[]): Result<void> {
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      const fd = openSync(this.#file, 'a', 0o600)
      try {
        writeSync(fd, lines.map((line) => `\n${JSON.stringify(line)}\n`).join(''))
      } finally {
        closeSync(fd)
      }
      if (statSync(this.#file).size > MAX_BYTES) renameSync(this.#file, `${this.#file}.old`)
      return this.refresh()
    } catch (error) {
      return fail('E_GATE_LOG', `${this.#file} cannot be written: ${messageOf(error)}.`)
    }
  }

  /** All that is known of a key, oldest first. */
  found = (key: string): readonly Finding[] => this.#byKey.get(key) ?? []

  get lines(): readonly Line[] {
    return this.#lines
  }

  /** Recent runs of groups that ended red and were not green afterwards on the same content. */
  redRuns(): RedRun[] {
    const runs: RedRun[] = []
    for (const line of this.#lines.slice(-RECENT)) {
      if (line.k !== 'gate' || line.outcome === 'pass' || line.members === undefined) continue
      if (this.found(line.key).at(-1)?.outcome === 'pass') continue
      runs.push({ run: line.run, at: Date.parse(line.at), members: line.members })
    }
    return runs
  }

  /** For estimate.ts. */
  seen(): Seen {
    const seen: Seen = { verdicts: [], goodRuns: [] }
    for (const line of this.#lines.slice(-RECENT)) {
      if (line.k === 'end') {
        if (line.as === 'red') seen.verdicts.push(true)
        else if (line.as === 'landed') seen.verdicts.push(false)
      } else if (this.found(line.key).at(-1)?.outcome === 'pass') seen.goodRuns.push(line.outcome !== 'pass')
    }
    return seen
  }

  #forget(inode: number): void {
    this.#inode = inode
    this.#offset = 0
    this.#rest = ''
    this.#lines = []
    this.#byKey.clear()
  }

  #take(piece: string): void {
    if (piece === '') return
    const line = parse(piece)
    if (line === undefined) return
    this.#lines.push(line)
    if (line.k !== 'gate') return
    const { outcome, ms, run, by, text, tail, exit_code } = line
    const finding = {
      at: Date.parse(line.at),
      outcome,
      ms,
      run,
      by,
      text,
      tail,
      ...(exit_code !== undefined && { exit_code }),
    }
    const known = this.#byKey.get(line.key)
    if (known === undefined) this.#byKey.set(line.key, [finding])
    else known.push(finding)
  }
}

/** The log of a rig's gate runs. */
export const gateLogOf = (town: Pick<OpenTown, 'paths'>, rig: string): GateLog =>
  new GateLog(join(town.paths.runtime, 'gates', `${rig}.log`))

function parse(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Line
    if (line.k === 'end') return line
    return line.k === 'gate' && typeof line.key === 'string' && Number.isFinite(Date.parse(line.at)) ? line : undefined
  } catch {
    return undefined
  }
}
