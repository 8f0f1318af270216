/** The Refinery's entries in the ledger: one step, one landing, a word to a person. Shared by queue.ts and merge.ts. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeState, Run } from '../beads/facts.ts'
import { patchesPresent } from '../git/merge.ts'
import { isAncestor } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { land, mergeOf, step } from '../kernel/merges.ts'
import { needsHuman } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

export type Note = Parameters<typeof step>[4]

/** Writes one step of an entry and answers the entry as it stands afterwards. */
export function move(
  town: OpenTown,
  request: MergeRequest,
  to: MergeState,
  why: string,
  note: Note = {},
): Result<MergeRequest> {
  const written = town.ledger.write(step(request, to, town.now().toISOString(), why, note))
  if (written.kind === 'error') return written
  const now = mergeOf(town.ledger.state.beads.get(request.bead.id))
  if (!written.value.applied || now === undefined) {
    return fail('E_QUEUE_MOVED', `${request.bead.id} was changed by somebody else (now ${now?.merge.state ?? 'gone'}).`)
  }
  return ok(now)
}

export function sourceOf(town: OpenTown, request: MergeRequest): { bead: Bead; run: Run } | undefined {
  const bead = town.ledger.state.beads.get(request.merge.bead)
  const run = bead && facts(bead).runs?.[request.merge.run ?? '']
  return bead && run ? { bead, run } : undefined
}

export function tellPerson(town: OpenTown, request: MergeRequest, cause: string, text: string): Result<void> {
  const source = sourceOf(town, request)
  if (source === undefined) return ok(undefined)
  const at = town.now().toISOString()
  const written = town.ledger.write(needsHuman(source.bead, cause, text, at, `${request.merge.rig}/refinery`))
  return written.kind === 'error' ? written : ok(undefined)
}

export function untellPerson(town: OpenTown, request: MergeRequest): Result<void> {
  const source = sourceOf(town, request)
  if (source === undefined) return ok(undefined)
  const written = town.ledger.write({
    by: `${request.merge.rig}/refinery`,
    why: 'what it waited for has been settled',
    ops: [{ op: 'unset', id: source.bead.id, path: ['metadata', 'gt', 'needs'] }],
  })
  return written.kind === 'error' ? written : ok(undefined)
}

/** Writes the landing after seeing the commit in the target, and every patch of the branch with it (law 1). */
export async function recordLanding(town: OpenTown, request: MergeRequest, commit: string): Promise<Result<void>> {
  const gitDir = town.paths.rig(request.merge.rig).repo
  const target = `refs/remotes/origin/${request.merge.target}`
  const seen = await isAncestor(gitDir, commit, target)
  if (seen.kind !== 'ok' || !seen.value) {
    return fail('E_NOT_LANDED', `${commit} is not in ${request.merge.target} after the push.`, {
      kept: 'The entry stays in the queue.',
    })
  }
  const patches = await patchesPresent({ gitDir, base: request.merge.base, head: request.merge.head, target })
  if (patches.kind !== 'ok' || patches.value.missing.length > 0) {
    const which = patches.kind === 'ok' ? patches.value.missing.join(', ') : 'unknown'
    const reason = `Landed as ${commit}, yet not every patch is in the target: ${which}.`
    // Out of the driver's hand: left there, it would be recovered again and again.
    const moved = move(town, request, 'could_not_run', reason, { reason, executor: undefined })
    return moved.kind === 'error' ? moved : tellPerson(town, request, 'patch-missing', reason)
  }
  const source = sourceOf(town, request)
  if (source === undefined) return fail('E_NO_BEAD', `The bead ${request.merge.bead} of ${request.bead.id} is gone.`)
  const at = town.now().toISOString()
  const written = town.ledger.write(
    land(request, source.bead, source.run, commit, at, `seen in ${request.merge.target}`),
  )
  if (written.kind === 'error') return written
  if (written.value.applied) return ok(undefined)
  return fail('E_QUEUE_MOVED', `${request.bead.id} landed as ${commit}, and was changed by somebody else meanwhile.`)
}
