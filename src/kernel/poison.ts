/**
 * The attempts of a bead are used up: is it the bead? Work that ended three different workers is called poison and parked
 * with its evidence; where workers did not even start, or it was one and the same each time, nobody can say that. Pure.
 */
import type { Cause, Run } from '../beads/facts.ts'

/** So many workers of different names, or all there were, where fewer attempts are allowed. Two at least. */
const WORKERS = 3
/** Causes that the work itself may bring about. */
const DEADLY: ReadonlySet<Cause | undefined> = new Set<Cause | undefined>(['exit', 'crash', 'memory'])
/** A text for people, not a log. */
const SHOWN = 5
const REASON_CHARS = 160

/** The runs since the count of attempts began, oldest first; `runs` are all of the bead, oldest first. */
export function attemptsOf(runs: readonly Run[]): Run[] {
  const found: Run[] = []
  for (const run of [...runs].reverse()) {
    // A higher number before a lower one: a person's sling began the count afresh between them.
    if (found[0] !== undefined && run.attempt > found[0].attempt) break
    found.unshift(run)
  }
  return found
}

/**
 * What a person is asked about a bead whose attempts are used up.
 *
 * @param runs all runs of the bead, oldest first, the last one with its end
 */
export function parking(runs: readonly Run[]): { cause: 'poison' | 'attempts'; text: string } {
  const failed = attemptsOf(runs).filter(({ state }) => state === 'lost' || state === 'failed')
  const workers = new Set(failed.map(({ agent }) => agent))
  const isPoison =
    failed.length > 1 &&
    failed.every(({ cause }) => DEADLY.has(cause)) &&
    workers.size >= Math.min(WORKERS, failed.length)
  const list = failed.slice(-SHOWN).map(line).join('\n')
  if (!isPoison)
    return {
      cause: 'attempts',
      text: `${failed.length === 1 ? 'The only attempt' : `${failed.length} attempts`} failed.\n${list}`,
    }
  const text = `It ended ${workers.size} different workers, so it is parked. Look at what it asks for, mend it, and sling it again.\n${list}`
  return { cause: 'poison', text }
}

/** One attempt: who, how it ended, where its work is. */
function line({ agent, fence, reason, archive }: Run): string {
  const words = (reason ?? 'no reason given').replace(/\s+/g, ' ').trim()
  const short = words.length > REASON_CHARS ? `${words.slice(0, REASON_CHARS - 1)}…` : words
  const kept = archive === undefined ? `gt run show ${fence}` : `gt restore ${fence}`
  return `${agent}: ${short} (${kept})`
}
