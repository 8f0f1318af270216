/** `gt mq list | show | verify | retry`, `gt reject`, `gt land`, `gt refinery run`. */
import type { Command } from 'commander'
import { readNote } from '../git/notes.ts'
import { isAncestor, resolveCommit, treeOf } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { IN_HAND, mergeOf, openMerges, RETURNED, step } from '../kernel/merges.ts'
import { findRun, gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { excerpt } from '../refinery/messages.ts'
import { workQueue } from '../refinery/queue.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { listRigs } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, columns, findBead, mustApply, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  const mq = program
    .command('mq')
    .description('The merge queue: what is done, but not landed.')
    .addHelpText('after', '\nExample:\n  gt mq list --rig app\n  gt mq verify 3f2a91c')
  action(
    mq.command('list').description('The queue, oldest first.').option('--rig <rig>'),
    (options: { rig?: string }) => list(context, options.rig),
  )
  action(
    mq.command('show').description('One merge request.').argument('<id>', 'merge request, or its bead'),
    (id: string) => show(context, id),
  )
  action(
    mq
      .command('verify')
      .description('Recompute a landing: is the commit in the target, with the tree that was tested?')
      .argument('<commit>'),
    (commit: string) => verify(context, commit),
  )
  action(
    mq
      .command('retry')
      .description('Queue again what could not be tested, was refused, or was mended by hand on its branch.')
      .argument('<id>'),
    (id: string) => retry(context, id),
  )
  action(
    program
      .command('reject')
      .description('Send a merge request back to its worker.')
      .argument('<id>', 'merge request, or its bead')
      .requiredOption('--reason <text>', 'what must be mended')
      .addHelpText('after', '\nExample:\n  gt reject ap-m4xq1 --reason "the parser needs a test"'),
    (id: string, options: { reason: string }) => reject(context, id, options.reason),
  )
  action(
    program
      .command('land')
      .description('Let a held merge request into the queue (landing policy "hold").')
      .argument('<id>', 'merge request, or its bead')
      .addHelpText('after', '\nExample:\n  gt land ap-x3k9f'),
    (id: string) => land(context, id),
  )
  const refinery = program
    .command('refinery')
    .description('The Refinery: tests and merges, one verified step at a time.')
    .addHelpText('after', '\nExample:\n  gt refinery run app --once')
  action(
    refinery
      .command('run')
      .description('Work the queue of a rig now, in the foreground.')
      .argument('<rig>')
      .option('--once', 'one merge request only'),
    (rig: string, options: { once?: boolean }) => runQueue(context, rig, options.once === true),
  )
}

/** A merge request by its own id, or by the id of its bead. */
function findRequest(town: OpenTown, partial: string): Result<MergeRequest> {
  const found = findBead(town, partial)
  if (found.kind === 'error') return found
  const own = mergeOf(found.value)
  if (own !== undefined) return ok(own)
  const all = [...town.ledger.state.beads.values()].map(mergeOf).filter((one) => one?.merge.bead === found.value.id)
  const request = all.find((one) => one?.bead.status !== 'closed') ?? all.at(-1)
  return request
    ? ok(request)
    : fail('E_NO_MERGE_REQUEST', `${found.value.id} has no merge request.`, { hint: `gt bead show ${found.value.id}` })
}

function list(context: Context, rig?: string): Promise<Answer> {
  return withTown(context, (town) => {
    const now = town.now()
    const queue = openMerges(town.ledger.state.beads.values(), rig).map(({ bead, merge }) => ({
      id: bead.id,
      bead: merge.bead,
      rig: merge.rig,
      worker: merge.worker,
      state: merge.state,
      queued_at: merge.queued_at,
      age_seconds: Math.max(0, Math.round((now.getTime() - Date.parse(merge.queued_at)) / 1000)),
      reason: merge.reason ?? null,
    }))
    const oldest = queue.reduce((most, entry) => Math.max(most, entry.age_seconds), 0)
    const rows = queue.map((one) => [
      one.id,
      one.bead,
      one.state,
      age(one.queued_at, now),
      one.worker,
      plain(one.reason ?? '', 90),
    ])
    return ok({
      data: { queue, oldest_seconds: queue.length > 0 ? oldest : null },
      text: rows.length > 0 ? columns(rows) : 'The merge queue is empty.',
    })
  })
}

function show(context: Context, id: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findRequest(town, id)
    if (found.kind === 'error') return found
    const { bead, merge } = found.value
    const lines = [`${bead.id}  ${merge.state}${merge.reason ? `: ${plain(merge.reason, 300)}` : ''}`, '']
    lines.push(
      `bead      ${merge.bead}`,
      `worker    ${merge.worker} (run ${merge.run})`,
      `branch    ${merge.branch} at ${merge.head}`,
    )
    lines.push(`target    ${merge.target} of rig ${merge.rig}`, `queued    ${merge.queued_at}`)
    if (merge.pr) lines.push(`pull      #${merge.pr.number} ${merge.pr.url}`)
    if (merge.gate)
      lines.push(`gate      ${merge.gate.outcome}: ${merge.gate.command}, ${merge.gate.ms} ms, tree ${merge.gate.tree}`)
    if (merge.commit) lines.push(`landed    ${merge.commit}`)
    if (merge.evidence) lines.push('', merge.evidence)
    return ok({ data: { id: bead.id, ...merge }, text: lines.join('\n') })
  })
}

