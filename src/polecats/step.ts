/**
 * `gt mol step done`, said by a worker: a step is a checkpoint only when what it made is committed, because whoever goes on
 * begins with the commits (carry-on.ts). A report has no files; a person answers for themselves.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { uncommitted } from '../git/worktrees.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Completing } from '../meow/complete.ts'
import { finishStep } from '../meow/finish.ts'
import type { Result } from '../result.ts'
import { ownRun, refuseDirty } from './done.ts'

/** The step as it stands afterwards. Errors: E_STALE_FENCE, E_UNCOMMITTED, E_GIT, and those of `finishStep`. */
export async function stepDone(town: OpenTown, id: string, how: Omit<Completing, 'at'>): Promise<Result<Bead>> {
  if (how.fence !== undefined) {
    const own = ownRun(town)
    if (own.kind === 'error') return own
    const { bead, run } = own.value
    if (facts(bead).kind !== 'report') {
      const dirty = await uncommitted(run.worktree)
      if (dirty.kind === 'error') return dirty
      if (dirty.value.length > 0)
        return refuseDirty(dirty.value, 'Nothing was changed; the step is not done.', `gt mol step done ${id}`)
    }
  }
  return finishStep(town, id, how)
}
