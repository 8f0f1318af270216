/**
 * A quick look at a ledger for one question: reads the journal's tail and, of the base, only what is asked for. Never
 * writes more than the index. Where there is anything to settle first (a sealed journal, a foreign edit, damage), it
 * answers `empty`, and the caller opens the whole ledger.
 */
import { closeSync, openSync } from 'node:fs'
import type { Read } from '../result.ts'
import { empty, ok } from '../result.ts'
import { coldBeadsIn } from './archive-read.ts'
import type { Bead } from './bead.ts'
import { lineOf } from './canonical.ts'
import type { Change } from './change.ts'
import type { Base } from './cold.ts'
import { baseLines, beadOf, closeBase, findInBase, openBase } from './cold.ts'
import type { State } from './fold.ts'
import { apply, emptyState, liveRuns, put } from './fold.ts'
import type { Index } from './index-file.ts'
import { coveredIds, makeIndex, openIndex } from './index-file.ts'
import { basePath, begin, logPath, numbers, readFrom } from './journal.ts'
import { isPublished } from './publish.ts'
import type { JournalRecord } from './record.ts'
import { FORMAT, scan } from './record.ts'
import type { StepTable } from './step-tables.ts'

export interface View {
  /**
   * Any bead can be asked for by id. Walking through `beads` gives all of them (slowly) with `walk: 'all'`; with
   * `walk: 'working'` those that are not over and those that decide which of them are ready.
   */
  state: State
  /** The canonical line of a bead of this state. */
  lineOf(bead: Bead): string
  /** For whoever asks how far a large molecule is, without making beads of all its steps. */
  steps: Progress
  close(): void
}

/** How far molecules are in the base, which counts unless the journal says something else. */
export interface Progress {
  /** Undefined: it has no steps in the base. */
  table(molecule: string): StepTable | undefined
  /** Beads that are not as the base has them, or not in it: the journal's and the ephemeral ones. */
  changed(): Iterable<Bead>
  /** Beads of which the base says nothing any more (ids). */
  old: ReadonlySet<string>
}

/** Looks at the ledger in `dir`. `empty` when only `openLedger` can answer; it reports what is wrong, too. */
export function openView(dir: string, walk: 'working' | 'all'): Read<View> {
  let base: Base | undefined
  try {
    const n = numbers(dir, 'log').at(-1)
    if (n === undefined) return empty
    const records = readTail(logPath(dir, n))
    const header = records?.[0]
    if (!records || header?.kind !== 'header' || !isPublished(dir, header.continues)) return empty
    base = openBase(basePath(dir, n))
    const opened = base
    let known: Index | undefined
    const index = (): Index => {
      known ??= openIndex(dir, n, header.continues) ?? makeIndex(dir, n, header.continues)
      return known
    }
    const beads = new BaseBeads(opened, walk === 'working' ? index() : null)
    const state: State = { ...emptyState(), beads, cold: coldBeadsIn(dir) }
    begin(state, header)
    // Conditions such as "fewer than … runs are active" ask for them, and so does "a worker is on it".
    const live = walk === 'working' || records.length > 1 ? index().live : []
    for (const id of live) put(state, beads.get(id)!)
    // Without the index they are known once somebody walks through everything.
    beads.onWalk((bead) => {
      const runs = liveRuns(bead)
      if (runs.length > 0 && !state.live.has(bead.id)) state.live.set(bead.id, runs)
    })
    for (const record of records) if (record.kind === 'change') apply(state, changeOf(record))
    beads.settle()
    const steps: Progress = {
      table: (molecule) => index().steps(molecule),
      changed: () => beads.changed(),
      old: beads.old(),
    }
    return ok({ state, steps, lineOf: (bead) => beads.lineOf(bead), close: () => closeBase(opened) })
  } catch {
    // Pruned while we looked, or unreadable: whoever opens the whole ledger finds out which, and says so.
    if (base) closeBase(base)
    return empty
  }
}

/** The records of a journal; null when there is damage or a seal, which a look does not deal with. Throws. */
function readTail(path: string): JournalRecord[] | null {
  const fd = openSync(path, 'r')
  try {
    const found = scan(readFrom(fd, 0), 0)
    const records = found.records.map(({ record }) => record)
    const plain = records.every((record, i) =>
      i === 0 ? record.kind === 'header' && record.v <= FORMAT : record.kind === 'change',
    )
    return plain && found.damage.length === 0 ? records : null
  } finally {
    closeSync(fd)
  }
}

