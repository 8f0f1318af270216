/**
 * How far every molecule of a base is, small enough to be told without reading its steps: a letter for each. Kept in the index
 * (index-file.ts), so that a worker in a molecule of ten thousand steps learns its next one as quickly as in one of ten.
 */
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import { isOver } from './ready.ts'

/** A step by itself: open, done, or over without having been done. */
export type Mark = 'o' | 'd' | 'c'

export interface StepTable {
  /**
   * At place `n - 1` what the step `<molecule>.<n>` is; a blank where there is none of that number, where it has parts or was
   * deleted. Null: a number is not the place in the molecule's order, so only the steps themselves can tell.
   */
  marks: string | null
  /** Its steps that bear another id than their number (ids; src/meow/lay-out.ts says when that is so). */
  strays: string[]
}

/** Between the number of steps and the highest place there may be so many blanks for each step. */
const MOST_BLANKS = 16

/** What a step by itself is; undefined for one that has parts or was deleted, and for what is no step. */
export function markOf(bead: Bead): Mark | undefined {
  const { step, outcome } = facts(bead)
  if (step === undefined || step.parts || bead.status === 'tombstone') return undefined
  if (!isOver(bead)) return 'o'
  return outcome === 'cancelled' ? 'c' : 'd'
}

/** The number in the id `<root>.<number>`; undefined for any other id. */
export function numberIn(id: string, root: string): number | undefined {
  const rest = id.startsWith(`${root}.`) ? id.slice(root.length + 1) : ''
  return /^[1-9]\d{0,8}$/.test(rest) ? Number(rest) : undefined
}

/** The tables of all molecules that have steps among the beads that a base has. By molecule; without a prototype, since ids are other people's words. */
export function stepTables(beads: Iterable<Bead>): Record<string, StepTable> {
  const found = new Map<string, { marks: Mark[] | null; steps: number; strays: string[] }>()
  for (const bead of beads) {
    const { step } = facts(bead)
    if (step === undefined || bead.ephemeral === true) continue
    const table = found.get(step.of) ?? { marks: [], steps: 0, strays: [] }
    found.set(step.of, table)
    const number = numberIn(bead.id, step.of)
    if (number === undefined) table.strays.push(bead.id)
    else if (number !== step.n) table.marks = null
    const mark = number === undefined ? undefined : markOf(bead)
    table.steps += 1
    if (mark !== undefined && table.marks !== null) table.marks[number! - 1] = mark
  }
  const tables: Record<string, StepTable> = Object.create(null)
  for (const [root, { marks, steps, strays }] of found) {
    const told = marks !== null && marks.length <= steps * MOST_BLANKS
    tables[root] = { marks: told ? Array.from(marks, (mark) => mark ?? ' ').join('') : null, strays }
  }
  return tables
}
