/** Where a new run works and what it is called: a polecat under a free name, or the Refinery's own session. */
import { join } from 'node:path'
import { refineryAddress, witnessAddress } from '../agents/roles.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Run } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { fixedAgent } from '../kernel/ladder.ts'
import type { OpenTown } from '../kernel/town.ts'
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
  if (fixed === witnessAddress(rig)) {
    return { agent: fixed, worktree: join(polecats, `witness-${fence}`), session: `${rig}-witness-${fence}` }
  }
  const name = nameIn(fixed) ?? freeName(namesTaken(town.ledger.state, bead), skip)
  return {
    agent: polecatAddress(rig, name),
    worktree: join(polecats, `${name}-${fence}`),
    session: `${rig}-${name}-${fence}`,
  }
}

const nameIn = (address: string | undefined): string | undefined => address?.split('/').at(-1)

/**
 * Names that a bead is not given to: of whoever is at work, and of those who had it before. That three different workers
 * ended on it says something of the bead (kernel/poison.ts).
 */
export function namesTaken(state: State, bead: Bead): Set<string> {
  const runs = [...state.live.values()].flat().concat(Object.values(facts(bead).runs ?? {}))
  return new Set(runs.flatMap((run) => nameIn(run.agent) ?? []))
}
