/** `gt why <merge request or bead>`: how a verdict came about, from the books. */
import type { Command } from 'commander'
import type { MergeFacts } from '../beads/facts.ts'
import { trailOf } from '../beads/trail.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import { receiptFor } from '../refinery/verify.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findRequest } from './merge-request.ts'
import { columns, plain, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('why')
      .description(
        'Why a merge request landed, waits or came back: group, tree, gate runs, verdicts, the rule applied.',
      )
      .argument('<id>', 'merge request, or its bead')
      .addHelpText('after', '\nExample:\n  gt why ap-m4xq1'),
    (id: string) => why(context, id),
  )
}

function why(context: Context, id: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const found = findRequest(town, id)
    if (found.kind === 'error') return found
    const { bead, merge } = found.value
    const steps = trailOf(town.ledger.dir, bead.id)
      .filter((entry) => entry.applied)
      .map(({ at, by, why }) => ({ at, by, why }))
    const landing = await landingOf(town, found.value)
    const data = {
      id: bead.id,
      bead: merge.bead,
      state: merge.state,
      rule: merge.rule ?? landing?.rule ?? null,
      reason: merge.reason ?? null,
      batch: landing?.batch ?? null,
      tree: landing?.tree ?? merge.candidate?.tree ?? merge.gate?.tree ?? null,
      verdict: merge.gate?.outcome ?? null,
      tests: merge.tests ?? [],
      steps,
    }
    return ok({ data, text: page(merge, data, steps) })
  })
}

/** What the receipt says of a landed one. */
async function landingOf(
  town: OpenTown,
  { merge }: MergeRequest,
): Promise<{ batch: string[]; tree: string; rule: string } | undefined> {
  if (merge.state !== 'landed' || merge.commit === undefined) return undefined
  const gitDir = town.paths.rig(merge.rig).repo
  const receipt = await receiptFor(gitDir, `refs/remotes/origin/${merge.target}`, merge.landing ?? merge.commit)
  if (receipt.kind !== 'ok') return undefined
  const { batch, tree, verdict } = receipt.value
  const together = batch.length > 1 ? `${batch.length} tested together, ` : ''
  const how = {
    pass: 'every gate passed on this very tree',
    flaky: 'red, then green on the same tree: a flake, which counts as a pass',
    unverified: 'no gate, by the owner’s recorded word (landing.unverified = true)',
  }
  return { batch: batch.map((one) => one.merge_request), tree, rule: `${together}${how[verdict]}` }
}

function page(
  merge: MergeFacts,
  data: {
    id: string
    rule: string | null
    batch: string[] | null
    tree: string | null
    tests: NonNullable<MergeFacts['tests']>
  },
  steps: { at: string; by: string; why: string }[],
): string {
  const rows = [
    [data.id, `${merge.state}${merge.reason ? `: ${plain(merge.reason, 200)}` : ''}`],
    ['rule', data.rule ?? '-'],
    ['tree', data.tree ?? '-'],
    ['together', data.batch === null ? '-' : data.batch.join(' ')],
  ]
  const parts = [columns(rows)]
  if (data.tests.length > 0) {
    const tests = data.tests.map((test) => [
      test.at,
      test.outcome,
      `place ${test.place} of ${test.size}`,
      `tree ${test.tree.slice(0, 12)}`,
      `${(test.ms / 1000).toFixed(1)} s`,
      plain(test.reason ?? '', 100),
    ])
    parts.push(`Gate runs\n${columns(tests)}`)
  }
  if (steps.length > 0)
    parts.push(`Steps\n${columns(steps.map((one) => [one.at, plain(one.by, 40), plain(one.why, 160)]))}`)
  return parts.join('\n\n')
}
