/** `gt mq …`: the merge queue, and what came of it. */
import type { Command } from 'commander'
import { resolveCommit } from '../git/repository.ts'
import { placeOf } from '../kernel/integration.ts'
import { openMerges } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import { gateLogOf } from '../refinery/log.ts'
import { statsOf } from '../refinery/stats.ts'
import { receiptFor, recompute } from '../refinery/verify.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import { listRigs } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { registerRetry } from './landing.ts'
import { findRequest } from './merge-request.ts'
import { registerIntegration } from './mq-integration.ts'
import { registerRadar } from './mq-radar.ts'
import { age, columns, knownRig, plain, withTown } from './town.ts'

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
      .description('Recompute a landing: in the target, with the tree that was tested, and every patch of it.')
      .argument('<commit>', 'what the target moved to, or a commit of a group that landed together'),
    (commit: string) => verify(context, commit),
  )
  registerRetry(mq, context)
  registerRadar(mq, context)
  registerIntegration(mq, context)
  action(
    mq
      .command('stats')
      .description('How the queue does: landings an hour, waits, gate runs, false verdicts, what the cache saved.')
      .option('--rig <rig>', 'default: every rig')
      .option('--since <time>', 'how far back, such as 8h or 7d', '24h')
      .addHelpText('after', '\nExample:\n  gt mq stats --rig app --since 7d'),
    (options: { rig?: string; since: string }) => stats(context, options),
  )
}

function list(context: Context, rig?: string): Promise<Answer> {
  return withTown(context, async (town) => {
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
    const named = queue.length > 0 ? ok(undefined) : await knownRig(town, rig)
    if (named.kind === 'error') return named
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
      `worker    ${merge.worker}${merge.run ? ` (run ${merge.run})` : ''}`,
      `branch    ${merge.branch} at ${merge.head}`,
    )
    lines.push(`target    ${merge.target} of rig ${merge.rig}`, `queued    ${merge.queued_at}`)
    if (merge.pr) lines.push(`pull      #${merge.pr.number} ${merge.pr.url}`)
    if (merge.gate)
      lines.push(`gate      ${merge.gate.outcome}: ${merge.gate.command}, ${merge.gate.ms} ms, tree ${merge.gate.tree}`)
    if (merge.rule) lines.push(`rule      ${merge.rule}`)
    if (merge.commit) lines.push(`landed    ${merge.commit}${merge.landing ? ` within ${merge.landing}` : ''}`)
    if (merge.evidence) lines.push('', merge.evidence)
    return ok({ data: { id: bead.id, ...merge }, text: lines.join('\n') })
  })
}

/** Finds the landing of a commit in any rig and computes everything in its receipt again. */
function verify(context: Context, commit: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const rigs = listRigs(town.root)
    if (rigs.kind === 'error') return rigs
    for (const rig of rigs.kind === 'ok' ? rigs.value : []) {
      const id = await resolveCommit(town.paths.rig(rig).repo, commit)
      if (id.kind === 'ok') return verifyIn(town, rig, id.value)
    }
    return fail('E_NO_COMMIT', `No rig of this town has a commit ${commit}.`, { hint: 'gt mq list, gt bead show <id>' })
  })
}

async function verifyIn(town: OpenTown, rig: string, commit: string): Promise<Answer> {
  const settings = await town.rig(rig)
  if (settings.kind === 'error') return settings
  const gitDir = town.paths.rig(rig).repo
  const targets = [settings.value.branch, ...targetsOf(town, rig)]
  for (const name of new Set(targets)) {
    const target = placeOf(town.ledger.state, rig, name)
    const receipt = await receiptFor(gitDir, target, commit)
    if (receipt.kind === 'error') return receipt
    if (receipt.kind !== 'ok') continue
    const own = receipt.value.target || name
    const checks = await recompute(gitDir, placeOf(town.ledger.state, rig, own), receipt.value)
    if (checks.kind === 'error') return checks
    const good = Object.values(checks.value).every(Boolean)
    const lines = Object.entries(checks.value).map(
      ([what, held]) => `${held ? 'yes' : 'NO '}  ${what.replaceAll('_', ' ')}`,
    )
    const { batch } = receipt.value
    if (batch.length > 1)
      lines.unshift(`One of ${batch.length} changes that landed together as ${receipt.value.commit}.`)
    const data = {
      commit,
      landing: receipt.value.commit,
      rig,
      verified: good,
      checks: checks.value,
      receipt: receipt.value,
    }
    if (good) return ok({ data, text: lines.join('\n') })
    return ok({
      data,
      text: lines.join('\n'),
      exit: EXIT.failed,
      problem: { code: 'E_NOT_VERIFIED', message: `The receipt of ${commit} does not hold.` },
    })
  }
  return fail('E_NO_RECEIPT', `${commit} in rig ${rig} has no receipt: it was not landed by this town.`)
}

/** Every branch that this rig's merge requests were for: the target, and integration branches. */
function targetsOf(town: OpenTown, rig: string): string[] {
  const found: string[] = []
  for (const bead of town.ledger.state.beads.values()) {
    const merge = bead.metadata?.gt?.merge
    if (merge?.rig === rig) found.push(merge.target)
  }
  return found
}

function stats(context: Context, options: { rig?: string; since: string }): Promise<Answer> {
  return withTown(context, async (town) => {
    const back = parseDuration(options.since)
    if (back === undefined) {
      return fail('E_USAGE', `"${options.since}" is no duration.`, { hint: '--since 8h', exit: EXIT.usage })
    }
    const named = await knownRig(town, options.rig)
    if (named.kind === 'error') return named
    const known = listRigs(town.root)
    if (known.kind === 'error') return known
    const rigs = options.rig === undefined ? (known.kind === 'ok' ? known.value : []) : [options.rig]
    const now = town.now().getTime()
    const all: ({ rig: string } & ReturnType<typeof statsOf>)[] = []
    for (const rig of rigs) {
      const log = gateLogOf(town, rig)
      const read = log.refresh()
      if (read.kind === 'error') return read
      all.push({ rig, ...statsOf(log, now - back, now) })
    }
    const text = all.map((one) => statsText(one)).join('\n\n')
    return ok({ data: all, text: text || 'There is no rig yet.' })
  })
}

function statsText(one: { rig: string } & ReturnType<typeof statsOf>): string {
  const seconds = (value: number | null): string => (value === null ? '-' : `${Math.round(value)} s`)
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`
  return columns([
    ['rig', one.rig],
    ['landed', `${one.landed} (${one.landings_per_hour.toFixed(1)} an hour) in ${one.landings} steps`],
    ['wait, from line to landed', `half ${seconds(one.wait_p50_seconds)}, 95 of 100 ${seconds(one.wait_p95_seconds)}`],
    [
      'gate runs',
      `${one.runs}${one.runs_per_landing === null ? '' : `, ${one.runs_per_landing.toFixed(2)} a landed change`}`,
    ],
    ['sent back', `${one.red} red, ${one.conflicts} conflicts; ${one.false_red} called red by mistake`],
    ['flakes', String(one.flakes)],
    [
      'gate time',
      `${one.gate_minutes.toFixed(1)} min run, ${one.gate_minutes_saved.toFixed(1)} min saved by remembered results`,
    ],
    ['estimates', `${percent(one.p)} of changes bad, ${percent(one.f)} of runs flaky`],
  ])
}
