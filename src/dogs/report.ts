/**
 * What a chore says of itself, and the bead that keeps it. Each chore has one bead, made when it first has something to
 * tell. It is closed and pinned: a record, never anybody's task, and it stays with the living.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import type { GtFacts } from '../beads/facts.ts'
import { newBeadId } from '../beads/ids.ts'
import { gtPath } from '../kernel/runs.ts'
import type { Failure } from '../result.ts'
import type { ChoreName } from './schedule.ts'

/** Who writes these; not the person who asked, whose `gt undo` means another change. */
export const BY = 'dog'
/** A town's own beads (town/rigs.ts). */
const PREFIX = 'hq'
/** Of a report in the ledger; the whole one is shown to whoever asked. */
const MOST_LINES = 20
const MOST_CHARS = 2_000

export interface Report {
  /** How many things were done; 0: there was nothing to do. */
  did: number
  /** One thing a line, for people. With `did: 0`, what was seen and left alone. */
  lines: string[]
  /** The first thing that failed, when the rest was done all the same. */
  wrong?: Failure
}

type Last = NonNullable<NonNullable<GtFacts['dog']>['last']>

/** The bead of a chore, if it has one. */
export function beadOf(beads: Iterable<Bead>, chore: ChoreName): Bead | undefined {
  for (const bead of beads)
    if (isDogs(bead) && facts(bead).dog?.chore === chore && bead.status !== 'tombstone') return bead
  return undefined
}

/** Whether a bead is a Dog's record. */
export const isDogs = (bead: Bead): boolean => facts(bead).dog !== undefined

/** The same trouble as before: commits and counts in the words of git are others each time. */
const alike = (a: string, b: string): boolean => gist(a) === gist(b)
const gist = (text: string): string => text.replace(/\b[0-9a-f]{7,64}\b|\d+/g, '#')

/** A report as one text, cut to what a bead should hold. */
export function textOf(lines: readonly string[]): string {
  const more = lines.length - MOST_LINES
  const text = [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS - 1)}…`
}

/**
 * The change that writes a report down; makes the bead at first need. Null when it says what it said the last time and
 * failed then too: a target that is away for a week is told once (law 7).
 */
export function reportChange(
  beads: ReadonlyMap<string, Bead>,
  chore: ChoreName,
  does: string,
  last: Last,
): ChangeInput | null {
  const held = beadOf(beads.values(), chore)
  const before = held && facts(held).dog?.last
  if (last.outcome === 'failed' && before?.outcome === 'failed' && alike(before.report, last.report)) return null
  const why = `${chore} ${last.outcome}: ${last.report.split('\n')[0]}`
  if (held !== undefined) {
    return { by: BY, why, ops: [{ op: 'set', id: held.id, path: gtPath('dog', 'last'), value: last }] }
  }
  const id = newBeadId(PREFIX, (taken) => beads.has(taken))
  const bead: Bead = {
    id,
    title: `Dog: ${chore}`,
    description: `${does} What came of it the last time is under metadata.gt.dog; gt dog list shows it.`,
    status: 'closed',
    priority: 4,
    issue_type: 'event',
    created_at: last.at,
    created_by: BY,
    updated_at: last.at,
    closed_at: last.at,
    close_reason: 'a record, not a task',
    pinned: true,
    metadata: { gt: { version: 0, outcome: 'done', dog: { chore, last } } },
  }
  return { by: BY, why, when: [{ if: 'absent', id }], ops: [{ op: 'create', bead }] }
}
