/** Brings an entry's head to the forge: the right branch, without losing anybody's commit, and one pull request. */
import { findProgram } from '../agents/preset.ts'
import { facts } from '../beads/bead.ts'
import type { PullRequest } from '../beads/facts.ts'
import type { Forge } from '../forge/pull-request.ts'
import { byNumber, openOrFind, update } from '../forge/pull-request.ts'
import { pushBranch } from '../git/branches.ts'
import { remoteHead } from '../git/land.ts'
import { fetchRemote, isAncestor } from '../git/repository.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Entry } from './pull-books.ts'
import { branchFor, carried, notePull, ownHeads, pushFor, wordsFor } from './pull-plan.ts'

export type Published =
  | { is: 'open'; pr: PullRequest }
  /** The branch holds somebody else's commits. `home`: the worker can bring them in; else a person decides. */
  | { is: 'lacks'; branch: string; theirs: string; home: boolean }
  /** The pull request that the bead names cannot take this work. */
  | { is: 'unusable'; reason: string }

/**
 * Pushes and opens, each only as far as it is not done yet. The words of a pull request that we opened are rewritten when
 * ours changed; one that a person opened keeps its own.
 *
 * Errors: those of `gh`; E_REMOTE_REFUSED when the remote will not have the branch; E_BRANCH_MOVED (exit 75) when it was
 * pushed to by somebody else at the same moment; those of `pushBranch`.
 */
export async function publishPull(gitDir: string, { request, bead }: Entry, forge: Forge): Promise<Result<Published>> {
  // Known before anything is pushed: nobody would be told of a branch without a pull request.
  if (findProgram('gh', forge.env.PATH).kind !== 'ok') return fail('E_NO_GH', 'The program gh was not found on PATH.')
  const { merge } = request
  const place = await placeOf({ request, bead }, forge)
  if (place.kind === 'error') return place
  if ('unusable' in place.value) return ok({ is: 'unusable', reason: place.value.unusable })
  const { branch, foreign } = place.value
  const pushed = await push(gitDir, { request, bead }, branch)
  if (pushed.kind === 'error') return pushed
  const noted = merge.pr ?? facts(bead).pr
  if ('lacks' in pushed.value) {
    const { lacks } = pushed.value
    // What a person had there before us, or was taken over from one, is the worker's to bring in.
    const home = merge.run !== undefined && (lacks === noted?.theirs || (foreign && noted?.head === undefined))
    return ok({ is: 'lacks', branch, theirs: lacks, home })
  }
  const { head, adopted } = pushed.value
  const words = wordsFor(bead, merge)
  const opened = await openOrFind({ ...forge, ...words, branch, base: merge.target })
  if (opened.kind === 'error') return opened
  const { number, url, created } = opened.value
  let mark = created ? words.mark : undefined
  if (!created && !foreign && words.mark !== noted?.words) {
    // Stale words harm nobody; the next round tries again.
    const rewritten = await update({ ...forge, ...words, number })
    if (rewritten.kind === 'ok') mark = words.mark
  }
  const now = {
    number,
    url,
    branch,
    head,
    ...(adopted && { theirs: head }),
    ...(mark !== undefined && { words: mark }),
  }
  return ok({ is: 'open', pr: notePull(noted, now) })
}

/** Which branch: the bead's own, or that of an open pull request which the bead names (`foreign`: a person's). */
async function placeOf(
  { request, bead }: Entry,
  forge: Forge,
): Promise<Result<{ branch: string; foreign: boolean } | { unusable: string }>> {
  const { merge } = request
  const own = branchFor(merge)
  const named = merge.pr ?? carried(bead, forge.repo)
  if (named === undefined || named.branch === own) return ok({ branch: own, foreign: false })
  const asked = await byNumber({ ...forge, number: named.number })
  if (asked.kind === 'error') return asked
  const { state, fork, base, branch, url, number } = asked.value
  // It is over: the work goes on in another one.
  if (state !== 'OPEN' || branch === own) return ok({ branch: own, foreign: false })
  const which = `${bead.id} names pull request #${number} (${url})`
  const next = `Name another with the bead, or none; then: gt mq retry ${request.bead.id} ; or: gt land ${request.bead.id}`
  if (fork) return ok({ unusable: `${which}, which comes from a fork: gt cannot push there. ${next}` })
  if (base !== merge.target || branch === merge.target) {
    return ok({ unusable: `${which}, which brings ${branch} into ${base}, not into ${merge.target}. ${next}` })
  }
  return ok({ branch, foreign: true })
}

/** Moves the branch to the entry's head, or says why it must not. */
async function push(
  gitDir: string,
  { request, bead }: Entry,
  branch: string,
): Promise<Result<{ head: string; adopted: boolean } | { lacks: string }>> {
  const { head } = request.merge
  const asked = await remoteHead({ gitDir, branch })
  if (asked.kind === 'error') return asked
  const stands = asked.kind === 'ok' ? asked.value : null
  let [contained, containing] = [false, false]
  if (stands !== null && stands !== head) {
    const fetched = await fetchRemote({ gitDir })
    if (fetched.kind === 'error') return fetched
    const [down, up] = await Promise.all([isAncestor(gitDir, stands, head), isAncestor(gitDir, head, stands)])
    contained = down.kind === 'ok' && down.value
    containing = up.kind === 'ok' && up.value
  }
  const plan = pushFor({ head, stands, ours: ownHeads(bead, request.merge), contained, containing })
  switch (plan.is) {
    case 'there':
      return ok({ head, adopted: false })
    case 'adopt':
      return ok({ head: plan.head, adopted: true })
    case 'lacks':
      return ok({ lacks: plan.theirs })
    case 'push': {
      const pushed = await pushBranch({ gitDir, branch, to: head, expected: plan.expected })
      if (pushed.kind === 'error') return pushed
      if (pushed.value.kind === 'done') return ok({ head, adopted: false })
      if (pushed.value.kind === 'refused') {
        return fail('E_REMOTE_REFUSED', `The remote will not have the branch ${branch}: ${pushed.value.reason}`)
      }
      return fail('E_BRANCH_MOVED', `Somebody else pushed to ${branch} at the same moment.`, { exit: EXIT.tryAgain })
    }
  }
}
