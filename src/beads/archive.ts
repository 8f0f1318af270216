/**
 * Hot and cold: beads that closed more than a week ago and that no other one needs move out of the live set into
 * `archive/YYYY-MM.jsonl`, by the month in which they closed. So a commit costs what is alive, not what ever was.
 *
 *   archive file (durable) ──► one change that takes them out of the live set ──► the next snapshot is without them
 *
 * A crash between the two leaves a line in the archive of a bead that is alive: the live one counts, and the next pass
 * takes the line away. The fold never reads these files; readers do, when they ask for a bead that is not alive.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { archiveFiles, archiveFolder, idOf, readArchive } from './archive-read.ts'
import type { Bead } from './bead.ts'
import { facts } from './bead.ts'
import { bytewise, lineOf } from './canonical.ts'
import type { Condition, Op } from './change.ts'
import { diskFailure, errno, fsyncFolder, renameOver, writeTemporary } from './disk.ts'
import type { State } from './fold.ts'
import { journalFolder } from './journal.ts'
import { acquire, release } from './leases.ts'
import type { Ledger } from './ledger.ts'
import { isOver, parentsOf } from './ready.ts'

const DAY = 86_400_000
/** How long a closed bead stays with the live ones (design section 5). */
export const WEEK = 7 * DAY

/** When a bead was over, as milliseconds. */
const endOf = (bead: Bead): number =>
  Date.parse(bead.closed_at ?? String(bead.deleted_at ?? bead.updated_at)) || Date.parse(bead.updated_at) || 0

/** The archive file of a bead that is over: its month, UTC. */
export const monthFile = (bead: Bead): string => `${new Date(endOf(bead)).toISOString().slice(0, 7)}.jsonl`

/**
 * The beads that may go: over for longer than a week, no worker or worktree on them, and needed by none that stays. One that stays
 * needs what its edges and its own facts name, its children (an epic counts them), and theirs.
 */
export function coldBeads(state: State, now: Date, age = WEEK): Bead[] {
  const old = (bead: Bead): boolean =>
    isOver(bead) &&
    bead.ephemeral !== true &&
    bead.pinned !== true &&
    !state.live.has(bead.id) &&
    // The kernel clears up after every run; a bead whose worktrees stand is not forgotten yet.
    Object.values(facts(bead).runs ?? {}).every((run) => run.cleared === true) &&
    now.getTime() - endOf(bead) > age
  const candidates = new Map([...state.beads.values()].filter(old).map((bead) => [bead.id, bead]))
  for (const id of neededBy(
    [...state.beads.values()].filter((bead) => !candidates.has(bead.id)),
    candidates,
  ))
    candidates.delete(id)
  return [...candidates.values()]
}

/** Ids among the candidates that those who stay need. */
export function neededBy(stay: Bead[], candidates: ReadonlyMap<string, Bead>): Set<string> {
  const children = new Map<string, string[]>()
  for (const bead of candidates.values()) {
    for (const parent of parentsOf(bead)) children.set(parent, [...(children.get(parent) ?? []), bead.id])
  }
  const needed = new Set<string>()
  const parents: string[] = []
  const need = (id: string): void => {
    if (!candidates.has(id) || needed.has(id)) return
    needed.add(id)
    parents.push(id)
  }
  for (const bead of stay) {
    for (const edge of bead.dependencies ?? []) need(edge.depends_on_id)
    for (const text of textsOf(facts(bead))) need(text)
    parents.push(bead.id)
  }
  for (let id = parents.pop(); id !== undefined; id = parents.pop())
    for (const child of children.get(id) ?? []) need(child)
  return needed
}

/** Every text in our own facts: a merge request names its bead, a run its merge request. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) yield* textsOf(item)
}

/** Moving files about is worth it once a day: whether something has been over for a day longer than it must be. */
export const isDue = (state: State, now: Date): boolean => coldBeads(state, now, WEEK + DAY).length > 0

/**
 * Moves what is cold into the archive; nothing to do is `moved: 0`. Also when another process is doing it.
 *
 * @returns how many beads moved; E_LEDGER_PARSE when an archive file is damaged; E_STORE and its kind
 */
