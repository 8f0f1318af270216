/** Tells a person what the town is doing: one line whenever a bead enters another stage. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { mergeOf, RETURNED } from '../kernel/merges.ts'
import { liveRun } from '../kernel/runs.ts'
import { lastRun } from '../kernel/standing.ts'

/** `greet/polecats/toast` → `toast`. */
export const nameOf = (run: Pick<Run, 'agent'>): string => run.agent.split('/').at(-1) ?? run.agent

/** Characters of a reason or an output line. */
const WIDTH = 100

/**
 * The stage that a bead is in, in one sentence; `null` where there is nothing new to say. Stages that pass within a
 * blink (building, landing) are left out.
 */
export function stageOf(state: State, bead: Bead): string | null {
  const { landed, needs } = facts(bead)
  if (landed !== undefined) return `landed on ${landed.target} as ${landed.commit.slice(0, 7)}`
  if (needs !== undefined) return `needs a person: ${short(needs.text)}`
  const run = liveRun(bead)
  if (run !== undefined) return stageOfRun(state, run)
  const missing = missingFor(state, bead)
  if (missing.length > 0) return `waits until ${missing.join(' and ')} landed`
  const rests = facts(bead).slung?.not_before
  return rests === undefined
    ? null
    : `a fresh worker takes it at ${rests.slice(11, 19)} UTC; ${short(lastRun(bead)?.reason ?? '')}`
}

/** What it needs and is not closed yet. */
function missingFor(state: State, bead: Bead): string[] {
  const needed = (bead.dependencies ?? []).filter((one) => one.type === 'blocks').map((one) => one.depends_on_id)
  return needed.filter((id) => state.beads.get(id)?.status !== 'closed')
}

function stageOfRun(state: State, run: Run): string | null {
  const name = nameOf(run)
  switch (run.state) {
    case 'claimed':
    case 'provisioning':
      return `on ${name}'s hook: a branch and a worktree of its own`
    case 'starting':
      return run.round > 1 ? comesBack(state, run) : null
    case 'working':
      return run.round > 1 ? comesBack(state, run) : `${name} works in a tmux session`
    case 'submitted':
      return stageInQueue(state, run)
    default:
      return `${run.state}${run.reason ? `: ${short(run.reason)}` : ''}`
  }
}

/** The complaint stands in the merge request until the mended work is handed in. */
function comesBack(state: State, run: Run): string {
  const merge = mergeOf(state.beads.get(run.merge_request ?? ''))?.merge
  const why = merge === undefined ? '' : `: ${complaint(merge.state, merge.reason, merge.evidence)}`
  return `back to ${nameOf(run)} and the same worktree, round ${run.round}${why}`
}

function stageInQueue(state: State, run: Run): string | null {
  const merge = mergeOf(state.beads.get(run.merge_request ?? ''))?.merge
  if (merge === undefined) return null
  // Told with the round that follows: this state is gone in a blink.
  if (RETURNED.has(merge.state)) return null
  switch (merge.state) {
    case 'queued':
      return `${nameOf(run)} says done: it is in the merge queue`
    case 'testing':
      return 'the Refinery merges it with main and runs the gate on that'
    case 'building':
    case 'landing':
      return null
    default:
      return `${merge.state}${merge.reason ? `: ${short(merge.reason)}` : ''}`
  }
}

/** Why work came back: a conflict's reason names the files; of a red gate the last line of its output tells most. */
export function complaint(state: string, reason = '', evidence = ''): string {
  const said = state === 'red' ? evidence.trimEnd().split('\n').at(-1) : reason
  return short(said || reason || state)
}

/** One line of at most `width` characters that cannot steer a terminal. */
export function short(text: string, width = WIDTH): string {
  const line = text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}

/** Remembers what was told of each bead, and says what is new; `elapsedMs` answers the time since the beginning. */
export function storyteller(
  say: (line: string) => void,
  elapsedMs: () => number,
): (state: State, ids: string[]) => void {
  const told = new Map<string, string>()
  return (state, ids) => {
    const beads = ids.map((id) => state.beads.get(id)).filter((bead) => bead !== undefined)
    const width = Math.max(0, ...beads.map((bead) => bead.title.length))
    for (const bead of beads) {
      const stage = stageOf(state, bead)
      if (stage === null || told.get(bead.id) === stage) continue
      told.set(bead.id, stage)
      say(`${clock(elapsedMs())}  ${bead.id}  ${bead.title.padEnd(width)}  ${stage}`)
    }
  }
}

/** ` 1.2 s`, right-aligned as far as minutes. */
export const clock = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(5)} s`
