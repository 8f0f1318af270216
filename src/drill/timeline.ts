/**
 * What happened in a drill's town, from the records of its ledger and nothing else: every step of every run in order, and on
 * the way whether a law of the ledger itself was broken at any moment. Pure.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Change } from '../beads/change.ts'
import type { Run, RunState } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'
import { liveRuns } from '../beads/fold.ts'
import type { Step } from '../beads/history.ts'
import type { ClockStand } from './town-clock.ts'
import { realTime } from './town-clock.ts'

/** A run entered a state. */
export interface Move {
  /** Real ms since the epoch. */
  at: number
  bead: string
  run: string
  /** `null`: it began. */
  from: RunState | null
  to: RunState
  /** Its process is on record: there is, or was, an agent. */
  hasProcess: boolean
  attempt: number
  round: number
  reason: string
}

/** A change that applied, for "when did the town do something again". */
export interface Done {
  at: number
  by: string
  fence: string | undefined
  /** Only a lease changed hands. */
  lease: boolean
}

export interface Timeline {
  moves: Move[]
  done: Done[]
  /** Who took which lease (pid), or gave it back (null). */
  leases: { at: number; name: string; pid: number | null }[]
  /** A person was asked about a bead. */
  asked: { at: number; bead: string; cause: string }[]
  /** Every commit that a bead was called landed as; more than one is a breach. */
  landed: Map<string, string[]>
  /** Moments at which a bead had more than one live run, in words. */
  twice: string[]
  /** Most runs that used a worker slot at one time. */
  mostActive: number
}

/** Folds the steps of a ledger, oldest first, none left out; `stands`: where its clock stood when, until now. */
export function readTimeline(steps: Iterable<Step>, stands: readonly ClockStand[], until = Date.now()): Timeline {
  const line: Timeline = { moves: [], done: [], leases: [], asked: [], landed: new Map(), twice: [], mostActive: 0 }
  const active = new Set<string>()
  for (const { change, verdict, before, after } of steps) {
    if (!verdict.applied) continue
    const at = realTime(Date.parse(change.at), stands, until)
    const lease = noteLeases(line, change, at)
    line.done.push({ at, by: change.by, fence: change.fence, lease })
    for (const [id, bead] of after) {
      if (bead === undefined) continue
      noteRuns(line, active, at, before.get(id), bead)
      noteFacts(line, at, before.get(id), bead)
    }
    line.mostActive = Math.max(line.mostActive, active.size)
  }
  return line
}

/** Notes the leases of a change; true when there was nothing else in it. */
function noteLeases(line: Timeline, change: Change, at: number): boolean {
  for (const op of change.ops) {
    if (op.op === 'lease') line.leases.push({ at, name: op.name, pid: op.holder?.pid ?? null })
  }
  return change.ops.every((op) => op.op === 'lease')
}

function noteRuns(line: Timeline, active: Set<string>, at: number, before: Bead | undefined, bead: Bead): void {
  const now = facts(bead).runs
  const then = before && facts(before).runs
  if (now === undefined || now === then) return
  for (const run of Object.values(now)) {
    const from = then?.[run.fence]?.state ?? null
    if (from === run.state) continue
    line.moves.push(moveOf(run, bead.id, from, at))
    if (ACTIVE_RUN.has(run.state)) active.add(run.fence)
    else active.delete(run.fence)
  }
  const live = liveRuns(bead)
  if (live.length > 1) line.twice.push(`${bead.id} had the live runs ${live.map((run) => run.fence).join(' and ')}`)
}

const moveOf = (run: Run, bead: string, from: RunState | null, at: number): Move => ({
  at,
  bead,
  run: run.fence,
  from,
  to: run.state,
  hasProcess: run.process !== undefined,
  attempt: run.attempt,
  round: run.round,
  reason: run.reason ?? '',
})

function noteFacts(line: Timeline, at: number, before: Bead | undefined, bead: Bead): void {
  const now = facts(bead)
  const then = before && facts(before)
  if (now.needs !== undefined && then?.needs === undefined)
    line.asked.push({ at, bead: bead.id, cause: now.needs.cause })
  if (now.landed !== undefined && now.landed.commit !== then?.landed?.commit) {
    line.landed.set(bead.id, [...(line.landed.get(bead.id) ?? []), now.landed.commit])
  }
}
