/** What cannot be merged leaves the line before anything is tested: a conflict, a commit that is gone, nothing to land. */
import type { MergeFacts } from '../beads/facts.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { move, recordLanding } from './books.ts'
import { giveUp } from './landing.ts'
import type { GateLog } from './log.ts'
import { endOf } from './log.ts'
import { conflictEvidence } from './messages.ts'
import type { Lane } from './rows.ts'

/** What is noted with an entry that goes home because it conflicts with `onto`. */
export function conflictNote(merge: MergeFacts, onto: string, files: string[], detail: string) {
  return {
    reason: `conflicts with ${merge.target} in ${files.slice(0, 3).join(', ')}`,
    evidence: conflictEvidence(merge, onto, files, detail),
    returns: (merge.returns ?? 0) + 1,
    executor: undefined,
    candidate: undefined,
  }
}

/** Answers how many entries left. */
export async function takeOut(town: OpenTown, log: GateLog, lanes: Lane[]): Promise<Result<number>> {
  let count = 0
  for (const lane of lanes) {
    for (const { id, files, detail } of lane.conflicts) {
      const request = lane.requests.get(id)!
      const { merge } = request
      const note = conflictNote(merge, lane.base.commit, files, detail)
      const moved = move(town, request, 'conflict', `${note.reason}; no replay commit by commit applies either`, note)
      if (moved.kind === 'error') return moved
      log.append(endOf(request, 'conflict', town.now()))
      count++
    }
    for (const id of lane.already) {
      const request = lane.requests.get(id)!
      const recorded = await recordLanding(town, request, { commit: request.merge.head })
      // Squashed or replayed by somebody else: its patches are there, though not this commit.
      if (recorded.kind === 'error' && recorded.failure.code === 'E_NOT_LANDED') {
        const landed = await recordLanding(town, request, { commit: lane.base.commit })
        if (landed.kind === 'error') return landed
      } else if (recorded.kind === 'error') return recorded
      count++
    }
    for (const { id, failure } of lane.broken) {
      const given = giveUp(town, lane.requests.get(id)!, failure.message)
      if (given.kind === 'error') return given
      count++
    }
  }
  return ok(count)
}
