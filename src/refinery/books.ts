/** The Refinery's entries in the ledger: steps, a landing, a word to a person. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { applied } from '../beads/change.ts'
import type { MergeState, Run, TestNote } from '../beads/facts.ts'
import { TESTS_KEPT } from '../beads/facts.ts'
import { patchesPresent } from '../git/merge.ts'
import { isAncestor } from '../git/repository.ts'
import { allContained } from '../git/revisions.ts'
import type { MergeNote, MergeRequest } from '../kernel/merges.ts'
import { land, mergeOf, step, stepTogether } from '../kernel/merges.ts'
import { gtPath, needsHuman } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { closeLeftover } from './pull-close.ts'

/** Writes one step of an entry. False: somebody else changed it first, so look again. */
export function move(
  town: OpenTown,
  request: MergeRequest,
  to: MergeState,
  why: string,
  note: MergeNote = {},
): Result<boolean> {
  return applied(town.ledger.write(step(request, to, town.now().toISOString(), why, note)))
}

/** One step of several entries, all or none. True as well when there are none. */
export function moveTogether(
  town: OpenTown,
  steps: { request: MergeRequest; note?: MergeNote }[],
  to: MergeState,
  why: string,
): Result<boolean> {
  if (steps.length === 0) return ok(true)
  return applied(town.ledger.write(stepTogether(steps, to, town.now().toISOString(), why)))
}

/** Back in line, in nobody's hand. */
export function requeue(town: OpenTown, request: MergeRequest, why: string): Result<boolean> {
  return move(town, request, 'queued', why, { executor: undefined, candidate: undefined })
}

/** What a merge request is for: its bead, and the run that handed it in (an integration branch has none). */
export function sourceOf(town: OpenTown, request: MergeRequest): { bead: Bead; run: Run | undefined } | undefined {
  const bead = town.ledger.state.beads.get(request.merge.bead)
  if (bead === undefined) return undefined
  const run = request.merge.run === undefined ? undefined : facts(bead).runs?.[request.merge.run]
  return run === undefined && request.merge.run !== undefined ? undefined : { bead, run }
}

export function tellPerson(town: OpenTown, request: MergeRequest, cause: string, text: string): Result<void> {
  const source = sourceOf(town, request)
  if (source === undefined) return ok(undefined)
  const at = town.now().toISOString()
  const written = town.ledger.write(needsHuman(source.bead, cause, text, at, `${request.merge.rig}/refinery`))
  return written.kind === 'error' ? written : ok(undefined)
}

/**
 * A step of an entry that a person has to mend, and the word to that person, in one change: a driver that dies between the
 * two would leave an entry that waits for somebody who was never asked.
 */
