/**
 * A step is done: one conditional change, so that a step is done once, in its turn, by whoever has the molecule. Pure.
 *
 * With it goes all that follows at once: groups whose last part this was are done too; a loop whose condition does not hold
 * yet gets its next round; what the step calls for (`on_complete`) is poured as its parts; and the count of failed attempts
 * begins anew, because a worker that finishes steps is not the bead's trouble.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { StepFacts } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { isBlocked, isOver, parentsOf } from '../beads/ready.ts'
import { liveRun, runPath } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { nextStep, openLeaves, stepsOf } from './molecule.ts'

export interface Completing {
  by: string
  fence?: string | undefined
  at: string
  /** What came out of it, for loops, conditions and `on_complete`. */
  output?: unknown
  /** One line for whoever reads the trail. */
  message?: string | undefined
}

/** What a finished step or group brings with it; undefined: nothing (growth.ts). */
export type Growth = (after: After) => Result<Grown | undefined>

/** A molecule at the moment when a step or group would be done. */
export interface After {
  root: Bead
  /** The step or group in question. */
  bead: Bead
  step: StepFacts
  /** All steps and groups. */
  steps: { bead: Bead; facts: StepFacts }[]
  /** What is done then. */
  done: ReadonlySet<string>
  /** The step that was just done: this one, or the last part of this group. */
  finished: Bead
  how: Completing
}

export interface Grown {
  beads: Bead[]
  /** Whether the step stays open for what was added (a loop's next round), or is done all the same. */
  stays: boolean
}

/**
 * The change that says that a step is done. Errors: E_NO_STEP (no step, or a group), E_STEP_DONE, E_STEP_WAITS (its turn has
 * not come), E_LIVE_RUN (somebody else's work), and those of what it calls for.
 */
export function completeStep(
  state: State,
  bead: Bead,
  how: Completing,
  grow: Growth = () => ok(undefined),
): Result<ChangeInput> {
  const { step } = facts(bead)
  const root = step && state.beads.get(step.of)
  const kept = 'Nothing was changed.'
  if (step === undefined || root === undefined) {
    return fail('E_NO_STEP', `${bead.id} is not a step of a molecule.`, { kept, hint: 'gt mol next' })
  }
  if (step.parts) {
    return fail('E_NO_STEP', `${bead.id} is a group: it is done when its steps are.`, { kept, hint: 'gt mol next' })
  }
  if (isOver(bead))
    return fail('E_STEP_DONE', `${bead.id} (${step.name}) is done already.`, { kept, hint: 'gt mol next' })
  const run = liveRun(root)
  if (run?.fence !== how.fence && run !== undefined) {
    return fail('E_LIVE_RUN', `${run.agent} works on ${root.id}; its steps are its own to finish.`, {
      kept,
      hint: `gt mol status ${root.id}`,
    })
  }
  const blocked = isBlocked(state, bead, new Date(how.at))
  if (blocked !== null) {
    const next = nextStep(state, root.id, new Date(how.at))
    return fail('E_STEP_WAITS', `It is not the turn of ${bead.id} (${step.name}): ${blocked.why}.`, {
      kept,
      hint: next === undefined ? `gt mol status ${root.id}` : `first ${next.bead.id}: ${next.bead.title}`,
    })
  }
  const steps = stepsOf(state, root.id)
  const when: Condition[] = [
    { if: 'in', id: bead.id, path: ['status'], values: [bead.status] },
    ...needsOf(state, bead),
    // A person does steps only while nobody has the molecule; an agent's fence is looked at by the ledger itself.
    ...(how.fence === undefined ? [{ if: 'no-live-run' as const, id: root.id }] : []),
  ]
  const ops = finished(bead, how)
  const done = new Set([bead.id])
  for (const { bead: other } of steps) if (isOver(other)) done.add(other.id)
  const came = grow({ root, bead, step, steps, done, finished: bead, how })
  if (came.kind === 'error') return came
  const open = came.value?.beads ?? []
  ops.push(...open.map((made): Op => ({ op: 'create', bead: made })))
  if (open.length === 0) {
    const above = closeGroups({ bead, steps, done, root, how, grow })
    if (above.kind === 'error') return above
    ops.push(...above.value.ops)
    when.push(...above.value.when)
  }
  ops.push(...progress(root, run?.fence))
  if (run === undefined && facts(root).slung === undefined && isLast(state, root.id, bead.id, ops)) {
    ops.push(
      { op: 'set', id: root.id, path: ['status'], value: 'closed' },
      { op: 'set', id: root.id, path: ['close_reason'], value: 'all steps are done' },
      { op: 'set', id: root.id, path: ['metadata', 'gt', 'outcome'], value: 'done' },
    )
  }
  const { by, fence } = how
  const why = `${root.id}: step ${step.n} (${step.name}) is done${how.message ? `: ${how.message}` : ''}`
  return ok({ by, ...(fence !== undefined && { fence }), why, rule: 'step-done', when, ops })
}

