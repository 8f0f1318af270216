/** Deleting a bead: it becomes a tombstone, which keeps all that it said, travels with sync, and can be undone. */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Bead } from './bead.ts'
import type { ChangeInput, Op } from './change.ts'
import type { Author } from './edit.ts'
import { refuseOthersMail, refuseRequest } from './edit.ts'
import type { State } from './fold.ts'

/** The reason of a bead whose creation was undone (undo.ts). */
export const UNDONE = 'undone'

/** The operations that make a bead a tombstone. `at` is RFC 3339 UTC. */
export function tombstoneOps(bead: Bead, by: string, at: string, reason: string): Op[] {
  const set = (key: string, value: string): Op => ({ op: 'set', id: bead.id, path: [key], value })
  return [
    set('status', 'tombstone'),
    set('deleted_at', at),
    set('deleted_by', by),
    set('delete_reason', reason),
    set('original_type', bead.issue_type),
  ]
}

/** Fails with E_NO_BEAD, and E_LIVE_RUN while a worker is on it. */
export function deleteBead(state: State, id: string, reason: string, author: Author): Result<ChangeInput> {
  const bead = state.beads.get(id)
  if (!bead || bead.status === 'tombstone') {
    return fail('E_NO_BEAD', `There is no bead ${id}.`, { kept: 'Nothing was changed.', hint: 'gt bead list' })
  }
  const others = refuseOthersMail(bead, author) ?? refuseRequest(bead)
  if (others !== null) return others
  const run = state.live.get(id)?.[0]
  if (run) {
    return fail('E_LIVE_RUN', `${run.agent} works on ${id} (run ${run.fence}); it is not deleted under its hands.`, {
      kept: 'Nothing was changed.',
      hint: `gt run stop ${run.fence}`,
    })
  }
  const at = author.at ?? new Date().toISOString()
  return ok({
    by: author.by,
    why: `deleted ${id}: ${reason}`,
    ops: tombstoneOps(bead, author.by, at, reason),
    when: [{ if: 'no-live-run', id }],
  })
}
