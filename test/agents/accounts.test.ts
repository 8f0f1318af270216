import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Accounts } from '../../src/agents/accounts.ts'
import { accountFor, accountOf, pausedAccounts } from '../../src/agents/accounts.ts'
import type { Limit, Run, RunState } from '../../src/beads/facts.ts'
import { ACTIVE_RUN } from '../../src/beads/facts.ts'
import type { State } from '../../src/beads/fold.ts'
import { aRun, at, beadWith, stateOf } from '../kernel/support.ts'

const now = new Date(at(0))

const ACCOUNTS: Accounts = {
  work: { env: { CLAUDE_CONFIG_DIR: '/work' } },
  home: { env: { CLAUDE_CONFIG_DIR: '/home' }, roles: ['polecat', 'refinery'] },
  boss: { env: {}, roles: ['mayor'] },
}

let made = 0
const townOf = (...runs: Partial<Run>[]): State =>
  stateOf(
    ...runs.map((more) => {
      made++
      return beadWith(aRun(`r${made}`, `gp-${made}`, more))
    }),
  )
const limited = (is: Limit['is'], seconds: number): Partial<Run> => ({
  state: 'rate_limited',
  limit: { is, until: at(seconds), times: 1, text: `${is} met` },
})

test('without accounts it is the user’s own login, and that can be paused as well', () => {
  expect(accountFor('polecat', {}, townOf({}), now)).toEqual({ is: 'use', name: undefined })
  expect(accountFor('polecat', {}, townOf(limited('quota', 60)), now)).toEqual({
    is: 'paused',
    until: at(60),
    why: 'the login is paused: quota met',
  })
  expect(accountFor('polecat', {}, townOf(limited('quota', 0)), now)).toMatchObject({ is: 'use' })
  // A role that no account serves.
  const onlyBoss: Accounts = { boss: ACCOUNTS.boss! }
  expect(accountFor('dog', onlyBoss, townOf(), now)).toEqual({ is: 'use', name: undefined })
})

test('in the order of the settings, the one with the fewest active runs', () => {
  expect(accountFor('polecat', ACCOUNTS, townOf(), now)).toEqual({ is: 'use', name: 'work' })
  expect(accountFor('polecat', ACCOUNTS, townOf({ account: 'work' }), now)).toEqual({ is: 'use', name: 'home' })
  const both = townOf({ account: 'work' }, { account: 'home' }, { account: 'home', state: 'submitted' })
  expect(accountFor('polecat', ACCOUNTS, both, now)).toEqual({ is: 'use', name: 'work' })
  expect(accountFor('crew', ACCOUNTS, townOf({ account: 'work' }), now)).toEqual({ is: 'use', name: 'work' })
  expect(accountFor('mayor', ACCOUNTS, townOf({ account: 'work' }), now)).toEqual({ is: 'use', name: 'boss' })
})

test('one that met a limit of the login is passed over, all of them are a pause until the first is free', () => {
  const one = townOf({ account: 'work', ...limited('auth', 90) })
  expect(accountFor('polecat', ACCOUNTS, one, now)).toEqual({ is: 'use', name: 'home' })
  const all = townOf(
    { account: 'work', ...limited('auth', 90) },
    { account: 'home', ...limited('billing', 30) },
    { account: 'home', ...limited('quota', 60) },
  )
  expect(accountFor('polecat', ACCOUNTS, all, now)).toEqual({
    is: 'paused',
    until: at(60),
    why: 'all 2 accounts are paused; first back: account home is paused: quota met',
  })
  expect(pausedAccounts(all, now)).toEqual([
    { account: 'home', is: 'quota', until: at(60), text: 'quota met' },
    { account: 'work', is: 'auth', until: at(90), text: 'auth met' },
  ])
})

test('what the provider cannot serve this moment pauses nobody else', () => {
  for (const is of ['throttled', 'overloaded'] as const) {
    expect(accountFor('polecat', {}, townOf(limited(is, 60)), now).is).toBe('use')
  }
})

test('whoever went on proves that the limit is over; whoever ended in it does not', () => {
  const after = (state: RunState) => accountFor('polecat', {}, townOf({ ...limited('quota', 60), state }), now).is
  for (const state of ['working', 'quiet', 'parked', 'submitted', 'finished'] as const) expect(after(state)).toBe('use')
  for (const state of ['rate_limited', 'starting', 'lost', 'failed', 'stopped'] as const) {
    expect(after(state)).toBe('paused')
  }
})

test('a run keeps its account, also when it is gone from the settings', () => {
  expect(accountOf({ fence: 'f' }, ACCOUNTS)).toEqual({ kind: 'ok', value: undefined })
  const home = { name: 'home', env: { CLAUDE_CONFIG_DIR: '/home' } }
  expect(accountOf({ fence: 'f', account: 'home' }, ACCOUNTS)).toEqual({ kind: 'ok', value: home })
  for (const account of ['gone', 'constructor']) {
    expect(accountOf({ fence: 'f', account }, ACCOUNTS)).toMatchObject({ failure: { code: 'E_NO_ACCOUNT', exit: 2 } })
  }
})

test('whatever runs met: what is used is not paused, serves the role, and nobody free has fewer', () => {
  const limit = fc.record({
    is: fc.constantFrom<Limit['is']>('quota', 'throttled', 'overloaded', 'auth', 'billing'),
    until: fc.integer({ min: -100, max: 100 }).map(at),
    times: fc.constant(1),
    text: fc.constant('met'),
  })
  const run = fc.record(
    {
      account: fc.constantFrom('work', 'home', 'boss', 'gone'),
      state: fc.constantFrom<RunState>('working', 'rate_limited', 'submitted', 'stopped'),
      limit,
    },
    { requiredKeys: ['state'] },
  )
  const role = fc.constantFrom('polecat' as const, 'mayor' as const, 'dog' as const)
  fc.assert(
    fc.property(fc.array(run, { maxLength: 12 }), role, fc.boolean(), (runs, role, configured) => {
      const state = townOf(...runs)
      const accounts = configured ? ACCOUNTS : {}
      const names = configured
        ? { polecat: ['work', 'home'], mayor: ['work', 'boss'], dog: ['work'] }[role]
        : [undefined]
      const paused = new Map(pausedAccounts(state, now).map(({ account, until }) => [account, until]))
      const free = names.filter((name) => !paused.has(name))
      const active = (name?: string) => runs.filter((one) => one.account === name && ACTIVE_RUN.has(one.state)).length
      const choice = accountFor(role, accounts, state, now)
      if (choice.is === 'paused') {
        expect(free).toEqual([])
        expect(choice.until).toBe(names.map((name) => paused.get(name)!).sort()[0])
      } else {
        expect(free).toContain(choice.name)
        expect(active(choice.name)).toBe(Math.min(...free.map(active)))
      }
    }),
  )
})
