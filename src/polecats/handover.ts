/**
 * Hands over what came back too often (kernel/ladder.ts): session → archive → ledger, as in unwind.ts. The worktree goes
 * later, like that of any ended run. Idempotent: killed anywhere, the next call finishes it.
 */
import { sanitize, tail } from '../agents/fence.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { applied } from '../beads/change.ts'
import type { Run } from '../beads/facts.ts'
import type { Rung } from '../kernel/ladder.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { mergeOf, RETURNED } from '../kernel/merges.ts'
import type { HandingOver } from '../kernel/runs.ts'
import { handOver, liveRun, needsHuman } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { ok } from '../result.ts'
import { archiveRun, endWorker, oneHandOn } from './unwind.ts'

type Next = Exclude<Rung, 'same-session'>

const EVIDENCE_BYTES = 2_000
const TO: Record<Next, string> = {
  'fresh-worker': 'a fresh worker',
  refinery: 'the Refinery’s own session',
  person: 'a person',
}

/** Ends the run and gives its bead to the next. False: it is not to be handed over any more, so look again. */
export function handOverRun(
  town: OpenTown,
  id: string,
  fence: string,
  next: Next,
  by: string,
): Promise<Result<boolean>> {
  return oneHandOn(town, { fence }, by, async () => {
    const read = town.ledger.refresh()
    if (read.kind === 'error') return read
    const bead = town.ledger.state.beads.get(id)
    const run = bead && facts(bead).runs?.[fence]
    const request = mergeOf(town.ledger.state.beads.get(run?.merge_request ?? ''))
    if (bead === undefined || run?.state !== 'submitted' || facts(bead).needs !== undefined) return ok(false)
    if (request === undefined || !RETURNED.has(request.merge.state)) return ok(false)
    const { merge } = request
    const reason = `came back ${run.round === 1 ? 'once' : `${run.round} times`}, the last time as ${merge.state}: ${merge.reason ?? 'no reason given'}; handed over to ${TO[next]}`
    const ended = await endWorker(town, run)
    if (ended.kind === 'error') return ended
    const archive = await archiveRun(town, run, reason)
    if (archive.kind === 'error') return archive
    const over: HandingOver = {
      to: next === 'refinery' ? 'refinery' : 'worker',
      // Without a worktree and a branch to archive, the commit itself is all that is known.
      ref: archive.value ?? run.head ?? '',
      evidence: tail(sanitize(merge.evidence ?? merge.reason ?? merge.state), EVIDENCE_BYTES),
      asks: next === 'person' ? { cause: merge.state, text: askFor(bead, run, request) } : undefined,
      reason,
      at: town.now().toISOString(),
      by,
    }
    return applied(town.ledger.write(handOver(bead, run, over)))
  })
}

/** What a person reads once the Refinery's session has failed too. */
function askFor(bead: Bead, run: Run, { bead: entry, merge }: MergeRequest): string {
  return (
    `Workers could not mend it, and neither could the Refinery’s own session: ${entry.id} came back as ${merge.state}, ` +
    `${merge.reason ?? 'no reason given'}.\n` +
    `Mend it yourself: gt restore ${run.fence}\n` +
    `Or let a fresh worker try, who is told all this: gt sling ${bead.id} ${run.rig}`
  )
}

/** Failures that no further try mends: a person has to choose another agent, install it, or agree to something. */
const FOR_A_PERSON = new Set(['E_NO_AGENT', 'E_NO_PROGRAM', 'E_PERMISSIONS'])

/**
 * The dispatch of a bead failed. That nobody can be the Refinery is told to a person, since nobody who slings waits for
 * the answer any more; other failures stay what they are.
 */
export function tellUnstartable(town: OpenTown, id: string, failure: Failure, by: string): Result<boolean> {
  const bead = town.ledger.state.beads.get(id)
  const ours = bead !== undefined && facts(bead).handover?.to === 'refinery' && liveRun(bead) === undefined
  if (!ours || !FOR_A_PERSON.has(failure.code)) return { kind: 'error', failure }
  const rig = facts(bead).slung?.rig ?? 'RIG'
  const text = `The Refinery’s own session cannot be started for it: ${failure.message} ${failure.hint ?? ''} then: gt sling ${id} ${rig}`
  return applied(town.ledger.write(needsHuman(bead, 'refinery', text, town.now().toISOString(), by)))
}
