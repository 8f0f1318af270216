/**
 * What the ledger keeps of an order: one bead, made when it first has something to tell (something was slung, or it failed). It is
 * closed and pinned, a record and never anybody's task; open only while it asks a person. Pure but for `seenOrders`.
 */
import { createHash } from 'node:crypto'
import type { Bead } from '../../beads/bead.ts'
import { facts } from '../../beads/bead.ts'
import type { Op } from '../../beads/change.ts'
import type { GtFacts, OrderTurn } from '../../beads/facts.ts'
import type { State } from '../../beads/fold.ts'
import { lookUp } from '../../beads/fold.ts'
import { isOver } from '../../beads/ready.ts'
import { gtPath } from '../../kernel/runs.ts'
import type { OpenTown } from '../../kernel/town.ts'
import type { Addition } from '../make.ts'
import type { OrderLook } from './looks.ts'
import { readLooks } from './looks.ts'
import { laterSeen } from './timetable.ts'

/** Cause of what an order asks a person. */
const ORDER_CAUSE = 'order'

/** The bead of an order, if it has one. */
export function orderBead(state: State, name: string): Bead | undefined {
  const bead = state.beads.get(idOf(state, name))
  return bead !== undefined && isOf(bead, name) ? bead : undefined
}

/** What it made last, while that is not over. */
export function openMolecule(state: State, name: string): string | undefined {
  const bead = orderBead(state, name)
  const id = bead && facts(bead).order?.slung?.molecule
  const molecule = id === undefined ? undefined : lookUp(state, id)
  return molecule === undefined || isOver(molecule) ? undefined : id
}

/**
 * The last look at each order of the settings: as the runtime state says, or as the ledger does where that is later. Reads one
 * small file when there are orders, else none.
 */
export function seenOrders(town: Pick<OpenTown, 'settings' | 'ledger' | 'paths'>, now: number): Map<string, OrderLook> {
  const orders = Object.entries(town.settings.orders)
  const seen = new Map<string, OrderLook>()
  if (orders.length === 0) return seen
  const looks = readLooks(town.paths.runtime)
  for (const [name, order] of orders) {
    const look = laterSeen(order, looks.get(name), inLedger(town.ledger.state, name), now)
    if (look !== undefined) seen.set(name, look)
  }
  return seen
}

function inLedger(state: State, name: string): OrderLook | undefined {
  const bead = orderBead(state, name)
  const last = bead && facts(bead).order?.last
  if (last === undefined) return undefined
  return { at: Date.parse(last.at), ...(last.day !== undefined && { day: last.day }), last }
}

/** Whether a failure is the one that a person heard of already: counts, times and commits are others each time. */
export function isToldAlready(state: State, name: string, said: string): boolean {
  const bead = orderBead(state, name)
  const last = bead && facts(bead).order?.last
  return last?.did === 'failed' && gist(last.said) === gist(said)
}

/** Whether the last thing that was told of an order is that it failed. */
export function isFailed(state: State, name: string): boolean {
  const bead = orderBead(state, name)
  return bead !== undefined && facts(bead).order?.last.did === 'failed'
}

const gist = (text: string): string => text.replace(/\b[0-9a-f]{7,64}\b|\d+/g, '#')

/**
 * What writes a turn down; makes the bead at first need. A failure asks a person, anything else takes the question back. Applies
 * only while nobody else wrote down a turn.
 */
export function turnChange(state: State, name: string, turn: OrderTurn, by: string): Addition {
  const id = idOf(state, name)
  const held = orderBead(state, name)
  const needs = turn.did === 'failed' ? { cause: ORDER_CAUSE, text: asks(name, turn.said), at: turn.at } : undefined
  const slung = turn.molecule === undefined ? undefined : { at: turn.at, molecule: turn.molecule }
  const status = needs === undefined ? 'closed' : 'open'
  if (held === undefined) {
    const order = { name, last: turn, ...(slung && { slung }) }
    return {
      when: [{ if: 'absent', id }],
      ops: [{ op: 'create', bead: newBead(id, { version: 0, order, ...(needs && { needs }) }, status, by) }],
    }
  }
  const before = facts(held).order?.last.at
  const ops: Op[] = [{ op: 'set', id, path: gtPath('order', 'last'), value: turn }]
  if (slung !== undefined) ops.push({ op: 'set', id, path: gtPath('order', 'slung'), value: slung })
  if (needs !== undefined) ops.push({ op: 'set', id, path: gtPath('needs'), value: needs })
  else if (facts(held).needs !== undefined) ops.push({ op: 'unset', id, path: gtPath('needs') })
  if (held.status !== status) ops.push({ op: 'set', id, path: ['status'], value: status })
  return { when: [{ if: 'in', id, path: gtPath('order', 'last', 'at'), values: [before ?? null] }], ops }
}

/** Makes the bead of an order that was removed history: an order of this name is another one from now on. */
export function forgetChange(state: State, name: string): Addition | undefined {
  const held = orderBead(state, name)
  if (held === undefined) return undefined
  const { id } = held
  const ops: Op[] = [{ op: 'set', id, path: gtPath('order', 'removed'), value: true }]
  if (held.status !== 'closed') ops.push({ op: 'set', id, path: ['status'], value: 'closed' })
  if (facts(held).needs !== undefined) ops.push({ op: 'unset', id, path: gtPath('needs') })
  return { ops }
}

const isOf = (bead: Bead, name: string): boolean => {
  const { order } = facts(bead)
  return order?.name === name && order.removed !== true
}

const asks = (name: string, said: string): string =>
  `The order ${name} cannot be carried out: ${said}. Mend [orders.${name}] in town.toml and try: gt order run ${name}   (or: gt order pause ${name})`

function newBead(
  id: string,
  gt: GtFacts & Required<Pick<GtFacts, 'order'>>,
  status: 'open' | 'closed',
  by: string,
): Bead {
  const { name, last } = gt.order
  return {
    id,
    title: `Order: ${name}`,
    description: 'What an order of town.toml did is under metadata.gt.order; gt order list shows it.',
    status,
    priority: 2,
    issue_type: 'event',
    created_at: last.at,
    created_by: by,
    updated_at: last.at,
    pinned: true,
    metadata: { gt },
  }
}

/** The same for everybody, so that two who write at once make one bead; another one where somebody took the bead away. */
function idOf(state: State, name: string): string {
  for (let n = 0; ; n++) {
    const id = `hq-o${createHash('sha256').update(`${name} ${n}`).digest('hex').slice(0, 9)}`
    const bead = lookUp(state, id)
    if (bead === undefined || (bead.status !== 'tombstone' && isOf(bead, name))) return id
  }
}
