/** Waiting for mail without asking again and again: the ledger tells when something was written. */
import { existsSync } from 'node:fs'
import { nextChange } from '../beads/next-change.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { isUnread, received } from './inbox.ts'
import type { Message, Recipient } from './message.ts'
import { fresh, markRead } from './read.ts'

export interface Awaited {
  /** Addresses of senders; absent: anybody. */
  from?: readonly string[]
  thread?: string
  timeoutMs?: number
  signal: AbortSignal
}

/** A folder that is gone tells nobody: an open file of it reads as ever. */
const LOOK_MS = 1_000

/**
 * The next unread message for me that fits, read by this very call; one that lies there already comes at once. Of several who
 * wait for the same one, one gets it. Errors: E_NO_TOWN (it is gone), the ledger's.
 */
export async function waitForMail(
  town: OpenTown,
  me: Recipient,
  awaited: Awaited,
): Promise<Result<Message | 'timeout' | 'interrupted'>> {
  const { signal, timeoutMs } = awaited
  const deadline = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs
  for (;;) {
    const left = Math.max(0, deadline - performance.now())
    const change = nextChange(town.ledger, Math.min(left, LOOK_MS), signal)
    const over = overNow(town, me, awaited, left)
    if (over !== undefined) {
      change.stop()
      return over
    }
    await change.came
  }
}

/** What ends the wait at this look; undefined: nothing yet. */
function overNow(
  town: OpenTown,
  me: Recipient,
  awaited: Awaited,
  left: number,
): Result<Message | 'timeout' | 'interrupted'> | undefined {
  const found = next(town, me, awaited)
  if (found.kind === 'error') return found
  if (found.value !== undefined) return ok(found.value)
  if (awaited.signal.aborted) return ok('interrupted')
  if (!existsSync(town.paths.toml))
    return fail('E_NO_TOWN', `The town at ${town.root} is gone; nothing comes there any more.`, {
      hint: 'Repeat it in the folder where the town is now.',
    })
  return left === 0 ? ok('timeout') : undefined
}

function next(town: OpenTown, me: Recipient, { from, thread }: Awaited): Result<Message | undefined> {
  const read = town.ledger.refresh()
  if (read.kind === 'error') return read
  for (const { message, delivery } of received(town.ledger.state.beads.values(), me)) {
    if (!isUnread(delivery)) break
    if (from !== undefined && !from.includes(message.mail.from)) continue
    if (thread !== undefined && message.mail.thread !== thread) continue
    const marked = markRead(town, message, me)
    if (marked.kind === 'error') return marked
    if (marked.value) return ok(fresh(town, message))
  }
  return ok(undefined)
}
