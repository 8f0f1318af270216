/**
 * The ledger as an agent has it: every write carries the fence of its run, and applies only while that run is the bead's
 * (law 6). A stale actor can read everything and change nothing; what it still has in its worktree is kept by `gt done`
 * (polecats/done.ts) and by the clearing of its run.
 */
import type { ChangeInput, Verdict } from '../beads/change.ts'
import type { Run } from '../beads/facts.ts'
import { LIVE_RUN } from '../beads/facts.ts'
import type { Ledger } from '../beads/ledger.ts'
import type { Result } from '../result.ts'
import { fail } from '../result.ts'
import { findRun, runPath } from './runs.ts'

/** A run called lost by mistake may still hand in; who may what in that state is said where it is said (runs.ts). */
const MAY_WRITE: ReadonlySet<string> = new Set([...LIVE_RUN, 'lost'])

/** The same ledger, with `write` refused (E_STALE_FENCE) once the run of this fence is over or unknown. */
export function fencedLedger(ledger: Ledger, fence: string): Ledger {
  const write = (input: ChangeInput): Result<Verdict> => {
    // A run that began after our last look is not unknown.
    const found = findOwn(ledger, fence)
    if (found === undefined || !MAY_WRITE.has(found.state)) return stale(fence, found)
    const alive = { if: 'in' as const, id: found.bead, path: runPath(fence, 'state'), values: [...MAY_WRITE] }
    return ledger.write({ fence, ...input, when: [...(input.when ?? []), alive] })
  }
  return new Proxy(ledger, {
    get(target, key) {
      if (key === 'write') return write
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function findOwn(ledger: Ledger, fence: string): Run | undefined {
  ledger.refresh()
  return findRun(ledger.state.beads.values(), fence)?.run
}

function stale(fence: string, run: Run | undefined): Result<never> {
  const what =
    run === undefined
      ? `The ledger knows no run ${fence}`
      : `Your run ${fence} is over (${run.state}${run.reason ? `: ${run.reason.slice(0, 200)}` : ''})`
  return fail('E_STALE_FENCE', `${what}, so it can change nothing any more.`, {
    kept: 'Nothing was changed; what is in your worktree is archived when the run is cleared away.',
    hint: 'Stop here. Somebody else has the work, or a person ended it.',
  })
}
