/** Where a new run works and what it is called: a polecat under a free name, or the Refinery's own session. */
import { join } from 'node:path'
import { refineryAddress } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import { fixedAgent } from '../kernel/ladder.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { RigSettings } from '../town/settings.ts'
import { freeName, polecatAddress } from './names.ts'

/** Address, worktree and session; `skip` passes over names that were just taken. */
export function placeOf(
  town: OpenTown,
  bead: Bead,
  rig: string,
  fence: string,
  skip: number,
): Pick<Run, 'agent' | 'worktree' | 'session'> {
  const { polecats, refinery } = town.paths.rig(rig)
  const fixed = fixedAgent(bead)
  if (fixed === refineryAddress(rig)) {
    // Beside the gate slots (`slot-1` …), and no name of theirs.
    return { agent: fixed, worktree: join(refinery, `merge-${fence}`), session: `${rig}-refinery-${fence}` }
  }
  const taken = new Set([...town.ledger.state.live.values()].flat().map((run) => run.agent.split('/').at(-1) ?? ''))
  const name = fixed?.split('/').at(-1) ?? freeName(taken, skip)
  return {
    agent: polecatAddress(rig, name),
    worktree: join(polecats, `${name}-${fence}`),
    session: `${rig}-${name}-${fence}`,
  }
}

/** The agent of a bead that waits for the Refinery's session: the rig's own choice, or whoever worked on it before. */
export function refineryPreset(bead: Bead, rig: RigSettings): string | undefined {
  const { handover, runs } = facts(bead)
  if (handover?.to !== 'refinery') return undefined
  return rig.refinery.agent ?? runs?.[handover.run]?.preset
}
