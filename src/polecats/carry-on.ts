/**
 * Where the next worker of a molecule starts from: with what the workers before it committed, because the steps that they
 * finished are done and nobody does them again. Work without steps begins at the beginning.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { describe, hasArchive } from '../git/archive.ts'
import { signatureOf } from '../git/authors.ts'
import { mergeCandidate } from '../git/merge.ts'
import { isAncestor, mergeBase } from '../git/revisions.ts'
import { runsOf } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { stepsOf } from '../meow/molecule.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'

export interface Start {
  /** Commit that the branch begins at. */
  start: string
  /** Commit from which its own work counts. */
  base: string
}

/**
 * The start for a run whose target stands at `tip`. What was committed before is merged with the tip; where the two conflict
 * the worker begins on the old ground, and the Refinery meets the conflict as it would any other. Errors: E_GIT.
 */
export async function carryOn(town: OpenTown, bead: Bead, run: Run, tip: string): Promise<Result<Start>> {
  const gitDir = town.paths.rig(run.rig).repo
  const left = await leftBy(town, bead, run, gitDir)
  if (left.kind === 'error') return left
  const head = left.value
  if (head === undefined) return ok({ start: tip, base: tip })
  const landed = await isAncestor(gitDir, head, tip)
  if (landed.kind === 'error') return landed
  if (landed.kind === 'ok' && landed.value) return ok({ start: tip, base: tip })
  const ahead = await isAncestor(gitDir, tip, head)
  if (ahead.kind === 'error') return ahead
  if (ahead.kind === 'ok' && ahead.value) return ok({ start: head, base: tip })
  const merged = await mergeCandidate({
    gitDir,
    onto: tip,
    head,
    message: `Go on with ${bead.id} on the present ${run.target}\n`,
    author: signatureOf(run.agent),
    mode: 'merge',
  })
  if (merged.kind === 'error') return merged
  if (merged.value.kind === 'clean') return ok({ start: merged.value.commit, base: tip })
  const base = await mergeBase(gitDir, tip, head)
  return base.kind === 'error' ? base : ok({ start: head, base: base.value })
}

/** The last commit of the newest earlier run, once any step of this molecule was done. */
async function leftBy(town: OpenTown, bead: Bead, run: Run, gitDir: string): Promise<Result<string | undefined>> {
  if (facts(bead).molecule?.kind !== 'molecule') return ok(undefined)
  if (!stepsOf(town.ledger.state, bead.id).some(({ facts: step }) => step.run !== undefined)) return ok(undefined)
  for (const earlier of runsOf(bead).reverse()) {
    if (earlier.fence === run.fence || earlier.target !== run.target) continue
    const at = { gitDir, fence: earlier.fence }
    const archive = await hasArchive(at)
    if (archive.kind === 'error') return archive
    if (archive.kind !== 'ok') continue
    const found = await describe(at, archive.value)
    // A worker that died in a rebase, or while it looked at something else, left what it had finished on its branch.
    return found.kind === 'error' ? found : ok(found.value.branch ?? found.value.head)
  }
  return ok(undefined)
}
