/**
 * A person stops a run. The ledger says so first, so that nobody takes the end of its session for a death and starts it
 * again; then the worker is ended, and what it left is archived before its worktree goes (law 4; clear.ts).
 */
import type { Bead } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { stop } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail } from '../result.ts'
import { clearRun } from './clear.ts'

/** Errors: E_IN_HAND (75) while it is being merged or when it ended meanwhile; those of clearing up, which is retried. */
export async function stopRun(town: OpenTown, bead: Bead, run: Run, reason: string, by: string): Promise<Result<void>> {
  const written = town.ledger.write(stop(bead, run, reason, town.now().toISOString(), by))
  if (written.kind === 'error') return written
  if (!written.value.applied) {
    return fail('E_IN_HAND', `Run ${run.fence} is being merged right now, or ended meanwhile.`, {
      hint: `gt run show ${run.fence}`,
      exit: EXIT.tryAgain,
    })
  }
  return clearRun(town, run, by)
}
