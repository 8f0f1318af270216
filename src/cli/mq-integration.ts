/** `gt mq integration create | status | land`: an epic whose children gather on a branch and land as one. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { isOver } from '../beads/ready.ts'
import { mergeCandidate } from '../git/merge.ts'
import { fetchRemote } from '../git/repository.ts'
import { divergence } from '../git/revisions.ts'
import { epicRequest, named, progressOf } from '../kernel/integration.ts'
import { IN_HAND } from '../kernel/merges.ts'
import { gtPath, liveRun } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import { actor } from '../kernel/town.ts'
import { cutBranch } from '../refinery/cut.ts'
import { dropEmpty, handInEpic, tipOf } from '../refinery/integration.ts'
import type { Err, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findBead, mustApply, plain, withTown } from './town.ts'

/** Adds the verbs to `gt mq`. */
export function registerIntegration(mq: Command, context: Context): void {
  const integration = mq
    .command('integration')
    .description('Integration branches: the children of an epic gather on one, and land as one.')
    .addHelpText('after', '\nExample:\n  gt mq integration create ap-x3k9f\n  gt mq integration status')
  action(
    integration
      .command('create')
      .description(
        'Cut a branch for an epic; its children start from it and land on it. Said again, it answers the same.',
      )
      .argument('<epic>')
      .option('--rig <rig>', 'when neither the epic nor its children say which')
      .option('--branch <name>', 'default: integration/<epic>'),
    (id: string, options: { rig?: string; branch?: string }) => create(context, id, options),
  )
  action(
    integration
      .command('status')
      .description('How far the branches of open epics are, and whether they merge now.')
      .argument('[epic]'),
    (id: string | undefined) => status(context, id),
  )
  action(
    integration
      .command('land')
      .description('Hand an epic in now, by your word, also where a landing policy would hold it.')
      .argument('<epic>'),
    (id: string) => land(context, id),
  )
}

const forPeople = (context: Context): Err | null =>
  context.env.GT_RUN
    ? fail('E_NOT_FOR_AGENTS', 'A worker may not decide about landings.', {
        kept: 'Nothing was changed.',
        hint: 'gt done',
      })
    : null

/** The open epic that a person means. */
function epicOf(town: OpenTown, partial: string): Result<Bead> {
  const found = findBead(town, partial)
  if (found.kind === 'error') return found
  const { id, issue_type, status } = found.value
  if (issue_type !== 'epic') {
    return fail('E_NOT_AN_EPIC', `${id} is a ${issue_type}; only the children of an epic gather on a branch.`, {
      kept: 'Nothing was changed.',
      hint: `gt bead update ${id} --type epic   if that is what it is`,
    })
  }
  if (!isOver(found.value)) return found
  return fail('E_CLOSED', `${id} is ${status} already.`, { kept: 'Nothing was changed.', hint: `gt bead show ${id}` })
}

function create(context: Context, partial: string, options: { rig?: string; branch?: string }): Promise<Answer> {
  return withTown(context, async (town) => {
    const refused = forPeople(context)
    if (refused !== null) return refused
    const found = epicOf(town, partial)
    if (found.kind === 'error') return found
    const epic = found.value
    const name = rigOf(town, epic, options.rig)
    if (name.kind === 'error') return name
    const rig = await town.rig(name.value)
    if (rig.kind === 'error') return rig
    const branch = options.branch === undefined ? {} : { branch: options.branch }
    const cut = await cutBranch(town, epic, rig.value, { by: actor(town.env), ...branch })
    if (cut.kind === 'error') return cut
    const { integration, created } = cut.value
    const children = progressOf(town.ledger.state, epic)
    const none = children.open.length + children.closed.length === 0
    const next = none ? `\nNext: gt bead create "<title>" --parent ${epic.id}` : ''
    const text = `${integration.branch} ${created ? 'was cut from' : 'is there already, cut from'} ${integration.base}. What is slung from now on below ${epic.id} lands on it.${next}`
    const { rig: home, base, at } = integration
    return ok({ data: { epic: epic.id, rig: home, branch: integration.branch, base, at, created }, text })
  })
}

