/**
 * How long the town took to notice a fault and to be as before: from the times of its own records after the fault's instant.
 * Pure. What the records do not show is not guessed: it is `null`, a dash in the report.
 */
import type { RunState } from '../beads/facts.ts'
import type { Hit } from './fault.ts'
import type { Move, Timeline } from './timeline.ts'

export interface Times {
  /** ms from the fault to the record that shows it was seen; null: nothing had to be seen, or was. */
  noticed: number | null
  /** ms to the record after which all is as before; null: not yet, or there was nothing to mend. */
  recovered: number | null
  /** Nothing more is to come. */
  settled: boolean
}

const NOTHING: Times = { noticed: null, recovered: null, settled: true }

export function timesOf(hit: Hit, line: Timeline): Times {
  switch (hit.kind) {
    case 'agent':
    case 'commit':
    case 'tmux':
      return afterDeath(hit, line)
    case 'driver':
      return afterDriver(hit, line)
    case 'done':
      return afterDone(hit, line)
    case 'disk':
    case 'torn':
      return next(hit, line)
    case 'stop':
    case 'clock':
    case 'runtime':
    case 'stale':
      return NOTHING
  }
}

/** What shows that a run's worker is known to be gone: it ended, begins again, or had handed in just before. */
const SEEN: ReadonlySet<RunState> = new Set<RunState>([
  'lost',
  'failed',
  'stopped',
  'starting',
  'submitted',
  'finished',
])
const AT_WORK: ReadonlySet<RunState> = new Set<RunState>(['working', 'submitted', 'finished'])

/** Every bead whose agent was killed: seen by the slowest record, and at work again, landed, or asked about. */
function afterDeath(hit: Hit, line: Timeline): Times {
  const noticed: number[] = []
  const recovered: number[] = []
  const killed = hit.killed ?? []
  for (const fence of killed) {
    const later = line.moves.filter((move) => move.at >= hit.at)
    const seen = later.find((move) => move.run === fence && SEEN.has(move.to))
    if (seen === undefined) return { noticed: null, recovered: null, settled: false }
    noticed.push(seen.at - hit.at)
    const back = backAtWork(seen, line)
    if (back !== undefined) recovered.push(back - hit.at)
  }
  if (killed.length === 0) return NOTHING
  const all = recovered.length === killed.length
  return { noticed: Math.max(...noticed), recovered: all ? Math.max(...recovered) : null, settled: all }
}

/** When the bead of a run that was seen dead was worked on again, or a person was asked. */
function backAtWork(seen: Move, line: Timeline): number | undefined {
  const from = line.moves.indexOf(seen)
  const work = line.moves.find((move, i) => i >= from && move.bead === seen.bead && AT_WORK.has(move.to))?.at
  const asked = line.asked.find(({ at, bead }) => bead === seen.bead && at >= seen.at)?.at
  const instants = [work, asked].filter((at) => at !== undefined)
  return instants.length === 0 ? undefined : Math.min(...instants)
}

/** Somebody else took the driver's lease, and did something. */
function afterDriver(hit: Hit, line: Timeline): Times {
  const taken = line.leases.find(
    ({ at, name, pid }) => at >= hit.at && name === 'deacon' && pid !== null && pid !== hit.driver,
  )
  if (taken === undefined) return { noticed: null, recovered: null, settled: false }
  const noticed = taken.at - hit.at
  const acted = line.done.find(
    ({ at, by, lease }) => at >= taken.at && !lease && (by === 'deacon' || by.endsWith('/refinery')),
  )
  return { noticed, recovered: acted === undefined ? null : acted.at - hit.at, settled: acted !== undefined }
}

/** The run handed in after all; at once when its record was written before the kill. */
function afterDone(hit: Hit, line: Timeline): Times {
  const own = line.moves.filter((move) => move.run === hit.run)
  if (own.findLast((move) => move.at <= hit.at)?.to === 'submitted')
    return { noticed: null, recovered: 0, settled: true }
  const found = own.find((move) => move.at > hit.at)
  return { noticed: null, recovered: found === undefined ? null : found.at - hit.at, settled: found !== undefined }
}

/** The first record after it was over: the town writes again. */
function next(hit: Hit, line: Timeline): Times {
  const over = hit.until ?? hit.at
  const found = line.done.find((done) => done.at >= over)
  return { noticed: null, recovered: found === undefined ? null : found.at - over, settled: found !== undefined }
}
