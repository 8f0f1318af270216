/**
 * The books of a message: every step of a delivery as a conditional change (the drawing is in beads/message-facts.ts). Pure.
 * Whoever takes the last step of all closes the message; where two do at once, the driver closes it (due.ts).
 */
import type { ChangeInput, Condition, Op } from '../beads/change.ts'
import type { Delivery } from '../beads/message-facts.ts'
import { gtPath } from '../kernel/runs.ts'
import type { Message } from './message.ts'
import { isSettled } from './message.ts'

export interface Said {
  by: string
  at: string
}

const pathOf = (key: string, ...more: string[]): string[] => gtPath('message', 'deliveries', key, ...more)

/** Shown to its recipient: applies while it is queued, or still stands as it was shown before, under this token. */
export function injected(
  message: Message,
  key: string,
  how: Said & { event: string; token: string; after?: string },
): ChangeInput {
  const { bead, mail } = message
  const before = mail.deliveries[key]!
  const shown = how.after === undefined ? undefined : (before.shown ?? 1) + 1
  const next: Delivery = {
    ...before,
    state: 'injected',
    injected: how.at,
    shown_by: how.event,
    token: how.token,
    ...(shown !== undefined && { shown }),
  }
  const when: Condition[] =
    how.after === undefined
      ? [{ if: 'in', id: bead.id, path: pathOf(key, 'state'), values: ['queued'] }]
      : [
          { if: 'in', id: bead.id, path: pathOf(key, 'state'), values: ['injected'] },
          { if: 'in', id: bead.id, path: pathOf(key, 'token'), values: [how.after] },
        ]
  return {
    by: how.by,
    why: `${bead.id} shown to ${before.address} at ${how.event}`,
    when,
    ops: [{ op: 'set', id: bead.id, path: pathOf(key), value: next }],
  }
}

/** Confirmed: by a later hook of the session that it was shown to (under this token), or because its recipient read it by hand. */
export function acknowledged(
  message: Message,
  key: string,
  how: Said & { event: string; token?: string },
): ChangeInput {
  const { bead, mail } = message
  const before = mail.deliveries[key]!
  const next: Delivery = { ...before, state: 'acknowledged', acknowledged: how.at, confirmed_by: how.event }
  delete next.token
  const when: Condition[] = [
    {
      if: 'in',
      id: bead.id,
      path: pathOf(key, 'state'),
      values: how.token === undefined ? ['queued', 'injected'] : ['injected'],
    },
    ...(how.token === undefined
      ? []
      : [{ if: 'in' as const, id: bead.id, path: pathOf(key, 'token'), values: [how.token] }]),
  ]
  return {
    by: how.by,
    why: `${bead.id} acknowledged by ${before.address} (${how.event})`,
    rule: how.event === 'read' ? 'read-by-hand' : 'later-hook',
    when,
    ops: [{ op: 'set', id: bead.id, path: pathOf(key), value: next }, ...closing(message, [key])],
  }
}

/** Never confirmed, and never will be. `more`: what tells the sender, in the same change, so that it is told once. */
export function expired(message: Message, keys: string[], how: Said & { reason: string; more?: Op[] }): ChangeInput {
  const { bead, mail } = message
  const ops = keys.map((key): Op => {
    const next: Delivery = { ...mail.deliveries[key]!, state: 'expired', expired: how.at, reason: how.reason }
    delete next.token
    return { op: 'set', id: bead.id, path: pathOf(key), value: next }
  })
  return {
    by: how.by,
    why: `${bead.id} expired: ${how.reason}`,
    rule: 'mail-expired',
    when: keys.map((key) => ({ if: 'in', id: bead.id, path: pathOf(key), values: [mail.deliveries[key]] })),
    ops: [...ops, ...closing(message, keys), ...(how.more ?? [])],
  }
}

/** A line was typed for it; its hook may have been faster than this note. */
export function woken(message: Message, key: string, how: Said): ChangeInput {
  const { bead, mail } = message
  return {
    by: how.by,
    why: `a line woke ${mail.deliveries[key]!.address} for ${bead.id}`,
    when: [{ if: 'in', id: bead.id, path: pathOf(key, 'state'), values: ['queued', 'injected'] }],
    ops: [{ op: 'set', id: bead.id, path: pathOf(key, 'woken'), value: how.at }],
  }
}

/** Settled with everybody, and still open. */
export function closed({ bead }: Message, by: string): ChangeInput {
  return {
    by,
    why: `${bead.id} is settled`,
    when: [{ if: 'in', id: bead.id, path: ['status'], values: [bead.status] }],
    ops: [closeOp(bead.id)],
  }
}

/** Closes the message when all but these are settled already. */
function closing({ bead, mail }: Message, keys: string[]): Op[] {
  const others = Object.entries(mail.deliveries).filter(([key]) => !keys.includes(key))
  return others.every(([, each]) => isSettled(each)) ? [closeOp(bead.id)] : []
}

const closeOp = (id: string): Op => ({ op: 'set', id, path: ['status'], value: 'closed' })
