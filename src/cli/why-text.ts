/** `gt why` for people: what it is, what led to it, step by step with the rule and the facts behind each. Pure. */
import type { Link, RunLine, WhyBead, WhyIncident, WhyRun } from '../kernel/why.ts'
import { columns, plain } from './text.ts'
import type { WhyMerge } from './why-merge.ts'
import { mergeParts } from './why-merge.ts'

export type Why =
  | (WhyBead & { merge_request: WhyMerge | null })
  /** Of a run that is at work: what is seen of it at this moment. */
  | (WhyRun & { verdict: string | null; evidence: string[] })
  | WhyMerge
  | WhyIncident

/** The whole page. */
export function whyText(why: Why): string {
  const parts = partsOf(why)
  if (why.steps.length > 0) parts.push(`Steps\n${why.steps.flatMap(stepLines).join('\n')}`)
  return parts.join('\n\n')
}

function partsOf(why: Why): string[] {
  switch (why.kind) {
    case 'merge-request':
      return mergeParts(why)
    case 'bead': {
      const head = [
        [why.id, plain(why.title)],
        ['stands', withReason(why.standing, why.reason)],
      ]
      const runs = why.runs.length === 0 ? [] : [`Runs\n${columns(why.runs.map(runRow))}`]
      const [merge, ...tests] = why.merge_request === null ? [] : mergeParts(why.merge_request)
      return [columns(head), ...runs, ...(merge === undefined ? [] : [`Merge request\n${merge}`]), ...tests]
    }
    case 'run':
      return [columns(runHead(why))]
    case 'incident':
      return incidentParts(why)
  }
}

const withReason = (word: string, reason: string | null): string =>
  reason === null ? word : `${word}: ${plain(reason, 300)}`

const runRow = (run: RunLine): string[] => [
  run.run,
  run.model === null ? run.agent : `${run.agent} on ${run.model}`,
  `attempt ${run.attempt}, round ${run.round}`,
  run.since,
  withReason(run.cause === null ? run.state : `${run.state} (${run.cause})`, run.reason),
]

function runHead(why: Why & { kind: 'run' }): string[][] {
  return [
    ['run', `${why.run}, attempt ${why.attempt}, round ${why.round}`],
    ['bead', `${why.bead}  ${plain(why.title)}`],
    ['worker', why.agent],
    ['model', why.model === null ? '-' : `${why.model}${why.model_by === null ? '' : ` (${why.model_by})`}`],
    [
      'state',
      `${withReason(why.cause === null ? why.state : `${why.state} (${why.cause})`, why.reason)}, since ${why.since}`,
    ],
    ...(why.verdict === null ? [] : [['now', plain(why.verdict, 200)]]),
    ...why.evidence.map((fact) => ['', plain(fact, 200)]),
    ['merge', why.merge_request === null ? '-' : `${why.merge_request}: gt why ${why.merge_request}`],
    ['archive', why.archive === null ? '-' : `${why.archive}: gt restore ${why.run}`],
  ]
}

function incidentParts(why: WhyIncident): string[] {
  const now = why.breaker === null ? (why.open ? 'at rest; about to be closed' : 'over') : plain(why.breaker.text, 300)
  const head = [
    [why.id, plain(why.title)],
    ['now', now],
    ['rule', `${why.rule}: ${why.rule_text}`],
  ]
  const rows = why.failures.map((one) => [one.at, one.run, one.bead, one.agent, plain(one.reason, 160)])
  return [columns(head), ...(rows.length === 0 ? [] : [`Failures\n${columns(rows)}`])]
}

function stepLines({ at, by, fence, why, rule, evidence }: Link): string[] {
  const who = plain(fence === null ? by : `${by} (run ${fence})`, 60)
  const facts = evidence.map((fact) => `    because ${plain(fact, 200)}`)
  return [`${at}  ${who}  ${plain(why, 200)}${rule === null ? '' : `  (${plain(rule, 40)})`}`, ...facts]
}
