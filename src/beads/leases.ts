/**
 * Named leases: one holder at a time, kept in the ledger. There is no heartbeat: a holder is a process, and a process
 * is there or it is not (pid and start time). A lease of a dead one is taken over by compare-and-swap on its token.
 */
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { isRunning, self } from '../town/processes.ts'
import type { Condition, LeaseHolder } from './change.ts'
import type { Ledger } from './ledger.ts'
import { nextChange } from './next-change.ts'
import { newRecordId } from './record.ts'

export interface Lease {
  name: string
  holder: LeaseHolder
  by: string
  ledger: Ledger
}

/** A dead holder sends no event: this often a waiter looks whether it still lives. */
const RECHECK_MS = 200

/**
 * Takes the named lease for this process.
 *
 * @returns null when somebody holds it who lives, or of whom the system cannot tell (unknown never takes over), or
 * when another process was faster; also when this process holds it already
 */
export function acquire(ledger: Ledger, name: string, by: string): Result<Lease | null> {
  const refreshed = ledger.refresh()
  if (refreshed.kind !== 'ok') return refreshed
  const held = ledger.state.leases.get(name)
  if (held) {
    const alive = isRunning(held)
    if (alive.kind !== 'ok' || alive.value) return ok(null)
  }
  const holder: LeaseHolder = { ...self(), token: newRecordId() }
  const written = ledger.write({
    by,
    why: held ? `takes over ${name}: process ${held.pid} is gone` : `takes ${name}`,
    ops: [{ op: 'lease', name, holder }],
    when: [{ if: 'lease', name, token: held?.token ?? null }],
  })
  if (written.kind !== 'ok') return written
  return ok(written.value.applied ? { name, holder, by, ledger } : null)
}

/** How often it is tried again to return what could not be returned. */
const RETURN_MS = 500

/**
 * Gives it back; ok too when somebody took it over meanwhile (then nothing of it is ours to give back). What a full disk
 * does not let through is tried again until it is: as long as this process lives nobody could take the lease over, and this
 * process itself would wait for it in vain.
 */
export function release(lease: Lease): Result<void> {
  const returned = giveBack(lease)
  if (returned.kind === 'ok') return returned
  const again = setInterval(() => {
    if (giveBack(lease).kind === 'ok') clearInterval(again)
  }, RETURN_MS)
  // The end of the process returns it, too.
  again.unref()
  return returned
}

function giveBack(lease: Lease): Result<void> {
  const { name, holder, by, ledger } = lease
  const when: Condition[] = [{ if: 'lease', name, token: holder.token }]
  const written = ledger.write({ by, why: `returns ${name}`, ops: [{ op: 'lease', name, holder: null }], when })
  return written.kind === 'ok' ? ok(undefined) : written
}

/**
 * Runs `fn` while holding the lease, and returns the lease however `fn` ends.
 *
 * @param options.waitMs how long to wait for the lease before E_BUSY (exit 75); 0 tries once
 */
export async function withLease<T>(
  ledger: Ledger,
  name: string,
  by: string,
  fn: (lease: Lease) => Promise<Result<T>>,
  options: { waitMs: number },
): Promise<Result<T>> {
  const lease = await waitFor(ledger, name, by, options.waitMs)
  if (lease.kind !== 'ok') return lease
  try {
    return await fn(lease.value)
  } finally {
    release(lease.value)
  }
}

async function waitFor(ledger: Ledger, name: string, by: string, waitMs: number): Promise<Result<Lease>> {
  // Not by the clock: when that is set forward nobody has waited any longer.
  const deadline = performance.now() + waitMs
  for (;;) {
    const lease = acquire(ledger, name, by)
    if (lease.kind !== 'ok') return lease
    if (lease.value) return ok(lease.value)
    const left = deadline - performance.now()
    if (left <= 0) return busy(ledger, name, waitMs)
    await nextChange(ledger, Math.min(left, RECHECK_MS)).came
  }
}

function busy(ledger: Ledger, name: string, waitMs: number): Result<never> {
  const pid = ledger.state.leases.get(name)?.pid
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return fail('E_BUSY', `${name} is held by ${who}; waited ${Math.round(waitMs / 100) / 10} s for it.`, {
    kept: 'Nothing was changed.',
    hint: 'Try again in a moment.',
    exit: EXIT.tryAgain,
    details: { pid },
  })
}