/** As told, else the epic's own, else the one that all its children have. */
function rigOf(town: OpenTown, epic: Bead, told?: string): Result<string> {
  const own = facts(epic).rig
  if (told !== undefined && own !== undefined && told !== own) {
    return fail('E_OTHER_RIG', `${epic.id} belongs to rig ${own}, not to ${told}.`, { kept: 'Nothing was changed.' })
  }
  const { open, closed } = progressOf(town.ledger.state, epic)
  const theirs = new Set([...open, ...closed].map((child) => facts(child).rig).filter((rig) => rig !== undefined))
  const rig = told ?? own ?? (theirs.size === 1 ? [...theirs][0] : undefined)
  if (rig !== undefined) return ok(rig)
  const why = theirs.size > 1 ? `its children belong to ${[...theirs].join(', ')}` : 'nothing says its rig'
  return fail('E_RIG', `Which rig is the branch of ${epic.id} for? The epic has none, and ${why}.`, {
    kept: 'Nothing was changed.',
    hint: `gt mq integration create ${epic.id} --rig <rig>`,
    exit: EXIT.usage,
  })
}

function status(context: Context, partial?: string): Promise<Answer> {
  return withTown(context, async (town) => {
    let epics = [...town.ledger.state.beads.values()].filter((bead) => facts(bead).integration && !isOver(bead))
    if (partial !== undefined) {
      const found = findBead(town, partial)
      if (found.kind === 'error') return found
      if (facts(found.value).integration === undefined) return noBranch(found.value)
      epics = [found.value]
    }
    for (const rig of new Set(epics.map((epic) => facts(epic).integration!.rig))) {
      const fetched = await fetchRemote({ gitDir: town.paths.rig(rig).repo })
      if (fetched.kind === 'error') return fetched
    }
    const rows: Row[] = []
    for (const epic of epics) {
      const row = await rowOf(town, epic)
      if (row.kind === 'error') return row
      rows.push(row.value)
    }
    const text = rows.map(textOf).join('\n\n')
    return ok({ data: rows, text: text === '' ? 'No open epic has an integration branch.' : text })
  })
}

const noBranch = (epic: Bead): Err =>
  fail('E_NO_INTEGRATION', `${epic.id} has no integration branch.`, { hint: `gt mq integration create ${epic.id}` })

interface Row {
  epic: string
  title: string
  rig: string
  branch: string
  base: string
  /** Null: the branch is gone from the remote (deleted after the landing, or by somebody). */
  tip: string | null
  landed: string[]
  open: string[]
  ahead: number | null
  behind: number | null
  merges: 'clean' | 'conflict' | 'already' | null
  conflicts: string[]
  merge_request: { id: string; state: string; reason: string | null } | null
}

async function rowOf(town: OpenTown, epic: Bead): Promise<Result<Row>> {
  const integration = facts(epic).integration!
  const { rig, branch, base } = integration
  const { open, closed } = progressOf(town.ledger.state, epic)
  const request = epicRequest(town.ledger.state, epic)
  const row: Row = {
    ...{ epic: epic.id, title: epic.title, rig, branch, base, tip: null },
    landed: closed.filter((child) => facts(child).landed !== undefined).map(({ id }) => id),
    open: open.map(({ id }) => id),
    ...{ ahead: null, behind: null, merges: null, conflicts: [] },
    merge_request: request
      ? { id: request.bead.id, state: request.merge.state, reason: request.merge.reason ?? null }
      : null,
  }
  const tip = await tipOf(town, epic.id, integration)
  if (tip.kind === 'error') return tip.failure.code === 'E_BRANCH_GONE' ? ok(row) : tip
  const gitDir = town.paths.rig(rig).repo
  const apart = await divergence(gitDir, tip.value.target, tip.value.head)
  if (apart.kind === 'error') return apart
  const author = { name: 'gt', email: 'gt@localhost' }
  const tried = { gitDir, onto: tip.value.target, head: tip.value.head, message: 'gt mq integration status', author }
  const merged = await mergeCandidate({ ...tried, mode: 'merge' })
  if (merged.kind === 'error') return merged
  const conflicts = merged.value.kind === 'conflict' ? merged.value.files : []
  return ok({ ...row, tip: tip.value.head, ...apart.value, merges: merged.value.kind, conflicts })
}

