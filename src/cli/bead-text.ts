/** How beads look, for people and as data. Pure, and light: the quick commands load this and no more. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { mergeOf } from '../kernel/merges.ts'
import { liveRun, runsOf } from '../kernel/runs.ts'
import { reasonOf, standing } from '../kernel/standing.ts'
import { age, columns, plain, prose } from './text.ts'

/** What `gt bead show --json` gives. */
export function shown(state: State, bead: Bead, now: Date): object {
  const runs = runsOf(bead)
  const ids = [...runs.map((run) => run.merge_request), facts(bead).integration?.merge_request]
  const request = ids.map((id) => mergeOf(state.beads.get(id ?? ''))).findLast(Boolean)
  const mergeRequest = request ? { id: request.bead.id, ...request.merge } : null
  return { ...bead, standing: standing(state, bead, now), runs, mergeRequest }
}

/** What `gt bead show` prints. */
export function page(state: State, bead: Bead, now: Date): string {
  const lines = [`${bead.id}  ${plain(bead.title, 200)}`, '']
  const where = whereOf(state, bead, now)
  const unheld = where === standing(state, bead, now) ? '' : 'no worker of this town is on it'
  const why = reasonOf(state, bead, now) || unheld
  lines.push(`state     ${where}${why ? `: ${plain(why, 400)}` : ''}`)
  lines.push(`type      ${bead.issue_type}, priority ${bead.priority}, rig ${facts(bead).rig ?? '-'}`)
  lines.push(`created   ${bead.created_at} by ${plain(bead.created_by ?? 'unknown')}`)
  if (bead.labels?.length) lines.push(`labels    ${bead.labels.map((label) => plain(label)).join(', ')}`)
  lines.push(...declaredLines(bead))
  for (const dep of bead.dependencies ?? []) {
    const target = lookUp(state, dep.depends_on_id)
    lines.push(
      `${dep.type.padEnd(9)} ${dep.depends_on_id}  ${target ? `${plain(target.title, 60)} (${target.status})` : '(not here)'}`,
    )
  }
  const landed = facts(bead).landed
  if (landed) lines.push(`landed    ${landed.commit} on ${landed.target}, ${age(landed.at, now)} ago`)
  for (const run of runsOf(bead)) {
    lines.push(
      `run       ${run.fence}  ${run.agent}, attempt ${run.attempt}, round ${run.round}: ${run.state}${run.reason ? ` (${plain(run.reason, 160)})` : ''}`,
    )
  }
  if (bead.description) lines.push('', ...prose(bead.description))
  for (const comment of bead.comments ?? [])
    lines.push('', `${comment.author}, ${age(comment.created_at, now)} ago:`, ...prose(comment.text, '  '))
  return lines.join('\n')
}

/** Where a bead stands, in one word: as a person or another tool wrote it, where no run and no order says more. */
function whereOf(state: State, bead: Bead, now: Date): string {
  const where = standing(state, bead, now)
  return where === 'open' ? plain(bead.status, 30) : where
}

/** What a bead declares for its landing; no line for what it leaves to its rig. */
export function declaredLines(bead: Bead): string[] {
  const { landing, paths, integration } = facts(bead)
  const lines: string[] = []
  if (integration) lines.push(`gathers   on ${plain(integration.branch)}, lands on ${plain(integration.base)}`)
  if (landing) lines.push(`landing   ${plain(String(landing))} (this bead)`)
  // Files of other programs are imported as they are.
  if (Array.isArray(paths) && paths.length > 0) lines.push(`paths     ${plain(paths.join(', '), 400)}`)
  return lines
}

/** Beads with lists of their own: gt mq list, gt mail inbox. */
const ELSEWHERE: ReadonlySet<string> = new Set(['merge-request', 'message'])

/** The beads that `gt bead list` means; without a status those that are not closed. */
export function listed(state: State, options: { status?: string; rig?: string }): Bead[] {
  const { status, rig } = options
  return [...state.beads.values()].filter((bead) => {
    if (rig !== undefined && facts(bead).rig !== rig) return false
    if (status === 'all') return true
    if (status !== undefined) return bead.status === status
    return bead.status !== 'closed' && bead.status !== 'tombstone' && !ELSEWHERE.has(bead.issue_type)
  })
}

/** Beads for people. Steps of molecules are counted, not listed: a thousand of them say less than where their molecule stands. */
export function listText(state: State, beads: Bead[], now: Date): string {
  const steps = beads.filter((bead) => facts(bead).step !== undefined)
  const rest = steps.length === 0 ? beads : beads.filter((bead) => facts(bead).step === undefined)
  const lines = rest.length > 0 ? [table(state, rest, now)] : []
  if (steps.length > 0) lines.push(`${lines.length > 0 ? 'and ' : ''}${steps.length} steps of molecules: gt mol list`)
  return lines.length > 0 ? lines.join('\n') : 'No beads.'
}

export const readyText = (state: State, beads: Bead[], now: Date): string =>
  beads.length > 0
    ? table(state, beads, now)
    : 'Nothing is ready. gt bead list shows what waits, and gt bead show <id> why.'

function table(state: State, beads: Bead[], now: Date): string {
  return columns(
    beads.map((bead) => [
      bead.id,
      `P${bead.priority}`,
      whereOf(state, bead, now),
      liveRun(bead)?.agent ?? '',
      plain(bead.title, 70),
    ]),
  )
}
