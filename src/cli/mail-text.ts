/** How mail looks, for people and as data. Pure. Subjects and texts are other people's words: no terminal is steered by them. */
import type { Delivery } from '../beads/message-facts.ts'
import type { Received } from '../mail/inbox.ts'
import { isUnread } from '../mail/inbox.ts'
import type { Message } from '../mail/message.ts'
import { readsMail } from '../mail/message.ts'
import { age, columns, plain, printable } from './text.ts'

/** One message in a list, without its text. */
export function rowOf({ bead, mail }: Message) {
  return {
    id: bead.id,
    thread: mail.thread,
    from: mail.from,
    to: mail.to,
    subject: bead.title,
    priority: bead.priority,
    type: mail.type,
    at: bead.created_at,
    deliveries: Object.values(mail.deliveries).map((one) => ({
      address: one.address,
      run: one.run ?? null,
      state: one.state,
      queued: one.queued,
      injected: one.injected ?? null,
      acknowledged: one.acknowledged ?? null,
      expired: one.expired ?? null,
      reason: one.reason ?? null,
    })),
  }
}

export function inboxText(found: Received[], how: { unread: number; left: number; now: Date }): string {
  if (found.length === 0) return 'No mail.'
  const rows = found.map(({ message: { bead, mail }, delivery }) => [
    isUnread(delivery) ? '*' : ' ',
    bead.id,
    age(bead.created_at, how.now),
    mail.from,
    isUnread(delivery) ? '' : delivery.state,
    kindOf(mail.type, bead.priority),
    plain(bead.title, 60),
  ])
  const head = how.unread === 0 ? 'Nothing unread.' : `${how.unread} unread.`
  const more = how.left === 0 ? '' : ` ${how.left} more: --all`
  return `${columns(rows)}\n\n${head} One of them: gt mail read <id>.${more}`
}

export function sentText(found: Message[], left: number, now: Date): string {
  if (found.length === 0) return 'You sent nothing.'
  const rows = found.map(({ bead, mail }) => [
    bead.id,
    age(bead.created_at, now),
    statesOf(Object.values(mail.deliveries)),
    plain(bead.title, 60),
  ])
  return left === 0 ? columns(rows) : `${columns(rows)}\n… and ${left} more: --all`
}

/** A message for a person: who, to whom and how far, its text, its thread. */
export function letterPage(message: Message, thread: Message[], now: Date): string {
  const { bead, mail } = message
  const lines = [`${bead.id}  ${plain(bead.title, 200)}`]
  lines.push(`from  ${mail.from}, ${age(bead.created_at, now)} ago${withComma(kindOf(mail.type, bead.priority))}`)
  for (const one of Object.values(mail.deliveries)) lines.push(`to    ${one.address}  ${wayOf(one, now)}`)
  // Set in, so that nothing in it looks like a line of ours.
  const text = bead.description ?? ''
  if (text !== '')
    lines.push(
      '',
      ...printable(text)
        .split('\n')
        .map((line) => `  ${line}`),
    )
  if (mail.data !== undefined) lines.push('', `data  ${printable(JSON.stringify(mail.data))}`)
  const answer = readsMail(mail.from) ? ['', `Answer: gt mail reply ${bead.id} -m "…"`] : []
  return [...lines, ...threadLines(message, thread, now), ...answer].join('\n')
}

/** The others of its thread; nothing where it is alone. */
export function threadLines({ bead }: Message, thread: Message[], now: Date): string[] {
  if (thread.length < 2) return []
  const rows = thread.map(({ bead: each, mail }) => [
    `${each.id === bead.id ? '>' : ' '} ${each.id}`,
    age(each.created_at, now),
    mail.from,
    statesOf(Object.values(mail.deliveries)),
    plain(each.title, 50),
  ])
  return ['', `Thread (${thread.length})`, columns(rows)]
}

/** "acknowledged 3 min ago (PostToolUse)". */
function wayOf(one: Delivery, now: Date): string {
  const since = one[one.state] ?? one.queued
  const by = one.state === 'acknowledged' ? one.confirmed_by : one.state === 'injected' ? one.shown_by : undefined
  const why = one.reason ?? by
  const twice = (one.shown ?? 1) > 1 ? `, shown ${one.shown} times` : ''
  return `${one.state} ${age(since, now)} ago${why === undefined ? '' : ` (${plain(why, 120)})`}${twice}`
}

/** Recipients that are named one by one; of more only how many came how far. */
const NAMED = 2

function statesOf(deliveries: Delivery[]): string {
  if (deliveries.length <= NAMED) return deliveries.map(({ address, state }) => `${address} ${state}`).join(', ')
  const count = new Map<string, number>()
  for (const { state } of deliveries) count.set(state, (count.get(state) ?? 0) + 1)
  return `${deliveries.length} recipients: ${[...count].map(([state, n]) => `${n} ${state}`).join(', ')}`
}

const kindOf = (type: string, priority: number): string =>
  [type === 'note' ? '' : type, priority <= 1 ? `P${priority}` : ''].filter(Boolean).join(' ')

const withComma = (text: string): string => (text === '' ? '' : `, ${text}`)
