/** The typed facts of a message (a bead of type `message`); what is done with them: src/mail. */
import type { Json } from './change.ts'

/**
 * One message on its way to one recipient.
 *
 *   queued → injected → acknowledged
 *      │         └──────→ expired      its run ended, or its time was over, before a later hook confirmed it
 *      ├────────────────→ expired
 *      └────────────────→ acknowledged (read by hand)
 */
export type DeliveryState = 'queued' | 'injected' | 'acknowledged' | 'expired'

export interface Delivery {
  address: string
  /** Fence of the run that it is for, and of no other of that name. Absent: for whoever has the address (mayor, crew, a role). */
  run?: string
  state: DeliveryState
  /** When each state was entered. */
  queued: string
  injected?: string
  acknowledged?: string
  expired?: string
  /** What showed it, and what confirmed that: names of hook events, or `read`. */
  shown_by?: string
  confirmed_by?: string
  /** Chance, one per showing: a hook that was killed before it spoke is known by it. */
  token?: string
  /** How often it was shown, when more than once: a hook or a session was killed over it. */
  shown?: number
  /** When a line was typed to wake its idle recipient; once at the most. */
  woken?: string
  /** Why it expired, one line. */
  reason?: string
}

export interface MessageFacts {
  /** Address of the sender: an agent, `human`, or a part of the town (`deacon`, `refinery` …), which reads nothing. */
  from: string
  /** Fence of the run that sent it. */
  from_run?: string
  /** As it was addressed, before groups and short names were resolved. */
  to: string[]
  /** Id of the message that began it, or a name that both sides know. */
  thread: string
  reply_to?: string
  /** What kind of message, for programs: `note` unless said. */
  type: string
  /** What goes with the type; never in the text. */
  data?: Json
  /** After this instant it is not shown any more; to a person it never expires. */
  expires?: string
  /** Idle recipients are woken for it. */
  wake?: true
  /** By fence, or by address where no fence is meant. */
  deliveries: Record<string, Delivery>
}
