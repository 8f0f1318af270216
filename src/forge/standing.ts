/** What a pull request means for the work behind it. Pure: what was seen goes in, one verdict comes out. */
import { oneLine, sanitize } from '../agents/fence.ts'
import type { ChangeRequest, Check, Seen } from './seen.ts'

export type Standing =
  /** `commit` is null when the forge does not say which commit brought it. */
  | { is: 'merged'; commit: string | null }
  | { is: 'closed' }
  /** Its branch ends at a commit that is not ours: somebody pushed. */
  | { is: 'head-moved'; now: string }
  | { is: 'changes-requested'; by: string; evidence: string }
  | { is: 'checks-failed'; names: string[]; evidence: string }
  /** One line for people. */
  | { is: 'waiting'; for: string }
  /** Nothing but the merge itself is missing. */
  | { is: 'ready' }

export interface Ours {
  /** What we pushed last. */
  head: string
  /** What we pushed before: a forge that still shows one of these has not seen the last push yet. */
  earlier?: string[]
}

const EVIDENCE_BYTES = 2048
const NAMES_SHOWN = 12

/**
 * The first of these that holds:
 *
 *  1. `merged`, `closed`: it is over, and whatever else it shows is history.
 *  2. `head-moved`: checks and reviews are about a commit that is not ours, so they are no verdict on our work. (A head
 *     that we pushed earlier is `waiting`: the forge lags.)
 *  3. `changes-requested`: a person has spoken, and no check takes that back. It counts for the commit they looked at;
 *     after a new push it is `waiting` for their second look, or the work would come back for what it has just mended.
 *  4. `checks-failed`, once none is pending: the worker hears of everything that is red at once, not one a round.
 *  5. `waiting` for the first that is missing: checks, a conflict, a review, a draft's end, whatever else the forge wants.
 *  6. `ready`.
 */
export function standingOf(seen: Seen, ours: Ours): Standing {
  if (seen.state === 'MERGED') return { is: 'merged', commit: seen.mergeCommit }
  if (seen.state === 'CLOSED') return { is: 'closed' }
  if (seen.head !== ours.head) {
    if (ours.earlier?.includes(seen.head)) return { is: 'waiting', for: 'the forge to see the last push' }
    return { is: 'head-moved', now: seen.head }
  }
  const failed = seen.checks.filter((check) => check.outcome === 'fail')
  const pending = seen.checks.filter((check) => check.outcome === 'pending')
  const request = seen.review === 'changes_requested' ? seen.changeRequest : null
  const answered = request?.commit != null && request.commit !== seen.head
  if (seen.review === 'changes_requested' && !answered) {
    const by = request === null ? 'a reviewer' : oneLine(request.author, 80)
    return { is: 'changes-requested', by, evidence: requestEvidence(seen, by, request, failed) }
  }
  if (failed.length > 0 && pending.length === 0) {
    const names = failed.map((check) => oneLine(check.name, 100))
    const evidence = bounded(`Checks that failed at ${seen.head.slice(0, 12)} on ${seen.url}:\n${list(failed)}`)
    return { is: 'checks-failed', names, evidence }
  }
  const missing = whatIsMissing(seen, pending, answered ? request : null)
  return missing === undefined ? { is: 'ready' } : { is: 'waiting', for: oneLine(missing, 300) }
}

function whatIsMissing(seen: Seen, pending: Check[], answered: ChangeRequest | null): string | undefined {
  if (pending.length > 0) return `checks: ${namesOf(pending)}`
  // Before reviews: many forges run no checks on a conflict, and nobody reviews one.
  if (seen.mergeable === 'conflict') return `its conflict with ${seen.base} to be resolved`
  if (answered !== null) return `a second look by ${answered.author}, who asked for changes before the last push`
  if (seen.review === 'required') return 'a review'
  if (seen.draft) return 'somebody to mark it as ready for review: it is a draft'
  switch (seen.mergeable) {
    case 'yes':
      return undefined
    case 'behind':
      return `its branch to be brought up to date with ${seen.base}`
    case 'blocked':
      return 'what the forge demands before a merge (a check that has not begun, an open thread, a rule of the branch)'
    case 'unknown':
      return 'the forge to work out whether it can be merged'
  }
}

/** Their words last: of all this, they are what may be cut. */
function requestEvidence(seen: Seen, by: string, request: ChangeRequest | null, failed: Check[]): string {
  const red = failed.length === 0 ? '' : `Checks that failed as well:\n${list(failed)}\n`
  const words = request === null ? '' : sanitize(request.text).trim()
  const said = words === '' ? 'There is no text with it: see the comments on lines.' : words
  const when = request === null || request.at === '' ? '' : ` at ${oneLine(request.at, 40)}`
  return bounded(`${by} asked for changes on ${seen.url}${when}.\n${red}${said}`)
}

function list(checks: Check[]): string {
  const lines = checks.slice(0, NAMES_SHOWN).map((check) => {
    const url = check.url === '' ? '' : ` ${oneLine(check.url, 200)}`
    return `- ${oneLine(check.name, 100)}: ${oneLine(check.word, 40)}${url}`
  })
  if (checks.length > NAMES_SHOWN) lines.push(`- and ${checks.length - NAMES_SHOWN} more`)
  // Room for a person's words beside them.
  return cutBytes(lines.join('\n'), EVIDENCE_BYTES / 2)
}

function namesOf(checks: Check[]): string {
  const names = checks.slice(0, 5).map((check) => oneLine(check.name, 40))
  return names.join(', ') + (checks.length > 5 ? ` and ${checks.length - 5} more` : '')
}

const bounded = (text: string): string => cutBytes(sanitize(text).trim(), EVIDENCE_BYTES)

/** The first `max` bytes in UTF-8: of words, unlike of a log, the beginning matters. */
export function cutBytes(text: string, max: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= max) return text
  const head = bytes.subarray(0, max - 4).toString('utf8')
  return `${head.replace(/\ufffd+$/, '')}\n…`
}
