/** What to do about the pull request of an entry. Pure: what was seen goes in, one move or one text comes out. */
import { createHash } from 'node:crypto'
import { cut, fenced, oneLine } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeFacts, PullRequest } from '../beads/facts.ts'
import type { Words } from '../forge/pull-request.ts'
import { forgeRepo } from '../forge/remote.ts'
import type { Seen } from '../forge/seen.ts'
import { cutBytes, standingOf } from '../forge/standing.ts'
import { runsOf } from '../kernel/runs.ts'
import type { Failure } from '../result.ts'
import { EXIT } from '../result.ts'
import { trailersOf } from './messages.ts'

const TITLE_CHARS = 200
/** Of the worker's message; a forge takes about 64 KB. */
const MESSAGE_CHARS = 8_000
const REASON_CHARS = 500
const EVIDENCE_BYTES = 2048
/** Heads of ours that are remembered with a pull request. */
const HEADS_KEPT = 8

/** A pull request that a bead carries: perhaps only its number. */
export type Carried = Partial<PullRequest> & Pick<PullRequest, 'number'>

/**
 * The pull request that a bead names: what we noted with it, or what a person did in `metadata.gt.pr`; else its
 * `external_ref`, as `gh-pr-12` or as the address of one in `repo`. Anything else there names something else.
 */
