/** `gt mol status`: a molecule or convoy as a picture, in the terminal or as Mermaid. */
import type { Command } from 'commander'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { standing } from '../kernel/standing.ts'
import type { OpenTown } from '../kernel/town.ts'
import { moleculeView } from '../meow/molecule.ts'
import { nodesOfConvoy, nodesOfMolecule } from '../meow/nodes.ts'
import { mermaid } from '../meow/picture.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { drawn } from './drawn.ts'
import { moleculeFor } from './mol.ts'
import { findBead, plain, withTown } from './town.ts'

interface StatusOptions {
  mermaid?: boolean
  all?: boolean
}

/** Adds the verb. */
export function registerStatus(mol: Command, context: Context): void {
  action(
    mol
      .command('status')
      .description('The steps of a molecule, or the legs of a convoy, as a picture with their states.')
      .argument('[molecule]', 'default: the one on my hook')
      .option('--mermaid', 'as a Mermaid flowchart, for documents')
      .option('--all', 'long rows of finished steps too')
      .addHelpText('after', '\nExample:\n  gt mol status ap-mol-x3k9f'),
    (id: string | undefined, options: StatusOptions) =>
      withTown(context, (town) => statusOf(town, context, id, options)),
  )
}

function statusOf(town: OpenTown, context: Context, id: string | undefined, options: StatusOptions): Answer {
  const root = rootFor(town, id)
  if (root.kind === 'error') return root
  const { state } = town.ledger
  const now = town.now()
  const view = moleculeView(state, root.value, now)
  const nodes = view === undefined ? nodesOfConvoy(state, root.value, now) : nodesOfMolecule(state, view)
  const over = nodes.filter((node) => node.state === 'done').length
  const done = view?.done ?? over
  const total = view?.total ?? nodes.length
  const molecule = facts(root.value).molecule!
  const data = {
    molecule: root.value.id,
    kind: molecule.kind,
    formula: molecule.formula,
    title: root.value.title,
    standing: standing(state, root.value, now),
    done,
    total,
    steps: nodes,
  }
  if (options.mermaid) return ok({ data, text: mermaid(nodes) })
  const head = `${root.value.id}  ${plain(root.value.title, 60)}  (${molecule.formula}, ${done}/${total}, ${data.standing})`
  return ok({ data, text: `${head}\n${drawn(nodes, context, options.all)}` })
}

function rootFor(town: OpenTown, id: string | undefined): Result<Bead> {
  if (id === undefined) return moleculeFor(town, id)
  const bead = findBead(town, id)
  if (bead.kind === 'error') return bead
  return facts(bead.value).molecule?.kind === 'convoy' ? bead : moleculeFor(town, id)
}
