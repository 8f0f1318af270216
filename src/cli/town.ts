/** Opening the town for a command, and the little that many commands share. */
import type { Bead } from '../beads/bead.ts'
import type { Verdict } from '../beads/change.ts'
import { resolveId } from '../beads/ids.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'

/** Opens the town that the context means and closes its ledger when the body is done. */
export async function withTown(context: Context, body: (town: OpenTown) => Answer | Promise<Answer>): Promise<Answer> {
  const town = await openTown(context.env, context.cwd)
  if (town.kind === 'error') return town
  try {
    return await body(town.value)
  } finally {
    town.value.ledger.close()
  }
}

/** The bead that a person means by a whole or partial id. */
export function findBead(town: OpenTown, partial: string): Result<Bead> {
  const id = resolveId(town.ledger.state, partial)
  if (id.kind === 'error') return id
  const bead = id.kind === 'ok' ? town.ledger.state.beads.get(id.value) : undefined
  return bead ? ok(bead) : fail('E_NO_BEAD', `There is no bead ${partial}.`, { hint: 'gt bead list' })
}

/** A verdict that must have applied: losing a race is "try again", never silence. */
export function mustApply(verdict: Result<Verdict>, what: string): Result<void> {
  if (verdict.kind === 'error') return verdict
  if (verdict.value.applied) return ok(undefined)
  return fail('E_CHANGED', `${what} was changed by somebody else at the same moment; nothing was written.`, {
    hint: 'try again',
    exit: EXIT.tryAgain,
  })
}

/** Columns of text, each as wide as its widest cell; the last one is not padded. */
export function columns(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n')
}

/** "3 s", "12 min", "5 h", "2 d". */
export function age(since: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** One line of text that cannot steer a terminal: control characters become spaces, long ones are cut. */
export function plain(text: string, width = 100): string {
  const clean = text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
  return clean.length <= width ? clean : `${clean.slice(0, width - 1)}…`
}
