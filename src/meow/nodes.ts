/** Molecules, convoys and recipes as the nodes of a picture (picture.ts). Pure. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import { isBlocked, isOver, parentsOf } from '../beads/ready.ts'
import { liveRun } from '../kernel/runs.ts'
import type { MoleculeView } from './molecule.ts'
import type { Node, NodeState } from './picture.ts'
import type { Recipe } from './recipe.ts'

/** The steps of a molecule. The first that may begin is being done while a worker has it. */
export function nodesOfMolecule(state: State, view: MoleculeView): Node[] {
  const { root, steps } = view
  const known = new Set(steps.map(({ bead }) => bead.id))
  const working = liveRun(root) !== undefined && liveRun(root)?.state !== 'parked'
  let doing = working ? steps.find((step) => step.state === 'ready' && !step.facts.parts)?.bead.id : undefined
  const short = (id: string): string => (id.startsWith(`${root.id}.`) ? id.slice(root.id.length) : id)
  return steps.map(({ bead, state: is, gates }) => {
    const now: NodeState = bead.id === doing ? 'doing' : is
    if (now === 'doing') doing = undefined
    const parent = parentsOf(bead).find((id) => known.has(id))
    return {
      id: short(bead.id),
      title: bead.title,
      state: now,
      needs: needsIn(bead, known).map(short),
      ...(parent !== undefined && { parent: short(parent) }),
      ...(gates.length > 0 && {
        note: gates.map((id) => `${id} ${state.beads.get(id)?.title ?? ''}`.trim()).join(', '),
      }),
    }
  })
}

/** The legs of a convoy, and what brings them together. */
export function nodesOfConvoy(state: State, root: Bead, now: Date): Node[] {
  const parts = [...state.beads.values()].filter((bead) => parentsOf(bead).includes(root.id))
  const known = new Set(parts.map(({ id }) => id))
  const byNumber = (bead: Bead): number => Number(bead.id.split('.').at(-1)) || 0
  return parts
    .sort((a, b) => byNumber(a) - byNumber(b))
    .map((bead) => ({
      id: bead.id,
      title: bead.title,
      state: stateOfPart(state, bead, now),
      needs: needsIn(bead, known),
    }))
}

function stateOfPart(state: State, bead: Bead, now: Date): NodeState {
  if (isOver(bead)) {
    const { outcome } = facts(bead)
    return outcome === 'declined' ? 'failed' : outcome === 'cancelled' ? 'skipped' : 'done'
  }
  if (facts(bead).needs !== undefined) return 'failed'
  if (liveRun(bead) !== undefined) return 'doing'
  return isBlocked(state, bead, now) === null ? 'ready' : 'waiting'
}

const needsIn = (bead: Bead, known: ReadonlySet<string>): string[] =>
  (bead.dependencies ?? []).flatMap(({ type, depends_on_id: id }) =>
    type !== 'parent-child' && known.has(id) ? [id] : [],
  )

/** A recipe that was not poured. */
export function nodesOfRecipe({ steps }: Recipe): Node[] {
  return steps.map(({ id, title, needs, parent, gate, when, waitsFor, until, onComplete }) => ({
    id,
    title,
    needs: [...new Set([...needs, ...(waitsFor === undefined ? [] : [waitsFor.of])])],
    ...(parent !== undefined && { parent }),
    ...noted([
      gate && `gate: ${gate.type}${gate.timeout ? ` ${gate.timeout}` : ''}`,
      when && `when ${when}`,
      until && `until ${until.condition}, at most ${until.max} times`,
      onComplete && `then ${onComplete.bond.formula} for each of ${onComplete.forEach}`,
    ]),
  }))
}

function noted(words: (string | undefined)[]): { note?: string } {
  const note = words.filter(Boolean).join('; ')
  return note === '' ? {} : { note }
}
