/** A pull request whose change landed without it is closed, with a word. Best effort: a landing waits for no forge. */
import { closePull } from '../forge/pull-request.ts'
import { forgeRepo } from '../forge/remote.ts'
import { isAncestor } from '../git/repository.ts'
import type { MergeRequest } from '../kernel/merges.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { RigSettings } from '../town/settings.ts'

/** A forge that hangs holds up a landing for this long. */
const PATIENCE_MS = 15_000

/** What `gh --repo` is told for this rig; null: its remote is on no forge that we know. */
export const repoOf = (rig: RigSettings): string | null => rig.landing.repo ?? forgeRepo(rig.remote)

/**
 * Closes the pull request of an entry that landed as `commit`. One whose head is in the target is left alone: the forge
 * shows it as merged by itself, sooner or later. Whatever goes wrong stays without consequence.
 */
export async function closeLeftover(town: OpenTown, request: MergeRequest, commit: string): Promise<void> {
  const { pr, target, rig: name } = request.merge
  if (pr === undefined) return
  const rig = await town.rig(name)
  const repo = rig.kind === 'ok' ? repoOf(rig.value) : null
  if (repo === null) return
  const seen = await isAncestor(town.paths.rig(name).repo, pr.head, `refs/remotes/origin/${target}`)
  if (seen.kind === 'ok' && seen.value) return
  const comment = `This change landed on ${target} as ${commit}, without this pull request.`
  await closePull({ repo, env: town.env, timeoutMs: PATIENCE_MS, number: pr.number, comment })
}
