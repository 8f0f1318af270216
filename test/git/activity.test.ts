/** Signs of work that git leaves in a worktree's own folder; real git. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gitActivity, gitFolderOf } from '../../src/git/activity.ts'

let dir: string
let folder: string
const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=p', '-c', 'user.email=p@x', ...args], { cwd, encoding: 'utf8', stdio: 'pipe' })

beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'gt-activity-')))
  git(dir, 'init', '-q', '-b', 'main', 'person')
  git(join(dir, 'person'), 'commit', '-q', '--allow-empty', '-m', 'first')
  git(dir, 'clone', '-q', '--bare', 'person', 'repo.git')
  git(join(dir, 'repo.git'), 'worktree', 'add', '-q', '-b', 'gt/x/r1', join(dir, 'tree'))
  const found = gitFolderOf(join(dir, 'tree'))
  if (found.kind !== 'ok') throw new Error('no folder')
  folder = found.value
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const LONG_AGO = 1_000_000
/** Dates everything that git wrote long ago. */
function age(): void {
  for (const path of ['index', 'HEAD', 'logs/HEAD']) utimesSync(join(folder, path), LONG_AGO, LONG_AGO)
  utimesSync(join(dir, 'repo.git', 'refs', 'heads', 'gt/x/r1'), LONG_AGO, LONG_AGO)
}

it('finds the folder of a worktree', () => {
  expect(folder).toBe(join(dir, 'repo.git', 'worktrees', 'tree'))
  expect(gitFolderOf(join(dir, 'person'))).toEqual({ kind: 'empty' })
  expect(gitFolderOf(join(dir, 'nothing'))).toEqual({ kind: 'empty' })
})

it.each<[string, () => void]>([
  [
    'an add',
    () => {
      writeFileSync(join(dir, 'tree', 'a.txt'), String(Math.random()))
      git(join(dir, 'tree'), 'add', 'a.txt')
    },
  ],
  ['a commit', () => git(join(dir, 'tree'), 'commit', '-q', '--allow-empty', '-m', 'more')],
  ['a switch', () => git(join(dir, 'tree'), 'switch', '-q', '--detach')],
  [
    'a push to its branch from elsewhere',
    () => {
      git(join(dir, 'person'), 'commit', '-q', '--allow-empty', '-m', 'elsewhere')
      git(join(dir, 'person'), 'push', '-q', '-f', join(dir, 'repo.git'), 'main:gt/x/r1')
    },
  ],
])('moves with %s', (_what, act) => {
  age()
  expect(gitActivity(folder, 'gt/x/r1')).toEqual({ kind: 'ok', value: LONG_AGO * 1000 })
  act()
  const after = gitActivity(folder, 'gt/x/r1')
  expect(after).toMatchObject({ kind: 'ok' })
  expect(after.kind === 'ok' && after.value).toBeGreaterThan(LONG_AGO * 1000)
})

it('stays where it is when somebody only looks, as we do', () => {
  age()
  git(join(dir, 'tree'), '--no-optional-locks', 'status', '--porcelain')
  git(join(dir, 'repo.git'), 'log', '-1', 'gt/x/r1')
  expect(gitActivity(folder, 'gt/x/r1')).toEqual({ kind: 'ok', value: LONG_AGO * 1000 })
})

it('is empty where there is nothing', () => {
  expect(gitActivity(join(dir, 'repo.git', 'worktrees', 'other'), 'no/branch')).toEqual({ kind: 'empty' })
})
