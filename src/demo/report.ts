/** The demo's summary: as data, and as one screen for people. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { git } from '../git/run.ts'
import { runsOf } from '../kernel/runs.ts'
import { standing } from '../kernel/standing.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { shellWord } from '../scratch/folder.ts'
import type { Fact } from './proof.ts'
import { complaint, nameOf } from './story.ts'
import type { Trail } from './trail.ts'

export interface Row {
  bead: string
  title: string
  state: string
  /** Address of the worker that handed in, or had it last. */
  worker: string | null
  attempts: number
  rounds: number
  commit: string | null
  /** Ids of beads that had to land first. */
  needs: string[]
  /** Why the Refinery sent it back, in order. */
  came_back: { state: 'red' | 'conflict'; why: string }[]
}

/** `data` of `gt demo --json`. */
export interface Report {
  agent: string
  seconds: number
  /** Folder that stays (with --keep), or null. */
  kept: string | null
  beads: Row[]
  most_at_once: number
  /** Merged trees that the gate was run on; those that passed landed. */
  gated_candidates: number
  /** Commits that main moved to. */
  landings: string[]
  /** The merge of each change, as far as its receipt holds. */
  verified_merges: string[]
  facts: Fact[]
  /** Lines of `git log --graph` of main. */
  graph: string[]
}

const GRAPH_LINES = 40

/** One bead's row. */
export function rowOf(state: State, bead: Bead, trail: Trail): Row {
  const runs = runsOf(bead)
  const last = runs.at(-1)
  const back = trail.returns.filter((one) => one.bead === bead.id)
  return {
    bead: bead.id,
    title: bead.title,
    state: standing(state, bead, new Date()),
    worker: last?.agent ?? null,
    attempts: runs.length,
    rounds: last?.round ?? 0,
    commit: facts(bead).landed?.commit ?? null,
    needs: (bead.dependencies ?? []).map((one) => one.depends_on_id),
    came_back: back.map((one) => ({ state: one.state, why: complaint(one.state, one.reason, one.evidence) })),
  }
}

/** The history of main as git draws it: each merge with the worker who wrote it. */
export async function graphOf(project: string): Promise<Result<string[]>> {
  const log = await git(['log', '--graph', `--format=%h %s  <%an>`, '--max-count=30', 'main', '--'], { cwd: project })
  if (log.kind === 'error') return log
  return ok(log.value.stdout.trimEnd().split('\n').slice(0, GRAPH_LINES))
}

/** One screen, for stdout. */
export function reportText(report: Report): string {
  const { beads, facts, graph, kept } = report
  const landed = beads.filter((row) => row.state === 'landed')
  const wrong = facts.filter((fact) => !fact.holds)
  const lines = ['', 'main, as git draws it:', ...graph.map((line) => `  ${line}`), '', 'What you saw:']
  lines.push(...shown(report).map((line) => `  - ${line}`))
  lines.push('', `Checked afterwards (${facts.length - wrong.length} of ${facts.length} hold):`)
  for (const { fact, holds, seen } of facts) lines.push(`  ${holds ? 'yes' : 'NO '}  ${fact}${seen ? ` ${seen}` : ''}`)
  lines.push('', `${landed.length} of ${beads.length} beads landed in ${report.seconds.toFixed(1)} s.`)
  if (kept !== null) {
    lines.push(`The town stays at ${kept} (nothing runs in it). Look around: cd ${shellWord(`${kept}/town`)} && gt`)
    lines.push(`When you have seen enough: rm -rf ${shellWord(kept)}`)
  }
  return lines.join('\n')
}

function shown(report: Report): string[] {
  const { beads } = report
  const workers = new Set(beads.map((row) => row.worker)).size
  const lines = [
    `${beads.length} beads on ${workers} workers, at most ${report.most_at_once} at a time, each in a worktree, branch and tmux session of its own.`,
  ]
  for (const row of beads) {
    for (const { state, why } of row.came_back) {
      const what = state === 'red' ? 'failed the gate' : 'conflicted'
      const ending = row.state === 'landed' ? `, and landed in round ${row.rounds}` : ''
      lines.push(`${row.bead} ${what} (${why}); it went back to ${nameOf({ agent: row.worker ?? '' })}${ending}.`)
    }
    if (row.needs.length > 0) lines.push(`${row.bead} waited for ${row.needs.join(' and ')}, and began by itself.`)
  }
  lines.push(
    `The gate ran on ${report.gated_candidates} candidates; main moved ${report.landings.length} times, only ever to a commit that passed.`,
    `gt mq verify recomputed the receipt of each: ${report.verified_merges.map((id) => id.slice(0, 7)).join(' ')}`,
  )
  return lines
}
