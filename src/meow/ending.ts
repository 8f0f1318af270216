/**
 * How molecules end: squashed to a digest that stays, or burned. Pure; each is one change.
 *
 *   squash   what was done becomes one closed bead, the digest. A wisp's own beads go; a poured molecule's stay
 *   burn     no digest. A wisp's beads go; a poured molecule, which is in git already, is closed as cancelled
 *
 * Nothing that was ever in git is taken out (law 4); of wisps the journals keep what was said.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import { isOver } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { titleOf } from './lay-out.ts'
import { gatesBefore, stepsOf } from './molecule.ts'

export interface Ending {
  by: string
  at: string
  prefix: string
  /** What the digest says; default: the steps and what came of each. */
  summary?: string | undefined
}

/** Steps named in a digest that nobody wrote a summary for. */
const NAMED = 200

/** Errors: E_NO_MOLECULE, E_LIVE_RUN, E_NOT_OVER (a poured one is squashed when it is over), E_SQUASHED. */
export function squash(state: State, root: Bead, how: Ending): Result<{ input: ChangeInput; digest: string }> {
  const refused = cannotEnd(root)
  if (refused !== undefined) return refused
  if (!root.ephemeral && !isOver(root)) {
    return fail('E_NOT_OVER', `${root.id} is not over; only a wisp can be squashed before its end.`, {
      kept: 'Nothing was changed.',
      hint: `gt mol status ${root.id}`,
    })
  }
  const held = [...state.beads.values()].find((bead) => facts(bead).digest_of === root.id)
  if (held !== undefined) {
    return fail('E_SQUASHED', `${root.id} was squashed already: ${held.id}.`, { hint: `gt bead show ${held.id}` })
  }
  const digest = digestOf(state, root, how)
  const { by } = how
  const ops: Op[] = [{ op: 'create', bead: digest }, ...(root.ephemeral ? dropAll(state, root) : [])]
  const when: Condition[] = [{ if: 'no-live-run', id: root.id }]
  return ok({ digest: digest.id, input: { by, why: `squashed ${root.id} to ${digest.id}`, when, ops } })
}

/** Errors: E_NO_MOLECULE, E_LIVE_RUN, E_CLOSED (a poured one that is over already). */
export function burn(state: State, root: Bead, how: Pick<Ending, 'by'> & { reason?: string }): Result<ChangeInput> {
  const refused = cannotEnd(root)
  if (refused !== undefined) return refused
  const when: Condition[] = [{ if: 'no-live-run', id: root.id }]
  const why = `burned ${root.id}${how.reason === undefined ? '' : `: ${how.reason}`}`
  if (root.ephemeral) return ok({ by: how.by, why, when, ops: dropAll(state, root) })
  if (isOver(root)) {
    return fail('E_CLOSED', `${root.id} is over; what it did stays.`, { kept: 'Nothing was changed.' })
  }
  const ops = [...cancelled(root.id, how.reason ?? 'burned'), ...closeOpen(state, root, how.reason ?? 'burned')]
  for (const fact of ['slung', 'needs', 'handover']) {
    if (facts(root)[fact] !== undefined) ops.push({ op: 'unset', id: root.id, path: ['metadata', 'gt', fact] })
  }
  return ok({ by: how.by, why, when, ops })
}

/** Closes what is still open of a molecule that is over: nobody will do it any more. Empty when there is nothing. */
export function closeOpen(state: State, root: Bead, reason: string): Op[] {
  const ops: Op[] = []
  const gates = new Set<string>()
  for (const { bead } of stepsOf(state, root.id)) {
    if (isOver(bead)) continue
    ops.push(...cancelled(bead.id, reason))
    for (const gate of gatesBefore(state, bead)) gates.add(gate.id)
  }
  for (const id of gates) ops.push(...cancelled(id, reason))
  return ops
}

const cancelled = (id: string, reason: string): Op[] => [
  { op: 'set', id, path: ['status'], value: 'closed' },
  { op: 'set', id, path: ['close_reason'], value: reason },
  { op: 'set', id, path: ['metadata', 'gt', 'outcome'], value: 'cancelled' },
]

function cannotEnd(root: Bead): Result<never> | undefined {
  const kept = 'Nothing was changed.'
  if (facts(root).molecule === undefined) {
    return fail('E_NO_MOLECULE', `${root.id} has no steps.`, { kept, hint: 'gt mol list' })
  }
  const run = liveRun(root)
  if (run === undefined) return undefined
  return fail('E_LIVE_RUN', `${run.agent} works on ${root.id} (run ${run.fence}).`, {
    kept,
    hint: `gt run stop ${run.fence}`,
  })
}

function digestOf(state: State, root: Bead, how: Ending): Bead {
  const steps = stepsOf(state, root.id).filter(({ facts: step }) => !step.parts)
  const done = steps.filter(({ bead }) => facts(bead).outcome === 'done')
  const { rig, molecule, landed } = facts(root)
  const lines = [
    `${molecule?.formula}: ${done.length} of ${steps.length} steps done, ${root.created_at} to ${root.closed_at ?? how.at}.`,
    ...(landed === undefined ? [] : [`Landed in ${landed.target} as ${landed.commit}.`]),
    ...steps.slice(0, NAMED).map(({ bead }) => {
      const what = facts(bead).outcome === 'done' ? 'done' : isOver(bead) ? 'left out' : 'not done'
      return `- ${bead.title}: ${what}${bead.close_reason && bead.close_reason !== 'done' ? ` (${bead.close_reason})` : ''}`
    }),
    ...(steps.length > NAMED ? [`… and ${steps.length - NAMED} more`] : []),
  ]
  const id = newBeadId(how.prefix, (taken) => lookUp(state, taken) !== undefined)
  return {
    id,
    title: titleOf(`Digest: ${root.title}`),
    description: how.summary ?? lines.join('\n'),
    status: 'closed',
    priority: root.priority,
    issue_type: 'task',
    created_at: how.at,
    created_by: how.by,
    updated_at: how.at,
    closed_at: how.at,
    close_reason: `squashed from ${root.id}`,
    metadata: { gt: { version: 0, ...(rig && { rig }), outcome: 'done', digest_of: root.id } },
  }
}

/** A wisp's beads: its steps, their gates and itself. */
function dropAll(state: State, root: Bead): Op[] {
  const ids = new Set<string>()
  for (const { bead } of stepsOf(state, root.id)) {
    ids.add(bead.id)
    for (const edge of bead.dependencies ?? []) {
      const target = state.beads.get(edge.depends_on_id)
      if (target?.issue_type === 'gate' && target.ephemeral) ids.add(target.id)
    }
  }
  return [...ids, root.id].map((id) => ({ op: 'drop', id }))
}
