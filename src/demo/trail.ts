/** What happened in the demo, read from the ledger's audit trail and not from what we remember. Pure. */
import type { Change } from '../beads/change.ts'
import type { MergeState, Run, RunState, TestNote } from '../beads/facts.ts'
import { ACTIVE_RUN } from '../beads/facts.ts'

export interface Return {
  bead: string
  run: string
  /** `red` or `conflict`. */
  state: 'red' | 'conflict'
  reason: string
  evidence: string
}

export interface Trail {
  /** Most runs that used a worker slot at one time. */
  mostAtOnce: number
  /** Merged trees that the gate was run on. */
  candidates: number
  /** Everything the Refinery sent back, in order. */
  returns: Return[]
}

/** Folds the applied changes of a ledger, oldest first. */
export function readTrail(history: Iterable<{ change: Change; applied: boolean }>): Trail {
  const active = new Set<string>()
  const beadOf = new Map<string, string>()
  const tested = new Set<string>()
  const trail: Trail = { mostAtOnce: 0, candidates: 0, returns: [] }
  for (const { change, applied } of history) {
    if (!applied) continue
    const merge: Record<string, unknown> = {}
    for (const op of change.ops) {
      if (op.op !== 'set' || op.path[0] !== 'metadata' || op.path[1] !== 'gt') continue
      const [, , kind, key = '', field] = op.path
      if (kind === 'merge') merge[key] = op.value
      else if (kind === 'runs') {
        beadOf.set(key, op.id)
        const state = field === undefined ? (op.value as Run).state : field === 'state' ? (op.value as RunState) : null
        if (state !== null && ACTIVE_RUN.has(state)) active.add(key)
        else if (state !== null) active.delete(key)
      }
    }
    trail.mostAtOnce = Math.max(trail.mostAtOnce, active.size)
    const state = merge.state as MergeState | undefined
    const test = (merge.tests as TestNote[] | undefined)?.at(-1)
    if (test !== undefined) tested.add(test.tree)
    if (state === 'red' || state === 'conflict') {
      const run = change.fence ?? ''
      const { reason, evidence } = merge
      trail.returns.push({
        bead: beadOf.get(run) ?? '',
        run,
        state,
        reason: String(reason ?? ''),
        evidence: String(evidence ?? ''),
      })
    }
  }
  return { ...trail, candidates: tested.size }
}
