/** `gt order list`: each order as the settings, the timetable and its last turn say. */

import type { OpenTown } from '../kernel/town.ts'
import { openMolecule, orderBead, seenOrders } from '../meow/orders/books.ts'
import { turnOf } from '../meow/orders/timetable.ts'
import { ok } from '../result.ts'
import type { Answer } from './context.ts'
import { age, columns, plain } from './town.ts'

interface Row {
  order: string
  formula: string
  rig: string
  every_ms: number
  at: string | null
  when: string | null
  paused: boolean
  next: string | null
  open: string | null
  last: { at: string; did: string; said: string; molecule: string | null } | null
  bead: string | null
}

export function listOrders(town: OpenTown): Answer {
  const now = town.now()
  const { state } = town.ledger
  const seen = seenOrders(town, now.getTime())
  const rows = Object.entries(town.settings.orders).map(([name, order]): Row => {
    const look = seen.get(name)
    // With a time of day, the turns of one that the daemon has not seen yet begin now.
    const begun = order.at === undefined ? undefined : { at: now.getTime() }
    const turn = order.paused ? undefined : turnOf(order, look ?? begun, now.getTime())
    const last = look?.last
    return {
      order: name,
      formula: order.formula,
      rig: order.rig,
      every_ms: order.every,
      at: order.at ?? null,
      when: order.when ?? null,
      paused: order.paused,
      next: turn === undefined ? null : new Date(Math.max(turn.at, now.getTime())).toISOString(),
      open: openMolecule(state, name) ?? null,
      last:
        last === undefined ? null : { at: last.at, did: last.did, said: last.said, molecule: last.molecule ?? null },
      bead: orderBead(state, name)?.id ?? null,
    }
  })
  const none = 'There are no orders: gt order add <name> <formula> <rig>'
  return ok({ data: rows, text: rows.length === 0 ? none : columns(rows.map((row) => lineOf(row, now))) })
}

function lineOf({ order, formula, rig, every_ms, at, paused, next, last }: Row, now: Date): string[] {
  const every = `every ${age(new Date(0).toISOString(), new Date(every_ms))}${at === null ? '' : ` at ${at}`}`
  const told = last === null ? 'never done' : `${age(last.at, now)} ago: ${last.did}: ${last.said}`
  return [order, `${formula} → ${rig}`, every, paused ? 'paused' : dueIn(next, now), plain(told, 100)]
}

function dueIn(next: string | null, now: Date): string {
  if (next === null) return ''
  return Date.parse(next) <= now.getTime() ? 'due' : `in ${age(now.toISOString(), new Date(next))}`
}
