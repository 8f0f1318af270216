/** Template beads: a frozen formula that is kept in the ledger, so that later changes of files do not reach it. Pure. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Frozen } from './formulas/formula.ts'
import { titleOf } from './lay-out.ts'

/** What a template bead was frozen from; undefined when it is none. */
export const frozenIn = (bead: Bead): Frozen | undefined => facts(bead).frozen as Frozen | undefined

/** The template bead of a frozen formula: nobody's task. `rig`: whose formulas it was found among. */
export function templateBead(
  frozen: Frozen,
  { id, rig, by, at }: { id: string; rig?: string | undefined; by: string; at: string },
): Bead {
  const { description } = frozen.formulas[frozen.formula]!
  return {
    id,
    title: titleOf(`Template: ${frozen.formula}`),
    ...(description !== '' && { description }),
    status: 'open',
    priority: 2,
    issue_type: 'molecule',
    created_at: at,
    created_by: by,
    updated_at: at,
    labels: ['template'],
    is_template: true,
    source_formula: frozen.formula,
    metadata: { gt: { version: 0, ...(rig && { rig }), frozen } },
  }
}
