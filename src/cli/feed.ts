/** `gt feed`: the town in a terminal, as it happens; its events as lines, or as one JSON object a line. */
import type { Command } from 'commander'
import { eventLine } from '../board/board.ts'
import type { Happening } from '../board/happenings.ts'
import type { WatchedTown } from '../board/watch.ts'
import { watchTown } from '../board/watch.ts'
import { eventText } from '../feed/plain.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { parseDuration } from '../town/duration.ts'
import type { Answer, Context, Output } from './context.ts'
import { slotOf } from './context.ts'
import { whileThere } from './town.ts'
import { notTime } from './trail.ts'

interface FeedOptions {
  plain?: boolean
  follow?: boolean
  limit: string
  since?: string
  all?: boolean
}

/** What is asked for, understood. */
interface Wanted {
  events: number
  all: boolean
  since?: number
}

export function register(program: Command, context: Context): void {
  program
    .command('feed')
    .description(
      'The town in your terminal, as it happens: what waits for you, agents, queue, convoys, events. Keys stand at its foot.',
    )
    .option('--plain', 'print the newest events as lines; so it does where there is no terminal')
    .option('--follow', 'print them as lines, and then each one as it happens, until Ctrl-C')
    .option('-n, --limit <n>', 'so many of the newest events', '50')
    .option('--since <time>', 'only later ones: RFC 3339, or how long ago (2h)')
    .option('--all', 'also events that only keep the books')
    .addHelpText(
      'after',
      '\n--json prints the whole board; with --follow one answer a line, {"ok":true,"data":<event>}.\n\nExample:\n  gt feed\n  gt feed --plain --since 2h\n  gt feed --json --follow -n 0 | jq \'.data | select(.kind == "landed")\'',
    )
    .action(async (options: FeedOptions, command: Command) => {
      // Nothing is left to say once lines were followed to their end, or a person has left the screen.
      const answer = await feed(context, options)
      if (answer !== undefined) slotOf(command).answer = answer
    })
}

async function feed(context: Context, options: FeedOptions): Promise<Answer | undefined> {
  const wanted = wantedOf(options, Date.now())
  if (wanted.kind === 'error') return wanted
  const { plain = false, follow = false } = options
  const lines = plain || follow || context.json || noScreen(context)
  const watched = await watchTown(context.env, context.cwd)
  if (watched.kind === 'error') return watched
  try {
    if (follow) return failureOf(await followed(context, watched.value, wanted.value))
    if (lines) return ok(await printed(context, watched.value, wanted.value))
    const { feedHere } = await import('./feed-screen.ts')
    return failureOf(await feedHere(context, watched.value, wanted.value))
  } finally {
    watched.value.close()
  }
}

const failureOf = (ended: Result<void>): Answer | undefined => (ended.kind === 'error' ? ended : undefined)

function wantedOf({ limit, since, all = false }: FeedOptions, now: number): Result<Wanted> {
  const events = Number(limit)
  if (!Number.isInteger(events) || events < 0 || limit.trim() === '') {
    return fail('E_USAGE', `"${limit}" is no number of events.`, { hint: 'gt feed --plain -n 100', exit: EXIT.usage })
  }
  if (since === undefined) return ok({ events, all })
  const ago = parseDuration(since)
  const from = ago === undefined ? Date.parse(since) : now - ago
  return Number.isNaN(from) ? notTime(since) : ok({ events, all, since: from })
}

/** Says why there is no screen, where nobody asked for lines. */
function noScreen({ env, interactive, progress }: Context): boolean {
  const what = !process.stdout.isTTY
    ? 'Standard output is no terminal'
    : !interactive
      ? 'Standard input is no terminal'
      : env.TERM === 'dumb'
        ? 'This terminal is dumb'
        : undefined
  if (what === undefined) return false
  progress(`${what}, so these are plain lines (gt feed --plain).`)
  return true
}

/** What there is now: the board for programs, its events for people, what waits for them on stderr. */
async function printed(context: Context, watched: WatchedTown, wanted: Wanted): Promise<Output> {
  const board = await watched.board(wanted)
  const { length: n } = board.problems
  if (n > 0) context.progress(`${n === 1 ? '1 thing waits' : `${n} things wait`} for you: gt attend`)
  const lines = board.events.map(eventText).reverse()
  return { data: board, text: lines.length > 0 ? lines.join('\n') : 'Nothing has happened.' }
}

/** Lines until the signal comes, the town is gone, or its ledger cannot be read any more. */
async function followed(context: Context, watched: WatchedTown, wanted: Wanted): Promise<Result<void>> {
  const { town, chronicle } = watched
  const print = (one: Happening): void => {
    const event = eventLine(town.ledger.state, one)
    process.stdout.write(`${context.json ? JSON.stringify({ ok: true, data: event }) : eventText(event)}\n`)
  }
  const { events, ...how } = wanted
  for (const one of chronicle.newest(events, how).reverse()) print(one)
  const unfollow = chronicle.follow((news) => {
    for (const one of news) if (wanted.all || !one.system) print(one)
  })
  // Each refresh tells the chronicle what is new; it is the events of the journal's folder that wake it.
  const unwatch = town.ledger.watch(() => {})
  try {
    return await whileThere(context.signal, town, () => town.ledger.refresh())
  } finally {
    unwatch()
    unfollow()
  }
}
