/** The formulas that come with gt, and the page about them: each can be read and frozen, and keeps to what any project can do. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readFormula } from '../../src/meow/formulas/read.ts'
import { formulaJsonSchema } from '../../src/meow/formulas/schema.ts'
import { formula, must, NAMES, ROOT, SUFFIX } from './shipped-support.ts'

/** Fits a line of `gt formula list`. */
const SENTENCE_CHARS = 120
/** Of one language or its world; what a step asks for must be there in any project. */
const TOOLS =
  /\b(npm|npx|pnpm|yarn|node|deno|bun|jest|vitest|eslint|prettier|tsc|typescript|javascript|pip|pytest|python|poetry|ruff|cargo|rustc?|clippy|go test|gofmt|golang|mvn|maven|gradle|java|kotlin|rspec|rake|ruby|gem|bundler|composer|php\w*|cmake|makefile|dotnet|nuget|swift|xcode\w*|mix|elixir|cabal|haskell|package\.json|pyproject\S*|tox)\b/i

test('those that the documents promise are there', () => {
  for (const name of ['polecat-work', 'code-review', 'design', 'bug-hunt', 'tdd', 'release', 'security-audit']) {
    expect(NAMES).toContain(name)
  }
  for (const name of ['dependency-upgrade', 'docs-pass', 'conflict-resolution', 'towers-of-hanoi']) {
    expect(NAMES).toContain(name)
  }
})

describe.each(NAMES)('%s', (name) => {
  test('can be frozen, and bears the name of its file', () => {
    expect(formula(name).formula).toBe(name)
  })

  test('begins with one sentence', () => {
    const [first, second] = formula(name).description.split('\n')
    expect(first).toMatch(/^[A-Z][^.!?]*\.$/)
    expect(first!.length).toBeLessThanOrEqual(SENTENCE_CHARS)
    expect(second ?? '', 'an empty line behind it').toBe('')
  })

  test('says what each of its variables means', () => {
    const { vars, inputs } = formula(name)
    for (const [key, { description }] of Object.entries({ ...vars, ...inputs })) expect(description, key).toMatch(/\w/)
  })

  test('names no tool of one language', () => {
    const text = readFileSync(join(ROOT, 'formulas', name + SUFFIX), 'utf8')
    expect(text.match(TOOLS)?.[0]).toBeUndefined()
  })
})

describe('docs/formulas.md', () => {
  const page = readFileSync(join(ROOT, 'docs/formulas.md'), 'utf8')

  test('has a row for each', () => {
    const rows = [...page.split('## What comes with gt')[1]!.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name!)
    expect(rows.sort()).toEqual(NAMES)
  })

  test('tells every field that a file may have', () => {
    const fields = new Set<string>()
    const collect = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return
      if ('properties' in part) for (const key of Object.keys(part.properties as object)) fields.add(key)
      for (const each of Object.values(part)) collect(each)
    }
    collect(formulaJsonSchema())
    expect(fields.size).toBeGreaterThan(60)
    const told = page.split('## All fields')[1]!.split('## What comes with gt')[0]!
    const words = new Set([...told.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.split(/\W+/)))
    expect([...fields].filter((field) => !words.has(field))).toEqual([])
  })

  test('shows formulas that can be read, and parts of such', () => {
    const [whole, ...parts] = [...page.matchAll(/^```toml\n(.*?)^```/gms)].map(([, text]) => text!)
    expect(must(readFormula(whole!, 'fix-typo.formula.toml')).steps).toHaveLength(2)
    expect(parts.length).toBeGreaterThan(3)
    const step = '[[steps]]\nid = "implement"\ntitle = "Build it"\n'
    for (const part of parts) {
      const text = `formula = "part"\n${part.startsWith('[[steps]]') ? '' : step}${part}`
      expect(readFormula(text, 'part.formula.toml'), part).toMatchObject({ kind: 'ok' })
    }
  })
})
