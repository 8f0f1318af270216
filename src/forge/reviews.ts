/** What people said about a pull request. Pure. */
import { z } from 'zod'
import type { ChangeRequest, Seen } from './seen.ts'

const text = z.string().nullish()

export const reviewEntry = z.object({
  author: z.object({ login: text }).nullish(),
  authorAssociation: text,
  body: text,
  submittedAt: text,
  state: z.string(),
  commit: z.object({ oid: text }).nullish(),
})
type Entry = z.output<typeof reviewEntry>

/** Whose word counts where the forge makes no decision: on a public repository anybody can leave a review. */
const TRUSTED = new Set(['OWNER', 'MEMBER', 'COLLABORATOR'])

/**
 * The forge's decision, or ours from the reviews where it makes none; and the latest request for changes that still
 * stands, one about `head` before one about an older commit.
 */
export function reviewOf(
  decision: string,
  reviews: Entry[],
  head: string,
): { review: Seen['review']; changeRequest: ChangeRequest | null } {
  // The last verdict of each author, oldest first; a comment is no verdict.
  const when = (one: Entry): number => Date.parse(one.submittedAt ?? '') || 0
  const last = new Map<string, Entry>()
  for (const one of [...reviews].sort((a, b) => when(a) - when(b))) {
    if (!['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'].includes(one.state)) continue
    const author = one.author?.login ?? ''
    last.delete(author)
    last.set(author, one)
  }
  const verdicts = [...last.values()]
  const trusted = verdicts.filter((one) => TRUSTED.has(one.authorAssociation ?? ''))
  const asks = (one: Entry): boolean => one.state === 'CHANGES_REQUESTED'
  const request =
    trusted.findLast((one) => asks(one) && one.commit?.oid === head) ??
    trusted.findLast(asks) ??
    (decision === 'CHANGES_REQUESTED' ? verdicts.findLast(asks) : undefined)
  const changeRequest =
    request === undefined
      ? null
      : {
          author: request.author?.login || 'ghost',
          text: request.body ?? '',
          at: request.submittedAt ?? '',
          commit: request.commit?.oid || null,
        }
  if (decision === 'CHANGES_REQUESTED') return { review: 'changes_requested', changeRequest }
  if (decision === 'APPROVED') return { review: 'approved', changeRequest }
  if (decision === 'REVIEW_REQUIRED') return { review: 'required', changeRequest }
  if (changeRequest !== null) return { review: 'changes_requested', changeRequest }
  return { review: trusted.some((one) => one.state === 'APPROVED') ? 'approved' : 'none', changeRequest }
}
