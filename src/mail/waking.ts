/** Which mail calls for a line at an idle recipient's prompt, and what that line says. Pure. */
import type { Bead } from '../beads/bead.ts'
import type { Message, Recipient } from './message.ts'
import { byUrgency, HUMAN, keyOf, openMessages } from './message.ts'

/** Messages of this priority, or a more urgent one, wake whoever sits idle; the others wait for its next turn. */
const WAKES = 1

export interface Wake {
  to: Recipient
  /** The most urgent first. */
  messages: Message[]
}

/** Every recipient of mail that asks for a wake, was not shown yet, and for which nothing was typed so far. */
export function wakesDue(beads: Iterable<Bead>, now: Date): Wake[] {
  const due = new Map<string, Wake>()
  for (const message of openMessages(beads)) {
    const { bead, mail } = message
    if (!mail.wake && bead.priority > WAKES) continue
    if (mail.expires !== undefined && Date.parse(mail.expires) <= now.getTime()) continue
    for (const { address, run, state, woken } of Object.values(mail.deliveries)) {
      if (state !== 'queued' || woken !== undefined || address === HUMAN) continue
      const to = { address, ...(run !== undefined && { run }) }
      const known = due.get(keyOf(to))
      if (known === undefined) due.set(keyOf(to), { to, messages: [message] })
      else known.messages.push(message)
    }
  }
  for (const { messages } of due.values()) messages.sort(byUrgency)
  return [...due.values()]
}

/**
 * The line that is typed. Nothing of a message stands in it: what is typed counts as the person's own words, and the text comes
 * by the hook of this very line, fenced and labelled. `hears`: it has hooks; one without is told how to read it.
 */
export function wakeLine([first, ...more]: readonly Message[], hears = true): string {
  const which = more.length === 0 ? `a message (${first?.bead.id})` : `${more.length + 1} messages`
  const read = more.length === 0 ? 'Read it' : 'Read them'
  if (!hears) {
    const how = more.length === 0 ? `gt mail read ${first?.bead.id}` : 'gt mail read, as often'
    return `You have mail: ${which}. ${read} (${how}), and do what follows from it for your work.`
  }
  return `You have mail: ${which}, shown to you with this line. ${read}, and do what follows from it for your work.`
}
