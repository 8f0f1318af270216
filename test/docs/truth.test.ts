/** What the documents name exists: files, links, tests by their titles, commands, npm scripts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TABLE } from '../../src/cli/table.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
)
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test.each(DOCUMENTS)('%s: every file and link that it names is there', (document) => {
  const text = textOf(document)
  const named = [...text.matchAll(/`((?:src|test|docs|scripts|bin|formulas|\.ci)\/[\w./-]+)`/g)].map(
    ([, path]) => path!,
  )
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, to]) =>
    join(dirname(document), to!),
  )
  expect([...named, ...links].filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test.each(DOCUMENTS)('%s: every test that it quotes is there', (document) => {
  const quoted = [...textOf(document).matchAll(/`(test\/[\w./-]+)`(?:: |, )"([^"]+)"/g)]
  const missing = quoted.filter(([, path, title]) => !existsSync(join(ROOT, path!)) || !textOf(path!).includes(title!))
  expect(missing.map(([, path, title]) => `${path}: ${title}`)).toEqual([])
})

test.each(DOCUMENTS)('%s: every command that it shows is one', (document) => {
  // What the original called its commands stands in the first column of tables.
  const text = document === 'docs/from-go.md' ? textOf(document).replace(/^\|[^|]*\|/gm, '|') : textOf(document)
  const spoken = [...text.matchAll(/(?:^|`|&& |; )gt ([a-z][a-z-]*)/gm)].map(([, name]) => name!)
  expect(spoken.filter((name) => !Object.hasOwn(TABLE, name))).toEqual([])
})

test('README: every npm script that it calls is one', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const called = [...textOf('README.md').matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(
    ([, run, test]) => run ?? test!,
  )
  expect(called.length).toBeGreaterThan(1)
  expect(called.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
})

test('.ci/run calls the command that README gives for the tests', () => {
  const line = textOf('README.md')
    .split('\n')
    .find((one) => one.startsWith('apt-get update') && one.endsWith('npm test'))
  expect(line).toBeDefined()
  expect(textOf('.ci/run')).toMatch(/^npm test\b/m)
})

test('tenets: each law of the design has its file and its test', () => {
  const laws = textOf('docs/tenets.md')
    .split('\n## ')
    .slice(1)
    .filter((part) => /^\d+\. /.test(part))
  expect(laws.map((part) => Number.parseInt(part, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  for (const law of laws) {
    expect(law, law.split('\n')[0]).toMatch(/Kept by.*`src\//s)
    expect(law, law.split('\n')[0]).toMatch(/(Proved by.*`test\/|Not proved yet)/s)
  }
})

test('errors: every code that a person can meet is explained, and no other', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts'))
  const met = new Set(sources.flatMap((name) => textOf(`src/${name}`).match(/(?<=')E_[A-Z_]+(?=')/g) ?? []))
  const told = new Set(textOf('docs/errors.md').match(/(?<=`)E_[A-Z_]+(?=`)/g))
  expect(
    [...met].filter((code) => !told.has(code)),
    'not in docs/errors.md',
  ).toEqual([])
  expect(
    [...told].filter((code) => !met.has(code)),
    'no code of src',
  ).toEqual([])
})
