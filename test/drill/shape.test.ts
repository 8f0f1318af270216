import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shapeOf } from '../../src/drill/shape.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gt-shape-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const town = (workers: string): void => writeFileSync(join(root, 'town.toml'), `schema = 1\nname = "home"\n${workers}`)
function rig(name: string, more = ''): void {
  mkdirSync(join(root, name))
  writeFileSync(
    join(root, name, 'rig.toml'),
    `schema = 1\nname = "${name}"\nremote = "/x"\nbranch = "main"\nprefix = "x"\n${more}`,
  )
}

test('a drill’s town is like the one it is asked for in', () => {
  town('[workers]\nmax = 6\nattempts = 5\nrounds = 1\n')
  rig('one', '[refinery]\nslots = 2\n')
  rig('two')
  expect(shapeOf(root)).toEqual({ rigs: [2, 1], workers: 6, attempts: 5, rounds: 1, like: 'home' })
})

test('but no bigger than a machine can stand, unless a number is given', () => {
  town('[workers]\nmax = 40\n')
  for (const name of ['a', 'b', 'c', 'd', 'e']) rig(name)
  expect(shapeOf(root)).toMatchObject({ workers: 8, rigs: [1, 1, 1] })
  expect(shapeOf(root, 30).workers).toBe(30)
})

test('without a town, or with one whose settings are broken, it has an ordinary shape', () => {
  const ordinary = { rigs: [1], workers: 4, attempts: 3, rounds: 3, like: null }
  expect(shapeOf(undefined)).toEqual(ordinary)
  expect(shapeOf(root)).toEqual(ordinary)
  town('workers = "many"\n')
  expect(shapeOf(root)).toEqual(ordinary)
  town('')
  expect(shapeOf(root)).toEqual({ ...ordinary, like: 'home' })
})
