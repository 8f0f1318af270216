/**
 * What an integration branch needs of the remote: cut it, read its tip, hand it in, take it away after the landing.
 * Every step is in the ledger before or after exactly one compare-and-swap, so each may simply be repeated.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Integration } from '../beads/facts.ts'
import { newBeadId, prefixOfId } from '../beads/ids.ts'
import { pushBranch } from '../git/branches.ts'
import { patchesPresent } from '../git/merge.ts'
import { fetchRemote, isAncestor, resolveCommit } from '../git/repository.ts'
import { mergeBase } from '../git/revisions.ts'
import type { Tip } from '../kernel/integration.ts'
import { epicRequest, progressOf, queueEpic, requeueEpic } from '../kernel/integration.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND, mergeOf, noteMerge } from '../kernel/merges.ts'
import { gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'

const remoteRef = (branch: string): string => `refs/remotes/origin/${branch}`

/** The tip of an integration branch as it was fetched last, and where it left its base. Errors: E_BRANCH_GONE. */
export async function tipOf(town: OpenTown, epic: string, at: Integration): Promise<Result<Tip & { target: string }>> {
  const gitDir = town.paths.rig(at.rig).repo
  const [head, target] = await Promise.all([
    resolveCommit(gitDir, remoteRef(at.branch)),
    resolveCommit(gitDir, remoteRef(at.base)),
  ])
  if (head.kind === 'error') return head
  if (target.kind === 'error') return target
  if (head.kind !== 'ok' || target.kind !== 'ok') {
    const gone = head.kind === 'ok' ? at.base : at.branch
    return fail('E_BRANCH_GONE', `The remote of ${at.rig} has no branch ${gone} any more.`, {
      kept: 'What has landed on it is still in the repository of the rig.',
      hint: `gt mq integration create ${epic}   says what can be done`,
    })
  }
  const base = await mergeBase(gitDir, head.value, target.value)
  return base.kind === 'error' ? base : ok({ head: head.value, base: base.value, target: target.value })
}

/** What became of handing in: `empty` when the branch holds nothing of its own. */
export type HandedIn = { is: 'queued' | 'already'; request: MergeRequest } | { is: 'empty' }

/**
 * Hands in the integration branch of an epic whose children are all closed, at its tip of now: a new merge request, or
 * the one there is, queued again. One that is in line or in hand already stays as it is.
 *
 * @param approved the person whose word lets it through a `hold` or `pr` policy
 * Errors: E_OPEN_CHILDREN, E_BRANCH_GONE, a remote that does not answer, E_CHANGED (75).
 */
export async function handInEpic(
  town: OpenTown,
  epic: Bead,
  how: { by: string; why: string; approved?: string },
): Promise<Result<HandedIn>> {
  const { integration } = facts(epic)
  if (integration === undefined) return fail('E_NO_INTEGRATION', `${epic.id} has no integration branch.`)
  const { open, closed } = progressOf(town.ledger.state, epic)
  if (open.length > 0 || closed.length === 0) return openChildren(epic, open)
  const fetched = await fetchRemote({ gitDir: town.paths.rig(integration.rig).repo })
  if (fetched.kind === 'error') return fetched
  const found = await tipOf(town, epic.id, integration)
  if (found.kind === 'error') return found
  const { target: _, ...tip } = found.value
  const at = town.now().toISOString()
  const request = epicRequest(town.ledger.state, epic)
  if (request === undefined) {
    // Merged by hand, it is still the children's work that lands; without any there is nothing to look for.
    const landedOnIt = closed.some((child) => facts(child).landed?.target === integration.branch)
    if (tip.head === tip.base && !landedOnIt) return ok({ is: 'empty' })
    const id = newBeadId(prefixOfId(epic.id), (taken) => town.ledger.state.beads.has(taken))
    return written(town, queueEpic(id, epic, integration, tip, { ...how, at }), id)
  }
  const { state, held_for } = request.merge
  // What a policy holds waits for a person's word, not for being handed in again.
  const waits = state === 'held' && held_for !== 'children' && how.approved === undefined
  if (waits || state === 'queued' || IN_HAND.has(state)) {
    if (how.approved === undefined) return ok({ is: 'already', request })
    const approval = noteMerge(request, { approved_by: how.approved }, how.why)
    const settled = { op: 'unset' as const, id: epic.id, path: gtPath('needs') }
    const noted = town.ledger.write({ ...approval, by: how.by, ops: [...approval.ops, settled] })
    return noted.kind === 'error' ? noted : ok({ is: 'already', request })
  }
  return written(town, requeueEpic(request, tip, { ...how, at }), request.bead.id)
}

/** Refuses, and names what is open. */
export function openChildren(epic: Bead, open: readonly Bead[]): Result<never> {
  const list = open.map(({ id, status }) => `${id} (${status})`).join(', ')
  const message =
    open.length > 0 ? `${epic.id} lands when its children are closed; open: ${list}.` : `${epic.id} has no children.`
  return fail('E_OPEN_CHILDREN', message, {
    kept: 'Nothing was changed.',
    hint: open.length > 0 ? `gt bead show ${open[0]!.id}` : `gt bead create "<title>" --parent ${epic.id}`,
  })
}

function written(town: OpenTown, change: Parameters<OpenTown['ledger']['write']>[0], id: string): Result<HandedIn> {
  const verdict = town.ledger.write(change)
  if (verdict.kind === 'error') return verdict
  const request = mergeOf(town.ledger.state.beads.get(id))
  if (verdict.value.applied && request !== undefined) return ok({ is: 'queued', request })
  return fail('E_CHANGED', 'The epic was changed by somebody else at the same moment; nothing was written.', {
    hint: 'try again',
    exit: EXIT.tryAgain,
  })
}

