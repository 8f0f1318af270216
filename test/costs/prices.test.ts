import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { priceFile } from '../../src/costs/own-prices.ts'
import LIST from '../../src/costs/prices.json' with { type: 'json' }
import { listPrices, pricesOf, usdOf } from '../../src/costs/prices.ts'
import { NOTHING } from '../../src/costs/tokens.ts'

const folder = mkdtempSync(join(tmpdir(), 'gt-prices-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const M = 1_000_000

test('the list that comes with gt is a list of prices', () => {
  expect(priceFile.parse(LIST)).toEqual(LIST)
})

test('each kind of token has its price', () => {
  const prices = listPrices()
  const usd = (part: Partial<typeof NOTHING>, model = 'claude-opus-5-5'): number | null =>
    usdOf(prices, model, { ...NOTHING, ...part })
  expect([
    usd({ input: M }),
    usd({ output: M }),
    usd({ cacheRead: M }),
    usd({ cacheWrite: M }),
    usd({ cacheWrite: 2 * M, cacheWrite1h: M }),
  ]).toEqual([4, 20, 0.2, 5, 13])
  expect(usd({ input: M }, 'claude-opus-5-5[1m]')).toBe(4)
  expect(usd({ input: M }, 'claude-opus-5')).toBe(5)
  expect(usd({ input: M }, 'claude-haiku-5-5-20261007')).toBe(0.1)
  expect(usd({ input: M }, 'claude-haiku-5-5#long')).toBe(0.5)
})

test('a model that is in no list has unknown dollars, and so has a tariff that is in none', () => {
  const prices = listPrices()
  for (const model of ['gpt-6', 'claude', 'us.anthropic.claude-opus-5-5-v1:0', 'claude-opus-5-5#fast', ''])
    expect(usdOf(prices, model, { ...NOTHING, output: 1 }), model).toBeNull()
})

test('the town’s own prices come first, and a file that is wrong is an error', async () => {
  const file = join(folder, 'prices.toml')
  const other = mkdtempSync(join(tmpdir(), 'gt-prices-'))
  expect(await pricesOf(other)).toMatchObject({
    kind: 'ok',
    value: { told: expect.stringMatching(/^list prices of 20/) },
  })
  rmSync(other, { recursive: true })
  writeFileSync(file, 'date = 2026-12-01\n[models."claude-opus-*"]\ninput = 1\noutput = 2\n')
  const prices = await pricesOf(folder)
  if (prices.kind !== 'ok') throw new Error(prices.failure.message)
  expect(prices.value.told).toMatch(/^prices.toml of 2026-12-01, then list prices of /)
  expect(usdOf(prices.value, 'claude-opus-5-5', { ...NOTHING, input: M })).toBe(1)
  // It names no price for the cache: unknown, not free.
  expect(usdOf(prices.value, 'claude-opus-5-5', { ...NOTHING, cacheRead: 1 })).toBeNull()
  expect(usdOf(prices.value, 'claude-sonnet-5-5', { ...NOTHING, input: M })).toBe(2)
  for (const wrong of [
    'date = "x"\n[models.a]\ninput = "1"\noutput = 1\n',
    'date = ',
    '[models.a]\ninput = 1\noutput = -1\n',
  ]) {
    writeFileSync(file, wrong)
    expect(await pricesOf(folder)).toMatchObject({ kind: 'error', failure: { code: 'E_PRICES' } })
  }
})
