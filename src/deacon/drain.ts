/**
 * `gt down --drain`: nothing new starts, what runs hands in, what was handed in lands or waits for a person; then the town
 * may go down. The hold that keeps new work away names this process (town/hold.ts), so it ends with it, however that ends.
 */
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { activeRuns } from '../beads/fold.ts'
import { commitLedger } from '../beads/git.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND, openMerges } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { timerMs } from '../town/duration.ts'
import { readHold, removeDrain, writeHold } from '../town/hold.ts'
import { self } from '../town/processes.ts'

/** What keeps a town from being drained. */
export interface Undrained {
  /** Runs that have not handed in. */
  runs: Run[]
  /** Merge requests that may still move by themselves. */
  queue: MergeRequest[]
}

/** `called-off`: somebody lifted the hold. */
export type Drained = { is: 'drained' | 'timed-out' | 'interrupted' | 'called-off' } & Undrained

export interface DrainOptions {
  timeoutMs: number
  signal: AbortSignal
  /** Told at the beginning and whenever it changed. */
  onChange(left: Undrained): void
}

/**
 * What has to be over before the town goes down. Work that came back from the Refinery, is held, or waits behind a red
 * target is not: without new sessions nothing of it moves, and it is in the ledger.
 */
export function undrained(state: State): Undrained {
  const runs = activeRuns(state)
  const queue = openMerges(state.beads.values()).filter(
    ({ merge }) => merge.state === 'queued' || IN_HAND.has(merge.state),
  )
  return { runs, queue }
}

/**
 * Holds the town and waits. When this answers, the hold is still there after `drained` (the caller takes the town down and
 * then calls `endDrain`) and gone in every other case. A hold that somebody else put there is left alone throughout.
 *
 * Errors: E_FROZEN, E_BUSY (75: another drain waits), E_WRITE, those of the ledger.
 */
export async function drain(town: OpenTown, options: DrainOptions): Promise<Result<Drained>> {
  const begun = begin(town)
  if (begun.kind === 'error') return begun
  const ours = begun.value
  const stop = new AbortController()
  options.signal.addEventListener('abort', () => stop.abort(), { once: true })
  const timer = setTimeout(() => stop.abort(), timerMs(options.timeoutMs))
  let said = ''
  let calledOff = false
  const until = (): boolean => {
    const left = undrained(town.ledger.state)
    const now = [...left.runs.map((run) => run.fence), ...left.queue.map(({ bead }) => bead.id)].join()
    if (now !== said) options.onChange(left)
    said = now
    calledOff = ours && readHold(town.root).kind === 'empty'
    return calledOff || now === ''
  }
  // Whoever drives goes on; should nobody, or that one end, this process does.
  const { drive } = await import('./drive.ts')
  const onQuiet = async (): Promise<void> => void (await commitLedger(town.ledger))
  const driven = await drive(town, { until, signal: stop.signal, onQuiet })
  clearTimeout(timer)
  const left = undrained(town.ledger.state)
  const over = left.runs.length + left.queue.length === 0
  const is = calledOff ? 'called-off' : options.signal.aborted ? 'interrupted' : over ? 'drained' : 'timed-out'
  if (driven.kind === 'ok' && is === 'drained') return ok({ is, ...left })
  const lifted = endDrain(town)
  // Drivers look at the hold at each change of the ledger.
  if (lifted.kind === 'ok' && lifted.value)
    town.ledger.write({ by: actor(town.env), why: 'the drain is over', ops: [] })
  if (driven.kind === 'error') return driven
  return lifted.kind === 'error' ? lifted : ok({ is, ...left })
}

/** Puts the hold there; answers whether it is ours. */
function begin(town: OpenTown): Result<boolean> {
  const hold = readHold(town.root)
  if (hold.kind === 'ok' && hold.value.frozen) {
    return fail('E_FROZEN', 'Everything in this town is frozen, so nothing would ever be finished.', {
      hint: 'gt thaw   then again; or end everything now: gt down',
    })
  }
  if (hold.kind === 'ok' && hold.value.drain !== undefined) {
    return fail('E_BUSY', `Another gt down --drain waits already (pid ${hold.value.drain.pid}).`, {
      hint: 'gt up calls it off; gt down ends everything now',
      exit: EXIT.tryAgain,
    })
  }
  if (hold.kind === 'ok') return ok(false)
  const written = writeHold(town.root, { reason: 'going down (gt down --drain)', frozen: false, drain: self() })
  if (written.kind === 'error') return written
  // Drivers look at the hold at each change of the ledger.
  const told = town.ledger.write({ by: actor(town.env), why: 'going down: nothing new starts', ops: [] })
  return told.kind === 'error' ? told : ok(true)
}

/** Lifts the hold of this process's drain; answers whether it stood. */
export const endDrain = (town: OpenTown): Result<boolean> => removeDrain(town.root, self())
