/** The merge radar of a rig: who will conflict with whom, seen in what running workers have committed so far. */
import type { Run } from '../beads/facts.ts'
import { filesSinceFork, refHeads } from '../git/heads.ts'
import { clashes } from '../git/radar.ts'
import { ORIGIN } from '../git/remotes.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Branch, Radar } from './radar-plan.ts'
import { pairsOf, radarOf, watched } from './radar-plan.ts'

/** Commits by ref: of every watched branch, and of every target of one. */
export type Heads = ReadonlyMap<string, string>

/** What is known of a branch from last time; it holds while both commits stand. */
export type Known = ReadonlyMap<string, { head: string; target: string; files: string[] }>

const branchRef = (run: Run): string => `refs/heads/${run.branch}`
const targetRef = (run: Run): string => `refs/remotes/${ORIGIN}/${run.target}`

/** Where the branches of these runs and their targets stand now. One process; none without runs. */
export function headsOf(town: OpenTown, rig: string, runs: readonly Run[]): Promise<Result<Map<string, string>>> {
  const refs = runs.flatMap((run) => [branchRef(run), targetRef(run)])
  return refHeads(town.paths.rig(rig).repo, refs)
}

/**
 * Looks at all of it: one process per branch that is not `known`, and one for all pairs. Runs without commits of their
 * own are left out. Reads the repository only.
 *
 * Errors: E_GIT, E_RADAR.
 */
export async function scan(
  town: OpenTown,
  rig: string,
  runs: readonly Run[],
  heads: Heads,
  known: Known = new Map(),
): Promise<Result<Radar>> {
  const gitDir = town.paths.rig(rig).repo
  const branches: Branch[] = []
  for (const run of runs) {
    const head = heads.get(branchRef(run))
    const target = heads.get(targetRef(run)) ?? run.base
    if (head === undefined || target === undefined || head === run.base || head === target) continue
    const before = known.get(run.fence)
    if (before !== undefined && before.head === head && before.target === target) {
      branches.push({ run, ...before })
      continue
    }
    const changed = await filesSinceFork(gitDir, { head, target, base: run.base ?? target })
    if (changed.kind === 'error') return changed
    if (changed.kind === 'unknown') return fail('E_RADAR', changed.why)
    if (changed.kind === 'ok') branches.push({ run, head, target, files: changed.value })
  }
  const found = await clashes({ gitDir, pairs: pairsOf(branches) })
  return found.kind === 'error' ? found : ok(radarOf(branches, found.value))
}

/** One look from nothing, for `gt mq radar`. */
export async function lookAt(town: OpenTown, rig: string): Promise<Result<Radar>> {
  const runs = watched(town.ledger.state, rig)
  const heads = await headsOf(town, rig, runs)
  return heads.kind === 'error' ? heads : scan(town, rig, runs, heads.value)
}
