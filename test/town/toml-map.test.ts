import fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { lineOf, mapToml } from '../../src/town/toml-map.ts'

const TRICKY = `# head "not a string" [not.a.table]
title = "a # b ] } \\" c" # after
'lit.key' = 'x\\'   
"esc\\u0041" = 1
dotted . "with dot." . key = 1979-05-27 07:32:00
multi = """one
# not a comment
two \\""" still" """"
raw = '''
[not]
'' ''''
list = [ # first
  "a", # second
  [1, 2], { x = 1, "y z" = "}" },
  # last
]
empty = []
inline = { a.b = 1, c = { d = "," } }

[a]   # table
k = true
[ a . 'b c' ] # spaced
k = -1.5e3
[[g]]
n = 1
[g.sub]
s = 1
[[g]]
n = 2
  [[g.inner]]
  i = 1
  [[g.inner]]
  i = 2
`

/** Every entry's slice of the text, parsed alone, is what the whole document holds at its path. */
function expectTrue(text: string): void {
  const document = parse(text)
  const map = mapToml(text)
  for (const entry of map.entries) {
    const alone = parse(`v = ${text.slice(entry.valueStart, entry.valueEnd)}`).v
    const whole = entry.path.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document)
    expect(alone, JSON.stringify(entry.path)).toEqual(whole)
  }
  // And nothing is missed: every value that is not itself a table stands in the map.
  const known = new Set(map.entries.map((entry) => JSON.stringify(entry.path)))
  const visit = (value: unknown, path: (string | number)[]): void => {
    if (typeof value !== 'object' || value === null || value instanceof Date) {
      expect(known.has(JSON.stringify(path)), JSON.stringify(path)).toBe(true)
    } else if (Array.isArray(value)) for (const [index, each] of value.entries()) visit(each, [...path, index])
    else for (const [name, each] of Object.entries(value)) visit(each, [...path, name])
  }
  visit(document, [])
}

describe('mapToml', () => {
  it('knows where every value of a tricky text stands', () => {
    expectTrue(TRICKY)
    expectTrue(TRICKY.replaceAll('\n', '\r\n'))
    expectTrue(`\ufeff${TRICKY}`)
    expectTrue(TRICKY.trimEnd())
  })

  it('finds every comment and nothing else', () => {
    const map = mapToml(TRICKY)
    expect(map.comments.map(({ start, end }) => TRICKY.slice(start, end))).toEqual([
      '# head "not a string" [not.a.table]',
      '# after',
      '# first',
      '# second',
      '# last',
      '# table',
      '# spaced',
    ])
  })

  it('knows where every value of any document stands', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('a', 'a b', '"', "'", '#', '.', '[', 'é', '__proto__', ''))
    const scalar = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    )
    const { table } = fc.letrec<{ value: unknown; table: Record<string, unknown> }>((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(scalar), fc.array(tie('table')), tie('table')),
      table: fc.dictionary(name, tie('value'), { maxKeys: 5 }),
    }))
    fc.assert(
      fc.property(table, (document) => expectTrue(stringify(document))),
      { numRuns: 300 },
    )
  })

  it('is quick on a large list', () => {
    const text = `v = [\n${'  "x", # c\n'.repeat(5000)}]\n`
    expect(mapToml(text).entries).toHaveLength(5001)
  })
})

it('lineOf names the line of a key, or of what should hold it', () => {
  const map = mapToml(TRICKY)
  const lines = {
    title: ['title'],
    'esc\\u0041': ['escA'],
    'in a list': ['list', 2, 'y z'],
    'below many lines': ['empty'],
    'inside inline': ['inline', 'c', 'd'],
    table: ['a'],
    'in a table': ['a', 'b c', 'k'],
    'missing in a table': ['a', 'zzz'],
    'first of a list of tables': ['g', 0],
    'missing in the second': ['g', 1, 'zzz'],
    'last inner': ['g', 1, 'inner', 1, 'i'],
    'not there at all': ['nowhere', 'x'],
  }
  const shown = Object.entries(lines).map(
    ([what, path]) => `${what}: ${TRICKY.split('\n')[lineOf(map, path) - 1]?.trim()}`,
  )
  expect(shown).toMatchInlineSnapshot(`
    [
      "title: title = "a # b ] } \\" c" # after",
      "esc\\u0041: "esc\\u0041" = 1",
      "in a list: [1, 2], { x = 1, "y z" = "}" },",
      "below many lines: empty = []",
      "inside inline: inline = { a.b = 1, c = { d = "," } }",
      "table: [a]   # table",
      "in a table: k = -1.5e3",
      "missing in a table: [a]   # table",
      "first of a list of tables: [[g]]",
      "missing in the second: [[g]]",
      "last inner: i = 2",
      "not there at all: # head "not a string" [not.a.table]",
    ]
  `)
})
