/** Remembers what of the timetable needs no doing: that an order is there from now on, that a paused one's turn has passed. */
import type { OpenTown } from '../../kernel/town.ts'
import { seenOrders } from './books.ts'
import type { OrderLook } from './looks.ts'
import { noteLooks } from './looks.ts'
import { unmarked } from './timetable.ts'

/** Answers the last looks with it. Writes one small file where there is something to remember, else nothing; never fails. */
export function markOrders(town: Pick<OpenTown, 'settings' | 'ledger' | 'paths'>, now: number): Map<string, OrderLook> {
  const { orders } = town.settings
  const seen = seenOrders(town, now)
  const marks = unmarked(orders, seen, now)
  if (marks.size === 0) return seen
  const looks = new Map([...marks].map(([name, mark]): [string, OrderLook] => [name, { ...seen.get(name), ...mark }]))
  noteLooks(town.paths.runtime, looks, (one) => Object.hasOwn(orders, one))
  return new Map([...seen, ...looks])
}