/** Finds the receipt of a commit in any rig and checks it against the repository. */
function verify(context: Context, commit: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const rigs = listRigs(town.root)
    if (rigs.kind === 'error') return rigs
    for (const rig of rigs.kind === 'ok' ? rigs.value : []) {
      const settings = await town.rig(rig)
      if (settings.kind === 'error') return settings
      const gitDir = town.paths.rig(rig).repo
      const id = await resolveCommit(gitDir, commit)
      if (id.kind !== 'ok') continue
      const note = await readNote({ gitDir, commit: id.value })
      if (note.kind === 'error') return note
      if (note.kind !== 'ok') {
        return fail('E_NO_RECEIPT', `${id.value} in rig ${rig} has no receipt: it was not landed by this town.`)
      }
      const receipt = JSON.parse(note.value) as {
        tree: string
        onto: string
        bead: string
        gate: { outcome: string; tree: string }
      }
      const tree = await treeOf(gitDir, id.value)
      const inTarget = await isAncestor(gitDir, id.value, `refs/remotes/origin/${settings.value.branch}`)
      const based = await isAncestor(gitDir, receipt.onto, id.value)
      const checks = {
        in_target: inTarget.kind === 'ok' && inTarget.value,
        tree_is_the_tested_one: tree.kind === 'ok' && tree.value === receipt.tree && receipt.gate.tree === receipt.tree,
        gate_passed: receipt.gate.outcome === 'pass',
        on_top_of_its_base: based.kind === 'ok' && based.value,
      }
      const good = Object.values(checks).every(Boolean)
      const text = Object.entries(checks)
        .map(([name, held]) => `${held ? 'yes' : 'NO '}  ${name.replaceAll('_', ' ')}`)
        .join('\n')
      const data = { commit: id.value, rig, verified: good, checks, receipt }
      if (good) return ok({ data, text })
      return ok({
        data,
        text,
        exit: EXIT.failed,
        problem: { code: 'E_NOT_VERIFIED', message: `The receipt of ${id.value} does not hold.` },
      })
    }
    return fail('E_NO_COMMIT', `No rig of this town has a commit ${commit}.`, { hint: 'gt mq list, gt bead show <id>' })
  })
}

/** Verbs of a person on one entry; a worker may not use them (landing policy is enforced below the agent). */
function decide(
  context: Context,
  id: string,
  body: (town: OpenTown, request: MergeRequest, at: string) => Result<Answer> | Promise<Result<Answer>>,
): Promise<Answer> {
  return withTown(context, async (town) => {
    if (context.env.GT_RUN) return fail('E_NOT_FOR_AGENTS', 'A worker may not decide about landings.')
    const found = findRequest(town, id)
    if (found.kind === 'error') return found
    const { merge, bead } = found.value
    if (bead.status === 'closed') return fail('E_CLOSED', `${bead.id} is ${merge.state} already.`)
    if (IN_HAND.has(merge.state)) {
      return fail('E_IN_HAND', `${bead.id} is being worked on right now (${merge.state}).`, {
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
    const done = await body(town, found.value, town.now().toISOString())
    return done.kind === 'error' ? done : done.value
  })
}

function apply(town: OpenTown, request: MergeRequest, change: ReturnType<typeof step>, text: string): Result<Answer> {
  change.by = actor(town.env)
  change.ops.push({ op: 'unset', id: request.merge.bead, path: gtPath('needs') })
  const applied = mustApply(town.ledger.write(change), request.bead.id)
  if (applied.kind === 'error') return applied
  const now = mergeOf(town.ledger.state.beads.get(request.bead.id))
  return ok(ok({ data: { id: request.bead.id, ...now?.merge }, text }))
}

function reject(context: Context, id: string, reason: string): Promise<Answer> {
  return decide(context, id, (town, request, at) => {
    const evidence = `A person sent this back: ${excerpt(reason, 1900)}`
    const change = step(request, 'red', at, `rejected: ${reason}`, {
      reason: `sent back: ${plain(reason, 200)}`,
      evidence,
    })
    return apply(town, request, change, `${request.bead.id} goes back to ${request.merge.worker}.`)
  })
}

function land(context: Context, id: string): Promise<Answer> {
  return decide(context, id, (town, request, at) => {
    if (request.merge.state !== 'held') {
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

function retry(context: Context, id: string): Promise<Answer> {
  return decide(context, id, async (town, request, at) => {
    // A person may have mended the branch meanwhile: what is tested is what stands on it now.
    const gitDir = town.paths.rig(request.merge.rig).repo
    const tip = await resolveCommit(gitDir, `refs/heads/${request.merge.branch}`)
    if (tip.kind === 'error') return tip
    const head = tip.kind === 'ok' ? tip.value : request.merge.head
    const settled = { held_for: undefined, reason: undefined, evidence: undefined, candidate: undefined }
    const change = step(request, 'queued', at, 'queued again by a person', { head, ...settled })
    return apply(town, request, change, `${request.bead.id} is in the queue again.`)
  })
}

function runQueue(context: Context, rig: string, once: boolean): Promise<Answer> {
  return withTown(context, async (town) => {
    const worked = await workQueue(town, rig, { once, signal: context.signal })
    if (worked.kind === 'error') return worked
    if (worked.value.busy)
      return fail('E_BUSY', `Somebody else works the queue of ${rig} right now.`, {
        exit: EXIT.tryAgain,
        hint: 'gt mq list',
      })
    const left = openMerges(town.ledger.state.beads.values(), rig)
    const text = left.length === 0 ? 'The queue is empty.' : `${left.length} in the queue: gt mq list --rig ${rig}`
    return ok({ data: { steps: worked.value.steps, left: left.length }, text })
  })
}
