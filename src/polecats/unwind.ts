/**
 * Ends a run that did not hand in its work, in reverse order of its making: session → archive → ledger. The worktree
 * goes only after its content is archived and the ledger says so (law 4; clear.ts). Idempotent: killed anywhere, the
 * next call finishes it.
 */
import { facts } from '../beads/bead.ts'
import type { Cause, Run } from '../beads/facts.ts'
import { withLease } from '../beads/leases.ts'
import { archiveWorktree } from '../git/archive.ts'
import { causeOfUnwound } from '../kernel/outcomes.ts'
import { giveBack, isTerminal } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { endMarked } from '../town/process-tree.ts'

export interface Ending {
  to: 'lost' | 'failed'
  reason: string
  by: string
  /** What it counts as for restarts (kernel/outcomes.ts); undefined: what its starter wrote down, else nothing. */
  cause: Cause | undefined
  /** Name of the rule that decided, and what it rested on, for `gt why`. */
  rule?: string
  evidence?: string[]
  /**
   * Whether what was seen is still true of the run as it is now, when it is our turn: its starter may have brought it to
   * work before that ended, or somebody gave it another process. False: it is left alone.
   */
  ifStill?(run: Run): boolean
}

/** How long one hand on a run waits for another to let go. */
const HAND_MS = 120_000

/** Ending and clearing a run touch its session and its worktree: one process at a time, whoever it is. */
export function oneHandOn<T>(
  town: OpenTown,
  run: Pick<Run, 'fence'>,
  by: string,
  body: () => Promise<Result<T>>,
): Promise<Result<T>> {
  return withLease(town.ledger, `run:${run.fence}`, by, body, { waitMs: HAND_MS })
}

/** Ends the run; ok when it had ended already. Errors leave it as it was, to be tried again. */
export function unwind(town: OpenTown, id: string, fence: string, ending: Ending): Promise<Result<void>> {
  return oneHandOn(town, { fence }, ending.by, () => end(town, id, fence, ending))
}

async function end(town: OpenTown, id: string, fence: string, ending: Ending): Promise<Result<void>> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const bead = town.ledger.state.beads.get(id)
  const run = bead && facts(bead).runs?.[fence]
  if (bead === undefined || run === undefined) return fail('E_NO_RUN', `There is no run ${fence} of ${id}.`)
  // What was handed in or parked is no start that failed.
  if (isTerminal(run) || run.state === 'submitted' || run.state === 'parked') return ok(undefined)
  if (ending.ifStill?.(run) === false) return ok(undefined)
  const ended = await endWorker(town, run)
  if (ended.kind === 'error') return ended
  const archive = await archiveRun(town, run, ending.reason)
  if (archive.kind === 'error') return archive
  // What it said in its last moments counts, too: a step that is done gives it all its attempts back.
  const last = town.ledger.refresh()
  if (last.kind === 'error') return last
  const now = town.ledger.state.beads.get(id) ?? bead
  const late = facts(now).runs?.[fence] ?? run
  const outcome = {
    ...ending,
    cause: ending.cause ?? causeOfUnwound(late),
    at: town.now(),
    ...(archive.value !== undefined && { archive: archive.value }),
  }
  const policy = { attempts: town.settings.workers.attempts, backoffMs: town.settings.workers.backoff }
  const written = town.ledger.write(giveBack(now, late, outcome, policy))
  return written.kind === 'error' ? written : ok(undefined)
}

/**
 * Ends a run's session and everything that carries its fence in the environment: when the runtime itself died (or the
 * agent, leaving children in sessions of their own), there is no session that would lead to them. Verified; idempotent.
 */
export async function endWorker(town: OpenTown, run: Run): Promise<Result<void>> {
  const ended = await town.runtime.end(run.session)
  if (ended.kind === 'error') return ended
  const rest = await endMarked({ name: 'GT_RUN', value: run.fence })
  return rest.kind === 'error' ? rest : ok(undefined)
}

/** Archives what stands in the run's worktree; `undefined` when there is no worktree to archive. */
export async function archiveRun(town: OpenTown, run: Run, why: string): Promise<Result<string | undefined>> {
  const archived = await archiveWorktree({
    gitDir: town.paths.rig(run.rig).repo,
    path: run.worktree,
    fence: run.fence,
    branch: run.branch,
    why,
  })
  switch (archived.kind) {
    case 'ok':
      return ok(archived.value.ref)
    case 'empty':
      return ok(undefined)
    case 'error':
      return archived
    case 'unknown':
      return fail('E_ARCHIVE', `What ${run.fence} left behind could not be archived: ${archived.why}.`, {
        kept: `Its worktree stays at ${run.worktree}.`,
      })
  }
}
