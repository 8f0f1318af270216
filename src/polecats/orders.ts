/**
 * Carries out an order at its turn: looks at its condition, makes the formula's beads and puts them on workers. The beads, their
 * sling and what the order remembers are one change: killed anywhere, it did this turn or did not, and two who try at once do it
 * once. A turn that does nothing writes nothing to the ledger.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { Op } from '../beads/change.ts'
import { applied } from '../beads/change.ts'
import type { OrderTurn, Slung } from '../beads/facts.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Made } from '../meow/make.ts'
import { frozenNamed, make } from '../meow/make.ts'
import {
  forgetChange,
  isFailed,
  isToldAlready,
  openMolecule,
  orderBead,
  seenOrders,
  turnChange,
} from '../meow/orders/books.ts'
import { lookAtCondition } from '../meow/orders/condition.ts'
import { noteLooks } from '../meow/orders/looks.ts'
import { seenAt, turnOf } from '../meow/orders/timetable.ts'
import { workOf } from '../meow/work.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { OrderSettings } from '../town/settings.ts'
import { order as slingChange } from './sling.ts'

export interface OrderRun {
  by: string
  /** Without a look at its condition. */
  force?: boolean
  signal: AbortSignal
}

/**
 * Carries an order out now, whether or not it is its turn.
 *
 * @returns what it did, as it is remembered; null when our own end cut it short. Errors, after which it is still its turn:
 * E_NO_ORDER, the ledger's, E_CHANGED. What is wrong with the order itself is an answer: `failed`.
 */
export async function runOrder(town: OpenTown, name: string, how: OrderRun): Promise<Result<OrderTurn | null>> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  const order = Object.hasOwn(town.settings.orders, name) ? town.settings.orders[name] : undefined
  if (order === undefined) {
    return fail('E_NO_ORDER', `There is no order ${JSON.stringify(name)}.`, { hint: 'gt order list', exit: EXIT.usage })
  }
  const now = town.now().getTime()
  const before = seenOrders(town, now).get(name)
  const seen = seenAt(turnOf(order, before, now), before, now)
  const found = await carryOut(town, name, order, { ...how, seen })
  if (found.kind === 'error' || found.value === null) return found
  noteLooks(town.paths.runtime, new Map([[name, { ...seen, last: found.value }]]), (one) =>
    Object.hasOwn(town.settings.orders, one),
  )
  return ok(found.value)
}

/** A paused order asks nobody anything; what fails once it goes on again is told again. */
export function quietOrder(town: OpenTown, name: string, by: string): Result<void> {
  const now = town.now().getTime()
  const seen = seenOrders(town, now).get(name)
  if (!isFailed(town.ledger.state, name) || seen === undefined) return ok(undefined)
  const { day } = seen
  const at = new Date(now).toISOString()
  const turn: OrderTurn = { at, did: 'skipped', ...(day !== undefined && { day }), said: 'paused' }
  const written = write(town, name, turn, by)
  return written.kind === 'error' ? written : ok(undefined)
}

/** An order that is none any more is forgotten; its bead stays as history. */
export function forgetOrder(town: OpenTown, name: string, by: string): Result<void> {
  noteLooks(town.paths.runtime, new Map(), (one) => one !== name)
  const change = forgetChange(town.ledger.state, name)
  if (change === undefined) return ok(undefined)
  const written = town.ledger.write({ by, why: `order ${name} removed`, ...change })
  return written.kind === 'error' ? written : ok(undefined)
}

interface Doing extends OrderRun {
  seen: { at: number; day?: string }
}

