import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'

/** Beads that are slung and have no worker; of one rig, if named. */
export function unstarted(state: State, rig?: string): string[] {
  const found: string[] = []
  for (const bead of state.beads.values()) {
    const { slung, needs } = facts(bead)
    if (slung === undefined || needs !== undefined || bead.status !== 'open' || state.live.has(bead.id)) continue
    if (rig === undefined || slung.rig === rig) found.push(bead.id)
  }
  return found
}
