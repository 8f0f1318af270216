/** A bead that waits for a person because of how its worker stands: asked by the Witness, and over with that worker. Pure. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Op } from '../beads/change.ts'

/** The causes under which a person is asked about a worker that stands still; they are answered by its next sign of life. */
const STANDSTILL: ReadonlySet<string> = new Set(['stuck', 'dialog', 'contradiction', 'auth', 'billing'])

/** Whether a bead waits for a person because of how its worker stands, not because of its work. */
export const standsStill = (bead: Bead): boolean => STANDSTILL.has(facts(bead).needs?.cause ?? '')

/** For a worker that is gone, or that speaks: nobody is asked about it any more, and its bead is free for whoever is next. */
export const standsNoMore = (bead: Bead): Op[] =>
  standsStill(bead) ? [{ op: 'unset', id: bead.id, path: ['metadata', 'gt', 'needs'] }] : []
