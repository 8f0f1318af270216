/** What the plan looks at, made by hand. Only for tests. */
import type { Trouble } from '../../src/agents/trouble.ts'
import type { Run, RunState, Slung } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import type { Purse, Rules, Stands } from '../../src/costs/budget.ts'
import type { Budgets } from '../../src/costs/refusal.ts'
import type { Action } from '../../src/deacon/actions.ts'
import type { Observed, Policy } from '../../src/deacon/observed.ts'
import { plan } from '../../src/deacon/plan.ts'
import type { Checked } from '../../src/meow/gates/evaluate.ts'
import { dependsOn } from '../../src/refinery/keys.ts'
import type { Read } from '../../src/result.ts'
import { empty, ok } from '../../src/result.ts'
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
  patience: {
    idleAfterMs: 120_000,
    stepMs: 180_000,
    diagnosisMs: 900_000,
    detectingMs: 300_000,
    hangsAfterMs: 1_800_000,
    dialogMs: 45_000,
  },
  staggerMs: 20_000,
  contextPercent: 85,
  counts: () => false,
  hears: (preset) => preset === 'claude',
  witness: undefined,
  agent: 'script',
  accounts: {},
}

export interface Scene {
  evidence?: Record<string, Evidence>
  gone?: boolean
  sessions?: Record<string, boolean> | null
  movable?: string[]
  /** Name of the order whose turn it is. */
  order?: string
  /** Keys of actions. */
  resting?: string[]
  /** When the radar of `gp` looked; null: never. Just now, unless said. */
  radarAt?: number | null
  /** What it saw: files by fence. */
  touched?: Record<string, string[]>
  trouble?: Record<string, Trouble>
  context?: Record<string, number>
  /** Recipients of waiting mail, and whether they can be woken. */
  wakes?: Observed['wakes']
  closed?: string
  budgets?: Observed['budgets']
  frozen?: boolean
  /** Looks at gates so far, by id. */
  checks?: Record<string, Checked>
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
    trouble: new Map(Object.entries(scene.trouble ?? {})),
    context: new Map(Object.entries(scene.context ?? {})),
    wakes: scene.wakes ?? [],
    closed: scene.closed ?? null,
    budgets: scene.budgets,
    frozen: scene.frozen ?? false,
    thawedAt: undefined,
    chores: [],
    order: scene.order,
    outOfMemory: false,
    gateChecks: new Map(Object.entries(scene.checks ?? {})),
    resting: (key) => scene.resting?.includes(key) ?? false,
  }
}

/** An action in short: what is done, and to which bead, run or rig. */
export function brief(action: Action): string {
  if ('rig' in action) return `${action.do} ${action.rig}`
  if ('run' in action) return `${action.do} ${action.run.fence}${action.do === 'help' ? ` ${action.help.do}` : ''}`
  if ('chore' in action) return `${action.do} ${action.chore}`
  if ('name' in action) return `${action.do} ${action.name}`
  if ('gate' in action) return `${action.do} ${action.gate}`
  return 'bead' in action ? `${action.do} ${action.bead}` : action.do
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
      runtime: ok(true),
      earlierBoot: false,
      hook: facts.beat ?? ok(now.getTime()),
      ...{ client: empty, transcript: empty, files: empty, git: empty, output: empty },
      doing: { is: 'unknown' },
      conversation: empty,
    },
  }
}

export const slung = (more: Partial<Slung> = {}): { slung: Slung } => ({
  slung: { rig: 'gp', by: 'person', at: at(0), ...more },
})
export const inState = (state: RunState, more: Partial<Run> = {}): Run => aRun('r1', 'gp-a', { state, ...more })
export const handover = { run: 'r0', ref: 'refs/gt/archive/r0', evidence: 'red', to: 'worker' } as const
export const needs = { cause: 'ask', text: '?', at: at(0) }

/** One of ten dollars, of which so much is spent. */
export const purse = (id: string, stands: Stands, more: Partial<Purse> = {}): Purse => ({
  id,
  scope: id.split(':')[0] as Purse['scope'],
  of: id.split(':')[1] ?? null,
  setting: 'budget.day',
  cap: { count: 10, unit: 'usd' },
  base: 10,
  spent: { within: 1, warn: 8, over: 10, stop: 12 }[stands],
  unknown: [],
  stands,
  ...more,
})
/** All ten dollars a day; `claude` tells what it uses, `script` uses nothing. */
export const budgets = (...purses: Purse[]): Budgets => ({
  rules: { town: { day: 10, warn: 80, stop: 120, exempt: [] as string[] } as Rules['town'], rigs: new Map() },
  purses: new Map(purses.map((one) => [one.id, one])),
  tomorrow: now.getTime() + 3_600_000,
  usage: (preset) => (preset === 'script' ? 'none' : preset === 'claude' ? 'claude' : 'untold'),
  presetOf: () => 'claude',
})
