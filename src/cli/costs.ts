/** `gt costs`: what was used, in tokens and dollars. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { budgetsOf } from '../costs/purses.ts'
import type { Report } from '../costs/report.ts'
import { costsOf } from '../costs/report.ts'
import type { Grouping, Row } from '../costs/rows.ts'
import { GROUPINGS } from '../costs/rows.ts'
import { dayOf } from '../costs/tokens.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { budgetLines, budgetRow, registerRaise } from './costs-budget.ts'
import { plain, withTown } from './town.ts'

interface CostsOptions {
  by: Grouping
  since?: string
  rig?: string
}

/** Rows that a screen shows; --json has all. */
const ROWS = 18

export function register(program: Command, context: Context): void {
  const command = program
    .command('costs')
    .description(
      'What was used: tokens, and dollars at list prices. What is not known is said, and never counted as nothing.',
    )
    .addOption(new Option('--by <what>', 'a row for each').choices([...GROUPINGS]).default('bead'))
    .option('--since <when>', 'nothing before: a day (2026-11-27), today, or a time such as 7d')
    .option('--rig <name>', 'one rig only')
    .addHelpText('after', '\nExample:\n  gt costs --since today\n  gt costs --by model --since 7d --rig app')
  registerRaise(command, context)
  action(command, (options: CostsOptions) => costs(context, options))
}

function costs(context: Context, options: CostsOptions): Promise<Answer> {
  return withTown(context, (town) => costsIn(town, options))
}

export async function costsIn(town: OpenTown, { by, since, rig }: CostsOptions): Promise<Answer> {
  const from = sinceDay(since, town.now())
  if (from.kind === 'error') return from
  if (rig !== undefined) {
    const known = await town.rig(rig)
    if (known.kind === 'error') return known
  }
  const report = await costsOf(town, { by, since: from.value, rig })
  if (report.kind === 'error') return report
  const { rows, total, prices } = report.value
  const budgets = await budgetsOf(town)
  const data = {
    by,
    since: from.value ?? null,
    rig: rig ?? null,
    rows: rows.map(answerOf),
    total: answerOf(total),
    prices,
    budgets: [...(budgets?.purses.values() ?? [])].map(budgetRow),
  }
  return ok({ data, text: [table(by, report.value), ...budgetLines(budgets)].join('\n') })
}

function sinceDay(text: string | undefined, now: Date): Result<string | undefined> {
  if (text === undefined) return ok(undefined)
  if (text === 'today') return ok(dayOf(now.getTime()))
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return ok(text)
  const ms = parseDuration(text)
  if (ms !== undefined) return ok(dayOf(now.getTime() - ms))
  return fail('E_USAGE', `"${text}" is neither a day nor a time.`, {
    hint: '--since 2026-11-27, --since today or --since 7d',
    exit: EXIT.usage,
  })
}

/** A row as --json has it. */
function answerOf({ key, about, tokens, usd, unknown }: Row) {
  const { input, output, cacheRead, cacheWrite } = tokens
  return {
    key,
    ...(about !== undefined && { about }),
    tokens: { input, output, cache_read: cacheRead, cache_write: cacheWrite },
    /** What is known of it; more than that where something is unknown. */
    usd: Math.round(usd * 1e6) / 1e6,
    unknown,
  }
}

function table(by: Grouping, { rows, total, prices }: Report): string {
  if (rows.length === 0) return 'Nothing was used.'
  const shown = rows.slice(0, ROWS)
  const head = [by, 'in', 'out', 'cache read', 'written', 'dollars', '']
  const lines = [head, ...[...shown, total].map((row) => cells(row))]
  const text = aligned(lines)
  const last = text.pop()!
  if (rows.length > ROWS) text.push(`… and ${rows.length - ROWS} more (--json shows all)`)
  const notes = total.unknown.map((why) => `  ? ${plain(why, 100)}`).slice(0, 4)
  if (total.unknown.length > notes.length) notes.push(`  and ${total.unknown.length - notes.length} more reasons`)
  if (notes.length > 0) notes.unshift('Not all is known, so these cost more than is shown:')
  return [...text, '', last, ...notes, `Prices: ${prices}, in dollars; a subscription is billed otherwise.`].join('\n')
}

function cells({ key, about, tokens, usd, unknown }: Row): string[] {
  const nothing = tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite === 0
  const counts = [tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite].map(short)
  const all = unknown.length > 0 && nothing ? counts.map(() => '?') : counts
  return [plain(key, 36), ...all, dollars(usd, unknown.length > 0), plain(about ?? '', 32)]
}

function dollars(usd: number, more: boolean): string {
  if (more) return usd === 0 ? '?' : `> ${usd.toFixed(2)}`
  return usd > 0 && usd < 0.01 ? '< 0.01' : usd.toFixed(2)
}

/** 950, 12.3k, 4.56M. */
function short(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 1_000_000) return `${(count / 1_000).toFixed(count < 100_000 ? 1 : 0)}k`
  return `${(count / 1_000_000).toFixed(count < 100_000_000 ? 2 : 0)}M`
}

/** First and last column left, numbers right. */
function aligned(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const pad = (cell: string, i: number, last: number): string =>
    i === last ? cell : i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, i, row.length - 1))
      .join('  ')
      .trimEnd(),
  )
}
