/**
 * A formula: a template of work, as TOML (`NAME.formula.toml`) or JSON. These are the shapes that a valid file has once it
 * was read (reference: formula schema); what they amount to is in cook.ts. The words are the format's own, so names are in
 * its spelling.
 */

/**
 * - `workflow`: steps in order, for one worker.
 * - `convoy`: legs for several workers at once, and a synthesis of what they found.
 * - `expansion`: steps that take the place of one step of another formula.
 * - `aspect`: steps that are put before and after steps of another formula; or a list of things to look at, like legs.
 */
export type FormulaType = 'workflow' | 'convoy' | 'expansion' | 'aspect'

export interface Formula {
  formula: string
  description: string
  version: number
  type: FormulaType
  /** `liquid`: poured, durable. `vapor`: meant to be ephemeral. */
  phase: 'liquid' | 'vapor'
  extends: string[]
  vars: Record<string, Variable>
  steps: Step[]
  /** Of an expansion. */
  template: Step[]
  compose: Compose
  advice: Advice[]
  pointcuts: Pointcut[]
  /** Of a convoy: what it must be told; the same as `vars` but for `required_unless`. */
  inputs: Record<string, Variable>
  prompts: Record<string, string>
  output?: Output
  legs: Leg[]
  /** Of an aspect: a list to look at side by side. */
  aspects: Leg[]
  synthesis?: Synthesis
  presets: Record<string, Preset>
  /** Agent that does it, unless a leg or step says otherwise. */
  agent?: string
  /** Its workers report and change nothing. */
  review_only: boolean
}

export interface Variable {
  description: string
  type: 'string' | 'int' | 'bool' | 'number'
  required: boolean
  /** Not required when one of these is given. */
  required_unless: string[]
  default?: string
  enum: string[]
  pattern?: string
}

export interface Step {
  id: string
  title: string
  description: string
  notes: string
  acceptance: string
  type: 'task' | 'bug' | 'feature' | 'epic' | 'chore'
  priority?: number
  labels: string[]
  metadata: Record<string, unknown>
  /** Steps that must be done first: `needs` and `depends_on` of the file. */
  needs: string[]
  /** May be done at the same time as its neighbours. */
  parallel: boolean
  interactive: boolean
  waits_for?: string
  assignee?: string
  agent?: string
  expand?: string
  expand_vars: Record<string, string>
  condition?: string
  children: Step[]
  gate?: StepGate
  loop?: Loop
  on_complete?: OnComplete
}

/** What a step waits for before it may begin. */
export interface StepGate {
  type: string
  /** A name for people; the format's `id`. */
  id?: string
  await_id?: string
  /** Of a timer: how long. Of the others: the latest, after which `default` holds. A duration such as `1h30m`. */
  timeout?: string
  /** What becomes of it when its time is over: `open`, `fail`, or a person is asked. */
  default?: 'open' | 'fail' | 'ask'
}

/** Exactly one of count, until (with max) or range. */
export interface Loop {
  count?: number | string
  until?: string
  max?: number
  /** `1..5`, `1..{{n}}` */
  range?: string
  /** Name of the loop's variable, written `{name}`. */
  var?: string
  body: Step[]
}

/** When the step is done, for each element of a list in its output: another formula. */
export interface OnComplete {
  /** `output.items` */
  for_each: string
  bond: string
  vars: Record<string, string>
  sequential: boolean
}

export interface Compose {
  bond_points: { id: string; description: string; after_step?: string; before_step?: string; parallel: boolean }[]
  hooks: { trigger: string; attach: string; at?: string; vars: Record<string, string> }[]
  expand: { target: string; with: string; vars: Record<string, string> }[]
  map: { select: string; with: string; vars: Record<string, string> }[]
  branch: { from: string; steps: string[]; join: string }[]
  gate: { before: string; condition: string }[]
  aspects: string[]
}

export interface Advice {
  /** A glob over the ids of steps. */
  target: string
  before?: AdviceStep
  after?: AdviceStep
  around?: { before: AdviceStep[]; after: AdviceStep[] }
}

export interface AdviceStep {
  id: string
  title: string
  description: string
  type: Step['type']
  args: Record<string, string>
  output: Record<string, string>
}

/** Steps that an aspect may touch at all: by glob of id, by type, or by label. */
export interface Pointcut {
  glob?: string
  type?: string
  label?: string
}

export interface Leg {
  id: string
  title: string
  focus: string
  description: string
  agent?: string
  review_only?: boolean
}

export interface Synthesis {
  title: string
  description: string
  depends_on: string[]
}

export interface Output {
  directory: string
  leg_pattern: string
  synthesis: string
}

/** A named choice of legs. */
export interface Preset {
  description: string
  legs: string[]
}

/** A formula with every other formula that it needs, as they were when it was frozen. Changed files do not reach it. */
export interface Frozen {
  formula: string
  formulas: Record<string, Formula>
}