export function archiveCold(ledger: Ledger, now: Date): Result<{ moved: number }> {
  const lease = acquire(ledger, 'archive', 'archive')
  if (lease.kind !== 'ok') return lease
  if (lease.value === null) return ok({ moved: 0 })
  try {
    const settled = settleArchive(ledger)
    if (settled.kind !== 'ok') return settled
    for (let tries = 0; tries < 5; tries++) {
      const refreshed = ledger.refresh()
      if (refreshed.kind !== 'ok') return refreshed
      const cold = coldBeads(ledger.state, now)
      if (cold.length === 0) return ok({ moved: 0 })
      const placed = placeInArchive(ledger, cold)
      if (placed.kind !== 'ok') return placed
      const input = { by: 'archive', why: `archived ${cold.length} beads that closed more than a week ago` }
      const written = ledger.write({ ...input, ops: cold.map(outOf), when: cold.map(asItIs) })
      if (written.kind !== 'ok') return written
      // Somebody touched one of them in between: look again.
      if (written.value.applied) return ok({ moved: cold.length })
    }
    return ok({ moved: 0 })
  } finally {
    release(lease.value)
  }
}

/**
 * Brings back what a living bead came to need since it was archived, and takes the lines of the living out of the
 * archive. Call it with the lease `archive` in hand.
 */
export function settleArchive(ledger: Ledger): Result<void> {
  const { dir, state } = ledger
  if (archiveFiles(dir).length === 0) return ok(undefined)
  const lines = readArchive(dir)
  if (lines.kind !== 'ok') return lines
  const archived = [...lines.value].filter(([id]) => !state.beads.has(id))
  const cold = new Map(archived.map(([id, line]) => [id, JSON.parse(line) as Bead]))
  const back = [...neededBy([...state.beads.values()], cold)].map((id) => cold.get(id)!)
  if (back.length > 0) {
    const when = back.map((bead): Condition => ({ if: 'absent', id: bead.id }))
    const why = `${back.length} beads back from the archive: living ones need them`
    const written = ledger.write({ by: 'archive', why, ops: back.map((bead) => ({ op: 'put', bead })), when })
    if (written.kind !== 'ok') return written
  }
  return placeInArchive(ledger, [])
}

/** The line of a bead that is alive again. Another bead with its id is no reason to forget it. */
const isLeftOver = (line: string, alive: Bead | undefined): boolean =>
  alive !== undefined && (JSON.parse(line) as Bead).created_at === alive.created_at

export const outOf = (bead: Bead): Op => ({ op: 'archive', id: bead.id })
export const asItIs = (bead: Bead): Condition => ({ if: 'version', id: bead.id, is: facts(bead).version })

/**
 * Makes the archive files hold these beads too, each in its month's file and in no other, and none that is alive.
 * Call it with the lease `archive` in hand.
 */
export function placeInArchive(ledger: Ledger, beads: Bead[]): Result<void> {
  const { dir, state } = ledger
  const at = archiveFolder(dir)
  try {
    const files = new Map(archiveFiles(dir).map((name) => [name, readFileSync(join(at, name), 'utf8')]))
    if (beads.length === 0 && files.size === 0) return ok(undefined)
    const moving = new Map(beads.map((bead) => [bead.id, bead]))
    const parts = new Map<string, Map<string, string>>()
    for (const [name, text] of files) {
      const kept = new Map<string, string>()
      for (const line of text.split('\n')) {
        if (line.trim() === '') continue
        const id = idOf(line)
        if (id === null) return readArchive(dir) as Result<never>
        if (!moving.has(id) && !isLeftOver(line, state.beads.get(id))) kept.set(id, line)
      }
      parts.set(name, kept)
    }
    for (const bead of beads) {
      const name = monthFile(bead)
      if (!parts.has(name)) parts.set(name, new Map())
      parts.get(name)!.set(bead.id, lineOf(bead))
    }
    mkdirSync(at, { recursive: true })
    fsyncFolder(dir)
    for (const [name, lines] of parts) {
      const sorted = [...lines].sort(([a], [b]) => bytewise(a, b))
      const text = sorted.map(([, line]) => `${line}\n`).join('')
      if (text !== files.get(name)) renameOver(writeTemporary(journalFolder(dir), text), join(at, name))
    }
    return ok(undefined)
  } catch (error) {
    return errno(error) === undefined ? fail('E_STORE', messageOf(error)) : diskFailure(error, 'write the archive', at)
  }
}
