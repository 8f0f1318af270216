/**
 * Where a worker starts from. On an integration branch, what a bead needs may have landed elsewhere since the branch was
 * cut (on its base, or further out). No bead starts without what it needs, so then the start is both merged.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { lookUp, type State } from '../beads/fold.ts'
import { standsOn } from '../beads/integration.ts'
import { signatureOf } from '../git/authors.ts'
import { mergeCandidate } from '../git/merge.ts'
import { isAncestor, resolveCommit } from '../git/repository.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

/** What has landed for a bead in a rig, and where it stands now: of its needs, and of those of the epics above it. */
export function landedNeeds(state: State, bead: Bead, rig: string): { id: string; commit: string; branch?: string }[] {
  const found: { id: string; commit: string; branch?: string }[] = []
  const seen = new Set([bead.id])
  const queue = [bead]
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    for (const edge of one.dependencies ?? []) {
      if (seen.has(edge.depends_on_id)) continue
      const other = lookUp(state, edge.depends_on_id)
      if (other === undefined || (edge.type !== 'blocks' && edge.type !== 'parent-child')) continue
      seen.add(other.id)
      if (edge.type === 'parent-child') queue.push(other)
      const { landed, rig: home } = facts(other)
      if (edge.type !== 'blocks' || landed === undefined || home !== rig) continue
      const branch = standsOn(state, other)?.integration.branch
      found.push({ id: other.id, commit: landed.commit, ...(branch !== undefined && { branch }) })
    }
  }
  return found
}

/**
 * The commit to start from: the tip of the run's target, merged with the branches on which its needs stand where the tip
 * has them not. Errors: E_START (they conflict), E_GIT.
 */
export async function withNeeded(
  town: OpenTown,
  bead: Bead,
  run: Run,
  rigBranch: string,
  tip: string,
): Promise<Result<string>> {
  if (run.target === rigBranch) return ok(tip)
  const gitDir = town.paths.rig(run.rig).repo
  let start = tip
  for (const { id, commit, branch = rigBranch } of landedNeeds(town.ledger.state, bead, run.rig)) {
    const there = await isAncestor(gitDir, commit, start)
    if (there.kind === 'error') return there
    if (there.kind === 'ok' && there.value) continue
    const from = await resolveCommit(gitDir, `refs/remotes/origin/${branch}`)
    if (from.kind === 'error') return from
    if (from.kind !== 'ok') return fail('E_NO_BRANCH', `The remote has no branch ${branch}, where ${id} landed.`)
    const merged = await mergeCandidate({
      gitDir,
      onto: start,
      head: from.value,
      message: `Bring ${branch} to ${run.target}: ${bead.id} needs ${id}\n`,
      author: signatureOf(run.agent),
      mode: 'merge',
    })
    if (merged.kind === 'error') return merged
    if (merged.value.kind === 'conflict') {
      return fail(
        'E_START',
        `${bead.id} needs ${id}, which is on ${branch}, and that conflicts with ${run.target} in ${merged.value.files.slice(0, 3).join(', ')}.`,
        { hint: `merge ${branch} into ${run.target} by hand, push it, then: gt sling ${bead.id} ${run.rig}` },
      )
    }
    if (merged.value.kind === 'clean') start = merged.value.commit
  }
  return ok(start)
}