async function carryOut(
  town: OpenTown,
  name: string,
  order: OrderSettings,
  how: Doing,
): Promise<Result<OrderTurn | null>> {
  const turn = (did: OrderTurn['did'], said: string, molecule?: string): OrderTurn => ({
    at: new Date(how.seen.at).toISOString(),
    did,
    ...(how.seen.day !== undefined && { day: how.seen.day }),
    ...(molecule !== undefined && { molecule }),
    said,
  })
  const open = openMolecule(town.ledger.state, name)
  if (open !== undefined) return ok(turn('busy', `${open} is not over`, open))
  const rig = await town.rig(order.rig)
  if (rig.kind === 'error') return failed(town, name, turn('failed', wordsOf(rig.failure)), how.by)
  if (how.force !== true) {
    const bead = orderBead(town.ledger.state, name)
    const last = bead && facts(bead).order?.slung?.at
    const finding = await lookAtCondition(town, order, { last, signal: how.signal })
    if (finding.is === 'cut') return ok(null)
    if (finding.is === 'broken') return failed(town, name, turn('failed', finding.said), how.by)
    if (finding.is === 'not') return skipped(town, name, turn('skipped', finding.said), how.by)
  }
  const made = await pourAndSling(town, name, order, how, (molecule) => turn('slung', `made ${molecule}`, molecule))
  if (made.kind === 'ok') return ok(turn('slung', `made ${made.value.root}`, made.value.root))
  // Somebody else was quicker, or what was in the way may be gone at the next try.
  const other = openMolecule(town.ledger.state, name)
  if (other !== undefined) return ok(turn('busy', `${other} is not over`, other))
  if (made.failure.exit === EXIT.tryAgain) return made
  return failed(town, name, turn('failed', wordsOf(made.failure)), how.by)
}

async function pourAndSling(
  town: OpenTown,
  name: string,
  order: OrderSettings,
  { by }: Doing,
  turn: (molecule: string) => OrderTurn,
): Promise<Result<Made>> {
  const frozen = frozenNamed(town, order.formula, order.rig)
  if (frozen.kind === 'error') return frozen
  const slung: Slung = { rig: order.rig, by, at: town.now().toISOString() }
  return make(town, frozen.value, {
    rig: order.rig,
    vars: order.vars,
    by,
    also: (made, beads, state) => {
      if (openMolecule(state, name) !== undefined)
        return fail('E_BUSY', `The order ${name} was carried out at this moment.`, { exit: EXIT.tryAgain })
      const ops = slingOps(made, beads, slung, order.agent)
      if (ops.kind === 'error') return ops
      const note = turnChange(state, name, turn(made.root), by)
      return ok({ ...note, ops: [...ops.value, ...note.ops] })
    },
  })
}

/** Slings what was made, in the change that makes it: each bead to the agent that the order names, else the formula. */
function slingOps(made: Made, beads: ReadonlyMap<string, Bead>, slung: Slung, agent?: string): Result<Op[]> {
  const work = workOf(made)
  const ops: Op[] = []
  for (const id of work.beads) {
    const preset = agent ?? work.agents.get(id)
    const change = slingChange(beads.get(id)!, { ...slung, ...(preset !== undefined && { preset }) })
    if (change.kind === 'error') return change
    ops.push(...(change.value?.ops ?? []))
  }
  return ok(ops)
}

/** A person is asked once of the same trouble (law 7). */
function failed(town: OpenTown, name: string, turn: OrderTurn, by: string): Result<OrderTurn> {
  return isToldAlready(town.ledger.state, name, turn.said) ? ok(turn) : write(town, name, turn, by)
}

/** Nothing to tell, unless that it failed was the last that was told. */
function skipped(town: OpenTown, name: string, turn: OrderTurn, by: string): Result<OrderTurn> {
  return isFailed(town.ledger.state, name) ? write(town, name, turn, by) : ok(turn)
}

function write(town: OpenTown, name: string, turn: OrderTurn, by: string): Result<OrderTurn> {
  const change = turnChange(town.ledger.state, name, turn, by)
  const written = applied(town.ledger.write({ by, why: `order ${name} ${turn.did}: ${turn.said}`, ...change }))
  return written.kind === 'error' ? written : ok(turn)
}

const wordsOf = ({ message, hint }: Failure): string => {
  const text = message.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return `${text}${hint === undefined ? '' : ` (${hint})`}`.slice(0, 400)
}
