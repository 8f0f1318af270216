/**
 * Epics that close with their last child: those that somebody sent off, alone or in a convoy. What needs such an epic could not
 * start before a person had closed it, and whoever sends off a whole wants it to come to an end. Pure.
 *
 * One that closed so is open again as soon as something in it is (due.ts). One that a person opens stays open until then.
 *
 * An epic that nobody sent off stays open: more may come below it. So does one with a declined child, which did not bring what
 * was wanted (a person looks), and one with an integration branch, which closes by landing.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import { closeBead } from '../beads/edit.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { parentsOf } from '../beads/ready.ts'
import { gtPath } from '../kernel/runs.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Children, Member } from './members.ts'
import { followingOf, isComplete, isItsParts, membersOf, partsOf, progressOf, trackedBy } from './members.ts'

/** Which of what was sent off, and not told yet, a bead belongs to; itself, if it is that. One look at a state. */
export function sentOff(state: State): (bead: Bead) => string[] {
  const trackers = new Map<string, string[]>()
  for (const convoy of state.beads.values()) {
    for (const id of trackedBy(convoy)) trackers.set(id, [...(trackers.get(id) ?? []), convoy.id])
  }
  return (bead) => {
    const above = [bead.id]
    for (const id of above) {
      const one = lookUp(state, id)
      const next = [...(one === undefined ? [] : parentsOf(one)), ...(trackers.get(id) ?? [])]
      above.push(...next.filter((other) => !above.includes(other)))
    }
    return above.filter((id) => {
      const one = state.beads.get(id)
      const following = one && followingOf(one)
      return following !== undefined && following.told === undefined
    })
  }
}

/** Whether an epic's work is over and brought what was wanted, nobody is at the epic itself, and no person opened it again. */
export function isDone(state: State, epic: Bead, children: Children): boolean {
  const { integration, needs, closed_with_parts: reopened } = facts(epic)
  if (integration !== undefined || needs !== undefined || reopened || state.live.has(epic.id)) return false
  const parts = partsOf(epic, children)
  const progress = progressOf(membersOf(state, epic, children))
  return isItsParts(epic, parts) && isComplete(progress) && progress.declined.length === 0
}

/** The change that closes it while its work stays over. Errors: those of closing a bead. */
export function closeEpic(state: State, epic: Bead, by: string): Result<ChangeInput> {
  const members = membersOf(state, epic)
  const { total, landed, done } = progressOf(members)
  const closed = closeBead(state, epic.id, { reason: `${landed + done} of ${total} landed or done` }, { by })
  if (closed.kind === 'error') return closed
  const { when = [], ops, ...input } = closed.value
  const itself: Op = { op: 'set', id: epic.id, path: gtPath('closed_with_parts'), value: true }
  return ok({ ...input, rule: 'epic-done', when: [...when, ...stillOver(state, members)], ops: [...ops, itself] })
}

/** What is in the archive is over as long as it stands there. */
export function stillOver(state: State, members: readonly Member[]): Condition[] {
  return members.flatMap(({ bead }): Condition[] =>
    bead === undefined || !state.beads.has(bead.id)
      ? []
      : [{ if: 'in', id: bead.id, path: ['status'], values: ['closed', 'tombstone'] }],
  )
}
