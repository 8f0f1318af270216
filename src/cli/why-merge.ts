/** `gt why` of a merge request: group, tree, gate runs, verdict, the rule applied. */
import type { MergeFacts } from '../beads/facts.ts'
import { trailOf } from '../beads/trail.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Link } from '../kernel/why.ts'
import { chainOf } from '../kernel/why.ts'
import { receiptFor } from '../refinery/verify.ts'
import { columns, plain } from './text.ts'

export interface WhyMerge {
  kind: 'merge-request'
  id: string
  bead: string
  state: MergeFacts['state']
  rule: string | null
  reason: string | null
  /** Merge requests that landed together; null while it has not landed. */
  batch: string[] | null
  tree: string | null
  verdict: 'pass' | 'fail' | 'could_not_run' | 'flaky' | null
  tests: NonNullable<MergeFacts['tests']>
  steps: Link[]
}

export async function whyMerge(town: OpenTown, request: MergeRequest): Promise<WhyMerge> {
  const { bead, merge } = request
  const landing = await landingOf(town, request)
  return {
    kind: 'merge-request',
    id: bead.id,
    bead: merge.bead,
    state: merge.state,
    rule: merge.rule ?? landing?.rule ?? null,
    reason: merge.reason ?? null,
    batch: landing?.batch ?? null,
    tree: landing?.tree ?? merge.candidate?.tree ?? merge.gate?.tree ?? null,
    verdict: merge.gate?.outcome ?? null,
    tests: merge.tests ?? [],
    steps: chainOf(trailOf(town.ledger.dir, bead.id)),
  }
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

/** The facts and the gate runs; its steps are rendered like those of everything else (why-text.ts). */
export function mergeParts(data: WhyMerge): string[] {
  const rows = [
    [data.id, `${data.state}${data.reason ? `: ${plain(data.reason, 200)}` : ''}`],
    ['rule', data.rule ?? '-'],
    ['tree', data.tree ?? '-'],
    ['together', data.batch === null ? '-' : data.batch.join(' ')],
  ]
  if (data.tests.length === 0) return [columns(rows)]
  const tests = data.tests.map((test) => [
    test.at,
    test.outcome,
    `place ${test.place} of ${test.size}`,
    `tree ${test.tree.slice(0, 12)}`,
    `${(test.ms / 1000).toFixed(1)} s`,
    plain(test.reason ?? '', 100),
  ])
  return [columns(rows), `Gate runs\n${columns(tests)}`]
}
