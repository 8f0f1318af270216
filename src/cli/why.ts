/** `gt why <bead, run, worker, merge request or incident>`: how it came to be as it is, from the books and from evidence. */
import type { Command } from 'commander'
import { archivedBeads } from '../beads/archive-read.ts'
import type { Bead } from '../beads/bead.ts'
import { lookUp } from '../beads/fold.ts'
import { resolveId } from '../beads/ids.ts'
import { trailOf, trailUnder } from '../beads/trail.ts'
import { gateNow } from '../costs/gate.ts'
import { budgetsOf } from '../costs/purses.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { mergeOf } from '../kernel/merges.ts'
import { findRun, isTerminal } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { whyBead, whyIncident, whyRun } from '../kernel/why.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { nearest } from '../town/nearest.ts'
import { lookAt, verdictWords } from '../witness/look.ts'
import type { Context } from './context.ts'
import { action } from './context.ts'
import type { FoundRun } from './find-run.ts'
import { namesOf, runOfName, runOfWorker, runsByPrefix } from './find-run.ts'
import { requestOfBead } from './merge-request.ts'
import { withTown } from './town.ts'
import { whyMerge } from './why-merge.ts'
import type { Why } from './why-text.ts'
import { whyText } from './why-text.ts'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('why')
      .description(
        'Why something is as it is: every decision about it, who made it, by which rule, from what evidence. A bead, a run, a worker, a merge request (group, tree, gate runs, verdicts) or an incident (what keeps failing).',
      )
      .argument('<id>', 'bead, run, worker, merge request or incident')
      .addHelpText('after', '\nExample:\n  gt why ap-x3k9f\n  gt why app/toast'),
    (id: string) =>
      withTown(context, async (town) => {
        const why = await whyOf(town, id)
        return why.kind === 'error' ? why : ok({ data: why.value, text: whyText(why.value) })
      }),
  )
}

/** Why whatever is called so is as it is. */
export async function whyOf(town: OpenTown, id: string): Promise<Result<Why>> {
  const found = find(town, id)
  return found.kind === 'error' ? found : ok(await explain(town, found.value))
}

type Subject = { is: 'bead'; bead: Bead } | { is: 'request'; request: MergeRequest } | ({ is: 'run' } & FoundRun)

/** What a person means: a whole name first, then a worker's, then the beginning of one thing. */
function find(town: OpenTown, typed: string): Result<Subject> {
  const { state } = town.ledger
  const exact = lookUp(state, typed)
  if (exact !== undefined) return ok(ofBead(exact))
  const run = findRun(state.beads.values(), typed) ?? runOfWorker(town, typed) ?? runOfName(town, typed)
  if (run !== undefined) return ok({ is: 'run', ...run })
  const id = resolveId(state, typed)
  const bead = id.kind === 'ok' ? lookUp(state, id.value) : undefined
  const runs = typed === '' ? [] : runsByPrefix(town, typed)
  const ids = [...(bead === undefined ? ambiguous(id) : [bead.id]), ...runs.map(({ run: { fence } }) => fence)]
  if (ids.length > 1) {
    const shown = ids.slice(0, 5).join(', ') + (ids.length > 5 ? ` and ${ids.length - 5} more` : '')
    return fail('E_AMBIGUOUS', `"${typed}" is the beginning of ${ids.length} names: ${shown}.`, {
      hint: 'Type more of it.',
    })
  }
  if (bead !== undefined) return ok(ofBead(bead))
  if (runs[0] !== undefined) return ok({ is: 'run', ...runs[0] })
  // What a run of long ago left behind is kept (law 4), so its name is still known.
  const archived = findRun(archivedBeads(town.ledger.dir), typed)
  if (archived !== undefined) return ok({ is: 'run', ...archived })
  const near = nearest(typed, namesOf(state))
  return fail('E_NOT_FOUND', `There is no bead, run, worker, merge request or incident called ${typed}.`, {
    hint: near === undefined ? 'gt bead list, gt polecat list' : `gt why ${near}`,
  })
}

function ofBead(bead: Bead): Subject {
  const request = mergeOf(bead)
  return request === undefined ? { is: 'bead', bead } : { is: 'request', request }
}

function ambiguous(id: ReturnType<typeof resolveId>): string[] {
  const isMany = id.kind === 'error' && id.failure.code === 'E_AMBIGUOUS'
  return isMany ? (id.failure.details as string[]) : []
}

async function explain(town: OpenTown, subject: Subject): Promise<Why> {
  const { state, dir } = town.ledger
  if (subject.is === 'request') return whyMerge(town, subject.request)
  if (subject.is === 'run') {
    const { bead, run } = subject
    const found = whyRun(bead, run, trailUnder(dir, run.fence))
    // Of one that handed in or ended there is nothing left to be seen.
    if (isTerminal(run) || run.state === 'submitted') return { ...found, verdict: null, evidence: [] }
    const verdict = (await lookAt(town, [run], true)).get(run.fence)
    if (verdict === undefined) return { ...found, verdict: null, evidence: [] }
    return { ...found, verdict: verdictWords(verdict), evidence: verdict.evidence }
  }
  const { bead } = subject
  const trail = trailOf(dir, bead.id)
  const incident = whyIncident(state, bead, trail, town.now())
  if (incident !== undefined) return incident
  const request = requestOfBead(state, bead)
  const merge_request = request === undefined ? null : await whyMerge(town, request)
  await budgetsOf(town)
  return { ...whyBead(state, bead, trail, town.now(), gateNow(town, town.now())), merge_request }
}
