/** Before a worker is claimed, its rig's repository is brought up to date: what the remote says is about no bead. */
import type { Bead } from '../beads/bead.ts'
import { fetchRemote } from '../git/repository.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'

/** By repository: of many that start at once, one asks. */
const underWay = new Map<string, Promise<Result<void>>>()

/** What failed is told for this bead. Errors: E_REMOTE_…, E_NO_GIT. */
export async function fetchFirst(town: OpenTown, bead: Bead, rig: string): Promise<Result<void>> {
  const gitDir = town.paths.rig(rig).repo
  const asked = underWay.get(gitDir) ?? fetchRemote({ gitDir }).finally(() => underWay.delete(gitDir))
  underWay.set(gitDir, asked)
  const fetched = await asked
  if (fetched.kind === 'ok') return fetched
  return { kind: 'error', failure: { ...fetched.failure, kept: `${bead.id} stays slung, and no attempt is counted.` } }
}