function changeOf(record: Change & { kind: 'change' }): Change {
  const { kind: _kind, ...change } = record
  return change
}

/**
 * The beads of a base, read when somebody asks for them. What is set stays in memory and hides the base, as in any map;
 * a walk reads what it needs first.
 */
class BaseBeads extends Map<string, Bead> {
  readonly #base: Base
  /** Lines of the working set, so that printing it costs nothing. By id: weak maps of many objects cost the collector. */
  readonly #lines = new Map<string, string>()
  /** Ids whose children the working set holds; null when a walk means everything. */
  #covered: ReadonlySet<string> | null = null
  readonly #changed = new Set<string>()
  /** Not in the base as somebody found out, or taken out since. */
  readonly #gone = new Set<string>()
  #whole = false
  #walked: (bead: Bead) => void = () => {}

  constructor(base: Base, index: Index | null) {
    super()
    this.#base = base
    if (index === null) return
    for (const line of index.lines()) {
      const bead: Bead = JSON.parse(line)
      super.set(bead.id, bead)
      this.#lines.set(bead.id, line)
    }
    this.#covered = coveredIds(super.values())
  }

  /** Called with each bead that stands as the base has it, when a walk reads them all. */
  onWalk(met: (bead: Bead) => void): void {
    this.#walked = met
  }

  lineOf(bead: Bead): string {
    return this.#lines.get(bead.id) ?? lineOf(bead)
  }

  override get(id: string): Bead | undefined {
    const held = super.get(id)
    if (held !== undefined || this.#whole || this.#gone.has(id)) return held
    const found = findInBase(this.#base, id)
    if (found) super.set(id, found)
    else this.#gone.add(id)
    return found
  }

  override has(id: string): boolean {
    return this.get(id) !== undefined
  }

  override set(id: string, bead: Bead): this {
    this.#changed.add(id)
    this.#gone.delete(id)
    this.#lines.delete(id)
    return super.set(id, bead)
  }

  override delete(id: string): boolean {
    const there = this.has(id)
    super.delete(id)
    this.#gone.add(id)
    return there
  }

  changed(): Bead[] {
    return [...this.#changed].flatMap((id) => super.get(id) ?? [])
  }

  /** Ids whose line in the base, if there is one, is not what stands. */
  old(): Set<string> {
    return new Set([...this.#changed, ...this.#gone])
  }

  /**
   * To be called when the journal was folded: a closed epic that was opened again, or a new wait for somebody's children,
   * may need beads that the working set has not.
   */
  settle(): void {
    const covered = this.#covered
    if (covered === null) return
    const lacking = [...coveredIds(this.changed())].some(
      (id) => !covered.has(id) && findInBase(this.#base, id) !== undefined,
    )
    if (lacking) this.#covered = null
  }

  override get size(): number {
    this.#readAll()
    return super.size
  }
  override values(): MapIterator<Bead> {
    this.#readAll()
    return super.values()
  }
  override keys(): MapIterator<string> {
    this.#readAll()
    return super.keys()
  }
  override entries(): MapIterator<[string, Bead]> {
    this.#readAll()
    return super.entries()
  }
  override [Symbol.iterator](): MapIterator<[string, Bead]> {
    return this.entries()
  }
  override forEach(each: (bead: Bead, id: string, map: Map<string, Bead>) => void): void {
    for (const [id, bead] of this.entries()) each(bead, id, this)
  }

  /** Before a walk: everything, in the order of the base and then of the journal. Unless the working set is all that is meant. */
  #readAll(): void {
    if (this.#whole || this.#covered !== null) return
    this.#whole = true
    const held = new Map(super.entries())
    super.clear()
    for (const line of baseLines(this.#base)) {
      const bead = beadOf(line)
      if (this.#gone.has(bead.id)) continue
      super.set(bead.id, held.get(bead.id) ?? bead)
      if (!this.#changed.has(bead.id)) this.#walked(bead)
    }
    for (const [id, bead] of held) super.set(id, bead)
  }
}
