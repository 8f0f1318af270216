/**
 * Logins, `[accounts.NAME]` of the town's settings: which one a new agent runs under. What is known of them is what runs
 * met under them, as it stands in the ledger; there is no list of its own (design law 11).
 */
import { facts } from '../beads/bead.ts'
import type { Limit, Run, RunState } from '../beads/facts.ts'
import type { State } from '../beads/fold.ts'
import { activeRuns } from '../beads/fold.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { TownSettings } from '../town/settings.ts'
import type { Role } from './launch.ts'

export type Accounts = TownSettings['accounts']

/** A login under which an agent is started: its environment wins over the user's own and over the agent table's. */
export interface Account {
  name: string
  env: Record<string, string>
}

/** `name` undefined: whoever is logged in, as without any account. `until`: RFC 3339. */
export type Choice = { is: 'use'; name: string | undefined } | { is: 'paused'; until: string; why: string }

export interface Paused {
  /** Undefined: whoever is logged in. */
  account: string | undefined
  is: Limit['is']
  /** RFC 3339. */
  until: string
  text: string
}

/** Limits of the login, not of the moment: the next one under it would meet them as well. */
const OF_THE_LOGIN: ReadonlySet<Limit['is']> = new Set<Limit['is']>(['quota', 'auth', 'billing'])

/** States that a run enters from its limit only by going on. One that ended otherwise may have ended in its limit. */
const WENT_ON: ReadonlySet<RunState> = new Set<RunState>(['working', 'quiet', 'parked', 'submitted', 'finished'])

/**
 * The account for a new agent of this role: of those that serve it, in the order of the settings, the one with the fewest
 * active runs that no limit pauses. No account serves the role: the user's own login, which can be paused as well.
 */
export function accountFor(role: Role, accounts: Accounts, state: State, now: Date): Choice {
  const serving: (string | undefined)[] = Object.keys(accounts).filter((name) => serves(accounts[name]!, role))
  if (serving.length === 0) serving.push(undefined)
  const paused = pausedAccounts(state, now)
  const free = serving.filter((name) => !paused.some(({ account }) => account === name))
  if (free.length === 0) {
    const first = paused.find(({ account }) => serving.includes(account))!
    const who = `${first.account === undefined ? 'the login' : `account ${first.account}`} is paused`
    const why = `${serving.length > 1 ? `all ${serving.length} accounts are paused; first back: ` : ''}${who}: ${first.text}`
    return { is: 'paused', until: first.until, why }
  }
  const load = new Map<string | undefined, number>()
  for (const { account } of activeRuns(state)) load.set(account, (load.get(account) ?? 0) + 1)
  const least = Math.min(...free.map((name) => load.get(name) ?? 0))
  return { is: 'use', name: free.find((name) => (load.get(name) ?? 0) === least) }
}

/** The logins that nothing new may start under now, each until the last of its limits; the first to be free again first. */
export function pausedAccounts(state: State, now: Date): Paused[] {
  const paused = new Map<string | undefined, Paused>()
  for (const bead of state.beads.values()) {
    for (const { account, state, limit } of Object.values(facts(bead).runs ?? {})) {
      if (limit === undefined || !OF_THE_LOGIN.has(limit.is) || WENT_ON.has(state)) continue
      if (!(Date.parse(limit.until) > now.getTime())) continue
      const { is, until, text } = limit
      const known = paused.get(account)
      if (known === undefined || known.until < until) paused.set(account, { account, is, until, text })
    }
  }
  return [...paused.values()].sort((a, b) => (a.until < b.until ? -1 : 1))
}

function serves({ roles }: Accounts[string], role: Role): boolean {
  return roles === undefined || (roles as readonly Role[]).includes(role)
}

/**
 * The account that a run keeps; undefined: it runs under whoever is logged in. A conversation lies in its account's
 * folder and cannot go on elsewhere, so an account that is gone from the settings is an error: `E_NO_ACCOUNT` (2).
 */
export function accountOf(run: Pick<Run, 'account' | 'fence'>, accounts: Accounts): Result<Account | undefined> {
  const { account: name, fence } = run
  if (name === undefined) return ok(undefined)
  if (Object.hasOwn(accounts, name)) return ok({ name, env: accounts[name]!.env })
  return fail('E_NO_ACCOUNT', `Run ${fence} belongs to the account "${name}", which is not in town.toml any more.`, {
    kept: 'Its worktree and its conversation.',
    hint: `Put [accounts.${name}] back, or let a fresh worker begin: gt run stop ${fence}`,
    exit: EXIT.needsPerson,
  })
}
