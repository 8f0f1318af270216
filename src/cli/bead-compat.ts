/**
 * `bin/bd.js`: our ledger behind the verbs and raw JSON of `bd`, for programs that run `bd` (`BD_BIN`). No envelope, errors
 * on stderr, exit 1. Options of bd that change nothing here (`--sandbox`, `--tree`) are taken and ignored; an option that
 * would change the answer and is not known is refused.
 */
import { parseArgs } from 'node:util'
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { blockedJson, epicJson, listJson, showJson } from '../beads/compat.ts'
import { readyBeads } from '../beads/ready.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { write } from './bead-compat-edit.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { findBead } from './town.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
/** What bd's verbs take, as far as we know it. */
const OPTIONS = {
  status: { ...text, short: 's' },
  priority: { ...text, short: 'p' },
  type: { ...text, short: 't' },
  assignee: { ...text, short: 'a' },
  label: { ...text, short: 'l' },
  labels: text,
  limit: { ...text, short: 'n' },
  title: text,
  description: { ...text, short: 'd' },
  body: text,
  design: text,
  notes: text,
  acceptance: text,
  'acceptance-criteria': text,
  parent: text,
  deps: text,
  reason: { ...text, short: 'r' },
  author: text,
  'add-label': text,
  'remove-label': text,
  db: text,
  actor: text,
  tree: text,
  sort: text,
  force: { ...flag, short: 'f' },
  all: flag,
  claim: flag,
  unassigned: flag,
  version: { ...flag, short: 'V' },
  json: flag,
  sandbox: flag,
  quiet: { ...flag, short: 'q' },
  'no-daemon': flag,
  'no-pager': flag,
  'no-auto-flush': flag,
  'no-auto-import': flag,
  'allow-stale': flag,
  flat: flag,
} as const

export type BdOptions = {
  [K in keyof typeof OPTIONS]?: (typeof OPTIONS)[K]['type'] extends 'string' ? string : boolean
}

/** What a verb answers: JSON, and a line for people. */
export interface BdAnswer {
  json: unknown
  text?: string
}

export function register(program: Command, context: Context): void {
  action(
    program
      .command('bd-json')
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .passThroughOptions()
      .description('bd’s verbs with bd’s JSON, for programs that run bd.'),
    async (words: string[]) => {
      const answer = await answerTo(context, words)
      if (answer.kind === 'error') {
        process.stderr.write(
          `Error: ${answer.failure.message}\n${answer.failure.hint ? `Hint: ${answer.failure.hint}\n` : ''}`,
        )
        process.exitCode = EXIT.failed
      } else {
        const { json, text: line } = answer.value
        process.stdout.write(`${context.json || line === undefined ? JSON.stringify(json) : line}\n`)
      }
      // Printed already, in bd's way.
      return undefined as unknown as Answer
    },
  )
}

async function answerTo(context: Context, words: string[]): Promise<Result<BdAnswer>> {
  const parsed = parse(words)
  if (parsed.kind === 'error') return parsed
  const { verb, rest, options } = parsed.value
  if (options.version || verb === 'version') return ok({ json: { version: 'gt' }, text: 'bd version 1.0.0 (gt)' })
  if (verb === undefined) return fail('E_USAGE', 'bd needs a verb.')
  const town = await openTown(context.env, context.cwd)
  if (town.kind === 'error') return town
  try {
    return read(town.value, verb, rest, options) ?? (await write(town.value, verb, rest, options))
  } finally {
    town.value.ledger.close()
  }
}

function parse(words: string[]): Result<{ verb: string | undefined; rest: string[]; options: BdOptions }> {
  const { values, positionals } = parseArgs({ args: words, options: OPTIONS, allowPositionals: true, strict: false })
  const strange = Object.keys(values).find((name) => !Object.hasOwn(OPTIONS, name))
  if (strange !== undefined) return fail('E_USAGE', `This bd does not know the option ${strange}.`)
  const bare = Object.entries(values).find(
    ([name, value]) => typeof value !== OPTIONS[name as keyof typeof OPTIONS].type && name !== 'tree',
  )
  if (bare !== undefined) return fail('E_USAGE', `The option ${bare[0]} needs a value, or takes none.`)
  const [verb, ...rest] = positionals
  return ok({ verb, rest, options: values as BdOptions })
}

/** Verbs that only look; null for others. */
function read(town: OpenTown, verb: string, rest: string[], options: BdOptions): Result<BdAnswer> | null {
  const { state } = town.ledger
  const now = town.now()
  switch (`${verb} ${verb === 'epic' ? (rest[0] ?? '') : ''}`.trim()) {
    case 'list':
      return ok({ json: listJson(state, limited(matching(state.beads.values(), options), options)) })
    case 'ready': {
      const beads = readyBeads(state, { now }).filter((bead) => fits(bead, { ...options, all: true }))
      return ok({ json: listJson(state, limited(beads, options)) })
    }
    case 'blocked':
      return ok({ json: blockedJson(state, now) })
    case 'epic status':
      return ok({ json: epicJson(state) })
    case 'show': {
      const shown: unknown[] = []
      for (const id of rest) {
        const found = findBead(town, id)
        if (found.kind === 'error') return found
        shown.push(showJson(state, found.value))
      }
      return shown.length > 0 ? ok({ json: shown }) : fail('E_USAGE', 'show needs an id.')
    }
    case 'comments': {
      if (rest[0] === 'add') return null
      const found = findBead(town, rest[0] ?? '')
      return found.kind === 'error' ? found : ok({ json: found.value.comments ?? [] })
    }
    default:
      return null
  }
}

function matching(beads: Iterable<Bead>, options: BdOptions): Bead[] {
  // Both have lists of their own; messages are told to whoever asks for that very type.
  const isOther = ({ issue_type: type }: Bead): boolean =>
    type === 'merge-request' || (type === 'message' && options.type !== type)
  const found = [...beads].filter((bead) => !isOther(bead) && fits(bead, options))
  return found.sort((a, b) => a.priority - b.priority || Date.parse(b.created_at) - Date.parse(a.created_at))
}

/** Whether a bead is one that the options ask for; without a status those that are not over. */
function fits(bead: Bead, options: BdOptions): boolean {
  const { status, priority, type, assignee } = options
  if (bead.status === 'tombstone' && status !== 'tombstone') return false
  if (status === undefined && !options.all && bead.status === 'closed') return false
  if (status !== undefined && status !== 'all' && !status.split(',').includes(bead.status)) return false
  if (priority !== undefined && bead.priority !== Number(priority.replace(/^p/i, ''))) return false
  if (type !== undefined && bead.issue_type !== type) return false
  if (assignee !== undefined && (bead.assignee ?? '') !== assignee) return false
  if (options.unassigned && bead.assignee) return false
  const labels = options.label ?? options.labels
  return labels === undefined || labels.split(',').every((label) => bead.labels?.includes(label.trim()))
}

const limited = (beads: Bead[], { limit }: BdOptions): Bead[] => {
  const most = Number(limit ?? 0)
  return most > 0 ? beads.slice(0, most) : beads
}
