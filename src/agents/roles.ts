/** Who a run is, by its address: a polecat, or the own session of a rig's Refinery or Witness. */
import type { Run } from '../beads/facts.ts'
import type { Role } from './launch.ts'

/** Roles a person talks to. All others work while nobody watches and must never wait at a dialog. */
export const ATTENDED: ReadonlySet<Role> = new Set<Role>(['mayor', 'crew'])

/** Roles that a run can have. */
export type RunRole = 'polecat' | 'refinery' | 'witness'

/** Address of the Refinery's own session of a rig. */
export const refineryAddress = (rig: string): string => `${rig}/refinery`

/** Address of the Witness's own session of a rig. */
export const witnessAddress = (rig: string): string => `${rig}/witness`

/** The role of whoever bears this run. */
export function roleOf(run: Pick<Run, 'agent' | 'rig'>): RunRole {
  if (run.agent === refineryAddress(run.rig)) return 'refinery'
  return run.agent === witnessAddress(run.rig) ? 'witness' : 'polecat'
}
