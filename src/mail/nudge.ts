/**
 * A nudge: a message that wakes who sits idle. It is in the ledger first; then the line is typed, here and now, whether or not a
 * driver runs. What is answered is what the ledger has of it, or why nothing could be typed.
 */

import { AT_THE_SCREEN } from '../agents/wake.ts'
import { lookUp } from '../beads/fold.ts'
import type { DeliveryState } from '../beads/message-facts.ts'
import { nextChange } from '../beads/next-change.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Failure, Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Recipient } from './message.ts'
import { HUMAN, keyOf, messageOf } from './message.ts'
import { send } from './send.ts'
import { wakeFor } from './wake.ts'

/** `queued`: it is at work, and sees it with its next tool call. `undelivered`: it waits, and nobody was woken for it. */
export type NudgeState = DeliveryState | 'undelivered'

export interface Outcome {
  address: string
  /** Fence of the run that it is for. */
  run: string | null
  state: NudgeState
  /** With `undelivered`: why, and what to type next. */
  failure?: Failure
}

export interface Nudge {
  /** Address of the sender. */
  from: string
  /** As people write it (addresses.ts). */
  to: string
  text: string
  /** Wait so long until it is acknowledged, and try again what cannot be typed now; absent: only for its hook. */
  waitMs?: number | undefined
  signal: AbortSignal
}

/** From a line that woke somebody until its hook has shown the message: Node has to start, on a machine that may be busy. */
const SHOWN_MS = 10_000
/** A busy agent that another process has woken a moment ago shows it as soon as that. */
const GLANCE_MS = 1_000
/** Between two tries to type; twice as long each time. */
const TRY_MS = 1_000
const LONGEST_TRY_MS = 15_000
/** Who is not there, or has no hooks, does not become able to hear by our waiting. */
const NO_USE: ReadonlySet<string> = new Set(['E_NO_SESSION', 'E_NO_HOOKS'])

/** Errors: those of `send`; then nothing was sent. */
export async function nudge(
  town: OpenTown,
  { from, to, text, waitMs, signal }: Nudge,
): Promise<Result<{ id: string; thread: string; to: Outcome[] }>> {
  const sent = send(town, { from, to, subject: '', body: text, type: 'nudge', wake: true })
  if (sent.kind === 'error') return sent
  const { id, thread } = sent.value
  const outcomes = await Promise.all(
    sent.value.to.map((one) =>
      one.address === HUMAN ? outcome(one, undefined) : follow(town, one, { id, from, waitMs, signal }),
    ),
  )
  return ok({ id, thread, to: outcomes })
}

const named = ({ address, run }: Recipient): Pick<Outcome, 'address' | 'run'> => ({ address, run: run ?? null })

interface How extends Pick<Nudge, 'from' | 'waitMs' | 'signal'> {
  id: string
}

/** Tries to wake the recipient, and sees how far the message comes. */
async function follow(town: OpenTown, to: Recipient, how: How): Promise<Outcome> {
  const { from, id, waitMs, signal } = how
  const deadline = performance.now() + (waitMs ?? 0)
  const left = (): number => deadline - performance.now()
  const until = (goal: (now: DeliveryState) => boolean, ms: number): Promise<DeliveryState> =>
    reached(town, { id, key: keyOf(to) }, goal, ms, signal)
  for (let rest = TRY_MS; ; rest = Math.min(rest * 2, LONGEST_TRY_MS)) {
    const woke = await wakeFor(town, to, from === HUMAN ? 'person' : from)
    let failure = woke.kind === 'error' ? woke.failure : undefined
    const busy = woke.kind === 'ok' && woke.value === 'busy'
    let state = await until(isShown, failure !== undefined ? 0 : busy ? GLANCE_MS : SHOWN_MS)
    if (state === 'queued' && failure === undefined && !busy) failure = unheard(to)
    if (state === 'queued' && left() > 0 && !signal.aborted && !NO_USE.has(failure?.code ?? '')) {
      state = await until(isShown, Math.min(rest, left()))
      if (state === 'queued') continue
    }
    return state === 'queued' ? outcome(to, failure) : { ...named(to), state: await until(isOver, left()) }
  }
}

const isShown = (state: DeliveryState): boolean => state !== 'queued'
const isOver = (state: DeliveryState): boolean => state === 'acknowledged' || state === 'expired'

const unheard = ({ address }: Recipient): Failure =>
  fail('E_UNDELIVERED', `A line was typed to ${address}, and it has not seen the message yet.`).failure

/** How far the message has come to this recipient, once that is the goal or the time is over. */
async function reached(
  { ledger }: OpenTown,
  { id, key }: { id: string; key: string },
  goal: (state: DeliveryState) => boolean,
  ms: number,
  signal: AbortSignal,
): Promise<DeliveryState> {
  for (const deadline = performance.now() + ms; ; ) {
    const change = nextChange(ledger, Math.max(0, deadline - performance.now()), signal)
    // What cannot be read now is as it was.
    ledger.refresh()
    const state = messageOf(lookUp(ledger.state, id))?.mail.deliveries[key]?.state ?? 'queued'
    if (goal(state) || performance.now() >= deadline || signal.aborted) {
      change.stop()
      return state
    }
    await change.came
  }
}

/** It waits still. */
function outcome(to: Recipient, failure: Failure | undefined): Outcome {
  if (failure === undefined) return { ...named(to), state: 'queued' }
  const hint = AT_THE_SCREEN.has(failure.code) ? `gt attach ${to.address}` : (failure.hint ?? `gt peek ${to.address}`)
  return { ...named(to), state: 'undelivered', failure: { ...failure, hint, exit: EXIT.tryAgain } }
}
