/** `gt bead show`, now or as of some time. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { EXIT, fail, ok } from '../result.ts'
import { declaredLines, page, shown } from './bead-text.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { plain, prose } from './text.ts'
import { findBead, withTown } from './town.ts'

/** Adds the verb. */
export function registerShow(bead: Command, context: Context): void {
  action(
    bead
      .command('show')
      .description('Show a bead, its runs and its merge request.')
      .argument('<id>')
      .option('--at <time>', 'as it stood then (RFC 3339)')
      .addHelpText('after', '\nExample:\n  gt bead show ap-x3k9f --at 2026-01-31T09:00:00Z'),
    (id: string, options: { at?: string }) =>
      options.at === undefined ? show(context, id) : showAt(context, id, options.at),
  )
}

function show(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { state } = town.ledger
    return ok({ data: shown(state, found.value, town.now()), text: page(state, found.value, town.now()) })
  })
}

function showAt(context: Context, partial: string, at: string): Promise<Answer> | Answer {
  const time = Date.parse(at)
  if (Number.isNaN(time)) {
    return fail('E_BAD_TIME', `"${at}" is no time.`, {
      hint: 'Write it like 2026-01-31T09:00:00Z.',
      exit: EXIT.usage,
    })
  }
  return withTown(context, async (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { beadAt } = await import('../beads/trail.ts')
    const then = beadAt(town.ledger.dir, found.value.id, time)
    if (then.kind === 'error') return then
    const { bead, since } = then.value
    return ok({ data: { ...bead, since }, text: past(bead, since) })
  })
}

/** Only what the bead itself said: what followed from other beads (blocked, ready) is not guessed at. */
function past(bead: Bead, since: string): string {
  const lines = [`${bead.id}  ${plain(bead.title, 200)}`, '', `status    ${bead.status}, since ${since}`]
  lines.push(`type      ${bead.issue_type}, priority ${bead.priority}`)
  if (bead.assignee) lines.push(`assignee  ${plain(bead.assignee)}`)
  if (bead.close_reason) lines.push(`reason    ${plain(bead.close_reason, 400)}`)
  if (bead.labels?.length) lines.push(`labels    ${bead.labels.map((label) => plain(label)).join(', ')}`)
  lines.push(...declaredLines(bead))
  for (const edge of bead.dependencies ?? []) lines.push(`${edge.type.padEnd(9)} ${edge.depends_on_id}`)
  if (bead.description) lines.push('', ...prose(bead.description))
  for (const comment of bead.comments ?? []) {
    lines.push('', `${comment.author}, ${comment.created_at}:`, ...prose(comment.text, '  '))
  }
  return lines.join('\n')
}
