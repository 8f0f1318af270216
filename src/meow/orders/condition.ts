/**
 * Looks whether the condition of an order holds: a command of the owner's, from town.toml, run in the town's folder. Text of beads
 * never comes here (law 12).
 *
 *   exit 0                                     it holds
 *   any other exit                             it does not
 *   not found, not allowed (126, 127), no end  nobody can tell: unknown is not "no" (law 8)
 */
import type { OpenTown } from '../../kernel/town.ts'
import { endWords, runCommand, wasNotRun } from '../../town/command.ts'
import type { OrderSettings } from '../../town/settings.ts'

/** What is asked answers at once or not at all. */
const CONDITION_MS = 60_000
/** For `git log --since` of an order that never made anything. */
const NEVER = '1970-01-01T00:00:00.000Z'

export type Finding =
  | { is: 'holds' }
  | { is: 'not'; said: string }
  | { is: 'broken'; said: string }
  /** It was ended because we end ourselves: nothing is known. */
  | { is: 'cut' }

/** Runs `when`. The command gets GT_TOWN, GT_RIG, GT_REPO (the rig's bare repository) and GT_LAST (when it last made something). */
export async function lookAtCondition(
  town: Pick<OpenTown, 'root' | 'paths' | 'env'>,
  order: Pick<OrderSettings, 'when' | 'rig'>,
  how: { last?: string | undefined; signal: AbortSignal },
): Promise<Finding> {
  if (order.when === undefined) return { is: 'holds' }
  const end = await runCommand({
    line: order.when,
    cwd: town.root,
    env: town.env,
    own: {
      GT_TOWN: town.root,
      GT_RIG: order.rig,
      GT_REPO: town.paths.rig(order.rig).repo,
      GT_LAST: how.last ?? NEVER,
    },
    timeoutMs: CONDITION_MS,
    signal: how.signal,
  })
  const said = `its condition ${endWords(end)}`
  if (end.is === 'aborted') return { is: 'cut' }
  if (end.is !== 'exited' || wasNotRun(end)) return { is: 'broken', said }
  return end.code === 0 ? { is: 'holds' } : { is: 'not', said }
}
