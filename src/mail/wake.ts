/**
 * Wakes a recipient that sits idle while mail waits for it. The mail itself comes by hook; typed is one line, once for a
 * message, and only where it reaches an agent at an empty prompt:
 *
 *   busy            nothing: the hook of its next tool call, or of the end of its turn, delivers
 *   idle            a line; its hook shows what waits
 *   dialog, draft, a person at the keyboard, limit …   nothing now; whoever asked tries again
 *   no session                                         nothing: the mail is shown when one begins
 *   no hooks        the line says how to read it, where its table describes an empty prompt; else nothing
 *
 * The line comes first, then the note that it was typed. A process that dies between the two has left either a message that is
 * shown by then, or a line in the prompt, over which nothing is typed.
 */
import { confirmed, lastHook } from '../agents/wake.ts'
import { withLease } from '../beads/leases.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { readHold } from '../town/hold.ts'
import { woken } from './books.ts'
import type { Recipient } from './message.ts'
import { keyOf } from './message.ts'
import { reachOf } from './reach.ts'
import { syncInbox } from './sync.ts'
import { wakeLine, wakesDue } from './waking.ts'

/** Another process that types here is done by then, on a machine that is very busy. */
const TURN_MS = 15_000

/** `woken`: a line was typed, and a hook confirmed it, where there are hooks. `nothing`: no mail asks for it (any more). */
export type Woke = 'woken' | 'busy' | 'nothing'

/**
 * Wakes the recipient, if it can be. Of several processes that want to, one does. Errors: why nothing was typed (those of `reachOf` and
 * of `Runtime.type`, mostly with exit 75), E_UNDELIVERED, those of the ledger.
 */
export async function wakeFor(town: OpenTown, to: Recipient, by: string): Promise<Result<Woke>> {
  const hold = readHold(town.root)
  // The Mayor goes on in a town that stands still.
  if (hold.kind === 'ok' && hold.value.frozen && to.address !== 'mayor')
    return fail('E_HELD', 'The town is frozen: nobody would hear.', { hint: 'gt thaw', exit: EXIT.tryAgain })
  // Whoever cannot be woken costs no record.
  const now = reachOf(town, to, await town.runtime.list())
  if ('failure' in now) return { kind: 'error', failure: now.failure }
  if (now.is === 'busy') return ok('busy')
  const may = await town.runtime.mayType(now.session)
  if (may.kind === 'error') return may
  const { folder, hears } = now
  const before = lastHook(folder)
  const typed = await withLease(town.ledger, `wake:${keyOf(to)}`, by, () => typeTo(town, to, by), { waitMs: TURN_MS })
  if (typed.kind === 'error' || typed.value !== 'woken' || !hears) return typed
  const heard = await confirmed(folder, to.address, before)
  return heard.kind === 'error' ? heard : typed
}

/** For whoever has the lease, with the ledger as it is then. */
async function typeTo(town: OpenTown, to: Recipient, by: string): Promise<Result<Woke>> {
  const reach = reachOf(town, to, await town.runtime.list())
  if ('failure' in reach) return { kind: 'error', failure: reach.failure }
  if (reach.is === 'busy') return ok('busy')
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const due = wakesDue(town.ledger.state.beads.values(), town.now()).find((one) => keyOf(one.to) === keyOf(to))
  if (due === undefined) return ok('nothing')
  const laid = syncInbox(town, to)
  if (laid.kind === 'error') return laid
  const typed = await town.runtime.type(reach.session, wakeLine(due.messages, reach.hears))
  if (typed.kind === 'error') return typed
  for (const message of due.messages) {
    // One that is settled by now needs no note.
    const noted = town.ledger.write(woken(message, keyOf(to), { by, at: town.now().toISOString() }))
    if (noted.kind === 'error') return noted
  }
  return ok('woken')
}
