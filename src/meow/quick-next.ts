/**
 * What is next in a molecule, told from a letter for each of its steps (beads/step-tables.ts): one of ten thousand steps is
 * counted without reading them. Says exactly what `toldOf` says, or nothing.
 */
import type { StepsTold } from '../agents/steps.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { StepFacts } from '../beads/facts.ts'
import type { Mark } from '../beads/step-tables.ts'
import { markOf, numberIn } from '../beads/step-tables.ts'
import type { View } from '../beads/view.ts'
import { firstReady } from './molecule.ts'
import { toldStep } from './told.ts'

/** Steps that are looked at before the whole ledger is opened after all: most often the first is the one. */
const LOOKS = 32

/** No molecule has so many steps; a place beyond it is somebody's slip. */
const FARTHEST = 1_000_000

/** The steps of a molecule as its worker is told of them, without the list; null when the whole ledger has to be asked. */
export function quickNext(view: View, root: string, now: Date): (Omit<StepsTold, 'list'> & { step?: Bead }) | null {
  const found = placesOf(view, root)
  if (found === null) return null
  const { marks, ids } = found
  const counted = { done: count(marks, 'd'), total: marks.length - count(marks, ' ') }
  const open = openPlaces(marks, LOOKS + 1)
  const idAt = (n: number): string => ids.get(n) ?? `${root}.${n}`
  const at = firstReady(view.state, stepsAt(view, open.slice(0, LOOKS).map(idAt)), now)
  if ('next' in at) {
    const { bead, facts: step } = at.next
    const before = marks.slice(0, step.n)
    return { ...counted, next: toldStep(bead, before.length - count(before, ' ')), step: bead }
  }
  return open.length > LOOKS ? null : { ...counted, ...at }
}

/** By the engine's own searches: code that runs once is never compiled. */
const count = (marks: string, mark: Mark | ' '): number => marks.split(mark).length - 1

function openPlaces(marks: string, most: number): number[] {
  const places: number[] = []
  for (let at = marks.indexOf('o'); at >= 0 && places.length < most; at = marks.indexOf('o', at + 1))
    places.push(at + 1)
  return places
}

/** Each is read when its turn comes to be looked at. */
function* stepsAt({ state }: View, ids: string[]): Generator<{ bead: Bead; facts: StepFacts }> {
  for (const id of ids) {
    const bead = state.beads.get(id)!
    yield { bead, facts: facts(bead).step! }
  }
}

/**
 * What stands at each place of the molecule's order (a letter or a blank, from place 1), and the ids of those that bear another than their
 * number. Null: two stand at one place, and which comes first is a matter of where they stand in the ledger; or the base has
 * them in another order than their numbers.
 */
function placesOf({ steps, state }: View, root: string): { marks: string; ids: Map<number, string> } | null {
  const { marks: known, strays } = steps.table(root) ?? { marks: '', strays: [] }
  if (known === null) return null
  const marks = known.split('')
  for (const id of steps.old) {
    const n = numberIn(id, root)
    if (n !== undefined && n <= marks.length) marks[n - 1] = ' '
  }
  const ids = new Map<number, string>()
  const others = strays.filter((id) => !steps.old.has(id)).map((id) => state.beads.get(id)!)
  for (const bead of [...steps.changed(), ...others]) {
    const { step } = facts(bead)
    const mark = step?.of === root ? markOf(bead) : undefined
    if (step === undefined || mark === undefined) continue
    if (!Number.isInteger(step.n) || step.n < 1 || step.n > FARTHEST) return null
    while (marks.length < step.n) marks.push(' ')
    if (marks[step.n - 1] !== ' ') return null
    marks[step.n - 1] = mark
    ids.set(step.n, bead.id)
  }
  return { marks: marks.join(''), ids }
}
