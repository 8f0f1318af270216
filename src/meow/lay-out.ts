/**
 * Steps of a recipe as beads: ids, edges, gates. Pure. Used when a molecule is poured, and when it grows while it runs: a
 * further round of a loop, what a finished step called for, another formula bonded to it.
 *
 * A step's bead is `<molecule>.<number>`, so that people can say it. Edges are the format's own, so that other tools see the
 * same order: `parent-child` to the group or the molecule, `blocks` to what it needs and to its gate, `waits-for` to what it
 * gathers (reference: beads, sections 1.4 and 6).
 */
import type { Bead, Dependency } from '../beads/bead.ts'
import { normal } from '../beads/canonical.ts'
import type { GateFacts, GtFacts } from '../beads/facts.ts'
import { newBeadId, takesChildren } from '../beads/ids.ts'
import { formulaDuration } from './formulas/duration.ts'
import { nanoseconds } from './gates/gate.ts'
import type { RecipeStep } from './recipe.ts'

const TITLE_BYTES = 480

export interface Ground {
  /** Bead of the molecule. */
  root: string
  prefix: string
  rig?: string | undefined
  ephemeral?: boolean | undefined
  by: string
  at: string
  /** Place of the first of these steps in the molecule's order, from 1. */
  from: number
  /** Bead that the topmost of these steps are parts of; default: the molecule. */
  under?: string
  /** Beads that every one of them needs which needs none of the others. */
  after?: string[]
  /** Steps that are there already, by name. */
  known?: ReadonlyMap<string, string>
  /** Round of the loop that they are parts of. */
  round?: number
  taken(id: string): boolean
}

/** The beads in the order of the steps, gates before the step that waits for them; and the id of each step by its name. */
export function layOut(steps: RecipeStep[], ground: Ground): { beads: Bead[]; ids: Map<string, string> } {
  const ids = new Map(ground.known)
  const numbers = steps.map((step, i) => ({ step, n: ground.from + i }))
  for (const { step, n } of numbers) ids.set(step.id, stepId(ground, n))
  const beads: Bead[] = []
  const groups = new Set(steps.map((step) => step.parent))
  for (const { step, n } of numbers) {
    const gates = gatesOf(step, ground)
    beads.push(...gates)
    beads.push(stepBead(step, n, groups.has(step.id) || step.until !== undefined, gates, ids, ground))
  }
  // As the ledger would make them: everybody who reads a large pour finds nothing left to do.
  return { beads: beads.map(normal), ids }
}

function stepId({ root, prefix, taken }: Ground, n: number): string {
  const id = `${root}.${n}`
  return !takesChildren(root) || taken(id) ? newBeadId(prefix, taken) : id
}

function stepBead(
  step: RecipeStep,
  n: number,
  parts: boolean,
  gates: Bead[],
  ids: ReadonlyMap<string, string>,
  ground: Ground,
): Bead {
  const id = ids.get(step.id)!
  const { root, by, at, rig, round } = ground
  const edges = new Map<string, Dependency>()
  const edge = (to: string | undefined, type: string, metadata?: object): void => {
    // A pair has one edge; the first that was said is the one that matters more.
    if (to === undefined || edges.has(to)) return
    const more = metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }
    edges.set(to, { issue_id: id, depends_on_id: to, type, created_at: at, created_by: by, ...more })
  }
  const parent = step.parent === undefined ? (ground.under ?? root) : ids.get(step.parent)
  edge(parent, 'parent-child')
  // First, since it says more than a plain need: not before that step is done, nor before what came of it is.
  if (step.waitsFor !== undefined) edge(ids.get(step.waitsFor.of), 'waits-for', { gate: step.waitsFor.gate })
  for (const need of step.needs) edge(ids.get(need), 'blocks')
  if (step.needs.length === 0 && step.parent === undefined) for (const need of ground.after ?? []) edge(need, 'blocks')
  for (const gate of gates) edge(gate.id, 'blocks')
  const gt: GtFacts = {
    version: 0,
    ...(rig !== undefined && { rig }),
    step: {
      of: root,
      name: step.id,
      n,
      ...(parts && { parts: true as const }),
      ...(step.onComplete !== undefined && { on_complete: step.onComplete }),
      ...(step.until !== undefined && { until: step.until }),
      ...(round !== undefined && { round }),
    },
  }
  const { metadata } = step
  return {
    id,
    title: titleOf(step.title),
    ...(step.description !== '' && { description: step.description }),
    ...(step.acceptance && { acceptance_criteria: step.acceptance }),
    ...(step.notes && { notes: step.notes }),
    status: 'open',
    priority: step.priority ?? 2,
    issue_type: parts ? 'epic' : step.type,
    ...(step.assignee && { assignee: step.assignee }),
    created_at: at,
    created_by: by,
    updated_at: at,
    ...(step.labels.length > 0 && { labels: [...new Set(step.labels)].sort() }),
    dependencies: [...edges.values()],
    ...(ground.ephemeral && { ephemeral: true }),
    source_formula: step.source.formula,
    source_location: step.source.location,
    metadata: { ...metadata, gt },
  }
}

/** What has to come before a step may begin: its own gate, and the condition that a composition put before it. */
function gatesOf(step: RecipeStep, ground: Ground): Bead[] {
  const gates: Bead[] = []
  if (step.gate !== undefined) {
    const { type, id, await_id, timeout, default: otherwise } = step.gate
    const about = await_id ?? id ?? ''
    const ms = timeout === undefined ? undefined : (formulaDuration(timeout) ?? 0)
    const late = type !== 'timer' && ms !== undefined
    gates.push(
      gateBead(ground, `Gate: ${type} ${about}`.trim(), {
        await_type: type,
        ...(about !== '' && { await_id: about }),
        ...(ms !== undefined && { timeout: nanoseconds(ms) }),
        gt: {
          of: ground.root,
          ...(type === 'command' && { command: { run: about } }),
          ...(late && { default: otherwise ?? 'ask' }),
        },
      }),
    )
  }
  if (step.when !== undefined) {
    const gt: GateFacts = { of: ground.root, condition: { text: step.when, of: ground.root } }
    gates.push(gateBead(ground, `Gate: ${step.when}`, { await_type: 'condition', gt }))
  }
  return gates
}

function gateBead(
  ground: Ground,
  title: string,
  of: { await_type: string; gt: GateFacts; [key: string]: unknown },
): Bead {
  const { gt, ...more } = of
  const { by, at, rig, prefix, taken } = ground
  const facts: GtFacts = { version: 0, ...(rig !== undefined && { rig }), gate: gt }
  return {
    id: newBeadId(prefix, taken),
    title: titleOf(title),
    status: 'open',
    priority: 2,
    issue_type: 'gate',
    created_at: at,
    created_by: by,
    updated_at: at,
    ...(ground.ephemeral && { ephemeral: true }),
    ...more,
    metadata: { gt: facts },
  }
}

/** One line of at most what the format allows. */
export function titleOf(text: string): string {
  const line = text.trim().replace(/\s*[\r\n]+\s*/g, ' ') || 'Untitled'
  if (Buffer.byteLength(line) <= TITLE_BYTES) return line
  return `${Buffer.from(line)
    .subarray(0, TITLE_BYTES - 4)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}…`
}
