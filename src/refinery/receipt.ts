/**
 * The receipt of a landing: a git note on the commit that the target was moved to. What it says can be recomputed from
 * the repository (`gt mq verify`), and it is written before the push, so that no landing is ever without one.
 */
import type { MergeRequest } from '../kernel/merges.ts'
import type { RigSettings } from '../town/settings.ts'
import type { Verdict } from './verdict.ts'

export interface Receipt {
  v: 2
  rig: string
  target: string
  strategy: RigSettings['landing']['strategy']
  /** The tested commit that the target moved to, its tree, and what it was built on. */
  commit: string
  tree: string
  onto: string
  batch: {
    merge_request: string
    bead: string
    worker: string
    run?: string
    /** What was handed in, and the commit that brings it. */
    head: string
    base: string
    change: string
    queued_at: string
  }[]
  gates: {
    gate: string
    command: string
    key: string
    outcome: string
    ms: number
    at: string
    /** Reds on this very content before it was green. */
    retries: number
    run: string
  }[]
  /** `unverified`: the owner's recorded word that no gate is wanted. */
  verdict: 'pass' | 'flaky' | 'unverified'
  landed_at: string
  gt: string
}

export function receiptOf(facts: {
  rig: RigSettings
  target: string
  landing: { commit: string; tree: string; onto: string }
  batch: { request: MergeRequest; change: string }[]
  verdict: Verdict
  at: string
  version: string
}): Receipt {
  const { rig, verdict } = facts
  const commandOf = (name: string): string => rig.gates.find((gate) => gate.name === name)?.run ?? ''
  return {
    v: 2,
    rig: rig.name,
    target: facts.target,
    strategy: rig.landing.strategy,
    ...facts.landing,
    batch: facts.batch.map(({ request: { bead, merge }, change }) => ({
      merge_request: bead.id,
      bead: merge.bead,
      worker: merge.worker,
      ...(merge.run !== undefined && { run: merge.run }),
      head: merge.head,
      base: merge.base,
      change,
      queued_at: merge.queued_at,
    })),
    gates: verdict.parts.map(({ gate, key, finding, retries }) => ({
      gate,
      command: commandOf(gate),
      key,
      outcome: retries > 0 ? 'flaky' : finding.outcome,
      ms: finding.ms,
      at: new Date(finding.at).toISOString(),
      retries,
      run: finding.run,
    })),
    verdict: verdict.parts.length === 0 ? 'unverified' : verdict.is === 'flaky' ? 'flaky' : 'pass',
    landed_at: facts.at,
    gt: facts.version,
  }
}

/**
 * A receipt from the text of a note on `commit`; null when it is none. Landings of before groups were tested together
 * (no `v: 2`) had one merge request and one verdict.
 */
export function parseReceipt(text: string, commit: string): Receipt | null {
  try {
    const read = JSON.parse(text) as Receipt | OldReceipt
    if (read.v === 2) return Array.isArray(read.batch) && Array.isArray(read.gates) ? read : null
    if (typeof read.tree !== 'string' || typeof read.onto !== 'string') return null
    const { merge_request, bead, worker, run, head, queued_at, tree, onto, gate } = read
    const { outcome, command, ms, at } = gate
    return {
      v: 2,
      rig: '',
      target: '',
      strategy: 'merge',
      commit,
      tree,
      onto,
      batch: [{ merge_request, bead, worker, run, head, base: '', change: commit, queued_at }],
      gates: [{ gate: 'gate', command, key: gate.tree, outcome, ms, at, retries: 0, run: '' }],
      verdict: 'pass',
      landed_at: at,
      gt: '',
    }
  } catch {
    return null
  }
}

interface OldReceipt {
  v: 1
  merge_request: string
  bead: string
  worker: string
  run: string
  head: string
  queued_at: string
  tree: string
  onto: string
  gate: { outcome: string; command: string; tree: string; ms: number; at: string }
}
