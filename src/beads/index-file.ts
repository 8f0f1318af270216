/**
 * `journal/N.index`: the few lines of a base that "what is ready?" needs, copied together, so that a year of closed
 * beads costs a reader nothing. Disposable and never the truth: it names the base it was made from (hash and size), and
 * whoever finds none that matches makes it again.
 *
 *   line 1   what it was made from, the ids of beads with a live run, and how far each molecule is
 *   then     lines of the base, letter for letter, in the base's order
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, renameSync, statSync } from 'node:fs'
import type { Bead } from './bead.ts'
import { bytewise, lineOf } from './canonical.ts'
import { beadOf } from './cold.ts'
import { writeTemporary } from './disk.ts'
import { liveRuns } from './fold.ts'
import { basePath, indexPath, journalFolder } from './journal.ts'
import { isOver, parentsOf, waitOf } from './ready.ts'
import type { StepTable } from './step-tables.ts'
import { stepTables } from './step-tables.ts'

/** 3: `steps`. */
const VERSION = 3

export interface IndexHeader {
  v: number
  /** SHA-256 of the base, as the journal's header has it. */
  continues: string
  /** Size of the base in bytes. */
  base: number
  /** Size in bytes of what follows the first line. */
  hot: number
  /** Beads with a run in a live state. */
  live: string[]
  /** By molecule. */
  steps: Record<string, StepTable>
}

/** What an index says. */
export interface Index {
  /** Beads with a run in a live state. */
  live: string[]
  /** How far a molecule is in the base; undefined: it has no steps there. */
  steps(molecule: string): StepTable | undefined
  /** Reads the lines of the beads, in the order of the base. Throws when they cannot be read. */
  lines(): string[]
}

/** Ids whose children `hotBeads` holds all of: beads that are not over, and those whose children are waited for. */
export function coveredIds(hot: Iterable<Bead>): Set<string> {
  const covered = new Set<string>()
  for (const bead of hot) {
    if (isOver(bead)) continue
    covered.add(bead.id)
    for (const edge of bead.dependencies ?? []) if (edge.type === 'waits-for') covered.add(waitOf(edge).spawner)
  }
  return covered
}

/**
 * The beads that decide what is ready: those that are not over or have a live run, whatever they need, and every child
 * of `coveredIds` (or of a parent that is not there). In the order of the base.
 */
export function hotBeads(beads: ReadonlyMap<string, Bead>): Bead[] {
  const covered = coveredIds(beads.values())
  const needed = new Set(covered)
  for (const bead of beads.values()) {
    if (!isOver(bead)) for (const edge of bead.dependencies ?? []) needed.add(edge.depends_on_id)
  }
  const hot = [...beads.values()].filter((bead) => {
    if (bead.ephemeral === true) return false
    if (needed.has(bead.id) || liveRuns(bead).length > 0) return true
    return parentsOf(bead).some((parent) => covered.has(parent) || !beads.has(parent))
  })
  return hot.sort((a, b) => bytewise(a.id, b.id))
}

/**
 * Writes the index of base `n`. Best effort: without it readers are slow, not wrong.
 *
 * @param base size of the base in bytes
 */
export function writeIndex(
  dir: string,
  n: number,
  made: { continues: string; base: number; hot: Bead[]; steps: Record<string, StepTable> },
): void {
  try {
    const lines = Buffer.from(made.hot.map((bead) => `${lineOf(bead)}\n`).join(''), 'utf8')
    const live = idsOfLive(made.hot)
    const { continues, base, steps } = made
    const header: IndexHeader = { v: VERSION, continues, base, hot: lines.length, live, steps }
    const text = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), lines])
    renameSync(writeTemporary(journalFolder(dir), text), indexPath(dir, n))
  } catch {
    // A full or read-only disk: the next reader tries again.
  }
}

/** The index of base `n`; null when there is none, or not of this very base. Only its first line is read. */
export function openIndex(dir: string, n: number, continues: string): Index | null {
  const path = indexPath(dir, n)
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const { size } = fstatSync(fd)
    const head = firstLine(fd, size)
    const header: IndexHeader = JSON.parse(head)
    const start = Buffer.byteLength(head) + 1
    if (header.v !== VERSION || header.continues !== continues || header.hot !== size - start) return null
    if (header.base !== statSync(basePath(dir, n)).size) return null
    const { live, steps } = header
    return { live, steps: own(steps), lines: () => linesOf(readFileSync(path).subarray(start)) }
  } catch {
    // Not there, or not readable as an index: the same to its reader.
    return null
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Makes the index of base `n` from the base itself, and keeps it if the disk allows. Throws when it is unreadable. */
export function makeIndex(dir: string, n: number, continues: string): Index {
  const text = readFileSync(basePath(dir, n))
  const beads = new Map<string, Bead>()
  for (const line of linesOf(text)) {
    const bead = beadOf(line)
    beads.set(bead.id, bead)
  }
  const hot = hotBeads(beads)
  const steps = stepTables(beads.values())
  writeIndex(dir, n, { continues, base: text.length, hot, steps })
  return { live: idsOfLive(hot), steps: own(steps), lines: () => hot.map(lineOf) }
}

/** Never what an object has by birth: ids are other people's words. */
const own =
  (steps: Record<string, StepTable>): Index['steps'] =>
  (molecule) =>
    Object.hasOwn(steps, molecule) ? steps[molecule] : undefined

const idsOfLive = (beads: Bead[]): string[] => beads.filter((bead) => liveRuns(bead).length > 0).map((bead) => bead.id)

const linesOf = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')

function firstLine(fd: number, size: number): string {
  for (let length = 16_384; ; length *= 8) {
    const bytes = Buffer.alloc(Math.min(length, size))
    readSync(fd, bytes, 0, bytes.length, 0)
    const end = bytes.indexOf(0x0a)
    if (end >= 0) return bytes.toString('utf8', 0, end)
    if (length >= size) throw new Error('no line')
  }
}