export function carried(bead: Bead, repo: string): Carried | undefined {
  const noted: unknown = facts(bead).pr
  if (typeof noted === 'object' && noted !== null && 'number' in noted && Number.isSafeInteger(noted.number)) {
    return noted as Carried
  }
  const ref = typeof bead.external_ref === 'string' ? bead.external_ref : ''
  const short = /^gh-pr-([1-9]\d{0,9})$/.exec(ref)
  if (short !== null) return { number: Number(short[1]) }
  const address = /^(https:\/\/[^?#]+)\/pull\/([1-9]\d{0,9})(?:[/?#].*)?$/.exec(ref)
  const named = address === null ? null : forgeRepo(address[1]!)
  const ours = forgeRepo(repo) ?? repo
  return address !== null && named?.toLowerCase() === ours.toLowerCase() ? { number: Number(address[2]) } : undefined
}

/** The branch on the remote that the work of a bead is pushed to: one for all of its runs, so one pull request. */
export function branchFor(merge: MergeFacts): string {
  // What is nobody's alone has a branch of its own there already.
  return merge.run === undefined ? merge.branch : `gt/${merge.bead}`
}

/**
 * Title and body. The worker's message stands in a fence: nothing in it mentions people, closes issues or is markup.
 * `mark` changes when the words do.
 */
export function wordsFor(bead: Bead, merge: MergeFacts): Words & { mark: string } {
  const title = `${oneLine(bead.title, TITLE_CHARS)} (${bead.id})`
  const message = (merge.message ?? '').trim()
  const said =
    message === ''
      ? ''
      : `${fenced(
          'The worker says:\n',
          cut(message, MESSAGE_CHARS, () => '…'),
        )}\n\n`
  const body = `${said}${trailersOf(bead, { worker: merge.worker, run: merge.run })}`
  return { title, body, mark: createHash('sha256').update(`${title}\n${body}`).digest('hex').slice(0, 16) }
}

/** Every commit that a branch of this bead on the remote may hold by our own hand. */
export function ownHeads(bead: Bead, merge: MergeFacts): Set<string> {
  const pulls = [facts(bead).pr, merge.pr]
  const heads = [...pulls.flatMap((pr) => [...(pr?.earlier ?? []), pr?.head]), merge.red_head]
  const runs = runsOf(bead).map((run) => run.head)
  const theirs = new Set(pulls.map((pr) => pr?.theirs))
  const ours = [...heads, ...runs].filter((head) => head !== undefined)
  return new Set(ours.filter((head) => !theirs.has(head)))
}

export type Push =
  /** The branch already stands at our head. */
  | { is: 'there' }
  /** Safe, as long as the branch still stands at `expected`. */
  | { is: 'push'; expected: string | null }
  /** Somebody pushed on top of our head: theirs counts from now on. */
  | { is: 'adopt'; head: string }
  /** Their commit is not part of ours, nor ours of theirs: pushing would lose it. */
  | { is: 'lacks'; theirs: string }

/**
 * How our head gets onto its branch. Nobody's commit is ever lost: the branch is moved only from where it is not there,
 * from a commit that ours contains, or from one that is our own.
 *
 * @param stands where the branch is on the remote now
 * @param contained whether `head` contains `stands`
 * @param containing whether `stands` contains `head`
 */
export function pushFor(p: {
  head: string
  stands: string | null
  ours: ReadonlySet<string>
  contained: boolean
  containing: boolean
}): Push {
  if (p.stands === p.head) return { is: 'there' }
  if (p.stands === null || p.contained || p.ours.has(p.stands)) return { is: 'push', expected: p.stands }
  return p.containing ? { is: 'adopt', head: p.stands } : { is: 'lacks', theirs: p.stands }
}

export type Move =
  /** It waits for people or for the forge; `reason` says for what. */
  | { do: 'note'; reason: string }
  /** The forge says so; nothing is believed before it is seen in the target. */
  | { do: 'verify'; commit: string | null; head: string }
  | { do: 'home'; rule: string; reason: string; evidence: string }
  | { do: 'tell'; cause: string; reason: string }
  | { do: 'head-moved'; now: string }

/** What follows from a look at the pull request of an entry (`id`) that waits for it. */
export function moveFor(seen: Seen, merge: MergeFacts, pr: PullRequest, id: string): Move {
  const is = standingOf(seen, { head: merge.head, earlier: pr.earlier ?? [] })
  const name = `pull request #${seen.number}`
  if (is.is !== 'closed' && seen.base !== merge.target) {
    const did = is.is === 'merged' ? 'was merged into' : 'goes to'
    const reason = `${name} ${did} ${seen.base}, not ${merge.target}: ${seen.url}. Point it back there; or land the work without it: gt land ${id}`
    return { do: 'tell', cause: 'pr-elsewhere', reason: short(reason) }
  }
  switch (is.is) {
    case 'merged':
      return { do: 'verify', commit: is.commit, head: seen.head }
    case 'closed':
      return {
        do: 'tell',
        cause: 'pr-closed',
        reason: `${name} was closed without being merged: ${seen.url}. Reopen it, or open another: gt mq retry ${id}; send the work back: gt reject ${id} --reason "…"; or drop it: gt run stop ${merge.run ?? '<run>'}`,
      }
    case 'head-moved':
      return { do: 'head-moved', now: is.now }
    case 'checks-failed': {
      const failed = is.names.length === 1 ? 'the check' : 'the checks'
      const reason = short(`${name}: ${failed} ${is.names.join(', ')} failed`)
      return { do: 'home', rule: `a check of ${name} failed`, reason, evidence: evidenceFor(pr, is.evidence) }
    }
    case 'changes-requested': {
      const reason = short(`${name}: ${is.by} asked for changes`)
      return { do: 'home', rule: `a reviewer of ${name} asked`, reason, evidence: evidenceFor(pr, is.evidence) }
    }
    case 'waiting':
      return { do: 'note', reason: openAnd(pr, `waiting for ${is.for}`) }
    case 'ready':
      return { do: 'note', reason: openAnd(pr, 'waiting for somebody to merge it') }
  }
}

/** One line on an entry that has no pull request, or none with this head. */
export const noneYet = (why: string): string => short(`no pull request yet: ${why}`)

/** One line on a pull request that is open. */
export const openAnd = (pr: Pick<PullRequest, 'number' | 'url'>, and: string): string =>
  short(`pull request #${pr.number} is open: ${pr.url}; ${and}`)

/** A worker whose pull request somebody else pushed to works in a worktree that lacks their commit. */
function evidenceFor(pr: PullRequest, evidence: string): string {
  const first = pr.theirs !== undefined && pr.theirs === pr.head ? `${bringIn(pr.theirs)}\n\n` : ''
  return cutBytes(`${first}${evidence}`, EVIDENCE_BYTES)
}

const bringIn = (theirs: string): string =>
  `Somebody pushed ${theirs} to the pull request of this bead. Take it into your branch first: git merge ${theirs}`

/** For the worker, when what is on the branch must not be overwritten and is not part of its work. */
export const lacksEvidence = (branch: string, theirs: string): string =>
  cutBytes(
    `${bringIn(theirs)}\n` +
      `It stands on ${oneLine(branch, 200)} of the remote, and your work cannot be pushed there without it. ` +
      `Resolve, test, commit, then gt done.`,
    EVIDENCE_BYTES,
  )

/** For a person, when somebody else's push must not be overwritten. `pr`: as far as it is known. */
export function movedAway(
  pr: Partial<PullRequest> | undefined,
  branch: string,
  theirs: string,
  merge: MergeFacts,
  id: string,
): string {
  const which = pr?.number === undefined ? '' : ` of pull request #${pr.number}`
  return short(
    `somebody pushed ${theirs.slice(0, 12)} to ${branch}${which}, without the work that was handed in; nothing was overwritten. ` +
      `Let the worker bring both together: gt reject ${id} --reason "git merge ${theirs}"; or set the branch back to ${merge.head.slice(0, 12)}, then: gt mq retry ${id}`,
  )
}

/** The pull request as it is noted once its branch stands at `head`; `theirs`: by somebody else's push. */
export function notePull(
  before: Carried | undefined,
  now: Pick<PullRequest, 'number' | 'url' | 'branch' | 'head'> & { theirs?: string; words?: string },
): PullRequest {
  const same = before?.branch === now.branch ? before : undefined
  const gone = same?.head !== undefined && same.head !== now.head && same.head !== same.theirs ? [same.head] : []
  const earlier = [...(same?.earlier ?? []), ...gone].filter((head) => head !== now.head).slice(-HEADS_KEPT)
  const theirs = now.theirs ?? same?.theirs
  const words = now.words ?? same?.words
  return {
    ...{ number: now.number, url: now.url, branch: now.branch, head: now.head },
    ...(earlier.length > 0 && { earlier }),
    ...(theirs !== undefined && { theirs }),
    ...(words !== undefined && { words }),
  }
}

/** How what passes by itself is said. */
export const AGAIN = 'tried again by itself'

export interface Obstacle {
  /** Null: it passes by itself, nobody has to be told. */
  cause: string | null
  reason: string
}

/** The remote is on no forge. */
export const noForge = (rig: string, id: string): Obstacle => ({
  cause: 'pr-no-forge',
  reason: `the remote of rig ${rig} is on no forge that gt knows. Name its repository: gt config set rig.${rig}.landing.repo owner/name ; or land the work without one: gt land ${id}`,
})

/** What keeps a pull request from being opened or looked at, in words that say what to type. */
export function obstacle(failure: Failure, id: string): Obstacle {
  const without = `or land the work without it: gt land ${id}`
  const said = oneLine(failure.message, 200)
  if (failure.exit === EXIT.tryAgain) return { cause: null, reason: `${AGAIN}: ${said}` }
  switch (failure.code) {
    case 'E_NO_GH':
      return {
        cause: 'pr-no-gh',
        reason: `there is no program gh on PATH. Install it (https://cli.github.com) and gh auth login, then: gt mq retry ${id} ; ${without}`,
      }
    case 'E_GH_AUTH':
      return {
        cause: 'pr-no-login',
        reason: `gh is not logged in, or may not. Type: gh auth login, then: gt mq retry ${id} ; ${without}`,
      }
    default:
      return {
        cause: 'pr-refused',
        reason: short(`${said} Mend that, then: gt mq retry ${id} ; ${without}`),
      }
  }
}

const short = (text: string): string => oneLine(text, REASON_CHARS)
