/**
 * Which processes are orphans. Pure: rows of the process table in, fences out. Only what bears this very town's mark, of
 * a run that the ledger says is over, and that takes nobody else along when it ends; all else is left and told.
 */
import type { ProcessRow } from '../town/process-table.ts'
import { treeOf } from '../town/process-tree.ts'

/** A process with the marks in its environment. */
export interface Marked extends ProcessRow {
  /** GT_TOWN. */
  town?: string | undefined
  /** GT_RUN. */
  run?: string | undefined
}

export interface View {
  /** Absolute and canonical, as agents get it in GT_TOWN. */
  root: string
  /** What the ledger says of a run. `over`: ended long enough, or cleared. */
  standing(fence: string): 'over' | 'live' | 'unknown'
  /** Runs that have a session: theirs is the plan of the Deacon. */
  sessions: ReadonlySet<string>
  /** Pids that must stay: this process and its ancestors, holders of leases. */
  kept: ReadonlySet<number>
}

export interface OrphanPlan {
  end: { fence: string; pids: number[] }[]
  /** `why` completes "… was left alone: ". */
  left: { fence: string; pids: number[]; why: string }[]
}

export function orphanPlan(rows: readonly Marked[], view: View): OrphanPlan {
  const plan: OrphanPlan = { end: [], left: [] }
  const ours = new Map<string, number[]>()
  for (const { pid, town, run } of rows) {
    if (town === view.root && run) ours.set(run, [...(ours.get(run) ?? []), pid])
  }
  for (const [fence, pids] of ours) {
    const standing = view.standing(fence)
    if (standing === 'live' || view.sessions.has(fence)) continue
    const why = standing === 'unknown' ? 'the ledger knows no such run' : takesAlong(rows, fence, view)
    if (why === undefined) plan.end.push({ fence, pids })
    else plan.left.push({ fence, pids, why })
  }
  return plan
}

/** Whom ending everything of a run would take along beside it; undefined when nobody. */
function takesAlong(rows: readonly Marked[], fence: string, view: View): string | undefined {
  // Exactly what endMarked collects: what bears the mark, and all that it started.
  const tree = treeOf([], [...rows], (row) => (row as Marked).run === fence) as Marked[]
  for (const { pid, town, run } of tree) {
    if (view.kept.has(pid)) return `process ${pid} among them is needed`
    if (town !== undefined && town !== view.root) return `process ${pid} among them belongs to the town ${town}`
    if (run !== undefined && run !== fence && view.standing(run) !== 'over')
      return `process ${pid} among them belongs to the run ${run}`
  }
  return undefined
}
