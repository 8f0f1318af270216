/** What a message is: a bead of type `message` whose facts say who sent it and how far it came to whom. Pure. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Delivery, MessageFacts } from '../beads/message-facts.ts'

/** A person's inbox. */
export const HUMAN = 'human'

/** Whether whoever has this address reads mail; parts of the town (`deacon`, `refinery`) only write it. */
export const readsMail = (address: string): boolean => address === HUMAN || address === 'mayor' || address.includes('/')

export interface Message {
  bead: Bead
  mail: MessageFacts
}

/**
 * The message that a bead is; undefined for other beads, for one that was taken back, and for messages of other tools, which no one
 * here delivers.
 */
export function messageOf(bead: Bead | undefined): Message | undefined {
  if (bead?.issue_type !== 'message' || bead.status === 'tombstone') return undefined
  const mail = facts(bead).message
  return mail === undefined ? undefined : { bead, mail }
}

/** Messages that are not settled yet with everybody. */
export function* openMessages(beads: Iterable<Bead>): Generator<Message> {
  for (const bead of beads) {
    if (bead.issue_type !== 'message' || bead.status === 'closed') continue
    const found = messageOf(bead)
    if (found !== undefined) yield found
  }
}

/** Somebody who gets mail: by address, and where the address may change hands, by the fence of one run. */
export interface Recipient {
  address: string
  run?: string
}

/** Under which key the delivery to this recipient stands. */
export const keyOf = ({ address, run }: Recipient): string => run ?? address

/** Nothing happens to it any more. */
export const isSettled = ({ state }: Delivery): boolean => state === 'acknowledged' || state === 'expired'

/** The deliveries of a message to whoever this is: to its run, or to its address without a fence. */
export function mine(mail: MessageFacts, me: Recipient): { key: string; delivery: Delivery } | undefined {
  for (const key of me.run === undefined ? [me.address] : [me.run, me.address]) {
    const delivery = Object.hasOwn(mail.deliveries, key) ? mail.deliveries[key] : undefined
    if (delivery !== undefined && (delivery.run === undefined || delivery.run === me.run)) return { key, delivery }
  }
  return undefined
}

/** Most urgent first, then oldest first. */
export const byUrgency = (a: Message, b: Message): number => a.bead.priority - b.bead.priority || byAge(a, b)

export const byAge = (a: Message, b: Message): number =>
  a.bead.created_at === b.bead.created_at
    ? a.bead.id < b.bead.id
      ? -1
      : 1
    : a.bead.created_at < b.bead.created_at
      ? -1
      : 1
