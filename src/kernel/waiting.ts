/**
 * What of the ledger waits for a person: open needs, and merge requests that people have to decide about. One list for every
 * screen (attention/ ranks it and knows the answers). Pure, and cheap: it is asked at every pass of the driver.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { MergeFacts } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { isOver } from '../beads/ready.ts'
import { mergeOf } from './merges.ts'

export interface Wait {
  bead: Bead
  cause: string
  text: string
  /** RFC 3339. */
  since: string
  /** The same as long as it waits for this; another one when it waits anew. */
  key: string
  /** Absent where a need is written down. */
  merge?: MergeFacts
}

/** In no order. Each bead waits for one thing at a time: a need that is written down comes before its merge request. */
export function waitsOf(state: State): Wait[] {
  const found: Wait[] = []
  for (const bead of state.beads.values()) {
    if (isOver(bead)) continue
    if (bead.issue_type === 'merge-request') {
      const one = ofMerge(state, bead)
      if (one !== undefined) found.push(one)
      continue
    }
    const { needs } = facts(bead)
    if (needs === undefined || bead.issue_type === 'message') continue
    const { cause, text, at } = needs
    found.push({ bead, cause, text, since: at, key: `${bead.id} ${cause} ${at}` })
  }
  return found
}

function ofMerge(state: State, request: Bead): Wait | undefined {
  const merge = mergeOf(request)?.merge
  if (merge === undefined) return undefined
  const cause = causeOf(merge)
  const bead = state.beads.get(merge.bead)
  if (cause === undefined || bead === undefined || facts(bead).needs !== undefined) return undefined
  const text = merge.reason ? `${merge.state}: ${merge.reason}` : merge.state
  return { bead, cause, text, since: merge.since, key: `${request.id} ${cause} ${merge.since}`, merge }
}

/** A pull request that does not show this very head yet is still the Refinery's. Children and a red target end by themselves. */
function causeOf({ state, held_for: why, pr, head }: MergeFacts): string | undefined {
  if (state !== 'held' && state !== 'could_not_run') return undefined
  if (why === 'pr') return state === 'held' && pr?.head === head ? 'pr' : undefined
  return why === 'red-target' || why === 'children' ? undefined : (why ?? state)
}
