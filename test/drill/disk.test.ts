/** The small disk, where this user may mount one; elsewhere there is none, and nothing pretends to be one. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isMounted, mountDisk, unmount } from '../../src/drill/disk.ts'
import { leave } from '../../src/drill/leave.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gt-disk-'))
})
afterEach(() => {
  if (isMounted(join(dir, 'disk'))) unmount(join(dir, 'disk'))
  rmSync(dir, { recursive: true, force: true })
})

test('a full disk takes nothing more, keeps what it has, and takes more once it is free', () => {
  const disk = mountDisk(join(dir, 'disk'))
  expect(isMounted(join(dir, 'disk'))).toBe(disk !== null)
  if (disk === null) return
  const write = (name: string): void => writeFileSync(join(dir, 'disk', name), 'x'.repeat(20_000))
  write('before')
  expect(disk.fill()).toBe(true)
  expect(() => write('meanwhile')).toThrow(/ENOSPC/)
  expect(readFileSync(join(dir, 'disk', 'before'), 'utf8')).toHaveLength(20_000)
  disk.free()
  write('after')
})

test('a town that was only half made is taken away, its disk too', async () => {
  mountDisk(join(dir, 'disk'))
  mkdirSync(join(dir, 'home'))
  writeFileSync(join(dir, 'disk', 'file'), 'x')
  expect(await leave(dir, undefined, false)).toEqual({ kind: 'ok', value: undefined })
  expect(existsSync(dir)).toBe(false)
})

test('what is to be kept stays at its place, on an ordinary disk', async () => {
  mountDisk(join(dir, 'disk'))
  writeFileSync(join(dir, 'disk', 'file'), 'x')
  expect(await leave(dir, undefined, true)).toEqual({ kind: 'ok', value: undefined })
  expect(isMounted(join(dir, 'disk'))).toBe(false)
  expect(readFileSync(join(dir, 'disk', 'file'), 'utf8')).toBe('x')
})
