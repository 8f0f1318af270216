/** `gt trail`, `gt log`, `gt undo`: what was done, by whom, and taking it back. */
import type { Command } from 'commander'
import type { Difference, TrailEntry } from '../beads/trail.ts'
import { newestChanges, trailOf } from '../beads/trail.ts'
import { planUndo } from '../beads/undo.ts'
import { actor } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { shortTime } from '../town/duration.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { columns, plain } from './text.ts'
import { findBead, mustApply, withTown } from './town.ts'

export function register(program: Command, context: Context): void {
  action(
    program
      .command('trail')
      .description(
        'Everything that was done to a bead: when, by whom, under which run, why, and what became different.',
      )
      .argument('<bead>')
      .addHelpText('after', '\nExample:\n  gt trail ap-x3k9f'),
    (id: string) => trail(context, id),
  )
  action(
    program
      .command('log')
      .description('The newest changes of the ledger, newest first.')
      .option('--limit <n>', 'how many', '20')
      .option('--by <actor>', 'only those of this agent, or of "person"')
      .option('--since <time>', 'only later ones, RFC 3339')
      .option('--all', 'also who took and gave back which duty')
      .addHelpText('after', '\nExample:\n  gt log --by deacon --limit 50'),
    (options: LogOptions) => log(context, options),
  )
  action(
    program
      .command('undo')
      .description('Take back your last change, if nothing depends on it. Again: the one before.')
      .option('--dry-run', 'say which, change nothing')
      .addHelpText('after', '\nExample:\n  gt undo --dry-run'),
    (options: { dryRun?: boolean }) => undo(context, options.dryRun === true),
  )
}

function trail(context: Context, partial: string): Promise<Answer> {
  return withTown(context, (town) => {
    const found = findBead(town, partial)
    if (found.kind === 'error') return found
    const { id } = found.value
    const entries = trailOf(town.ledger.dir, id)
    const lines = entries.flatMap((entry) => [
      head(entry),
      ...(entry.evidence ?? []).map((fact) => `    because ${plain(fact, 200)}`),
      ...(entry.changes ?? []).map(line),
    ])
    const text =
      entries.length > 0 ? lines.join('\n') : `The journals have nothing on ${id}: it is older than they are.`
    return ok({ data: entries, text })
  })
}

/** When, who, why: one line. */
const head = (entry: TrailEntry): string =>
  `${shortTime(entry.at)}  ${who(entry)}  ${plain(entry.why, 200)}${ruleWords(entry)}${entry.applied ? '' : `  [refused: ${unmetWords(entry)}]`}`

const ruleWords = ({ rule }: TrailEntry): string => (rule === undefined ? '' : `  (${plain(rule, 40)})`)

const who = ({ by, fence }: TrailEntry): string => plain(fence === undefined ? by : `${by} (run ${fence})`, 60)

function unmetWords({ unmet }: TrailEntry): string {
  if (unmet === undefined) return 'it did not apply'
  switch (unmet.if) {
    case 'absent':
      return `${unmet.id} is there already`
    case 'version':
      return `${unmet.id} had changed`
    case 'in':
      return `${unmet.path.join('.')} of ${unmet.id} was not as expected`
    case 'no-live-run':
      return `a worker is on ${unmet.id}`
    case 'active-runs-below':
      return `no free slot (cap ${unmet.max})`
    case 'agent-free':
      return `${unmet.agent} is busy`
    case 'lease':
      return `${unmet.name} was held by another`
    default:
      return 'a condition did not hold'
  }
}

/** One value that became different. */
function line({ path, key, before, after }: Difference): string {
  const name = path.join('.').replace(/^metadata\.gt\./, '')
  if (key !== undefined) {
    const word = before === undefined ? '+' : after === undefined ? '-' : '~'
    return `    ${word} ${name} ${plain(elementWords(after ?? before, key), 160)}`
  }
  if (before === undefined) return `    ${name}: ${words(after)}`
  return `    ${name}: ${words(before)} → ${after === undefined ? 'nothing' : words(after)}`
}

function elementWords(element: unknown, key: string): string {
  const { text, type } = (typeof element === 'object' && element !== null ? element : {}) as Record<string, unknown>
  if (typeof text === 'string') return text
  return typeof type === 'string' ? `${type} ${key}` : key
}

const words = (value: unknown): string => plain(typeof value === 'string' ? value : JSON.stringify(value), 100)

interface LogOptions {
  limit: string
  by?: string
  since?: string
  all?: boolean
}

function log(context: Context, options: LogOptions): Promise<Answer> | Answer {
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1) {
    return fail('E_USAGE', `"${options.limit}" is no number of changes.`, {
      hint: 'gt log --limit 50',
      exit: EXIT.usage,
    })
  }
  const since = options.since === undefined ? undefined : Date.parse(options.since)
  if (Number.isNaN(since)) return notTime(options.since!)
  return withTown(context, (town) => {
    const entries = newestChanges(town.ledger.dir, {
      limit,
      ...(options.by !== undefined && { by: options.by }),
      ...(since !== undefined && { since }),
      all: options.all === true,
    })
    const rows = entries.map((entry) => [
      shortTime(entry.at),
      who(entry),
      `${plain(entry.why, 120)}${entry.applied ? '' : `  [refused: ${unmetWords(entry)}]`}`,
    ])
    return ok({ data: entries, text: rows.length > 0 ? columns(rows) : 'Nothing was changed yet.' })
  })
}

/** The refusal of a time that is none. */
export const notTime = (time: string): Result<never> =>
  fail('E_BAD_TIME', `"${time}" is no time.`, { hint: 'Write it like 2026-01-31T09:00:00Z.', exit: EXIT.usage })

function undo(context: Context, dry: boolean): Promise<Answer> {
  return withTown(context, (town) => {
    const author = {
      by: actor(town.env),
      at: town.now().toISOString(),
      ...(town.env.GT_RUN && { fence: town.env.GT_RUN }),
    }
    const plan = planUndo(town.ledger.dir, town.ledger.state, author)
    if (plan.kind === 'error') return plan
    const { of, input } = plan.value
    if (!dry) {
      const applied = mustApply(town.ledger.write(input), 'What you want to take back')
      if (applied.kind === 'error') return applied
    }
    const beads = [...new Set(input.ops.flatMap((op) => ('id' in op ? [op.id] : [])))]
    const data = { undone: { id: of.id, at: of.at, why: of.why }, beads, dryRun: dry }
    return ok({ data, text: `${dry ? 'Would take back' : 'Took back'}: ${plain(of.why, 200)} (${shortTime(of.at)})` })
  })
}
