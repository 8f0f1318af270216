/** Where formulas are found, and that nothing outside of those folders ever is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLibrary } from '../../../src/meow/formulas/library.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gt-library-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(path: string, text: string): string {
  const file = join(dir, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const formula = (name: string, description: string): string =>
  `formula = "${name}"\ndescription = "${description}"\n[[steps]]\nid = "a"\ntitle = "A"\n`

const library = (rig?: string) =>
  openLibrary({ town: join(dir, 'town'), shipped: join(dir, 'shipped'), ...(rig !== undefined && { rig }) })

const foundIn = (name: string, rig?: string): string => {
  const found = library(rig).find(name)
  return found.kind === 'ok'
    ? found.value.description
    : `${found.failure.code} ${found.failure.message} ${found.failure.hint}`
}

test('the first of rig, town, the town’s ledger and what is shipped', () => {
  write('shipped/f.formula.toml', formula('f', 'shipped'))
  expect(foundIn('f')).toBe('shipped')
  write('town/.beads/formulas/f.formula.toml', formula('f', 'ledger'))
  expect(foundIn('f')).toBe('ledger')
  write('town/formulas/f.formula.json', '{"formula":"f","description":"json","steps":[{"id":"a","title":"A"}]}')
  expect(foundIn('f')).toBe('json')
  write('town/formulas/f.formula.toml', formula('f', 'town'))
  expect(foundIn('f')).toBe('town')
  write('town/app/formulas/f.formula.toml', formula('f', 'rig'))
  expect(foundIn('f', 'app')).toBe('rig')
  expect(foundIn('f')).toBe('town')
})

test('a broken file is its error, not the next one of that name', () => {
  write('shipped/f.formula.toml', formula('f', 'shipped'))
  const file = write('town/formulas/f.formula.toml', 'formula = "f"\nstep = 1\n')
  expect(foundIn('f')).toContain(`E_FORMULA ${file}:2: unknown key \`step\`; did you mean \`steps\`?`)
  const list = library().list()
  expect(list.kind === 'ok' && list.value).toMatchObject([
    { name: 'f', tier: 'town', path: file, problem: expect.stringContaining('unknown key `step`') },
  ])
})

test('a name that is not there, with the nearest', () => {
  write('shipped/review.formula.toml', formula('review', 'x'))
  expect(foundIn('reveiw')).toBe('E_NO_FORMULA There is no formula named "reveiw". Did you mean review?')
  expect(foundIn('something')).toBe('E_NO_FORMULA There is no formula named "something". See: gt formula list')
})

test('a file must say the name that it is found by', () => {
  const file = write('shipped/f.formula.toml', formula('g', 'x'))
  expect(foundIn('f')).toContain(`E_FORMULA ${file}:1: \`formula\` is "g", but the file is named "f".`)
})

test.each(['../secret', 'sub/f', '..', '/etc/passwd', 'f\0', '', '.hidden', '-x'])('%j leads nowhere', (name) => {
  write('town/secret.formula.toml', formula('secret', 'x'))
  write('shipped/sub/f.formula.toml', formula('f', 'x'))
  write('shipped/.hidden.formula.toml', formula('.hidden', 'x'))
  write('shipped/-x.formula.toml', formula('-x', 'x'))
  expect(foundIn(name)).toContain('E_NO_FORMULA')
})

test('lists every name once, in order, with the first line of its description', () => {
  write('shipped/b.formula.toml', formula('b', '\\n  First line\\nsecond'))
  write('shipped/a.formula.toml', formula('a', 'shipped'))
  write('town/formulas/a.formula.toml', formula('a', 'town'))
  write('town/formulas/notes.md', '')
  const list = library().list()
  expect(
    list.kind === 'ok' && list.value.map(({ name, tier, type, description }) => [name, tier, type, description]),
  ).toEqual([
    ['a', 'town', 'workflow', 'town'],
    ['b', 'shipped', 'workflow', 'First line'],
  ])
})

test('a folder that cannot be read is an error, not an empty one', () => {
  write('town/formulas/a.formula.toml/inside', '')
  const found = library().find('a')
  expect(found.kind === 'error' && found.failure.code).toBe('E_READ')
})
