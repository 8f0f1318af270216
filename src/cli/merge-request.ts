/** The merge request that a person means. */
import type { Bead } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { mergeOf } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { findBead } from './town.ts'

/** A merge request by its own id, or by the id of its bead (the open one, else the last). */
export function findRequest(town: OpenTown, partial: string): Result<MergeRequest> {
  const found = findBead(town, partial)
  if (found.kind === 'error') return found
  const request = mergeOf(found.value) ?? requestOfBead(town.ledger.state, found.value)
  return request
    ? ok(request)
    : fail('E_NO_MERGE_REQUEST', `${found.value.id} has no merge request.`, { hint: `gt bead show ${found.value.id}` })
}

/** The open merge request of a bead, else the last it had. */
export function requestOfBead(state: State, bead: Bead): MergeRequest | undefined {
  const all = [...state.beads.values()]
    .map(mergeOf)
    .filter((one): one is MergeRequest => one?.merge.bead === bead.id)
    .sort((a, b) => (a.merge.queued_at < b.merge.queued_at ? -1 : 1))
  return all.find((one) => one.bead.status !== 'closed') ?? all.at(-1)
}
