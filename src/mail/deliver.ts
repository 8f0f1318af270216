/**
 * What a hook does with an agent's inbox: confirms what was shown before, and shows what waits, each message once.
 *
 *   take (rename: one hook wins)  →  `injected` in the ledger, while it is queued  →  printed  →  mark for the next hook
 *
 * Killed before the ledger: it waits again. Killed after it: it waits again under its token and is shown a second time, with a
 * word that says so; so a message is shown twice only when a hook dies between printing and its mark, and never lost.
 */

import { drainInbox } from '../agents/inbox.ts'
import type { Ledger } from '../beads/ledger.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { acknowledged, injected } from './books.ts'
import { drop, dropSeen, idOf, look, markSeen, putBack, seenToken, take } from './folder.ts'
import type { Message, Recipient } from './message.ts'
import { byUrgency, isSettled, messageOf, mine } from './message.ts'
import { nextText } from './text.ts'

export interface Deliverer {
  /** The agent's folder. */
  folder: string
  me: Recipient
  event: string
  /** False: nothing is shown now (a chain of Stop hooks has an end), only confirmed. */
  speaks: boolean
  /** The ledger, under the fence of this run; opened only when a message is there. */
  open(): Result<Ledger>
  /** Prints to the model; everything at once, whole or not at all. */
  print(text: string): void
}

/** Answers how many messages were shown and confirmed. An error says nothing to the model and keeps everything. */
export function deliver(how: Deliverer): Result<{ shown: number; confirmed: number }> {
  const { folder, speaks } = how
  const { waiting, seen } = look(folder)
  const plain = speaks ? drainInbox(folder) : ({ kind: 'empty' } as const)
  if (plain.kind === 'error') return plain
  const texts = plain.kind === 'ok' ? [...plain.value] : []
  if (waiting.length === 0 && seen.length === 0) {
    if (texts.length > 0) how.print(texts.join('\n\n'))
    return ok({ shown: 0, confirmed: 0 })
  }
  const opened = how.open()
  if (opened.kind === 'error') {
    // Words of the town itself need no books.
    if (texts.length > 0) how.print(texts.join('\n\n'))
    return opened
  }
  const ledger = opened.value
  try {
    const confirmed = seen.filter((name) => confirm(ledger, how, name)).length
    const shown = speaks ? show(ledger, how, waiting, texts) : 0
    if (shown === 0 && texts.length > 0) how.print(texts.join('\n\n'))
    return ok({ shown, confirmed })
  } finally {
    ledger.close()
  }
}

/** A later hook of the same session: what was shown before has arrived. */
function confirm(ledger: Ledger, { folder, me, event }: Deliverer, name: string): boolean {
  const token = seenToken(folder, name)
  if (token === undefined) return false
  const message = messageOf(ledger.state.beads.get(idOf(name)))
  const own = message && mine(message.mail, me)
  if (message === undefined || own === undefined || isSettled(own.delivery)) {
    dropSeen(folder, name)
    return false
  }
  const said = { by: me.address, at: new Date().toISOString(), event, token }
  const written = ledger.write(acknowledged(message, own.key, said))
  // What could not be written is tried again at the next event.
  if (written.kind === 'error' && written.failure.code !== 'E_STALE_FENCE') return false
  dropSeen(folder, name)
  return written.kind === 'ok' && written.value.applied
}

/** Shows as many as one hook may say, the most urgent first; `texts` goes before them. */
function show(ledger: Ledger, how: Deliverer, names: string[], texts: string[]): number {
  const { folder, me, event } = how
  const known = names.map((name) => ({ name, message: messageOf(ledger.state.beads.get(idOf(name))) }))
  // Names without a message come first: they are only put away.
  known.sort((a, b) => (a.message && b.message ? byUrgency(a.message, b.message) : a.message ? 1 : -1))
  const said = [...texts]
  const taken = []
  for (const { name, message } of known) {
    const held = take(folder, name)
    if (held === undefined) continue
    const own = message && mine(message.mail, me)
    if (message === undefined || own === undefined || isSettled(own.delivery)) {
      drop(held)
      continue
    }
    // Shown before, as the ledger has it, by the hook that held it when it was killed, or as whoever put it here says.
    const again = own.delivery.state === 'injected' && own.delivery.token === held.after
    if (own.delivery.state === 'injected' && !again) {
      drop(held)
      continue
    }
    const text = nextText(event, said, message, again)
    if (text === undefined) {
      putBack(folder, held)
      continue
    }
    const noted = note(ledger, message, own.key, {
      event,
      token: held.token,
      by: me.address,
      ...(again && { after: held.after! }),
    })
    if (noted === 'kept') putBack(folder, held)
    else if (noted === 'no') drop(held)
    else {
      said.push(text)
      taken.push(held)
    }
  }
  if (taken.length === 0) return 0
  how.print(said.join('\n\n'))
  for (const held of taken) markSeen(folder, held)
  return taken.length
}

/** `yes`: it may be shown now. `no`: another one showed it, or this run is over. `kept`: nothing could be written. */
function note(
  ledger: Ledger,
  message: Message,
  key: string,
  how: { event: string; token: string; by: string; after?: string },
): 'yes' | 'no' | 'kept' {
  const written = ledger.write(injected(message, key, { ...how, at: new Date().toISOString() }))
  if (written.kind === 'error') return written.failure.code === 'E_STALE_FENCE' ? 'no' : 'kept'
  return written.value.applied ? 'yes' : 'no'
}
