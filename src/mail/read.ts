/** Reading by hand: whoever a message is for has read it then, in the books too. */
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { acknowledged } from './books.ts'
import type { Message, Recipient } from './message.ts'
import { HUMAN, isSettled, messageOf, mine } from './message.ts'

/** True: it was unread or unconfirmed until now, and this call alone made it read. Errors: the ledger's. */
export function markRead(town: OpenTown, message: Message, me: Recipient): Result<boolean> {
  const own = mine(message.mail, me)
  if (own === undefined || isSettled(own.delivery)) return ok(false)
  const by = me.address === HUMAN ? 'person' : me.address
  const written = town.ledger.write(acknowledged(message, own.key, { by, at: town.now().toISOString(), event: 'read' }))
  return written.kind === 'error' ? written : ok(written.value.applied)
}

/** As the ledger has it now. */
export const fresh = (town: OpenTown, message: Message): Message =>
  messageOf(town.ledger.state.beads.get(message.bead.id)) ?? message
