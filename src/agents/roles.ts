/** Who a run is, by its address: a polecat, or the Refinery's own session. */
import type { Run } from '../beads/facts.ts'

/** Address of the Refinery's own session of a rig. */
export const refineryAddress = (rig: string): string => `${rig}/refinery`

/** The role of whoever bears this run. */
export const roleOf = (run: Pick<Run, 'agent' | 'rig'>): 'polecat' | 'refinery' =>
  run.agent === refineryAddress(run.rig) ? 'refinery' : 'polecat'
