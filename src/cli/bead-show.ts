/** `gt bead show`. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { mergeOf } from '../kernel/merges.ts'
import { runsOf } from '../kernel/runs.ts'
import { reasonOf, standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { age, findBead, plain, withTown } from './town.ts'

/** Adds the verb. */
export function registerShow(bead: Command, context: Context): void {
  action(
    bead.command('show').description('Show a bead, its runs and its merge request.').argument('<id>'),
    (id: string) => show(context, id),
  )
}

function show(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const bead = found.value
    const now = town.now()
    const runs = runsOf(bead)
    const request = runs.map((run) => mergeOf(town.ledger.state.beads.get(run.merge_request ?? ''))).findLast(Boolean)
    const mergeRequest = request ? { id: request.bead.id, ...request.merge } : null
    const data = { ...bead, standing: standing(town.ledger.state, bead, now), runs, mergeRequest }
    return ok({ data, text: page(town, bead, now) })
  })
}

function page(town: OpenTown, bead: Bead, now: Date): string {
  const { state } = town.ledger
  const lines = [`${bead.id}  ${plain(bead.title, 200)}`, '']
  const where = standing(state, bead, now)
  const why = reasonOf(state, bead, now)
  lines.push(`state     ${where}${why ? `: ${plain(why, 400)}` : ''}`)
  lines.push(`type      ${bead.issue_type}, priority ${bead.priority}, rig ${facts(bead).rig ?? '-'}`)
  lines.push(`created   ${bead.created_at} by ${plain(bead.created_by ?? 'unknown')}`)
  if (bead.labels?.length) lines.push(`labels    ${bead.labels.map((label) => plain(label)).join(', ')}`)
  for (const dep of bead.dependencies ?? []) {
    const target = state.beads.get(dep.depends_on_id)
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
  if (bead.description) lines.push('', ...bead.description.split('\n').map((line) => plain(line, 400)))
  for (const comment of bead.comments ?? [])
    lines.push('', `${comment.author}, ${age(comment.created_at, now)} ago:`, `  ${plain(comment.text, 400)}`)
  return lines.join('\n')
}
