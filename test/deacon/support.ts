/** What the plan looks at, made by hand. Only for tests. */
import type { Run, RunState, Slung } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import type { Action, Observed, Policy } from '../../src/deacon/plan.ts'
import { plan } from '../../src/deacon/plan.ts'
import { dependsOn } from '../../src/refinery/keys.ts'
import type { Read } from '../../src/result.ts'
import { ok } from '../../src/result.ts'
import type { Evidence } from '../../src/witness/evaluate.ts'
import { aRun, at } from '../kernel/support.ts'

/** A minute after everything in these tests happened. */
export const now = new Date(at(60))
export const POLICY: Policy = {
  cap: 4,
  rounds: 3,
  attempts: 3,
  judges: (preset) => preset !== 'script',
  quietAfterMs: 600_000,
  startTimeoutMs: 300_000,
  radarEveryMs: 60_000,
}

export interface Scene {
  evidence?: Record<string, Evidence>
  gone?: boolean
  sessions?: Record<string, boolean> | null
  movable?: string[]
  /** Keys of actions. */
  resting?: string[]
  /** When the radar of `gp` looked; null: never. Just now, unless said. */
  radarAt?: number | null
  /** What it saw: files by fence. */
  touched?: Record<string, string[]>
}

export function observed(state: State, scene: Scene = {}): Observed {
  return {
    state,
    evidence: new Map(Object.entries(scene.evidence ?? {})),
    dispatcherGone: () => scene.gone ?? false,
    sessions: scene.sessions === null ? null : new Map(Object.entries(scene.sessions ?? {})),
    movable: new Map((scene.movable ?? []).map((rig) => [rig, 'mark'])),
    radar: new Map(
      scene.radarAt === null
        ? []
        : [['gp', { at: scene.radarAt ?? now.getTime(), touched: new Map(Object.entries(scene.touched ?? {})) }]],
    ),
    matching: (globs) => dependsOn({ paths: [...globs] }),
    resting: (key) => scene.resting?.includes(key) ?? false,
  }
}

/** An action in short: what is done, and to which bead, run or rig. */
export function brief(action: Action): string {
  if ('rig' in action) return `${action.do} ${action.rig}`
  if ('fence' in action) return `${action.do} ${action.fence}`
  return 'run' in action ? `${action.do} ${action.run.fence}` : `${action.do} ${action.bead}`
}

export const todo = (state: State, scene: Scene = {}, policy: Partial<Policy> = {}, when = now): string[] =>
  plan(observed(state, scene), { ...POLICY, ...policy }, when).map(brief)

export function evidence(
  run: Run,
  facts: {
    alive?: boolean
    exit?: number
    session?: Evidence['session']
    process?: Read<boolean>
    beat?: Read<number>
  },
): Record<string, Evidence> {
  const view = {
    name: run.session,
    labels: { run: run.fence },
    process: run.process!,
    alive: facts.alive ?? true,
    ...(facts.exit !== undefined && { exitCode: facts.exit }),
  }
  return {
    [run.fence]: {
      session: facts.session ?? ok(view),
      process: facts.process ?? ok(facts.alive ?? true),
      lastBeat: facts.beat ?? ok(now.getTime()),
    },
  }
}

export const slung = (more: Partial<Slung> = {}): { slung: Slung } => ({
  slung: { rig: 'gp', by: 'person', at: at(0), ...more },
})
export const inState = (state: RunState, more: Partial<Run> = {}): Run => aRun('r1', 'gp-a', { state, ...more })
export const handover = { run: 'r0', ref: 'refs/gt/archive/r0', evidence: 'red', to: 'worker' } as const
export const needs = { cause: 'ask', text: '?', at: at(0) }
