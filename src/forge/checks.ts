/** The checks of a pull request, from what gh calls its status check rollup. Pure. */
import { z } from 'zod'
import type { Check } from './seen.ts'

const text = z.string().nullish()

/** A check run (`name`, `status`, `conclusion`) or a status of the older kind (`context`, `state`). */
export const checkEntry = z.object({
  __typename: text,
  name: text,
  workflowName: text,
  context: text,
  status: text,
  conclusion: text,
  state: text,
  startedAt: text,
  detailsUrl: text,
  targetUrl: text,
})

// ACTION_REQUIRED is a person's turn, which no commit replaces. CANCELLED is what matrix jobs end as when one of them
// fails: called pending, it would hide that failure for ever.
const OUTCOMES: Record<string, Check['outcome']> = {
  SUCCESS: 'pass',
  NEUTRAL: 'skipped',
  SKIPPED: 'skipped',
  FAILURE: 'fail',
  ERROR: 'fail',
  TIMED_OUT: 'fail',
  STARTUP_FAILURE: 'fail',
  CANCELLED: 'fail',
}

/** The newest entry of each check. Two workflows may each have a `test`: one does not stand for the other. */
export function checksOf(entries: z.output<typeof checkEntry>[]): Check[] {
  const newest = new Map<string, { check: Check; workflow: string; at: number }>()
  for (const entry of entries) {
    const name = (entry.name ?? entry.context) || 'unnamed'
    const workflow = entry.workflowName ?? ''
    const done = entry.__typename === 'StatusContext' || entry.status === 'COMPLETED'
    const word = (entry.__typename === 'StatusContext' ? entry.state : done ? entry.conclusion : entry.status) ?? ''
    // Go writes year 1 for "not yet": a run that waits for its start is newer than all that started.
    const started = Date.parse(entry.startedAt ?? '')
    const at = started > 0 ? started : done ? 0 : Number.POSITIVE_INFINITY
    const key = JSON.stringify([workflow, name])
    if (at < (newest.get(key)?.at ?? 0)) continue
    const outcome = done ? (OUTCOMES[word] ?? 'pending') : 'pending'
    const url = (entry.detailsUrl ?? entry.targetUrl) || ''
    newest.set(key, { check: { name, outcome, word: word.toLowerCase(), url }, workflow, at })
  }
  const all = [...newest.values()]
  return all.map(({ check, workflow }) => {
    const alone = all.filter((other) => other.check.name === check.name).length === 1
    return alone || workflow === '' ? check : { ...check, name: `${workflow} / ${check.name}` }
  })
}
