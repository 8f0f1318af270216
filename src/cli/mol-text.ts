/** How molecules look, to people and as JSON. Pure. */
import { sanitize } from '../agents/fence.ts'
import type { StepsTold } from '../agents/steps.ts'
import { whatThen } from '../agents/steps.ts'
import type { Bead } from '../beads/bead.ts'
import { plain } from './text.ts'

export type NextTold = Omit<StepsTold, 'list'>

/** What `gt mol next --json` says. */
export const nextData = (root: Bead, told: NextTold, step: Bead | undefined) => ({
  molecule: root.id,
  done: told.done,
  total: told.total,
  step: step ?? null,
  n: told.next?.n ?? null,
  waits: told.waits ?? null,
})

/**
 * The next step with all its text, or what to do when there is none.
 *
 * @param worker whether a worker asks, who hands in or parks; a person looks on
 */
export function nextText(root: Bead, told: NextTold, worker: boolean): string {
  const { done, total, next, waits } = told
  if (next === undefined) {
    const person = done === total ? '' : ` No step can be done now: ${waits ?? 'what is left waits for others'}.`
    return `${root.id}: ${done} of ${total} steps are done.${worker ? ` ${whatThen(told)}` : person}`
  }
  const title = `Step ${next.n} of ${total}, ${next.id}: ${plain(next.title, 200)}`
  const text = next.text.trim() === '' ? '' : `\n\n${sanitize(next.text).trim()}`
  return `${title}${text}\n\nWhen it is done: gt mol step done ${next.id}`
}
