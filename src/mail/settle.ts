/** What the driver does for mail: the ledger first, then the folder of whoever is told. */
import { applied } from '../beads/change.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { settling } from './due.ts'
import type { Recipient } from './message.ts'
import { syncInbox } from './sync.ts'

/** True: something was settled; false: nothing is over, or somebody else settled it. Errors: the ledger's. */
export function settleMail(town: OpenTown, id: string, by: string): Result<boolean> {
  const found = settling(town.ledger.state, id, { by, now: town.now() })
  if (found === undefined) return ok(false)
  const written = applied(town.ledger.write(found.input))
  // What could not be laid there waits for the next session.
  if (written.kind === 'ok' && written.value && found.told !== undefined) syncInbox(town, found.told)
  return written
}

/** Lays out anew what waits for an agent. False, so that it rests: whether it had been lost is not told. Errors: E_INBOX. */
export function layAnew(town: OpenTown, to: Recipient): Result<boolean> {
  const laid = syncInbox(town, to)
  return laid.kind === 'error' ? laid : ok(false)
}