function finished(bead: Bead, how: Completing): Op[] {
  const { id } = bead
  const ops: Op[] = [
    { op: 'set', id, path: ['status'], value: 'closed' },
    { op: 'set', id, path: ['close_reason'], value: how.message ?? 'done' },
    { op: 'set', id, path: ['metadata', 'gt', 'outcome'], value: 'done' },
  ]
  if (how.output !== undefined)
    ops.push({ op: 'set', id, path: ['metadata', 'gt', 'step', 'output'], value: how.output })
  if (how.fence !== undefined) ops.push({ op: 'set', id, path: ['metadata', 'gt', 'step', 'run'], value: how.fence })
  return ops
}

/** What it needs must be closed still when the change lands. */
function needsOf(state: State, bead: Bead): Condition[] {
  return (bead.dependencies ?? []).flatMap(({ type, depends_on_id: id }): Condition[] =>
    type === 'blocks' && state.beads.has(id) ? [{ if: 'in', id, path: ['status'], values: ['closed'] }] : [],
  )
}

/** The groups that are done with this step, from the inside out; a loop may go on instead. */
function closeGroups({
  bead,
  steps,
  done,
  root,
  how,
  grow,
}: Pick<After, 'bead' | 'steps' | 'root' | 'how'> & { done: Set<string>; grow: Growth }): Result<{
  ops: Op[]
  when: Condition[]
}> {
  const ops: Op[] = []
  const when: Condition[] = []
  for (let at: Bead | undefined = bead; at !== undefined; ) {
    const group = steps.find(({ bead: one }) => parentsOf(at!).includes(one.id))
    if (group === undefined) break
    const { id } = group.bead
    const parts = steps.filter(({ bead: one }) => parentsOf(one).includes(id))
    const over = parts.every(({ bead: one }) => done.has(one.id))
    if (isOver(group.bead)) {
      // A step that is done itself, and whose parts are what it called for.
      if (!over) break
      at = group.bead
      continue
    }
    // Two parts that are done at the same moment: the second must see the first, or nobody ends the group.
    when.push({ if: 'version', id, is: facts(group.bead).version })
    if (!over) {
      ops.push({ op: 'set', id, path: ['status'], value: 'in_progress' })
      break
    }
    const came = grow({ root, bead: group.bead, step: group.facts, steps, done, finished: bead, how })
    if (came.kind === 'error') return came
    ops.push(...(came.value?.beads ?? []).map((made): Op => ({ op: 'create', bead: made })))
    if (came.value?.stays) {
      ops.push({ op: 'set', id, path: ['status'], value: 'in_progress' })
      break
    }
    ops.push(...finished(group.bead, { ...how, output: undefined, message: 'its parts are done' }))
    done.add(id)
    at = group.bead
  }
  return ok({ ops, when })
}

/** A worker that gets on does not use up the attempts of its bead. */
function progress(root: Bead, fence: string | undefined): Op[] {
  const run = fence === undefined ? undefined : facts(root).runs?.[fence]
  if (run === undefined) return []
  const revived: Op[] =
    run.revived === undefined ? [] : [{ op: 'unset', id: root.id, path: runPath(run.fence, 'revived') }]
  if (run.attempt === 1) return revived
  return [
    ...revived,
    { op: 'set', id: root.id, path: runPath(run.fence, 'attempt'), value: 1 },
    { op: 'set', id: root.id, path: ['metadata', 'gt', 'attempts'], value: 1 },
  ]
}

function isLast(state: State, root: string, id: string, ops: Op[]): boolean {
  const more = ops.some((op) => op.op === 'create' && op.bead.issue_type !== 'gate')
  return !more && openLeaves(state, root).every(({ bead }) => bead.id === id)
}
