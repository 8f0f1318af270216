import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { treeListing } from '../../src/git/content.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()

it('lists every file of a tree with its mode and content, hostile names as they are', async () => {
  const { sh, write, project } = lab()
  const names = [...HOSTILE_NAMES, 'deep/er/file']
  const path = project('p', Object.fromEntries(names.map((name) => [name, name])))
  const gitDir = join(path, '.git')
  const before = must(await treeListing(gitDir, sh(path, 'rev-parse', 'HEAD^{tree}')))
  expect(before.map((file) => file.path).sort()).toEqual([...names].sort())
  const blob = sh(path, 'rev-parse', 'HEAD:deep/er/file')
  expect(before).toContainEqual({ path: 'deep/er/file', id: `100644 ${blob}` })

  chmodSync(join(path, 'deep/er/file'), 0o755)
  symlinkSync('nowhere', join(path, 'link'))
  write(join(path, '-rf'), 'changed')
  sh(path, 'add', '-A')
  sh(path, 'commit', '-q', '-m', 'second')
  const after = must(await treeListing(gitDir, 'HEAD'))
  const known = new Set(before.map((file) => JSON.stringify(file)))
  const differ = after.filter((file) => !known.has(JSON.stringify(file)))
  expect(differ.map((file) => file.path).sort()).toEqual(['-rf', 'deep/er/file', 'link'])
  expect(differ.find((file) => file.path === 'deep/er/file')?.id).toBe(`100755 ${blob}`)
  expect(differ.find((file) => file.path === 'link')?.id).toMatch(/^120000 /)
})

it('has nothing to list in an empty tree, and needs a tree', async () => {
  const { sh, project } = lab()
  const path = project('p')
  const gitDir = join(path, '.git')
  const none = sh(path, 'hash-object', '-t', 'tree', '-w', '/dev/null')
  expect(must(await treeListing(gitDir, none))).toEqual([])
  expect(codeOf(await treeListing(gitDir, '--help'))).toBe('E_NO_TREE')
  expect(codeOf(await treeListing(gitDir, 'f'.repeat(40)))).toBe('E_GIT')
})
