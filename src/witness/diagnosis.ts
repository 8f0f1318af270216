/**
 * The bead that asks the Witness about a worker. It is a report, slung to the Witness's own session of the rig, which is
 * started for this question and gone afterwards. Pure.
 */
import { witnessAddress } from '../agents/roles.ts'
import { diagnosisBody } from '../agents/standstill.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import { createBead } from '../beads/edit.ts'
import type { Run, Stuck } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { prefixOfId } from '../beads/ids.ts'
import { gtPath } from '../kernel/runs.ts'
import { helped } from '../kernel/sessions.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { TownSettings } from '../town/settings.ts'

/** The agent that plays the Witness in this town. */
export const witnessPreset = ({ witness, workers }: TownSettings): string => witness.agent ?? workers.agent

/** Makes the bead and notes it on the worker's run, in one change. Errors: those of creating a bead. */
export function askWitness(
  state: State,
  bead: Bead,
  run: Run,
  stuck: Stuck,
  how: { by: string; at: string; preset: string },
): Result<ChangeInput> {
  const made = createBead(
    state,
    {
      prefix: prefixOfId(bead.id),
      title: `Why does ${run.agent} stand still on ${bead.id}?`,
      body: diagnosisBody(bead, run, stuck),
      type: 'task',
      priority: 0,
      rig: run.rig,
      kind: 'report',
      labels: ['gt:diagnosis'],
    },
    how,
  )
  if (made.kind === 'error') return made
  const { id } = made.value.bead
  const set = (key: string, value: unknown) => ({ op: 'set' as const, id, path: gtPath(key), value })
  const slung = { rig: run.rig, agent: witnessAddress(run.rig), preset: how.preset, by: how.by, at: how.at }
  return ok(
    helped(
      run,
      { ...stuck, diagnosis: id },
      {
        by: how.by,
        why: `${run.agent} stands still, and a reminder did not help: the Witness is asked (${id})`,
        when: [{ if: 'absent', id }, ...(made.value.input.when ?? [])],
        more: [
          ...made.value.input.ops,
          set('diagnosis', { run: run.fence, bead: bead.id, evidence: stuck.evidence }),
          set('slung', slung),
        ],
      },
    ),
  )
}

/** Questions about workers that nobody needs an answer to any more: the worker goes on, or its run is over. */
export function idleQuestions(state: State): Bead[] {
  const found: Bead[] = []
  for (const bead of state.beads.values()) {
    const { diagnosis } = facts(bead)
    if (diagnosis === undefined || bead.status === 'closed' || bead.status === 'tombstone') continue
    const about = state.beads.get(diagnosis.bead)
    const run = about && facts(about).runs?.[diagnosis.run]
    if (run?.stuck?.diagnosis !== bead.id || run.stuck.step !== 'diagnosing') found.push(bead)
  }
  return found
}

/** Closes such a question. Its session, if there is one, is ended as that of any run whose bead is closed. */
export function dropQuestion(bead: Bead, by: string): ChangeInput {
  const { id } = bead
  return {
    by,
    why: 'nobody needs the answer any more',
    rule: 'diagnosis-obsolete',
    when: [
      { if: 'in', id, path: ['status'], values: [bead.status] },
      { if: 'no-live-run', id },
    ],
    ops: [
      { op: 'set', id, path: ['status'], value: 'closed' },
      { op: 'set', id, path: ['close_reason'], value: 'nobody needs the answer any more' },
      { op: 'set', id, path: gtPath('outcome'), value: 'cancelled' },
      { op: 'unset', id, path: gtPath('slung') },
      { op: 'unset', id, path: gtPath('needs') },
    ],
  }
}
