/** The rigs of a town, for chores that go through all of them. */
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { listRigs } from '../town/settings.ts'

/** Their names; none is an empty list. */
export function rigsOf(town: OpenTown): Result<string[]> {
  const rigs = listRigs(town.root)
  if (rigs.kind === 'error') return rigs
  if (rigs.kind === 'unknown') return fail('E_READ', rigs.why, { exit: EXIT.tryAgain })
  return ok(rigs.kind === 'ok' ? rigs.value : [])
}
