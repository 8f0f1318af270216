/**
 * Runs one chore: look, and only when there is something to do take its lease, do it, and tell. What a look that found
 * nothing leaves is one line in `.gt/dogs.json`; the ledger is not touched (law 7).
 */
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { acquire, release } from '../beads/leases.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, messageOf, ok } from '../result.ts'
import { openLog } from '../town/log.ts'
import { CHORE } from './chores.ts'
import type { Look } from './looks.ts'
import { noteBusy, noteLook } from './looks.ts'
import type { Report } from './report.ts'
import { BY, beadOf, reportChange, textOf } from './report.ts'
import type { ChoreName } from './schedule.ts'

/**
 * Looks at a chore and does what there is to do, one process at a time for each chore.
 *
 * @param by who asked: `deacon`, `person` …
 * @returns what was done; `did: 0` when there was nothing to do. A report with `wrong` did the rest all the same. Errors:
 * E_BUSY (exit 75) while another process does this chore; what made the chore fail as a whole. Never throws.
 */
export async function runChore(
  town: OpenTown,
  name: ChoreName,
  by: string,
  signal: AbortSignal,
): Promise<Result<Report>> {
  const chore = CHORE[name]
  const at = town.now()
  const begun = performance.now()
  const turn = (report: Result<Report>): Turn => ({ name, at, ms: Math.round(performance.now() - begun), report })
  const seen = await never(() => chore.look(town, signal))
  if (seen.kind === 'ok' && seen.value.todo === 0) {
    const nothing = turn(ok({ did: 0, lines: seen.value.lines }))
    keepLook(town, nothing)
    return wasFailed(town, name) ? underLease(town, name, by, async () => tell(town, nothing)) : nothing.report
  }
  // Said before, and nothing changed: looking again and again writes nothing either.
  if (seen.kind === 'error' && changeFor(town, turn(seen)) === null) {
    keepLook(town, turn(seen))
    return seen
  }
  return underLease(town, name, by, async () => {
    const done = turn(seen.kind === 'error' ? seen : await never(() => chore.run(town, signal)))
    keepLook(town, done)
    return tell(town, done)
  })
}

/** One look, with what came of it. */
interface Turn {
  name: ChoreName
  at: Date
  ms: number
  report: Result<Report>
}

async function underLease(
  town: OpenTown,
  name: ChoreName,
  by: string,
  work: () => Promise<Result<Report>>,
): Promise<Result<Report>> {
  const lease = acquire(town.ledger, `dog:${name}`, by)
  if (lease.kind === 'error') return lease
  if (lease.value === null) {
    noteBusy(town.paths.runtime, name, town.now().getTime())
    return fail('E_BUSY', `Another process does the chore ${name} at this moment.`, {
      kept: 'Nothing was begun here.',
      hint: 'gt dog list',
      exit: EXIT.tryAgain,
    })
  }
  try {
    return await work()
  } finally {
    // Should this fail, the lease ends with this process.
    release(lease.value)
  }
}

const wrongOf = (report: Result<Report>): Failure | undefined =>
  report.kind === 'error' ? report.failure : report.value.wrong

const linesOf = (report: Result<Report>): string[] =>
  report.kind === 'ok'
    ? report.value.lines
    : [`${report.failure.message}${report.failure.kept === undefined ? '' : ` ${report.failure.kept}`}`]

function outcomeOf(report: Result<Report>): Look['outcome'] {
  if (wrongOf(report) !== undefined) return 'failed'
  return report.kind === 'ok' && report.value.did > 0 ? 'done' : 'nothing'
}

function keepLook({ paths }: OpenTown, { name, at, ms, report }: Turn): void {
  const did = report.kind === 'ok' ? report.value.did : 0
  // Runtime state: where it cannot be written, memory has it.
  noteLook(paths.runtime, name, { at: at.getTime(), outcome: outcomeOf(report), did, ms, lines: linesOf(report) })
}

const wasFailed = ({ ledger }: OpenTown, name: ChoreName): boolean => {
  const bead = beadOf(ledger.state.beads.values(), name)
  return bead !== undefined && facts(bead).dog?.last?.outcome === 'failed'
}

/** Writes down what was done, what failed, and that what had failed is well again. Under the chore's lease. */
async function tell(town: OpenTown, turn: Turn): Promise<Result<Report>> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const change = changeFor(town, turn)
  if (change === null) return turn.report
  const log = await openLog(town, 'deacon')
  const level = outcomeOf(turn.report) === 'failed' ? 'warn' : 'info'
  log[level]({ by: BY, chore: turn.name, ms: turn.ms }, change.why)
  const written = town.ledger.write(change)
  return written.kind === 'error' ? written : turn.report
}

/** What the ledger has to learn of a turn; null when nothing. */
function changeFor(town: OpenTown, { name, at, ms, report }: Turn): ChangeInput | null {
  const outcome = outcomeOf(report)
  if (outcome === 'nothing' && !wasFailed(town, name)) return null
  const text = outcome === 'nothing' ? 'well again: there was nothing to do' : textOf(linesOf(report))
  const last = { at: at.toISOString(), outcome: outcome === 'failed' ? outcome : ('done' as const), report: text, ms }
  return reportChange(town.ledger.state.beads, name, CHORE[name].does, last)
}

async function never<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work()
  } catch (thrown) {
    return fail('E_BUG', `The chore stumbled: ${messageOf(thrown)}.`, { details: thrown, exit: EXIT.bug })
  }
}
