/** Whether one more worker may start for a bead, beside a free slot: what budgets, breakers and accounts say. Pure. */
import type { Accounts } from '../agents/accounts.ts'
import { accountFor } from '../agents/accounts.ts'
import { presetFor } from '../agents/preset.ts'
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { State } from '../beads/fold.ts'
import type { Breaker, MayStart } from './intensity.ts'
import { breakers, mayStart } from './intensity.ts'
import { nextRole } from './ladder.ts'
import type { OpenTown } from './town.ts'

/** Nothing starts, and until when if time helps. */
export interface Refused {
  /** For people, with what to type. */
  why: string
  /** RFC 3339. */
  until?: string
}

/**
 * @param accounts of the settings; absent: the agent that would do it runs under no login of ours
 * @param refused what the budgets say (costs/refusal.ts)
 * @returns also, with `yes` and `probe`, which account it is to run under
 */
export function startGate(
  state: State,
  bead: Bead,
  rig: string,
  breakers: readonly Breaker[],
  accounts: Accounts | undefined,
  now: Date,
  refused?: Refused,
): MayStart & { account?: string } {
  if (refused !== undefined) return { is: 'no', ...refused, nodes: [], by: 'budget' }
  const role = nextRole(bead, rig)
  const account = accounts === undefined ? undefined : accountFor(role, accounts, state, now)
  if (account?.is === 'paused') return { is: 'no', until: account.until, why: account.why, nodes: [] }
  const may = mayStart(breakers, rig, role)
  return account?.name === undefined ? may : { ...may, account: account.name }
}

/** The same for the beads of a town as they are slung, the breakers counted once; what a rig says of its own agents left out. */
export function gateOf(
  { ledger, settings }: Pick<OpenTown, 'ledger' | 'settings'>,
  now: Date,
  refuses: (bead: Bead, rig: string) => Refused | undefined = () => undefined,
): (bead: Bead, rig: string) => MayStart {
  let counted: Breaker[] | undefined
  return (bead, rig) => {
    counted ??= breakers(ledger.state, now)
    const preset = presetFor(facts(bead).slung?.preset ?? settings.workers.agent, settings.agents)
    const accounts = preset.kind === 'ok' && preset.value.hooks === 'claude' ? settings.accounts : undefined
    return startGate(ledger.state, bead, rig, counted, accounts, now, refuses(bead, rig))
  }
}