/**
 * Entries of integration branches whose tip is another by now (a late child, a person's push) get the new one: what
 * lands is what stands there. Answers how many; call after a fetch.
 */
export async function freshen(town: OpenTown, line: readonly MergeRequest[]): Promise<Result<number>> {
  let count = 0
  for (const request of line) {
    const { merge } = request
    const epic = town.ledger.state.beads.get(merge.bead)
    const integration = epic && facts(epic).integration
    if (merge.run !== undefined || merge.state !== 'queued' || !epic || !integration) continue
    const tip = await tipOf(town, epic.id, integration)
    // A branch that is gone: the commit that was handed in still is what it was.
    if (tip.kind === 'error' && tip.failure.code === 'E_BRANCH_GONE') continue
    if (tip.kind === 'error') return tip
    const { head, base } = tip.value
    if (head === merge.head) continue
    const note = { head, base, handed_in_at: town.now().toISOString() }
    const noted = town.ledger.write(noteMerge(request, note, `${merge.branch} is at ${head.slice(0, 12)} now`))
    if (noted.kind === 'error') return noted
    if (noted.value.applied) count++
  }
  return ok(count)
}

/**
 * After the landing: deletes the branch at exactly the tip that landed, once all of it is seen in the base. One that
 * moved is left alone, and a bead tells a person. Both are noted, so that it happens once.
 */
export async function sweepBranch(town: OpenTown, epic: Bead, by: string): Promise<Result<boolean>> {
  const { integration, landed } = facts(epic)
  const request = mergeOf(town.ledger.state.beads.get(landed?.merge_request ?? ''))
  if (integration === undefined || request === undefined) return ok(false)
  const { head, base } = request.merge
  const gitDir = town.paths.rig(integration.rig).repo
  const fetched = await fetchRemote({ gitDir })
  if (fetched.kind === 'error') return fetched
  const target = await resolveCommit(gitDir, remoteRef(integration.base))
  if (target.kind === 'error') return target
  // The base of an inner branch goes when the outer epic has landed; then the landing that was recorded is the proof.
  if (target.kind === 'ok') {
    const there = await patchesPresent({ gitDir, base, head, target: target.value })
    if (there.kind !== 'ok' || there.value.missing.length > 0) {
      return fail('E_NOT_LANDED', `${integration.branch} is kept: not all of it is in ${integration.base}.`)
    }
  }
  const pushed = await pushBranch({ gitDir, branch: integration.branch, to: null, expected: head })
  if (pushed.kind === 'error') return pushed
  const at = town.now().toISOString()
  const swept = { op: 'set' as const, id: epic.id, path: gtPath('integration', 'swept'), value: at }
  const when = [{ if: 'in' as const, id: epic.id, path: gtPath('integration', 'swept'), values: [null] }]
  if (pushed.value.kind === 'done') {
    const done = town.ledger.write({ by, why: `${integration.branch} has landed and is deleted`, when, ops: [swept] })
    return done.kind === 'error' ? done : ok(done.value.applied)
  }
  const id = newBeadId(prefixOfId(epic.id), (taken) => town.ledger.state.beads.has(taken))
  const left = leftBranch(id, epic, integration, pushed.value, at, by)
  const told = town.ledger.write({
    by,
    why: `${integration.branch} was left alone`,
    when: [...when, { if: 'absent', id }],
    ops: [{ op: 'create', bead: left }, swept],
  })
  return told.kind === 'error' ? told : ok(told.value.applied)
}

/** The bead that tells a person of a branch which is not ours to delete any more. */
function leftBranch(
  id: string,
  epic: Bead,
  { rig, branch, base }: Integration,
  why: { kind: 'moved'; now: string | null } | { kind: 'refused'; reason: string },
  at: string,
  by: string,
): Bead {
  const what =
    why.kind === 'moved'
      ? `${branch} of ${rig} moved after ${epic.id} had landed (now ${why.now?.slice(0, 12) ?? 'gone'}); it was left alone.`
      : `The remote of ${rig} did not let ${branch} be deleted: ${why.reason}.`
  const text = `${what} Bring what is new on it to ${base} or delete it, then: gt bead close ${id}`
  return {
    id,
    title: `Look after ${branch}: ${epic.id} has landed`.slice(0, 200),
    description: text,
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: at,
    created_by: by,
    updated_at: at,
    metadata: { gt: { version: 0, rig, needs: { cause: 'branch-left', text, at } } },
  }
}

/** Takes away a branch that holds nothing its base has not, and the fact of it. Answers what was in the way, or null. */
export async function dropEmpty(town: OpenTown, epic: Bead, by: string): Promise<Result<string | null>> {
  const { integration } = facts(epic)
  if (integration === undefined) return ok(null)
  const gitDir = town.paths.rig(integration.rig).repo
  const tip = await tipOf(town, epic.id, integration)
  if (tip.kind === 'error') return tip
  const inside = await isAncestor(gitDir, tip.value.head, tip.value.target)
  if (inside.kind === 'error') return inside
  if (inside.kind !== 'ok' || !inside.value) return ok(`${integration.branch} holds work`)
  const pushed = await pushBranch({ gitDir, branch: integration.branch, to: null, expected: tip.value.head })
  if (pushed.kind === 'error') return pushed
  if (pushed.value.kind !== 'done') return ok(`${integration.branch} could not be deleted (${pushed.value.kind})`)
  const written = town.ledger.write({
    by,
    why: `${integration.branch} held nothing`,
    when: [{ if: 'in', id: epic.id, path: gtPath('integration', 'branch'), values: [integration.branch] }],
    ops: [{ op: 'unset', id: epic.id, path: gtPath('integration') }],
  })
  return written.kind === 'error' ? written : ok(null)
}
