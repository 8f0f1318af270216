/** Opening the town for a command, and the little that many commands share. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bead } from '../beads/bead.ts'
import type { Verdict } from '../beads/change.ts'
import { lookUp } from '../beads/fold.ts'
import { resolveId } from '../beads/ids.ts'
import type { LedgerOptions } from '../beads/ledger.ts'
import type { OpenTown } from '../kernel/town.ts'
import { openTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { Answer, Context } from './context.ts'

export { age, columns, plain } from './text.ts'

/** Opens the town that the context means and closes its ledger when the body is done. */
export async function withTown(
  context: Context,
  body: (town: OpenTown) => Answer | Promise<Answer>,
  options: LedgerOptions = {},
): Promise<Answer> {
  const town = await openTown(context.env, context.cwd, options)
  if (town.kind === 'error') return town
  try {
    return await body(town.value)
  } finally {
    town.value.ledger.close()
  }
}

/** The same for what ends or freezes work: a town can be stopped whatever somebody wrote into issues.jsonl. */
export const withTownAnyhow: typeof withTown = (context, body) => withTown(context, body, { leaveBroken: true })

/** How often a command that stays looks whether its town is still there. */
const LOOK_MS = 2_000

/** Ends with the signal, when the town is gone, or with the first error that `look` meets. */
export async function whileThere(
  signal: AbortSignal,
  town: OpenTown,
  look: () => Result<unknown> = () => ok(undefined),
): Promise<Result<void>> {
  while (!signal.aborted && existsSync(town.paths.toml)) {
    const seen = look()
    if (seen.kind === 'error') return seen
    await delay(LOOK_MS, undefined, { signal }).catch(() => {})
  }
  return ok(undefined)
}

/** For a screen: ends when the person has left it. E_NO_TOWN when the town went first: an open file of it reads as ever. */
export async function untilLeft(left: Promise<void>, town: OpenTown): Promise<Result<void>> {
  const over = new AbortController()
  void left.then(() => over.abort())
  const ended = await whileThere(over.signal, town)
  if (ended.kind === 'error' || over.signal.aborted) return ended
  return fail('E_NO_TOWN', `The town at ${town.root} is gone.`, {
    hint: 'Repeat it in the folder where the town is now.',
  })
}

/** The bead that a person means by a whole or partial id. */
export function findBead(town: OpenTown, partial: string): Result<Bead> {
  const id = resolveId(town.ledger.state, partial)
  if (id.kind === 'error') return id
  const bead = id.kind === 'ok' ? lookUp(town.ledger.state, id.value) : undefined
  return bead ? ok(bead) : fail('E_NO_BEAD', `There is no bead ${partial}.`, { hint: 'gt bead list' })
}

/**
 * Nothing was found where only this rig was looked at: E_NO_RIG when there is no such rig, so that a slip of the pen does not read
 * as "nothing there" (law 8).
 */
export async function knownRig(town: OpenTown, rig: string | undefined): Promise<Result<void>> {
  const settings = rig === undefined ? undefined : await town.rig(rig)
  return settings?.kind === 'error' && settings.failure.code === 'E_NO_RIG' ? settings : ok(undefined)
}

/** A verdict that must have applied: losing a race is "try again", never silence. */
export function mustApply(verdict: Result<Verdict>, what: string): Result<void> {
  if (verdict.kind === 'error') return verdict
  if (verdict.value.applied) return ok(undefined)
  return fail('E_CHANGED', `${what} was changed by somebody else at the same moment; nothing was written.`, {
    hint: 'try again',
    exit: EXIT.tryAgain,
  })
}
