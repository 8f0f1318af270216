/**
 * What was used, written into the ledger: a run's with the change that ends a session of it, the Mayor's and crew's by a Dog, and
 * with the change that removes one. A transcript belongs to its client, which deletes it after a month.
 */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import type { ChangeInput, Op } from '../beads/change.ts'
import { applied } from '../beads/change.ts'
import type { Run, SessionUsage } from '../beads/facts.ts'
import { NO_CONVERSATION } from '../beads/usage-facts.ts'
import type { AgentBead } from '../kernel/agents.ts'
import { gtPath, runPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { listPrices, pricesOf } from './prices.ts'
import type { Spender } from './spent.ts'
import { attendedSpenders, Meters, spentByRun } from './spent.ts'

const BY = 'dog'

type Town = Pick<OpenTown, 'root' | 'settings' | 'ledger' | 'now'>

/** Meters by the prices of this town; by the list where its own cannot be read. */
export async function metersOf(town: Pick<OpenTown, 'root'>): Promise<Meters> {
  const read = await pricesOf(town.root)
  const prices = read.kind === 'ok' ? read.value : listPrices()
  return new Meters((model) => prices.of(model)?.long?.above)
}

/** Operations that write down what a run used until now; none when the ledger says so already. */
export async function usageOps(town: Town, bead: Bead, run: Run): Promise<Op[]> {
  const meters = await metersOf(town)
  const usage = settled(spentByRun(town, bead, run, meters), run.conversation || NO_CONVERSATION, town.now())
  if (usage === undefined || sameUsage(usage, run.usage)) return []
  return [{ op: 'set', id: run.bead, path: runPath(run.fence, 'usage'), value: usage }]
}

/** What to write down; undefined: it used nothing. What is not known is written down as that. */
function settled(spent: Spender, conversation: string, now: Date): Record<string, SessionUsage> | undefined {
  const sessions = { ...spent.sessions }
  if (spent.unknown !== undefined) {
    const known = sessions[conversation]?.days ?? {}
    sessions[conversation] = { at: now.toISOString(), days: known, unknown: spent.unknown }
  }
  return Object.keys(sessions).length === 0 ? undefined : sessions
}

/** Writes it down for a run whose session is over while the run is not, also that this was nothing: it is not asked again. */
export async function tallyRun(town: Town, bead: Bead, run: Run, by: string): Promise<Result<boolean>> {
  const key = run.conversation || NO_CONVERSATION
  const at = town.now().toISOString()
  const sessions = settled(spentByRun(town, bead, run, await metersOf(town)), key, town.now()) ?? {}
  const value = { ...sessions, [key]: { days: {}, ...sessions[key], at } }
  const ops: Op[] = [{ op: 'set', id: run.bead, path: runPath(run.fence, 'usage'), value }]
  return applied(town.ledger.write({ by, fence: run.fence, why: `what ${run.agent} used until now`, ops }))
}

/** The same but for the time at which it was counted. */
function sameUsage(a: Record<string, SessionUsage>, b: Record<string, SessionUsage> | undefined): boolean {
  const gist = (sessions: Record<string, SessionUsage> | undefined): string =>
    JSON.stringify(Object.entries(sessions ?? {}).map(([key, { days, unknown }]) => [key, days, unknown]))
  return gist(a) === gist(b)
}

/** Operations that write down what an attended agent used until now, before it is taken away. */
export async function attendedOps(town: Town, { id, agent }: AgentBead): Promise<Op[]> {
  const spent = attendedSpenders(town, await metersOf(town)).find((one) => one.id === id)
  const usage = spent && settled(spent, agent.session?.conversation || NO_CONVERSATION, town.now())
  return usage === undefined ? [] : [{ op: 'set', id, path: gtPath('spending'), value: usage }]
}

/** What attended agents used since it was written down last: one change for each that used something. */
export async function attendedChanges(town: Town): Promise<{ address: string; change: ChangeInput }[]> {
  return attendedSpenders(town, await metersOf(town), true).flatMap(({ id, address, sessions }) => {
    const bead = town.ledger.state.beads.get(id)
    if (bead === undefined || Object.keys(sessions).length === 0) return []
    if (sameUsage(sessions, facts(bead).spending)) return []
    const ops: Op[] = [{ op: 'set', id, path: gtPath('spending'), value: sessions }]
    return [{ address, change: { by: BY, why: `what ${address} used`, ops } }]
  })
}
