/** After the work: collects what there is to see in repository, ledger and trail, judges it, and writes the report. */
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { landingsOf } from '../scratch/landings.ts'
import { prove, proveScript } from './proof.ts'
import type { Report } from './report.ts'
import { graphOf, rowOf } from './report.ts'
import { readTrail } from './trail.ts'

export interface Demonstration {
  town: OpenTown
  /** The person's clone. */
  project: string
  /** Commit that main stood at before. */
  first: string
  ids: string[]
  agent: string
  /** `gt mq verify <commit>`: null when it verified, else why not. */
  verify(commit: string): Promise<string | null>
}

/** The report, all but when it began and whether it stays. Errors: those of git. */
export async function examine(demo: Demonstration): Promise<Result<Omit<Report, 'seconds' | 'kept'>>> {
  const { town, project, first, ids, agent } = demo
  const found = await landingsOf(project, first)
  if (found.kind === 'error') return found
  const landings = found.value
  const merges = landings.flatMap(({ changes }) => changes)
  const verified = new Map<string, string | null>()
  for (const { commit } of merges) verified.set(commit, await demo.verify(commit))
  const graph = await graphOf(project)
  if (graph.kind === 'error') return graph
  const { state } = town.ledger
  const beads = ids.map((id) => state.beads.get(id)).filter((bead) => bead !== undefined)
  const trail = readTrail(town.ledger.history())
  const facts = await prove({ town, project, first, beads, trail, landings, verified })
  if (agent === 'script') facts.push(...proveScript(beads, trail))
  return ok({
    agent,
    beads: beads.map((bead) => rowOf(state, bead, trail)),
    most_at_once: trail.mostAtOnce,
    gated_candidates: trail.candidates,
    landings: landings.map(({ commit }) => commit),
    verified_merges: merges.map((merge) => merge.commit).filter((commit) => verified.get(commit) === null),
    facts,
    graph: graph.value,
  })
}
