/**
 * What of mail is over, as the driver settles it (settle.ts). Pure and level-triggered.
 *
 *   its run is over, it was removed, or its time is over
 *                                       → `expired`, and whoever sent what nobody was shown is told, in the same change
 *   settled with everybody, still open  → closed (two readers took the last two steps at once)
 */
import type { ChangeInput, Op } from '../beads/change.ts'
import type { State } from '../beads/fold.ts'
import { lookUp } from '../beads/fold.ts'
import { newBeadId } from '../beads/ids.ts'
import type { Delivery } from '../beads/message-facts.ts'
import { allAgents } from '../kernel/agents.ts'
import { closed, expired } from './books.ts'
import type { Message, Recipient } from './message.ts'
import { HUMAN, isSettled, keyOf, messageOf, openMessages, readsMail } from './message.ts'
import { messageBead } from './send.ts'

/** Type of what tells a sender; such a message has nobody to be told itself. */
const UNDELIVERED = 'undelivered'
/** It waits so long for its sender, if that is an agent. */
const KEPT_MS = 7 * 86_400_000

/** Ids of the messages for which `settling` has a change. */
export function mailDue(state: State, now: Date): string[] {
  const who = presence(state)
  return [...openMessages(state.beads.values())]
    .filter(({ mail }) => {
      const all = Object.values(mail.deliveries)
      return all.every(isSettled) || all.some((one) => whyOver(mail.expires, one, who, now) !== undefined)
    })
    .map(({ bead }) => bead.id)
}

/** Long enough for a busy agent's next hook, most of the time. */
const LAID_MS = 60_000

/** Agents for whom something has waited for long: whoever sent it may have been killed before it lay in their folder. */
export function unheard(state: State, now: Date): Recipient[] {
  const found = new Map<string, Recipient>()
  for (const { mail } of openMessages(state.beads.values()))
    for (const { address, run, state: stands, queued } of Object.values(mail.deliveries)) {
      if (stands !== 'queued' || address === HUMAN || now.getTime() - Date.parse(queued) < LAID_MS) continue
      const to = { address, ...(run !== undefined && { run }) }
      found.set(keyOf(to), to)
    }
  return [...found.values()]
}

/** When time alone ends the next one, in ms since the epoch. */
export function nextExpiry(state: State): number | undefined {
  let next: number | undefined
  for (const { mail } of openMessages(state.beads.values())) {
    if (mail.expires === undefined || !Object.values(mail.deliveries).some(canExpire)) continue
    const at = Date.parse(mail.expires)
    if (next === undefined || at < next) next = at
  }
  return next
}

export interface Settling {
  input: ChangeInput
  /** Who is sent a word by it. */
  told?: Recipient
}

/** The change that settles what is over of this message; undefined: nothing is. */
export function settling(state: State, id: string, how: { by: string; now: Date }): Settling | undefined {
  const message = messageOf(state.beads.get(id))
  if (message === undefined || message.bead.status === 'closed') return undefined
  const { by, now } = how
  const who = presence(state)
  const all = Object.entries(message.mail.deliveries)
  if (all.every(([, one]) => isSettled(one))) return { input: closed(message, by) }
  const over = all.flatMap(([key, one]) => {
    const reason = whyOver(message.mail.expires, one, who, now)
    return reason === undefined ? [] : [{ key, one, reason }]
  })
  const [first] = over
  if (first === undefined) return undefined
  // Those of one change have one reason; what is over for another one comes next.
  const same = over.filter(({ reason }) => reason === first.reason)
  const unseen = same.filter(({ one }) => one.state === 'queued').map(({ one }) => one.address)
  const told = unseen.length === 0 ? undefined : senderOf(message, who.live)
  const more = told && [tellOp(state, message, told, { by, now, unseen, reason: first.reason })]
  const keys = same.map(({ key }) => key)
  const said = { by, at: now.toISOString(), reason: first.reason, ...(more !== undefined && { more }) }
  return { input: expired(message, keys, said), ...(told !== undefined && { told }) }
}

interface Presence {
  /** Fences of the runs that live. */
  live: Set<string>
  /** When the last crew member of that address was removed; RFC 3339. The name may be another's by now. */
  removed: Map<string, string>
}

function presence(state: State): Presence {
  const removed = new Map<string, string>()
  for (const { agent } of allAgents(state)) {
    const { removed_at: at = '' } = agent.crew ?? {}
    if (at > (removed.get(agent.address) ?? '')) removed.set(agent.address, at)
  }
  return { live: new Set([...state.live.values()].flat().map(({ fence }) => fence)), removed }
}

/** To a person nothing expires. */
const canExpire = (one: Delivery): boolean => !isSettled(one) && one.address !== HUMAN

function whyOver(expires: string | undefined, one: Delivery, who: Presence, now: Date): string | undefined {
  if (!canExpire(one)) return undefined
  if (one.run !== undefined && !who.live.has(one.run)) return 'its run is over'
  if (one.queued <= (who.removed.get(one.address) ?? '')) return 'it was removed'
  return expires !== undefined && Date.parse(expires) <= now.getTime() ? 'its time is over' : undefined
}

/** Whoever can be told: a person, an agent that stays, a run that lives. Parts of the town read nothing. */
function senderOf({ mail }: Message, live: Set<string>): Recipient | undefined {
  const { from, from_run: run, type } = mail
  if (type === UNDELIVERED) return undefined
  if (run !== undefined) return live.has(run) ? { address: from, run } : undefined
  return readsMail(from) && !from.includes('/polecats/') ? { address: from } : undefined
}

function tellOp(
  state: State,
  { bead, mail }: Message,
  to: Recipient,
  how: { by: string; now: Date; unseen: string[]; reason: string },
): Op {
  const who = how.unseen.join(', ')
  const letter = {
    from: how.by,
    to: to.address,
    subject: `Undelivered: ${[...bead.title].slice(0, 100).join('')}`,
    body: `${bead.id} was never shown to ${who}: ${how.reason}. Your words: gt mail read ${bead.id}`,
    type: UNDELIVERED,
    data: { message: bead.id, to: how.unseen },
    replyTo: bead.id,
  }
  const id = newBeadId('hq', (taken) => lookUp(state, taken) !== undefined)
  return {
    op: 'create',
    bead: messageBead(letter, {
      id,
      thread: mail.thread,
      from: { address: how.by },
      to: [to],
      at: how.now,
      expireMs: KEPT_MS,
    }),
  }
}
