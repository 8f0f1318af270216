/**
 * What gh shows of a pull request, as few typed facts. Pure. What it does not know is never taken for good: an unknown
 * outcome of a check counts as pending.
 */
import { z } from 'zod'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { checkEntry, checksOf } from './checks.ts'
import { reviewEntry, reviewOf } from './reviews.ts'

export interface Check {
  /** As the forge shows it; with its workflow before it when two workflows have a check of that name. */
  name: string
  outcome: 'pass' | 'fail' | 'pending' | 'skipped'
  /** The forge's own word, lower case: `failure`, `timed_out`, `cancelled`, `in_progress` … */
  word: string
  url: string
}

export interface ChangeRequest {
  author: string
  /** What they wrote; empty when they only left comments on lines. */
  text: string
  at: string
  /** The commit they looked at; null when gh is too old to say. */
  commit: string | null
}

export interface Seen {
  number: number
  url: string
  state: 'OPEN' | 'CLOSED' | 'MERGED'
  draft: boolean
  /** Null while it is not merged, and in rare cases after. */
  mergeCommit: string | null
  mergedAt: string | null
  /** Commit at the end of its branch. */
  head: string
  branch: string
  base: string
  checks: Check[]
  review: 'approved' | 'changes_requested' | 'required' | 'none'
  /** The latest request for changes that its author has not taken back. */
  changeRequest: ChangeRequest | null
  /** Whether the forge would merge it. `blocked` has causes that no other field shows (open threads, missing checks). */
  mergeable: 'yes' | 'conflict' | 'behind' | 'blocked' | 'unknown'
}

/** What `gh pr view --json` is asked for. */
export const SEEN_FIELDS =
  'number,url,state,isDraft,mergeCommit,headRefOid,headRefName,baseRefName,reviewDecision,reviews,statusCheckRollup,mergeStateStatus,mergedAt'

const text = z.string().nullish()
const commit = z.string().regex(/^[0-9a-f]{40,64}$/)
const answer = z.object({
  number: z.int().positive(),
  url: z.string().min(1),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  isDraft: z.boolean().nullish(),
  mergeCommit: z.object({ oid: commit }).nullish(),
  mergedAt: text,
  headRefOid: commit,
  headRefName: z.string().min(1),
  baseRefName: z.string().min(1),
  reviewDecision: text,
  reviews: z.array(reviewEntry).nullish(),
  statusCheckRollup: z.array(checkEntry).nullish(),
  mergeStateStatus: text,
})

/** The answer of `gh pr view --json SEEN_FIELDS`. E_GH when it is not JSON or lacks what matters. */
export function parseSeen(json: string): Result<Seen> {
  const read = parseAnswer(answer, json)
  if (read.kind !== 'ok') return read
  const seen = read.value
  return ok({
    number: seen.number,
    url: seen.url,
    state: seen.state,
    draft: seen.isDraft ?? false,
    mergeCommit: seen.mergeCommit?.oid ?? null,
    mergedAt: seen.mergedAt || null,
    head: seen.headRefOid,
    branch: seen.headRefName,
    base: seen.baseRefName,
    checks: checksOf(seen.statusCheckRollup ?? []),
    ...reviewOf(seen.reviewDecision ?? '', seen.reviews ?? [], seen.headRefOid),
    mergeable: MERGEABLE[seen.mergeStateStatus ?? ''] ?? 'unknown',
  })
}

/** JSON that gh printed, in a shape. E_GH names the first thing wrong with it. */
export function parseAnswer<S extends z.ZodType>(shape: S, json: string): Result<z.output<S>> {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    return fail('E_GH', 'gh answered something that is not JSON.', { hint: 'Update gh, then try again.' })
  }
  const read = shape.safeParse(data)
  if (read.success) return ok(read.data)
  const issue = read.error.issues[0]
  const where = issue?.path.join('.') || 'the answer'
  return fail('E_GH', `gh answered in a shape that gt does not know: ${where}: ${issue?.message}.`, {
    hint: 'Update gh, then try again.',
  })
}

// Checks that do not pass leave a merge possible (UNSTABLE) or not (BLOCKED); the checks themselves say which they are.
const MERGEABLE: Record<string, Seen['mergeable']> = {
  CLEAN: 'yes',
  HAS_HOOKS: 'yes',
  UNSTABLE: 'yes',
  DRAFT: 'yes',
  DIRTY: 'conflict',
  BEHIND: 'behind',
  BLOCKED: 'blocked',
}
