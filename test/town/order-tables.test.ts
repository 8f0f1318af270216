import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Result } from '../../src/result.ts'
import { addOrder, removeOrder } from '../../src/town/order-tables.ts'
import { parseTownSettings } from '../../src/town/settings.ts'
import { townToml } from '../../src/town/templates.ts'
import { removeFromToml } from '../../src/town/toml-remove.ts'

const FILE = 'town.toml'
const TOWN = townToml('t')
const DAY = 86_400_000

function value<T>(result: Result<T>): T {
  if (result.kind === 'error') throw new Error(result.failure.message)
  return result.value
}
const orders = (text: string) => value(parseTownSettings(text, FILE)).orders
const refused = (lines: string): string => {
  const read = parseTownSettings(`schema = 1\nname = "t"\n[orders.docs]\n${lines}`, FILE)
  return read.kind === 'ok' ? 'ok' : `${read.failure.message} → ${read.failure.hint}`
}

describe('[orders.NAME]', () => {
  it('has its defaults, and values of variables as text', () => {
    const text = `${TOWN}\n[orders.docs]\nformula = "docs-pass"\nrig = "app"\nvars = { n = 3, deep = true, s = "x" }\n`
    expect(orders(text)).toEqual({
      docs: { formula: 'docs-pass', rig: 'app', every: DAY, paused: false, vars: { n: '3', deep: 'true', s: 'x' } },
    })
  })

  it.each([
    ['formula = "f"', 'town.toml:3: `orders.docs.rig` is missing. → Add to `orders.docs` (line 3): rig = "app"'],
    ['rig = "app"', 'town.toml:3: `orders.docs.formula` is missing.'],
    ['formula = "f"\nrig = "app"\nevery = "30s"', 'town.toml:6: `orders.docs.every` must be at least "1m".'],
    ['formula = "f"\nrig = "app"\nevery = "soon"', 'town.toml:6: `orders.docs.every` must be a duration such as'],
    ['formula = "f"\nrig = "app"\nevery = "36h"\nat = "03:00"', 'town.toml:6: `orders.docs.every` must be whole days'],
    ['formula = "f"\nrig = "app"\nat = "24:00"', 'town.toml:6: `orders.docs.at` must be a time of day'],
    ['formula = "../f"\nrig = "app"', 'town.toml:4: `orders.docs.formula` must be the name of a formula'],
    ['formula = "f"\nrig = "app"\nwhenn = "true"', 'did you mean `when`?'],
  ])('%j is told with its line', (lines, told) => {
    expect(refused(lines)).toContain(told)
    // One thing that is wrong is one line.
    expect(refused(lines).split('\n').length).toBe(1)
  })
})

it('an order is written with all that was said of it, and nothing else changes', () => {
  const order = { formula: 'f', rig: 'app', every: '7d', at: '03:00', when: `test "a" = 'b'`, agent: 'script' }
  const text = value(addOrder(TOWN, 'weekly', { ...order, vars: { a: '1', 'b.c': 'x y' } }, FILE))
  expect(text.startsWith(TOWN)).toBe(true)
  expect(orders(text)).toEqual({
    weekly: { ...order, every: 7 * DAY, paused: false, vars: { a: '1', 'b.c': 'x y' } },
  })
  expect(addOrder(text, 'weekly', { formula: 'f', rig: 'app', vars: {} }, FILE)).toMatchObject({
    failure: { code: 'E_ORDER_EXISTS' },
  })
  expect(addOrder(TOWN, 'No Name', { formula: 'f', rig: 'app', vars: {} }, FILE)).toMatchObject({
    failure: { code: 'E_SETTINGS' },
  })
})

it('what is added and taken out again leaves the file as it was, in any order', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
  const vars = fc.dictionary(fc.stringMatching(/^[a-z. -]{1,6}$/), fc.string(), { maxKeys: 3 })
  const anOrder = fc.record({ name, vars, when: fc.option(fc.string({ minLength: 1 }), { nil: undefined }) })
  fc.assert(
    fc.property(fc.uniqueArray(anOrder, { selector: (one) => one.name, maxLength: 4 }), fc.boolean(), (all, crlf) => {
      const begin = crlf ? TOWN.replaceAll('\n', '\r\n') : TOWN
      let text = begin
      for (const { name, ...rest } of all) text = value(addOrder(text, name, { formula: 'f', rig: 'a', ...rest }, FILE))
      expect(Object.keys(orders(text)).sort()).toEqual(all.map((one) => one.name).sort())
      for (const { name } of [...all].sort((a, b) => (a.name < b.name ? -1 : 1)))
        text = value(removeOrder(text, name, FILE))
      expect(text).toBe(begin)
    }),
  )
})

it('comments around a table stay, and so do its neighbours', () => {
  const text = `schema = 1
name = "t"

# nightly
[orders.a]
formula = "f" # of ours
rig = "app"
[orders.a.vars]
x = "1"

# the other
[orders.b]
formula = "g"
rig = "app"
`
  expect(value(removeOrder(text, 'a', FILE))).toBe(`schema = 1
name = "t"

# nightly

# the other
[orders.b]
formula = "g"
rig = "app"
`)
  expect(orders(value(removeOrder(text, 'b', FILE)))).toHaveProperty('a')
  expect(removeOrder(text, 'c', FILE)).toMatchObject({ failure: { code: 'E_NO_ORDER' } })
})

it('a table that is written as dotted keys goes; an inline one is left to an editor', () => {
  const dots = 'schema = 1\nname = "t"\n[orders]\na.formula = "f"\na.rig = "app"\nb.formula = "g"\nb.rig = "app"\n'
  expect(value(removeFromToml(dots, ['orders', 'a']))).toBe(
    'schema = 1\nname = "t"\n[orders]\nb.formula = "g"\nb.rig = "app"\n',
  )
  const inline = 'schema = 1\nname = "t"\norders = { a = { formula = "f", rig = "app" } }\n'
  expect(removeFromToml(inline, ['orders', 'a'])).toMatchObject({ failure: { code: 'E_CONFIG_EDIT' } })
})
