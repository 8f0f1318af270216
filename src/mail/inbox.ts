/** What lies in somebody's mail, as lists and threads. Pure. */
import type { Bead } from '../beads/bead.ts'
import type { Delivery } from '../beads/message-facts.ts'
import type { Message, Recipient } from './message.ts'
import { byAge, byUrgency, messageOf, mine } from './message.ts'

/** A message in somebody's mail, and how far it came to them. */
export interface Received {
  message: Message
  key: string
  delivery: Delivery
}

/** Neither shown by a hook nor read by hand. */
export const isUnread = ({ state }: Delivery): boolean => state === 'queued'

/**
 * The mail of one address: unread first, the most urgent before others, then by age; after it the rest, newest first. With a fence
 * it is that run's; without one, that of every run that bore the name.
 */
export function received(beads: Iterable<Bead>, who: Recipient): Received[] {
  const found: Received[] = []
  for (const message of messages(beads)) {
    const own = inMailOf(message, who)
    if (own !== undefined) found.push({ message, ...own })
  }
  return found.sort(
    (a, b) =>
      Number(isUnread(b.delivery)) - Number(isUnread(a.delivery)) ||
      (isUnread(a.delivery) ? byUrgency(a.message, b.message) : byAge(b.message, a.message)),
  )
}

/** What this one sent, newest first; of a run only its own. */
export function sentBy(beads: Iterable<Bead>, { address, run }: Recipient): Message[] {
  const own = [...messages(beads)].filter(
    ({ mail }) => mail.from === address && (run === undefined || mail.from_run === run),
  )
  return own.sort((a, b) => byAge(b, a))
}

/** All messages of a thread, oldest first. */
export function threadOf(beads: Iterable<Bead>, thread: string): Message[] {
  return [...messages(beads)].filter(({ mail }) => mail.thread === thread).sort(byAge)
}

function* messages(beads: Iterable<Bead>): Generator<Message> {
  for (const bead of beads) {
    const found = messageOf(bead)
    if (found !== undefined) yield found
  }
}

function inMailOf({ mail }: Message, who: Recipient): { key: string; delivery: Delivery } | undefined {
  const own = mine(mail, who)
  if (own !== undefined || who.run !== undefined) return own
  const found = Object.entries(mail.deliveries).find(([, { address }]) => address === who.address)
  return found && { key: found[0], delivery: found[1] }
}
