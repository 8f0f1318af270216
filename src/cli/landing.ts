/** `gt reject`, `gt land`, `gt mq retry`: what a person decides about one merge request. */
import type { Command } from 'commander'
import { resolveCommit } from '../git/repository.ts'
import { isAgent } from '../kernel/landing.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { mergeOf, RETURNED, step } from '../kernel/merges.ts'
import { findRun, gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { excerpt } from '../refinery/messages.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findRequest } from './merge-request.ts'
import { mustApply, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('reject')
      .description('Send a merge request back to its worker.')
      .argument('<id>', 'merge request, or its bead')
      .requiredOption('--reason <text>', 'what must be mended')
      .addHelpText('after', '\nExample:\n  gt reject ap-m4xq1 --reason "the parser needs a test"'),
    (id: string, options: { reason: string }) => withTown(context, (town) => reject(town, id, options.reason)),
  )
  action(
    program
      .command('land')
      .description('Let a held merge request into the queue: policy "hold" or "pr", or a repair of a red target.')
      .argument('<id>', 'merge request, or its bead')
      .addHelpText('after', '\nExample:\n  gt land ap-x3k9f'),
    (id: string) => withTown(context, (town) => land(town, id)),
  )
}

export function registerRetry(mq: Command, context: Context): void {
  action(
    mq
      .command('retry')
      .description('Queue again what could not be tested, was refused, or was mended by hand on its branch.')
      .argument('<id>'),
    (id: string) => withTown(context, (town) => retry(town, id)),
  )
}

/** Verbs of a person on one entry; a worker may not use them (landing policy is enforced below the agent). */
async function decide(
  town: OpenTown,
  id: string,
  body: (request: MergeRequest, at: string) => Answer | Promise<Answer>,
): Promise<Answer> {
  if (isAgent(town.env)) {
    const hint = 'gt ask "May this land? …"'
    return fail('E_NOT_FOR_AGENTS', 'Landings are decided by people, not by agents.', {
      kept: 'Nothing changed.',
      hint,
    })
  }
  const found = findRequest(town, id)
  if (found.kind === 'error') return found
  const { merge, bead } = found.value
  if (bead.status === 'closed') return fail('E_CLOSED', `${bead.id} is ${merge.state} already.`)
  // Before that it can be taken back at any time, also while its gate runs.
  if (merge.state === 'landing') {
    return fail('E_IN_HAND', `${bead.id} is landing at this very moment.`, {
      hint: 'try again in a moment',
      exit: EXIT.tryAgain,
    })
  }
  const run = findRun(town.ledger.state.beads.values(), merge.run ?? '')?.run
  if (RETURNED.has(merge.state) && run !== undefined && run.state !== 'submitted') {
    return fail('E_AT_WORK', `${merge.worker} is mending ${bead.id} (round ${run.round}); it comes back by itself.`, {
      hint: `gt peek ${run.fence}`,
      exit: EXIT.tryAgain,
    })
  }
  return body(found.value, town.now().toISOString())
}

function apply(town: OpenTown, request: MergeRequest, change: ReturnType<typeof step>, text: string): Answer {
  change.by = actor(town.env)
  change.ops.push({ op: 'unset', id: request.merge.bead, path: gtPath('needs') })
  const applied = mustApply(town.ledger.write(change), request.bead.id)
  if (applied.kind === 'error') return applied
  const now = mergeOf(town.ledger.state.beads.get(request.bead.id))
  return ok({ data: { id: request.bead.id, ...now?.merge }, text })
}

export function reject(town: OpenTown, id: string, reason: string): Promise<Answer> {
  return decide(town, id, (request, at) => {
    const evidence = `A person sent this back: ${excerpt(reason, 1900)}`
    const change = step(request, 'red', at, `rejected: ${reason}`, {
      reason: `sent back: ${plain(reason, 200)}`,
      evidence,
    })
    return apply(town, request, change, `${request.bead.id} goes back to ${request.merge.worker}.`)
  })
}

export function land(town: OpenTown, id: string): Promise<Answer> {
  return decide(town, id, (request, at) => {
    if (request.merge.state !== 'held' && request.merge.held_for !== 'red-target') {
      return fail('E_NOT_HELD', `${request.bead.id} is ${request.merge.state}, not held.`, {
        hint: `gt mq show ${request.bead.id}`,
      })
    }
    if (request.merge.held_for === 'unverified') {
      return fail('E_UNVERIFIED', `Rig ${request.merge.rig} has no gate, so nothing proves that the work is good.`, {
        hint: `gt config set rig.${request.merge.rig}.gate "<command>"   (or: … rig.${request.merge.rig}.landing.unverified true)`,
      })
    }
    const change = step(request, 'queued', at, 'let through by a person', {
      approved_by: actor(town.env),
      held_for: undefined,
      reason: undefined,
    })
    return apply(town, request, change, `${request.bead.id} is in the queue.`)
  })
}

export function retry(town: OpenTown, id: string): Promise<Answer> {
  return decide(town, id, async (request, at) => {
    // A person may have mended the branch meanwhile: what is tested is what stands on it now.
    const gitDir = town.paths.rig(request.merge.rig).repo
    // An integration branch is nobody's here: it stands on the remote.
    const place = request.merge.run === undefined ? 'refs/remotes/origin' : 'refs/heads'
    const tip = await resolveCommit(gitDir, `${place}/${request.merge.branch}`)
    if (tip.kind === 'error') return tip
    const head = tip.kind === 'ok' ? tip.value : request.merge.head
    const settled = {
      held_for: undefined,
      reason: undefined,
      evidence: undefined,
      candidate: undefined,
      rule: undefined,
    }
    const change = step(request, 'queued', at, 'queued again by a person', { head, handed_in_at: at, ...settled })
    return apply(town, request, change, `${request.bead.id} is in the queue again.`)
  })
}
