/** What is seen of some workers at this moment, and what that amounts to: one way to ask for every command. */
import { statusBehind } from '../agents/client.ts'
import type { Run } from '../beads/facts.ts'
import type { OpenTown } from '../kernel/town.ts'
import { unreachable } from '../result.ts'
import { ageOf } from '../town/duration.ts'
import type { Verdict } from './evaluate.ts'
import { evaluate } from './evaluate.ts'
import { observeNow } from './observe.ts'

/** The verdict on each of these runs, by fence, as the driver would have it now. `all`: look also at what is dear. */
export async function lookAt(town: OpenTown, runs: Run[], all = false): Promise<Map<string, Verdict>> {
  const evidence = observeNow(town, runs, await town.runtime.list(), { client: statusBehind, all })
  const thresholds = { quietAfterMs: town.settings.workers.quiet_after }
  const now = town.now().getTime()
  return new Map(runs.map((run) => [run.fence, evaluate(run, evidence.get(run.fence)!, now, thresholds)]))
}

/** A verdict in one line, with the rule that decided. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.is) {
    case 'alive':
      return `alive (${verdict.rule})`
    case 'quiet':
      return `quiet for ${ageOf(verdict.sinceMs)} (${verdict.rule})`
    case 'detecting':
      return `detecting: ${verdict.contradiction} (${verdict.rule})`
    case 'dead':
      return `dead: ${verdict.proof} (${verdict.rule})`
    case 'unknown':
      return `unknown: ${verdict.why} (${verdict.rule})`
    default:
      return unreachable(verdict)
  }
}
