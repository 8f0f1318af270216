/** Which archives were kept long enough. Pure. Unknown never deletes: an archive whose age cannot be told is kept. */
import type { Kept } from '../git/archives.ts'

/** What the ledger says of the run that an archive is of. */
export interface Claim {
  /** When the run ended, in ms since the epoch. */
  since: number
  /** Its bead is not closed, or the run itself not cleared: somebody may still want what it left. */
  wanted: boolean
}

/**
 * Archives that may go: older than `keepMs` by all that is known, and of no run that is still wanted. A run that the ledger
 * does not know (an orphan worktree's) counts by the time of the archive alone.
 *
 * @param claims by fence
 */
export function expired(
  archives: readonly Kept[],
  claims: ReadonlyMap<string, Claim>,
  keepMs: number,
  now: Date,
): Kept[] {
  return archives.filter(({ fence, at }) => {
    const claim = claims.get(fence)
    if (claim?.wanted) return false
    const times = [at, claim?.since].filter((time): time is number => time !== undefined && !Number.isNaN(time))
    return times.length > 0 && Math.max(...times) + keepMs < now.getTime()
  })
}
