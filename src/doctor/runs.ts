/** Runs against what is really there: their worktrees, their folders of runtime state, their sessions. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionView } from '../agents/runtime.ts'
import type { Run, RunState } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { spentRunFolders } from '../kernel/leftovers.ts'
import { allRuns, findRun, isTerminal } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { isRunning } from '../town/processes.ts'
import type { Check, Finding } from './check.ts'
import { findingOf } from './check.ts'
import type { TownSubject } from './subject.ts'

/** States in which a run's worktree must stand; earlier it is being made, later it may have been cleared. */
const HAS_WORKTREE: ReadonlySet<RunState> = new Set(['working', 'quiet', 'rate_limited', 'parked', 'submitted'])

export const runWorktrees: Check<TownSubject> = (town) => {
  const base = { id: 'runs.worktrees', title: 'Runs' }
  const ledger = town.ledger()
  if (ledger.kind === 'error') return []
  const live = [...allRuns(ledger.value.state.beads.values())].map(({ run }) => run).filter((run) => !isTerminal(run))
  const gone = live.filter((run) => HAS_WORKTREE.has(run.state) && !existsSync(run.worktree))
  const [first] = gone
  if (first === undefined) return [{ ...base, verdict: 'good', text: `${live.length} live, each with its worktree.` }]
  const text = gone.map(
    (run) => `Run ${run.fence} of ${run.bead} (${run.state}) has lost its worktree ${run.worktree}.`,
  )
  const hint = `gt run stop ${first.fence}   (what was committed is archived), then: gt sling ${first.bead} ${first.rig}`
  return [{ ...base, verdict: 'bad', text: text.slice(0, 3).join(' '), hint }]
}

/** `.gt/runs/<fence>`: briefs and inboxes of runs that are over. Runtime state, safe to lose. */
export const runFolders: Check<TownSubject> = async (town) => {
  const base = { id: 'runs.folders', title: 'Run folders' }
  const names = existsSync(town.paths.runs) ? readdirSync(town.paths.runs) : []
  const sessions = await town.runtime.list()
  // After the look at the folders: a run is in the ledger before it gets one.
  const ledger = town.ledger()
  if (ledger.kind === 'error') return []
  const { cleared, unknown } = spentRunFolders(names, ledger.value.state)
  const over = [...cleared, ...unknown]
  if (over.length === 0) return [{ ...base, verdict: 'good', text: `${names.length}, each of a run.` }]
  const text = `${over.length} in .gt/runs of runs that are over: ${over.slice(0, 3).join(', ')}.`
  if (sessions.kind === 'error' || sessions.kind === 'unknown') {
    return [{ ...base, verdict: 'unknown', text: `${text} Whether a session still uses them cannot be told.` }]
  }
  const used = new Set(sessions.kind === 'ok' ? sessions.value.map(({ labels }) => labels.run) : [])
  const free = over.filter((name) => !used.has(name))
  if (free.length === 0) return [{ ...base, verdict: 'unknown', text: `${text} Sessions still use them.` }]
  const apply = () => {
    for (const name of free) rmSync(join(town.paths.runs, name), { recursive: true, force: true })
    return ok(undefined)
  }
  return [{ ...base, verdict: 'bad', text, mend: { what: `remove ${free.length} (runtime state only)`, apply } }]
}

/** Sessions of this town against the runs that claim them. */
export const sessions: Check<TownSubject> = async (town) => {
  const base = { id: 'sessions', title: 'Sessions' }
  const listed = await town.runtime.list()
  if (listed.kind === 'error') return [findingOf(base.id, base.title, listed.failure, 'unknown')]
  if (listed.kind === 'unknown') return [{ ...base, verdict: 'unknown', text: listed.why }]
  if (listed.kind === 'empty') return [{ ...base, verdict: 'good', text: 'None.' }]
  const ledger = town.ledger()
  if (ledger.kind === 'error') return []
  const { state } = ledger.value
  const workers = listed.value.filter(({ labels }) => labels.run !== undefined)
  const strangers = workers.filter((session) => runOf(state, session) === undefined)
  const ended = driven(state) ? [] : workers.filter((session) => isOver(runOf(state, session)))
  const text: string[] = []
  if (strangers.length > 0) text.push(`No run of the ledger claims ${names(strangers)}; nothing was touched.`)
  if (ended.length > 0) text.push(`The run has ended, the session has not: ${names(ended)}.`)
  if (text.length === 0) return [{ ...base, verdict: 'good', text: `${listed.value.length}, each with its run.` }]
  const finding: Finding = { ...base, verdict: 'bad', text: text.join(' ') }
  const [stranger] = strangers
  if (stranger !== undefined) {
    finding.hint = `Look: ${town.runtime.attachArgv(stranger.name).join(' ')}`
  }
  if (ended.length > 0) finding.mend = { what: `end ${names(ended)}`, apply: () => endAll(town, ended) }
  return [finding]
}

/** A driver ends such sessions itself, a moment after the run's last words. */
function driven(state: State): boolean {
  return ['daemon', 'deacon'].some((name) => {
    const holder = state.leases.get(name)
    const alive = holder === undefined ? ok(false) : isRunning(holder)
    return alive.kind !== 'ok' || alive.value
  })
}

async function endAll(town: TownSubject, ended: SessionView[]): Promise<Result<void>> {
  for (const { name, labels } of ended) {
    // Looked at again: nothing of a run that came back to life may end.
    const ledger = town.ledger()
    if (ledger.kind === 'error') return ledger
    if (!isOver(findRun(ledger.value.state.beads.values(), labels.run ?? '')?.run)) continue
    const done = await town.runtime.end(name)
    if (done.kind === 'error') return done
  }
  return ok(undefined)
}

const runOf = (state: State, { labels }: SessionView): Run | undefined =>
  findRun(state.beads.values(), labels.run ?? '')?.run

const isOver = (run: Run | undefined): boolean => run !== undefined && isTerminal(run)

const names = (sessions: SessionView[]): string => sessions.map(({ name }) => name).join(', ')
