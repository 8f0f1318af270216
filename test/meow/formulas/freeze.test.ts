/** Freezing: which formulas come along, and what only all of them together can tell. */
import { expect, test } from 'vitest'
import { freeze } from '../../../src/meow/formulas/freeze.ts'
import type { Library } from '../../../src/meow/formulas/library.ts'
import { readSource } from '../../../src/meow/formulas/read.ts'
import { fail, ok } from '../../../src/result.ts'

/** A library of texts: the part behind the first line is what stands in the file. */
function libraryOf(texts: Record<string, string>): Pick<Library, 'source' | 'list'> {
  return {
    source: (name) =>
      texts[name] === undefined
        ? fail('E_NO_FORMULA', `no ${name}`)
        : readSource(`formula = "${name}"\n${texts[name]}`, `${name}.formula.toml`),
    list: () => ok(Object.keys(texts).map((name) => ({ name, tier: 'town', path: name, description: '' }))),
  }
}

function frozen(texts: Record<string, string>): string[] | string {
  const result = freeze('f', libraryOf(texts))
  if (result.kind === 'ok') return Object.keys(result.value.formulas).sort()
  return `${result.failure.code} ${result.failure.message}\n→ ${result.failure.hint}`
}

const step = (id: string, rest = ''): string => `[[steps]]\nid = "${id}"\ntitle = "T"\n${rest}\n`
const RULE = '[[template]]\nid = "{target}.one"\ntitle = "T"\n'

test('everything that it leads to, and nothing else', () => {
  expect(
    frozen({
      f: `extends = ["parent"]\n[compose]\naspects = ["aspect"]\nexpand = [{ target = "a", with = "rule" }]\nmap = [{ select = "*", with = "map" }]\nhooks = [{ trigger = "label:x", attach = "hook" }]\n${step('a')}${step('b', 'expand = "inline"')}[[steps]]\nid = "l"\ntitle = "L"\nloop = { count = 1, body = [{ id = "x", title = "X", on_complete = { for_each = "output.x", bond = "bond" } }] }\n`,
      parent: `extends = ["grandparent"]\n${step('p')}`,
      grandparent: step('g'),
      aspect: '[[advice]]\ntarget = "*"\n',
      rule: RULE,
      map: RULE,
      inline: `${RULE}expand = "deep"\n`,
      deep: RULE,
      hook: step('h'),
      bond: step('x', 'on_complete = { for_each = "output.x", bond = "bond" }'),
      other: step('o'),
    }),
  ).toEqual(['aspect', 'bond', 'deep', 'f', 'grandparent', 'hook', 'inline', 'map', 'parent', 'rule'])
})

test('a name that is not there is told where it is asked for', () => {
  expect(frozen({ f: step('a', 'expand = "rul"'), rule: RULE })).toBe(
    'E_FORMULA f.formula.toml:5: step "a" expands "rul", but there is no formula of that name; did you mean "rule"?\n→ Write "rule" on line 5.',
  )
  expect(frozen({ f: 'extends = ["g"]\n', g: 'extends = [\n  "missing",\n]\n' })).toBe(
    'E_FORMULA g.formula.toml:3: extends "missing", but there is no formula of that name.\n→ See: gt formula list',
  )
})

test('all names that are not there, at once', () => {
  expect(frozen({ f: `extends = ["x"]\n${step('a', 'expand = "y"')}` })).toMatch(
    /^E_FORMULA f\.formula\.toml:2: extends "x", .*\nf\.formula\.toml:6: step "a" expands "y", /,
  )
})

test('a broken file is its own error', () => {
  expect(frozen({ f: 'extends = ["g"]\n', g: 'stepps = []\n' })).toContain(
    'E_FORMULA g.formula.toml:2: unknown key `stepps`',
  )
})

test('parents in a circle, with the chain', () => {
  expect(frozen({ f: 'extends = ["g"]\n', g: 'extends = ["h"]\n', h: 'extends = ["g"]\n' })).toBe(
    'E_FORMULA h.formula.toml:2: `extends` goes in a circle: g → h → g.\n→ Take "g" out of `extends` on line 2.',
  )
})

test('two ways to one parent are no circle', () => {
  expect(frozen({ f: 'extends = ["g", "h"]\n', g: 'extends = ["p"]\n', h: 'extends = ["p"]\n', p: step('a') })).toEqual(
    ['f', 'g', 'h', 'p'],
  )
})

test('what cannot serve', () => {
  expect(frozen({ f: step('a', 'expand = "g"'), g: step('x') })).toBe(
    'E_FORMULA f.formula.toml:5: step "a" expands "g", which is of type workflow, not expansion.\n→ Name a formula of type expansion: gt formula list',
  )
})

test('steps and variables of parents, grandparents included, are known', () => {
  const parents = { g: 'extends = ["h"]\n', h: `[vars]\nissue = ""\n${step('base')}` }
  expect(
    frozen({ f: `extends = ["g"]\n${step('a', 'needs = ["base"]\ndescription = "{{issue}}"')}`, ...parents }),
  ).toEqual(['f', 'g', 'h'])
  expect(frozen({ f: `extends = ["g"]\n${step('a', 'needs = ["bas"]\ndescription = "{{isue}}"')}`, ...parents })).toBe(
    'E_FORMULA f.formula.toml:6: step "a" needs "bas", which is not a step here; did you mean "base"?\nf.formula.toml:7: `{{isue}}` is not a variable of this formula; did you mean `{{issue}}`?\n→ Write "base" on line 6.',
  )
})

test('an expansion may use the variables of whoever uses it', () => {
  const rule = '[[template]]\nid = "{target}.x"\ntitle = "{{name}}"\n'
  expect(frozen({ f: `[vars]\nname = ""\n${step('a', 'expand = "r"')}`, r: rule })).toEqual(['f', 'r'])
  expect(frozen({ f: step('a', 'expand = "r"\nexpand_vars = { name = "x" }'), r: rule })).toEqual(['f', 'r'])
  expect(frozen({ f: step('a', 'expand = "r"'), r: rule })).toContain(
    'E_FORMULA r.formula.toml:4: `{{name}}` is not a variable',
  )
})

test('a variable that the other formula does not have', () => {
  expect(frozen({ f: step('a', 'expand = "r"\nexpand_vars = { nmae = "x" }'), r: `${RULE}[vars]\nname = ""\n` })).toBe(
    'E_FORMULA f.formula.toml:6: "r" has no variable "nmae"; did you mean "name"?\n→ Write name instead.',
  )
})
