/** The budgets of a town, looked at: settings, ledger, prices and what a person let pass. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Run } from '../../src/beads/facts.ts'
import { budgetsOf, lastBudgets } from '../../src/costs/purses.ts'
import { raiseFor, readRaises, writeRaises } from '../../src/costs/raises.ts'
import { refusalOf } from '../../src/costs/refusal.ts'
import { dayOf } from '../../src/costs/tokens.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { paths } from '../../src/town/paths.ts'
import { parseTownSettings } from '../../src/town/settings.ts'
import { aBead, aRun, beadWith, stateOf } from '../kernel/support.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const NOW = new Date(2026, 10, 27, 12)
const used = (unknown?: string): Partial<Run> => ({
  preset: 'codex',
  state: 'failed',
  cleared: true,
  usage: {
    c: {
      at: NOW.toISOString(),
      days: {
        [dayOf(NOW.getTime())]: { 'claude-opus-5-5': { input: 0, output: 100_000, cacheRead: 0, cacheWrite: 0 } },
      },
      ...(unknown !== undefined && { unknown }),
    },
  },
})
const CODEX = '[agents.codex]\ncommand = ["codex"]\n'

/** A town whose ledger holds one ended run of two dollars, looked at anew. */
function townWith(settings: string, more: { rig?: string; run?: Partial<Run>; prices?: string } = {}): OpenTown {
  const root = mkdtempSync(join(tmpdir(), 'gt-purses-'))
  folders.push(root)
  for (const folder of ['.gt', 'gp']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'gp', 'rig.toml'), more.rig ?? '')
  if (more.prices !== undefined) writeFileSync(join(root, 'prices.toml'), more.prices)
  const parsed = parseTownSettings(`schema = 1\nname = "town"\n${settings}`, 'town.toml')
  if (parsed.kind === 'error') throw new Error(parsed.failure.message)
  const state = stateOf(beadWith(aRun('r1', 'gp-a', { ...used(), ...more.run }), {}, { status: 'open' }), aBead('gp-b'))
  const budget = more.rig === undefined ? {} : { day: 1 }
  return {
    root,
    paths: paths({ root }),
    settings: parsed.value,
    ledger: { state },
    now: () => NOW,
    rig: async () => ({ kind: 'ok', value: { budget, workers: {}, refinery: {} } }),
  } as unknown as OpenTown
}
const purse = async (town: OpenTown, id: string) => (await budgetsOf(town))?.purses.get(id)

test('nothing is counted where nothing is limited; a rig alone may limit its own day', async () => {
  const free = townWith('[budget]\nday = "none"\n')
  expect(await budgetsOf(free)).toBeUndefined()
  expect(lastBudgets(free)).toBeUndefined()
  const town = townWith(CODEX, { rig: '[budget]\nday = 1\n' })
  expect(await purse(town, 'rig:gp')).toMatchObject({ spent: 2, stands: 'stop', setting: 'rig.gp.budget.day' })
  expect(lastBudgets(town)?.purses.has('day')).toBe(false)
  // Soon asked again, it says when a new count is worth it.
  expect((await budgetsOf(town))?.againMs).toBeGreaterThan(0)
})

test('what an agent could not tell uses a budget up, until it is said that it costs nothing, or a person lets it pass', async () => {
  const budget = '[budget]\nday = 50\n'
  const run = used('the agent codex does not tell what it uses')
  const town = townWith(budget + CODEX, { run })
  const day = await purse(town, 'day')
  expect(day).toMatchObject({ stands: 'over', spent: 2, unknown: [{ name: 'r1' }], since: NOW.toISOString() })
  const why = refusalOf(lastBudgets(town)!, town.ledger.state, town.ledger.state.beads.get('gp-b')!, 'gp')?.why
  // Who would do it is claude, of whom all is known; it waits all the same.
  expect(why).toMatch(
    /counts as used up .* gp\/polecats\/r1 \(the agent codex does not tell what it uses\)\. .*gt costs raise day/,
  )
  const free = townWith(`${budget}${CODEX}usage = "none"\n`, { run })
  expect(await purse(free, 'day')).toMatchObject({ stands: 'within', unknown: [] })
  const exempt = townWith(`${budget}exempt = ["codex"]\n`, { run })
  expect(await purse(exempt, 'day')).toMatchObject({ stands: 'within', unknown: [], spent: 0 })
  expect(lastBudgets(exempt)?.usage('codex')).toBe('none')
  const raise = raiseFor(day!, { today: dayOf(NOW.getTime()), by: 'person', at: NOW.toISOString() })
  expect(writeRaises(town.paths.runtime, { day: raise }).kind).toBe('ok')
  expect(readRaises(town.paths.runtime)).toEqual({ day: raise })
  expect(await purse(town, 'day')).toMatchObject({ stands: 'within', cap: { count: 50 } })
})

test('prices that cannot be read use up what is counted in dollars, and nothing else', async () => {
  const town = townWith(`[budget]\nday = 50\nbead = "1M tokens"\n${CODEX}`, { prices: 'date = ' })
  expect(await purse(town, 'day')).toMatchObject({ stands: 'over', unknown: [{ who: 'prices.toml' }] })
  expect(await purse(town, 'bead:gp-a')).toMatchObject({ stands: 'within', spent: 100_000 })
})
