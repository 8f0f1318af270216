/** The newest change in a folder, looked for a little at a time. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { changedAt, TreeLook } from '../../src/town/changes.ts'

let place: string
let dir: string
/** Beside the folder that is looked through. */
const outside = (name: string): string => join(place, name)

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'gt-changes-'))
  dir = join(place, 'tree')
  for (const name of ['a/b/c', 'node_modules/x', '.git']) mkdirSync(join(dir, name), { recursive: true })
  for (const name of ['top.txt', 'a/b/c/deep.txt', 'node_modules/x/y.txt']) writeFileSync(join(dir, name), 'x')
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

/** The newest change of the whole tree, found in the smallest steps. */
function newest(root = dir, enough = Number.POSITIVE_INFINITY): number | string {
  const look = new TreeLook(root, enough)
  while (!look.step(0)) {}
  return look.newest.kind === 'ok' ? look.newest.value : look.newest.kind
}

/** The newest change so far, once the clock of the file system has moved on. */
async function past(): Promise<number> {
  const before = newest() as number
  for (;;) {
    writeFileSync(outside('mark'), '')
    const mark = changedAt(outside('mark'))
    if (mark.kind === 'ok' && mark.value > before) return before
    await delay(1)
  }
}

it.each<[string, () => void]>([
  ['a file written in place, deep down', () => appendFileSync(join(dir, 'a/b/c/deep.txt'), 'y')],
  ['a new file', () => writeFileSync(join(dir, 'a/new.txt'), '')],
  ['a file that was removed', () => rmSync(join(dir, 'a/b/c/deep.txt'))],
  ['a file in a dependency', () => appendFileSync(join(dir, 'node_modules/x/y.txt'), 'y')],
  [
    'a file that bears an old date',
    () => {
      writeFileSync(join(dir, 'a/old.txt'), '')
      utimesSync(join(dir, 'a/old.txt'), 1, 1)
    },
  ],
])('sees %s', async (_what, change) => {
  const before = await past()
  change()
  expect(newest()).toBeGreaterThan(before)
})

it.each<[string, () => void]>([
  ['what git writes for itself', () => writeFileSync(join(dir, '.git/index'), '')],
  ['where a link leads to', () => appendFileSync(outside('far'), 'x')],
])('does not see %s', async (_what, change) => {
  writeFileSync(outside('far'), '')
  symlinkSync(outside('far'), join(dir, 'link'))
  const before = await past()
  change()
  expect(newest()).toBe(before)
})

it('takes a date to come for what it is: set by hand', async () => {
  const before = await past()
  utimesSync(join(dir, 'top.txt'), 4e9, 4e9)
  expect(newest()).toBeGreaterThan(before)
  expect(newest()).toBeLessThan(before + 60_000)
})

it('ends at the first change that is new enough', () => {
  for (let n = 0; n < 200; n++) writeFileSync(join(dir, 'a', `${n}`), '')
  const look = new TreeLook(dir, 0)
  expect(look.step(0)).toBe(true)
})

it('goes on where it stopped, and ends', () => {
  for (let n = 0; n < 500; n++) writeFileSync(join(dir, 'a', `${n}`), '')
  const look = new TreeLook(dir, Number.POSITIVE_INFINITY)
  let steps = 1
  while (!look.step(0)) steps++
  expect(steps).toBeGreaterThan(10)
  expect(look.step(0)).toBe(true)
})

it('tells a folder that is not there from one that it may not look into', () => {
  expect(newest(join(dir, 'nothing'))).toBe('empty')
  expect(newest(join(dir, 'top.txt', 'x'))).toBe('empty')
  expect(changedAt(join(dir, 'nothing'))).toEqual({ kind: 'empty' })
  expect(changedAt(join(dir, 'top.txt', 'x'))).toEqual({ kind: 'empty' })
  chmodSync(join(dir, 'a'), 0)
  try {
    // Passed over, and the rest is looked at.
    expect(newest()).toBeGreaterThan(0)
  } finally {
    chmodSync(join(dir, 'a'), 0o755)
  }
})
