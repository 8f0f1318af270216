/**
 * Cuts an epic's integration branch: noted first, then created at the remote at its base's present head. Killed in
 * between, the same call goes on; a branch that somebody else has there is never taken over.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Integration } from '../beads/facts.ts'
import { pushBranch } from '../git/branches.ts'
import { remoteHead } from '../git/land.ts'
import { fetchRemote, resolveCommit } from '../git/repository.ts'
import { git } from '../git/run.ts'
import { progressOf, targetOf } from '../kernel/integration.ts'
import { gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'

export interface Cut {
  integration: Integration
  /** False: it was there already. */
  created: boolean
}

const KEPT = { kept: 'Nothing was changed.' }

/** The branch that an epic gets when none is named. */
export const branchOf = (epic: Bead): string => `integration/${epic.id}`

/**
 * Errors: E_BRANCH (no name for a branch, the rig's target, or another epic's), E_BRANCH_EXISTS (somebody's on the
 * remote), E_BRANCH_GONE (ours, with landed work, was deleted), E_BRANCH_REFUSED, E_CHANGED, a remote that does not answer.
 */
export async function cutBranch(
  town: OpenTown,
  epic: Bead,
  rig: RigSettings,
  how: { branch?: string; by: string },
): Promise<Result<Cut>> {
  const known = facts(epic).integration
  if (known !== undefined && ((how.branch ?? known.branch) !== known.branch || known.rig !== rig.name)) {
    return fail('E_BRANCH', `${epic.id} has the integration branch ${known.branch} of rig ${known.rig} already.`, KEPT)
  }
  const branch = known?.branch ?? how.branch ?? branchOf(epic)
  const gitDir = town.paths.rig(rig.name).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const stands = await remoteHead({ gitDir, branch })
  if (stands.kind === 'error') return stands
  if (known !== undefined) {
    if (stands.kind === 'ok') return ok({ integration: known, created: false })
    const lost = landedOn(town, epic, branch)
    return lost === undefined ? create(town, epic, known, known, how.by) : gone(rig, branch, lost)
  }
  const valid = await mayBe(town, epic, rig, branch)
  if (valid.kind === 'error') return valid
  if (stands.kind === 'ok') {
    return fail('E_BRANCH_EXISTS', `The remote of ${rig.name} has a branch ${branch} already, and it is not ours.`, {
      ...KEPT,
      hint: `gt mq integration create ${epic.id} --branch <another name>`,
    })
  }
  const base = targetOf(town.ledger.state, epic, { name: rig.name, branch: rig.branch })
  const integration: Integration = { rig: rig.name, branch, base, at: town.now().toISOString() }
  return create(town, epic, undefined, integration, how.by)
}

async function create(
  town: OpenTown,
  epic: Bead,
  known: Integration | undefined,
  integration: Integration,
  by: string,
): Promise<Result<Cut>> {
  const { rig, branch, base } = integration
  const gitDir = town.paths.rig(rig).repo
  const head = await resolveCommit(gitDir, `refs/remotes/origin/${base}`)
  if (head.kind === 'error') return head
  if (head.kind !== 'ok') return fail('E_NO_BRANCH', `The remote of ${rig} has no branch ${base}.`, KEPT)
  const path = gtPath('integration')
  if (known === undefined) {
    const noted = town.ledger.write({
      by,
      why: `an integration branch ${branch}, cut from ${base}`,
      when: [
        { if: 'in', id: epic.id, path, values: [null] },
        { if: 'in', id: epic.id, path: ['status'], values: [epic.status] },
      ],
      ops: [
        { op: 'set', id: epic.id, path, value: integration },
        ...(facts(epic).rig === undefined
          ? [{ op: 'set' as const, id: epic.id, path: gtPath('rig'), value: rig }]
          : []),
      ],
    })
    if (noted.kind === 'error') return noted
    if (!noted.value.applied) {
      return fail('E_CHANGED', `${epic.id} was changed by somebody else at the same moment; nothing was written.`, {
        hint: 'try again',
        exit: EXIT.tryAgain,
      })
    }
  }
  const pushed = await pushBranch({ gitDir, branch, to: head.value, expected: null })
  if (pushed.kind === 'ok' && pushed.value.kind === 'done') return ok({ integration, created: true })
  if (pushed.kind === 'error' && pushed.failure.exit === EXIT.tryAgain) return pushed
  // It will not be there: the epic goes on without one.
  const undone = town.ledger.write({
    by,
    why: `${branch} could not be created`,
    ops: [{ op: 'unset', id: epic.id, path }],
  })
  if (undone.kind === 'error') return undone
  if (pushed.kind === 'error') return pushed
  const said = pushed.value.kind === 'refused' ? pushed.value.reason : 'somebody created it at the same moment'
  return fail('E_BRANCH_REFUSED', `The remote of ${rig} did not take the branch ${branch}: ${said}.`, {
    kept: `${epic.id} has no integration branch.`,
    hint: `gt mq integration create ${epic.id} --branch <another name>`,
  })
}

async function mayBe(town: OpenTown, epic: Bead, rig: RigSettings, branch: string): Promise<Result<void>> {
  const valid = await git(['check-ref-format', `refs/heads/${branch}`])
  if (valid.kind === 'error' && valid.failure.code !== 'E_GIT') return valid
  if (valid.kind === 'error' || branch.startsWith('-') || branch === 'HEAD' || /\s/.test(branch)) {
    return fail('E_BRANCH', `${JSON.stringify(branch)} is no name for a branch.`, { ...KEPT, exit: EXIT.usage })
  }
  if (branch === rig.branch) {
    return fail('E_BRANCH', `${branch} is the target of rig ${rig.name}; an integration branch is another one.`, KEPT)
  }
  for (const other of town.ledger.state.beads.values()) {
    const theirs = facts(other).integration
    if (other.id !== epic.id && theirs?.branch === branch && theirs.rig === rig.name && theirs.swept === undefined) {
      return fail('E_BRANCH', `${branch} is the integration branch of ${other.id}.`, KEPT)
    }
  }
  return ok(undefined)
}

/** The newest commit that landed on the branch. */
function landedOn(town: OpenTown, epic: Bead, branch: string): string | undefined {
  const landed = progressOf(town.ledger.state, epic).closed.map((child) => facts(child).landed)
  const here = landed.filter((one) => one?.target === branch).sort((a, b) => (a!.at < b!.at ? -1 : 1))
  const last = here.at(-1)
  return last?.landing ?? last?.commit
}

const gone = (rig: RigSettings, branch: string, commit: string): Result<never> =>
  fail('E_BRANCH_GONE', `${branch} was deleted on the remote of ${rig.name}, with work that had landed on it.`, {
    kept: `Its last commit that we know, ${commit}, is in the repository of the rig.`,
    hint: `git push <remote of ${rig.name}> ${commit}:refs/heads/${branch}   from there brings it back`,
  })
