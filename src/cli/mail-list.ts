/** `gt mail inbox` and `gt mail sent`. */
import { archivedBeads } from '../beads/archive-read.ts'
import type { Bead } from '../beads/bead.ts'
import type { OpenTown } from '../kernel/town.ts'
import { resolveAll } from '../mail/addresses.ts'
import { directoryOf } from '../mail/directory.ts'
import { isUnread, received, sentBy } from '../mail/inbox.ts'
import type { Recipient } from '../mail/message.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'
import { whoAmI } from './mail-send.ts'
import { inboxText, rowOf, sentText } from './mail-text.ts'
import { withTown } from './town.ts'

/** Read ones, and sent ones, that a list shows without `--all`. */
const OLD_ONES = 10

/** What a list looks through. */
export function* mailBeads(town: OpenTown, archived: boolean): Generator<Bead> {
  yield* town.ledger.state.beads.values()
  if (archived) yield* archivedBeads(town.ledger.dir)
}

export function inbox(context: Context, address: string | undefined, all: boolean): Promise<Answer> {
  return withTown(context, (town) => {
    const whose = address === undefined ? ok(whoAmI(town)) : boxOf(town, address)
    // A worker that is gone has left its mail.
    const gone = whose.kind === 'error' && whose.failure.code === 'E_NOBODY'
    if (whose.kind === 'error' && !gone) return whose
    const found = received(mailBeads(town, all), whose.kind === 'ok' ? whose.value : { address: address ?? '' })
    if (whose.kind === 'error' && found.length === 0) return whose
    const unread = found.filter(({ delivery }) => isUnread(delivery)).length
    const shown = all ? found : found.slice(0, unread + OLD_ONES)
    const data = shown.map(({ message, delivery }) => ({
      ...rowOf(message),
      state: delivery.state,
      unread: isUnread(delivery),
    }))
    const how = { unread, left: found.length - shown.length, now: town.now() }
    return ok({ data, text: inboxText(shown, how) })
  })
}

export function sent(context: Context, all: boolean): Promise<Answer> {
  return withTown(context, (town) => {
    const found = sentBy(mailBeads(town, all), whoAmI(town))
    const shown = all ? found : found.slice(0, OLD_ONES)
    return ok({ data: shown.map(rowOf), text: sentText(shown, found.length - shown.length, town.now()) })
  })
}

/** One mailbox; that of a worker is its name's, whoever bears or bore it. */
function boxOf(town: OpenTown, address: string): Result<Recipient> {
  const directory = directoryOf(town)
  if (directory.kind === 'error') return directory
  const found = resolveAll(directory.value, [address], { address: '' })
  if (found.kind === 'error') return { kind: 'error', failure: { ...found.failure, kept: 'Nothing was read.' } }
  const [only] = found.value
  if (found.value.length === 1 && only !== undefined) return ok({ address: only.address })
  const names = found.value.map((each) => each.address).join(', ')
  return fail('E_AMBIGUOUS', `${address} is a group: ${names}.`, { hint: 'gt mail inbox <one of them>' })
}
