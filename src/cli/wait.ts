/** `--wait`: drives the town (or watches whoever drives it) until the beads are settled. */

import { facts } from '../beads/bead.ts'
import { commitLedger } from '../beads/git.ts'
import { around } from '../convoys/around.ts'
import { turnOf } from '../convoys/due.ts'
import type { Cause, Getting } from '../convoys/pace.ts'
import { Paces } from '../convoys/pace.ts'
import { drive } from '../deacon/drive.ts'
import { isUnswept } from '../kernel/integration.ts'
import { liveRun } from '../kernel/runs.ts'
import type { Standing } from '../kernel/standing.ts'
import { SETTLED, standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { ExitCode } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { timerMs } from '../town/duration.ts'
import { happenedSince } from '../town/moments.ts'
import type { Answer, Context } from './context.ts'
import type { Row } from './sling.ts'
import { rowsOf, rowsText } from './sling.ts'
import { plain } from './town.ts'

/** After everything is settled, worktrees of landed work are cleared for at most this long before we answer. */
const TIDY_MS = 20_000

/** Waits; progress lines on stderr at every change of state. Exit codes: 0 landed, 1 failed, 2 needs a person, 75 time is up. */
export async function waitFor(
  town: OpenTown,
  context: Context,
  ids: string[],
  timeoutMs?: number,
  convoy: string | null = null,
): Promise<Answer> {
  const began = Date.now()
  const deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs
  const shown = new Map<string, string>()
  let settledAt: number | undefined
  const until = (): boolean => {
    for (const row of rowsOf(town, ids)) show(row, shown, context)
    if (deadline !== undefined && performance.now() >= deadline) return true
    if (!settled(town, ids)) {
      settledAt = undefined
      return false
    }
    settledAt ??= performance.now()
    return (tidy(town, ids) && isSaid(town, convoy)) || performance.now() - settledAt > TIDY_MS
  }
  const stop = new AbortController()
  context.signal.addEventListener('abort', () => stop.abort(), { once: true })
  const timer =
    deadline === undefined ? undefined : setTimeout(() => stop.abort(), timerMs(deadline - performance.now()))
  const driven = await drive(town, {
    until,
    signal: stop.signal,
    onQuiet: async () => void (await commitLedger(town.ledger)),
    onAction: (action, result) => {
      if (result.kind === 'error') context.progress(`${action.do}: ${result.failure.message}`)
    },
  })
  clearTimeout(timer)
  if (driven.kind === 'error') return driven
  await commitLedger(town.ledger)
  if (context.signal.aborted) {
    return fail('E_INTERRUPTED', 'Stopped waiting.', {
      kept: 'The beads stay slung and the workers go on.',
      hint: `gt sling ${ids.join(' ')} <rig> --wait   waits again; gt up lets the daemon go on`,
      exit: EXIT.tryAgain,
    })
  }
  const rows = rowsOf(town, ids, convoy)
  if (settled(town, ids) || !happenedSince(town.root, 'down', began)) return verdict(town, rows)
  return ok({
    data: rows,
    text: rowsText(rows),
    exit: EXIT.tryAgain,
    problem: {
      code: 'E_DOWN',
      message: 'The town went down meanwhile. The beads stay slung.',
      hint: 'the same command waits again; gt up lets the daemon go on',
    },
  })
}

/** Nothing more happens by itself: each is settled, or stands behind what waits for a person. */
function settled(town: OpenTown, ids: string[]): boolean {
  return standingOf(town, ids).every(({ getting }) => isForPerson(town, getting))
}

interface Stands {
  id: string
  getting: Getting
}

/** How those get on that are not settled. */
function standingOf(town: OpenTown, ids: string[]): Stands[] {
  const open = ids.filter((id) => !SETTLED.has(stateOf(town, id)))
  if (open.length === 0) return []
  const paces = new Paces(town.ledger.state, around(town))
  return open.map((id) => ({ id, getting: paces.of(id) }))
}

/** What only a person changes. Somebody else may still sling what it needs, thaw the town, or put a bead into play again. */
const ENDS: readonly Cause['is'][] = ['needs_human', 'unknown', 'circle', 'not_closed']

function isForPerson(town: OpenTown, { pace, cause }: Getting): boolean {
  if (pace !== 'stuck' || cause === undefined) return false
  const root = town.ledger.state.beads.get(cause.bead)
  return ENDS.includes(cause.is) || (root !== undefined && facts(root).needs !== undefined)
}

function stateOf(town: OpenTown, id: string): Standing {
  const bead = town.ledger.state.beads.get(id)
  return bead === undefined ? 'cancelled' : standing(town.ledger.state, bead, town.now())
}

/** Whether the ended runs of settled beads are cleared away, and who parked has no session any more. */
function tidy(town: OpenTown, ids: string[]): boolean {
  return ids.every((id) => {
    const bead = town.ledger.state.beads.get(id)
    const run = bead && liveRun(bead)
    if (run?.state === 'parked') return run.process === undefined
    if (bead === undefined || bead.status !== 'closed') return true
    if (isUnswept(bead)) return false
    return Object.values(facts(bead).runs ?? {}).every((run) => run.cleared === true)
  })
}

/** Whoever waits for a convoy sees to it that it is said. */
function isSaid(town: OpenTown, convoy: string | null): boolean {
  const bead = convoy === null ? undefined : town.ledger.state.beads.get(convoy)
  return bead === undefined || turnOf(town.ledger.state, bead, { by: '', at: '' }) === undefined
}

function show(row: Row, shown: Map<string, string>, context: Context): void {
  const line = `${row.bead}  ${row.state}${row.agent ? `  ${row.agent}` : ''}${row.reason ? `  ${plain(row.reason, 120)}` : ''}`
  // The load of the machine is another number at every look, and nothing new.
  const news = row.state === 'waiting' ? line.replace(/\d+(\.\d+)?/g, '') : line
  if (shown.get(row.bead) === news) return
  shown.set(row.bead, news)
  context.progress(line)
}

/** All landed (or done, for reports): 0. Otherwise the gravest of the rest decides. */
function verdict(town: OpenTown, rows: Row[]): Answer {
  const output = { data: rows, text: rowsText(rows) }
  const of = (...states: string[]): Row[] => rows.filter((row) => states.includes(row.state))
  const problem = (exit: ExitCode, code: `E_${string}`, message: string, hint: string): Answer =>
    ok({ ...output, exit, problem: { code, message, hint } })
  const person = of('needs_human')
  const first = person[0]
  if (first) {
    const more = person.length > 1 ? ` (and ${person.length - 1} more)` : ''
    return problem(
      EXIT.needsPerson,
      'E_NEEDS_PERSON',
      `${first.bead} needs a person${more}: ${first.reason}`,
      `gt bead show ${first.bead}`,
    )
  }
  const failed = of('declined', 'cancelled')[0]
  if (failed)
    return problem(EXIT.failed, 'E_NOT_LANDED', `${failed.bead} was ${failed.state}.`, `gt bead show ${failed.bead}`)
  const pending = standingOf(
    town,
    rows.map((row) => row.bead),
  )
  const stuck = pending.find(({ getting }) => getting.pace === 'stuck')
  const text = `${stuck?.getting.cause?.bead}: ${stuck?.getting.cause?.text}`
  if (stuck && pending.every(({ getting }) => isForPerson(town, getting))) {
    const { id } = stuck
    return problem(EXIT.needsPerson, 'E_NEEDS_PERSON', `${id} waits for a person: ${text}`, `gt bead show ${id}`)
  }
  if (pending.length > 0) {
    const names = pending.map(({ id }) => id).join(', ')
    const goes = pending.some(({ getting }) => getting.pace !== 'stuck')
    const later = pending.every(({ getting }) => getting.pace === 'later') ? pending[0]?.getting.cause : undefined
    const goesOn = later === undefined ? 'The work goes on.' : `It goes on by itself. Now it waits: ${later.text}`
    return problem(
      EXIT.tryAgain,
      'E_TIMEOUT',
      `Not landed in time: ${names}. ${goes ? goesOn : `It stands still: ${text}`}`,
      'the same command waits again',
    )
  }
  return ok(output)
}
