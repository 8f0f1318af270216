/** `gt attach --next`: to the agent of what is first in `gt attend`; from that agent's screen, to the one after it. */
import { nextVisit, sessionsToVisit } from '../attention/next.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { itemsOf } from './attend.ts'

/** The name of its session. Errors: E_NOT_ASKED, E_RUNTIME (75). */
export async function nextSession(town: OpenTown): Promise<Result<string>> {
  const listed = await town.runtime.list()
  if (listed.kind === 'error') return listed
  if (listed.kind === 'unknown')
    return fail('E_RUNTIME', `Cannot tell who has a session: ${listed.why}.`, { exit: EXIT.tryAgain })
  const items = await itemsOf(town, listed)
  const here = await town.runtime.here()
  const names = sessionsToVisit(items, listed.kind === 'ok' ? listed.value : [])
  const next = nextVisit(names, here.kind === 'ok' ? here.value : undefined)
  if (next !== undefined) return ok(next)
  const other = names.length > 0 ? 'No other agent waits for you.' : 'No agent waits for you in its session.'
  return fail('E_NOT_ASKED', other, items.length > names.length ? { hint: `gt attend   (${items.length} wait)` } : {})
}
