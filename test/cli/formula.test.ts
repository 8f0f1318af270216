/** `gt formula`: from a new file to a valid one, and every problem of a wrong one. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import { bareTown, program } from './support.ts'

test('new, list, show and validate in a town', async () => {
  const town = await bareTown()
  const path = join(town.root, 'formulas', 'mine.formula.toml')
  expect(await town.data('formula', 'new', 'mine')).toEqual({ name: 'mine', type: 'workflow', tier: 'town', path })
  const written = readFileSync(path, 'utf8')
  expect(written).not.toContain('#:schema')
  const again = await town.gt('formula', 'new', 'mine', '--type', 'convoy')
  expect(again).toMatchObject({ code: 1, error: { code: 'E_EXISTS' } })
  expect(readFileSync(path, 'utf8')).toBe(written)

  const listed = await town.data('formula', 'list')
  expect(listed.find((one: { name: string }) => one.name === 'mine')).toMatchObject({
    tier: 'town',
    type: 'workflow',
    path,
  })
  expect(SHAPES['formula list']!.safeParse(listed).error).toBeUndefined()
  expect(await town.data('formula', 'show', 'mine')).toMatchObject({ name: 'mine', uses: [], formula: { version: 1 } })
  expect(await town.text('formula', 'show', 'mine')).toMatch(
    /^Steps\n {2}plan +Plan \{\{topic\}\}\n {2}do +Do it +after plan$/m,
  )
  expect(await town.data('formula', 'validate', 'mine', path)).toEqual([
    { name: 'mine', problems: [] },
    { name: path, problems: [] },
  ])
})

test('validate without a name looks at all, and says everything that is wrong', async () => {
  const town = await bareTown()
  const dir = join(town.root, 'formulas')
  mkdirSync(dir)
  const wrong = join(dir, 'wrong.formula.toml')
  writeFileSync(wrong, 'formula = "wrong"\n[[steps]]\nid = "a"\ntitle = "{{x}}"\nneeds = ["b"]\n')
  writeFileSync(join(dir, 'right.formula.toml'), 'formula = "right"\n[[steps]]\nid = "a"\ntitle = "A"\n')
  const answer = await town.gt('formula', 'validate')
  expect(answer.code).toBe(1)
  expect(answer.error).toMatchObject({
    code: 'E_FORMULA',
    message: expect.stringMatching(/^2 problems in 1 of \d+ formulas/),
  })
  expect(SHAPES['formula validate']!.safeParse(answer.data).error).toBeUndefined()
  const mine = answer.data.filter(({ name }: { name: string }) => name === 'wrong' || name === 'right')
  expect(mine).toEqual([
    { name: 'right', problems: [] },
    {
      name: 'wrong',
      problems: [
        {
          file: wrong,
          line: 4,
          text: '`{{x}}` is not a variable of this formula.',
          fix: expect.stringContaining('[vars.x]'),
        },
        {
          file: wrong,
          line: 5,
          text: 'step "a" needs "b", which is not a step here; did you mean "a"?',
          fix: 'Write "a" on line 5.',
        },
      ],
    },
  ])
})

test('what stands in a file does not steer the terminal', async () => {
  const town = await bareTown()
  mkdirSync(join(town.root, 'formulas'))
  const file = join(town.root, 'formulas', 'f.formula.toml')
  writeFileSync(file, 'formula = "f"\ndescription = "\\u001b[2J"\n[[steps]]\nid = "\\u001b[1m"\ntitle = "A"\n')
  for (const verb of [['list'], ['show', 'f'], ['validate', 'f']]) {
    expect(await town.text('formula', ...verb)).not.toContain('\u001b')
  }
})

test('the schema for editors is what docs has, and `new` points to it where it lies', async () => {
  const town = await bareTown()
  const { stdout } = await program('gt', ['formula', 'schema'], { cwd: town.root, env: town.env })
  const dir = join(town.root, 'formulas')
  mkdirSync(dir)
  writeFileSync(join(dir, 'formula.schema.json'), stdout)
  expect(JSON.parse(stdout)).toEqual(
    JSON.parse(readFileSync(new URL('../../docs/formula.schema.json', import.meta.url), 'utf8')),
  )
  const { path } = await town.data('formula', 'new', 'mine')
  expect(readFileSync(path, 'utf8')).toMatch(/^#:schema \.\/formula\.schema\.json\n/)
})

test.each([
  ['a rig that is not there', ['list', '--rig', 'nope'], 1, 'E_NO_RIG'],
  ['a hostile rig', ['list', '--rig', '../x'], 1, 'E_NO_RIG'],
  ['a hostile name', ['new', '../x'], 64, 'E_NAME'],
  ['a name that is not there', ['show', 'nope'], 1, 'E_NO_FORMULA'],
])('%s', async (_, args, code, error) => {
  const town = await bareTown()
  expect(await town.gt('formula', ...args)).toMatchObject({ code, error: { code: error } })
})