function textOf(row: Row): string {
  const { tip, ahead, behind, merges, conflicts, merge_request: request } = row
  const words = {
    clean: 'merges cleanly now',
    conflict: `conflicts in ${conflicts.slice(0, 5).join(', ')}`,
    already: 'all of it is in the base',
  }
  const lines = [`${row.epic}  ${plain(row.title, 120)}`]
  lines.push(
    `branch    ${row.branch} of rig ${row.rig}, ${tip === null ? 'not on the remote' : `at ${tip.slice(0, 12)}`}`,
  )
  lines.push(
    `base      ${row.base}${merges === null ? '' : `: ${ahead} ahead, ${behind} behind, ${plain(words[merges], 300)}`}`,
  )
  lines.push(
    `children  ${row.landed.length} landed, ${row.open.length} open${row.open.length > 0 ? `: ${row.open.join(', ')}` : ''}`,
  )
  if (request)
    lines.push(`request   ${request.id}  ${request.state}${request.reason ? `: ${plain(request.reason, 200)}` : ''}`)
  return lines.join('\n')
}

function land(context: Context, partial: string): Promise<Answer> {
  return withTown(context, async (town) => {
    const refused = forPeople(context)
    if (refused !== null) return refused
    const found = epicOf(town, partial)
    if (found.kind === 'error') return found
    if (facts(found.value).integration === undefined) return noBranch(found.value)
    return handIn(town, found.value, actor(town.env))
  })
}

async function handIn(town: OpenTown, epic: Bead, approved?: string): Promise<Answer> {
  const by = actor(town.env)
  const done = await handInEpic(town, epic, {
    by,
    why: 'by a person’s word',
    ...(approved !== undefined && { approved }),
  })
  if (done.kind === 'error') return done
  if (done.value.is === 'empty') {
    return fail('E_NOTHING_TO_LAND', `The integration branch of ${epic.id} holds nothing that its base has not.`, {
      kept: 'Nothing was changed.',
      hint: `gt bead close ${epic.id}`,
    })
  }
  const { bead, merge } = done.value.request
  const where = done.value.is === 'queued' ? 'is in the queue' : `is in the queue already (${merge.state})`
  const text = `${epic.id} is not closed yet: it closes when ${merge.branch} is seen in ${merge.target}. ${bead.id} ${where}.`
  return ok({ data: town.ledger.state.beads.get(epic.id), text })
}

/**
 * `gt bead close` of an epic with an integration branch: hands it in (law 1), or takes its merge request out of the queue
 * when it is cancelled. Null: nothing of the branch is in the way, close it like any other.
 */
export async function closeGathering(town: OpenTown, epic: Bead, cancelled: boolean): Promise<Answer | null> {
  if (isOver(epic)) return null
  if (cancelled) return withdraw(town, epic)
  const answer = await handIn(town, epic)
  if (answer.kind === 'ok' || answer.failure.code !== 'E_NOTHING_TO_LAND') return answer
  const left = await dropEmpty(town, epic, actor(town.env))
  if (left.kind === 'error') return left
  if (left.value === null) return null
  return fail('E_CHANGED', `${epic.id} was not closed: ${left.value}.`, { hint: 'try again', exit: EXIT.tryAgain })
}

/** Its branch stays: nothing that was landed there is thrown away. */
function withdraw(town: OpenTown, epic: Bead): Answer | null {
  const { open } = progressOf(town.ledger.state, epic)
  const busy = open.filter((child) => liveRun(child) !== undefined)
  if (busy.length > 0) {
    return fail('E_RUNNING', `Below ${epic.id} there is work under way: ${named(busy)}.`, {
      kept: 'Nothing was changed.',
      hint: `gt run stop ${liveRun(busy[0]!)!.fence}   first, if that is what you want`,
    })
  }
  const request = epicRequest(town.ledger.state, epic)
  if (request === undefined) return null
  const { id } = request.bead
  if (IN_HAND.has(request.merge.state)) {
    return fail('E_IN_HAND', `${id} is being worked on right now (${request.merge.state}).`, {
      hint: 'try again in a moment',
      exit: EXIT.tryAgain,
    })
  }
  const rejected = town.ledger.write({
    by: actor(town.env),
    why: `${epic.id} was cancelled`,
    when: [{ if: 'in', id, path: gtPath('merge', 'state'), values: [request.merge.state] }],
    ops: [
      { op: 'set', id, path: gtPath('merge', 'state'), value: 'rejected' },
      { op: 'set', id, path: ['status'], value: 'closed' },
      { op: 'set', id, path: ['close_reason'], value: `${epic.id} was cancelled` },
    ],
  })
  const applied = mustApply(rejected, id)
  return applied.kind === 'error' ? applied : null
}
