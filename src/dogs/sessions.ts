/** Which runs have a session, before anything of a run is put away. */
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

/** Fences of the runs that sessions of this town are labelled with. Errors: E_RUNTIME when that cannot be told. */
export async function fencesInUse(town: OpenTown): Promise<Result<ReadonlySet<string>>> {
  const sessions = await town.runtime.list()
  if (sessions.kind === 'error') return sessions
  if (sessions.kind === 'unknown') return fail('E_RUNTIME', `Which sessions stand could not be told: ${sessions.why}.`)
  return ok(new Set(sessions.kind === 'ok' ? sessions.value.map(({ labels }) => labels.run ?? '') : []))
}
