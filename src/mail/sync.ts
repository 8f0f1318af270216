/**
 * The inbox folder as the ledger has it: what waits for somebody lies there, and what was shown without a confirmation waits
 * again once its session is over or its folder is lost.
 */
import { existsSync } from 'node:fs'
import { agentDir } from '../agents/launch.ts'
import { roleOf } from '../agents/roles.ts'
import type { State } from '../beads/fold.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import { isInHand, look, nameOf, place } from './folder.ts'
import type { Recipient } from './message.ts'
import { mine, openMessages } from './message.ts'

/** A hook needs this long from the ledger to its mark, at most, on a machine that is very busy. */
const HAND_MS = 30_000

/** The folder in which this recipient's hooks look. A role's is that of the run that has it now. */
export function folderOf(town: Pick<OpenTown, 'root' | 'ledger'>, to: Recipient): string {
  const fence = to.run ?? holderOf(town.ledger.state, to.address)
  return agentDir(town.root, { fence, address: to.address })
}

function holderOf(state: State, address: string): string | undefined {
  for (const runs of state.live.values())
    for (const run of runs) if (run.agent === address && roleOf(run) !== 'polecat') return run.fence
  return undefined
}

/**
 * Makes the folder of one recipient hold what waits for it. `begins`: its session begins, so nothing that was shown before and
 * not confirmed can be confirmed any more: it waits again. Answers how many wait. Agents that were never started have no folder
 * yet; theirs is made when they start.
 */
export function syncInbox(
  town: Pick<OpenTown, 'root' | 'ledger' | 'now'>,
  me: Recipient,
  options: { begins?: boolean } = {},
): Result<number> {
  const folder = folderOf(town, me)
  if (!existsSync(folder)) return ok(0)
  const there = look(folder)
  let waiting = 0
  for (const { bead, mail } of openMessages(town.ledger.state.beads.values())) {
    const delivery = mine(mail, me)?.delivery
    if (delivery === undefined || delivery.state === 'acknowledged' || delivery.state === 'expired') continue
    const name = nameOf(bead)
    const waits = there.waiting.includes(name)
    if (delivery.state === 'queued') {
      waiting++
      if (waits || isInHand(folder, name)) continue
      const placed = place(folder, name)
      if (placed.kind === 'error') return placed
      continue
    }
    const lost =
      !waits && !there.seen.includes(name) && town.now().getTime() - Date.parse(delivery.injected ?? '') > HAND_MS
    if (!options.begins && !lost) continue
    if (isInHand(folder, name)) continue
    waiting++
    const placed = place(folder, name, delivery.token ?? '')
    if (placed.kind === 'error') return placed
  }
  return ok(waiting)
}
