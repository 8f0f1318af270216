/**
 * A target that is red by itself: nobody's change is to blame, so nobody's is judged. One urgent bead stands for it, the
 * queue waits, and both end by themselves once the target is green. What repairs it may still be tested and land.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput } from '../beads/change.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import { gtPath } from '../kernel/runs.ts'
import { excerpt } from './messages.ts'
import type { Verdict } from './verdict.ts'
import { culprit } from './verdict.ts'

const DETAIL_BYTES = 4_096

/** The open bead that stands for this red target. */
export function alarmOf(beads: Iterable<Bead>, rig: string, target: string): Bead | undefined {
  for (const bead of beads) {
    if (bead.status === 'closed' || bead.status === 'tombstone') continue
    const red = facts(bead).red_target
    if (red?.rig === rig && red.target === target) return bead
  }
  return undefined
}

/** Waits because its target is red. */
export const isParked = ({ merge }: MergeRequest): boolean =>
  merge.state === 'could_not_run' && merge.held_for === 'red-target'

/** May be tried on a red target: the work on the alarm itself, what is urgent, and what a person let through. */
export function isRepair({ bead, merge }: MergeRequest, alarm: Bead | undefined): boolean {
  return merge.bead === alarm?.id || bead.priority === 0 || merge.approved_by !== undefined
}

/** One line: which target, which gate, how it ended. */
export function alarmText(target: string, verdict: Verdict): string {
  const red = culprit(verdict)?.finding
  const what = red?.outcome === 'could_not_run' ? `the gate cannot run on ${target} itself` : `${target} itself is red`
  return `${what}: ${red?.text ?? 'its gate does not pass'}`
}

/** The urgent bead. It waits for a person, who is told once; slung to the rig, its work may land on the red target. */
export function raiseAlarm(
  id: string,
  red: { rig: string; target: string; commit: string; tree: string },
  verdict: Verdict,
  at: string,
): ChangeInput {
  const text = alarmText(red.target, verdict)
  const tail = excerpt(culprit(verdict)?.finding.tail ?? '', DETAIL_BYTES)
  const bead: Bead = {
    id,
    title: `Mend ${red.target} of ${red.rig}: its gate does not pass`,
    description:
      `${text} (commit ${red.commit}).\n\nFound by running the gate on ${red.target} alone, twice. The merge queue waits; ` +
      `it goes on by itself when ${red.target} is green again.\n\nEnd of the output:\n\n${tail}`,
    status: 'open',
    priority: 0,
    issue_type: 'bug',
    created_at: at,
    created_by: `${red.rig}/refinery`,
    updated_at: at,
    labels: ['gt:red-target'],
    metadata: {
      gt: {
        version: 0,
        rig: red.rig,
        red_target: red,
        needs: { cause: 'red-target', text: `${text}.\n${WAYS(red.rig, id)}`, at },
      },
    },
  }
  return { by: `${red.rig}/refinery`, why: text, when: [{ if: 'absent', id }], ops: [{ op: 'create', bead }] }
}

const WAYS = (rig: string, id: string): string =>
  `Mend it there and push, or let a worker do it: gt sling ${id} ${rig}\nIf the gate itself is wrong: gt config set rig.${rig}.gate "…"`

/** The target is green: the bead that stood for it is done. */
export function endAlarm(bead: Bead, commit: string): ChangeInput {
  const { id } = bead
  const rig = facts(bead).red_target?.rig ?? ''
  return {
    by: `${rig}/refinery`,
    why: `the target is green again at ${commit.slice(0, 12)}`,
    // While a worker is on it, its own landing closes it.
    when: [
      { if: 'in', id, path: ['status'], values: ['open'] },
      { if: 'no-live-run', id },
    ],
    ops: [
      { op: 'set', id, path: ['status'], value: 'closed' },
      { op: 'set', id, path: ['close_reason'], value: `green again at ${commit}` },
      { op: 'set', id, path: gtPath('outcome'), value: 'done' },
      { op: 'unset', id, path: gtPath('needs') },
      { op: 'unset', id, path: gtPath('slung') },
      { op: 'unset', id, path: gtPath('handover') },
    ],
  }
}