export function moveAndTell(
  town: OpenTown,
  request: MergeRequest,
  to: MergeState,
  note: MergeNote & { reason: string },
  ask: { cause: string; text: string },
): Result<void> {
  const at = town.now().toISOString()
  const source = sourceOf(town, request)
  if (source !== undefined && facts(source.bead).needs === undefined) {
    const moved = step(request, to, at, note.reason, note)
    const asked = needsHuman(source.bead, ask.cause, ask.text, at, moved.by)
    const when = [...(moved.when ?? []), ...(asked.when ?? [])]
    const written = town.ledger.write({ ...moved, when, ops: [...moved.ops, ...asked.ops] })
    if (written.kind === 'error') return written
    if (written.value.applied) return ok(undefined)
  }
  // Somebody waits for a person already (the first cause stays), or it moved on meanwhile.
  const moved = move(town, request, to, note.reason, note)
  return moved.kind === 'error' ? moved : ok(undefined)
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

/** Notes a finished gate run with every entry that was in it, as one change. */
export function noteTests(
  town: OpenTown,
  requests: MergeRequest[],
  test: Omit<TestNote, 'size' | 'place'>,
): Result<void> {
  if (requests.length === 0) return ok(undefined)
  const written = town.ledger.write({
    by: `${requests[0]!.merge.rig}/refinery`,
    why: `${test.outcome} with ${requests.length} together (tree ${test.tree.slice(0, 12)})${test.reason ? `: ${test.reason}` : ''}`,
    ops: requests.map(({ bead: { id } }, index) => ({
      op: 'set',
      id,
      path: gtPath('merge', 'tests'),
      value: [...testsOf(town, id), { ...test, size: requests.length, place: index + 1 }].slice(-TESTS_KEPT),
    })),
  })
  return written.kind === 'error' ? written : ok(undefined)
}

/** As they are now: another run may have ended since this one took its entries. */
const testsOf = (town: OpenTown, id: string): TestNote[] => mergeOf(town.ledger.state.beads.get(id))?.merge.tests ?? []

/**
 * Where a change stands in the target: the commit that brings it, and what the target was moved to with it. `merged`: its
 * own pull request brought it there; any other landing leaves an open one behind, which is closed.
 */
export interface Place {
  commit: string
  landing?: string
  merged?: boolean
}

/**
 * Writes landings after seeing each commit in the target, and every patch of its branch with it (law 1). One question
 * for all of them when the branches themselves are in the target, as merges are.
 */
export async function recordLandings(
  town: OpenTown,
  landed: { request: MergeRequest; place: Place }[],
): Promise<Result<void>> {
  const [first] = landed
  if (first === undefined) return ok(undefined)
  const { rig, target } = first.request.merge
  const all = landed.flatMap(({ request, place }) => [place.commit, request.merge.head])
  const seen = await allContained(town.paths.rig(rig).repo, all, `refs/remotes/origin/${target}`)
  if (seen.kind === 'error') return seen
  for (const { request, place } of landed) {
    const recorded = seen.value ? await write(town, request, place) : await recordLanding(town, request, place)
    if (recorded.kind === 'error') return recorded
  }
  return ok(undefined)
}

/** The same for one entry, asked about by itself. */
export async function recordLanding(town: OpenTown, request: MergeRequest, place: Place): Promise<Result<void>> {
  const gitDir = town.paths.rig(request.merge.rig).repo
  const target = `refs/remotes/origin/${request.merge.target}`
  const seen = await isAncestor(gitDir, place.commit, target)
  if (seen.kind !== 'ok' || !seen.value) {
    return fail('E_NOT_LANDED', `${place.commit} is not in ${request.merge.target} after the push.`, {
      kept: 'The entry stays in the queue.',
    })
  }
  const { base, head } = request.merge
  // There when it landed is enough: what others changed in the same lines since is no loss.
  let patches = await patchesPresent({ gitDir, base, head, target: place.commit })
  if (patches.kind !== 'ok' || patches.value.missing.length > 0) {
    patches = await patchesPresent({ gitDir, base, head, target })
  }
  if (patches.kind === 'ok' && patches.value.missing.length === 0) return write(town, request, place)
  const which = patches.kind === 'ok' ? patches.value.missing.join(', ') : 'unknown'
  const reason = `Landed as ${place.commit}, yet not every patch is in the target: ${which}.`
  // Out of the driver's hand: left there, it would be recovered again and again.
  const note = { reason, executor: undefined }
  return moveAndTell(town, request, 'could_not_run', note, { cause: 'patch-missing', text: reason })
}

async function write(town: OpenTown, request: MergeRequest, place: Place): Promise<Result<void>> {
  const { commit, landing } = place
  const source = sourceOf(town, request)
  if (source === undefined) return fail('E_NO_BEAD', `The bead ${request.merge.bead} of ${request.bead.id} is gone.`)
  const at = town.now().toISOString()
  const where = { commit, ...(landing !== undefined && { landing }) }
  const change = land(request, source.bead, source.run, where, at, `seen in ${request.merge.target}`)
  const written = town.ledger.write(change)
  if (written.kind === 'error') return written
  if (written.value.applied && !place.merged) await closeLeftover(town, request, landing ?? commit)
  if (written.value.applied || mergeOf(town.ledger.state.beads.get(request.bead.id))?.merge.state === 'landed') {
    return ok(undefined)
  }
  return fail('E_QUEUE_MOVED', `${request.bead.id} landed as ${commit}, and was changed by somebody else meanwhile.`)
}
