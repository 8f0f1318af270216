import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareSlot } from '../../src/git/slots.ts'
import { codeOf, must, useLab } from './helpers.ts'

const lab = useLab()

async function slot() {
  const { root, sh, write, project, rig } = lab()
  const source = project('project', { 'a.txt': 'one\n', '.gitignore': 'build\n' })
  write(join(source, 'a.txt'), 'two\n')
  write(join(source, 'sub/new.txt'), 'new\n')
  sh(source, 'add', '-A')
  sh(source, 'commit', '-q', '-m', 'second')
  const gitDir = await rig(source)
  const [second, first] = sh(gitDir, 'rev-list', 'refs/remotes/origin/main').split('\n') as [string, string]
  const path = join(root, 'town', 'refinery', 'slot-1')
  const is = (commit: string): void => {
    expect(sh(path, 'rev-parse', 'HEAD')).toBe(commit)
    expect(sh(path, 'status', '--porcelain', '-uall', '--ignored')).toBe('')
    expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe(commit === first ? 'one\n' : 'two\n')
    expect(existsSync(join(path, 'sub/new.txt'))).toBe(commit === second)
  }
  return { gitDir, path, first, second, is, prepare: (commit: string) => prepareSlot({ gitDir, path, commit }) }
}

describe('prepareSlot', () => {
  it('is made once and goes from commit to commit, whatever a gate left there', async () => {
    const { sh, write, project } = lab()
    const s = await slot()
    must(await s.prepare(s.first))
    s.is(s.first)
    const number = sh(s.path, 'rev-parse', '--absolute-git-dir')
    write(join(number, 'gt-marker'), 'goes when the slot is built again')
    const leftovers: Array<() => void> = [
      () => write(join(s.path, 'build/deep/out'), 'x'),
      () => write(join(s.path, 'a.txt'), 'changed'),
      () => {
        rmSync(join(s.path, 'a.txt'))
        write(join(s.path, 'a.txt/now/a/folder'), 'x')
      },
      () => project('town/refinery/slot-1/nested'),
      () => sh(s.path, 'commit', '-q', '--allow-empty', '-m', 'by the gate'),
    ]
    for (const leave of leftovers) {
      for (const commit of [s.second, s.first]) {
        leave()
        must(await s.prepare(commit))
        s.is(commit)
      }
    }
    expect(existsSync(join(number, 'gt-marker'))).toBe(true)
    sh(s.path, 'update-index', '--assume-unchanged', 'a.txt')
    write(join(s.path, 'a.txt'), 'hidden')
    must(await s.prepare(s.second))
    s.is(s.second)
  })

  it('does not move a branch that the gate left HEAD on', async () => {
    const { sh } = lab()
    const s = await slot()
    must(await s.prepare(s.first))
    sh(s.path, 'checkout', '-q', '-b', 'gates-own')
    must(await s.prepare(s.second))
    expect(sh(s.gitDir, 'rev-parse', 'gates-own')).toBe(s.first)
  })

  it.each([
    ['index.lock left by a kill', (_path: string, admin: string) => writeFileSync(join(admin, 'index.lock'), '')],
    ['no .git file', (path: string) => rmSync(join(path, '.git'))],
    ['torn HEAD', (_: string, admin: string) => writeFileSync(join(admin, 'HEAD'), '')],
    ['torn index', (_: string, admin: string) => writeFileSync(join(admin, 'index'), 'x')],
    ['the folder gone', (path: string) => rmSync(path, { recursive: true })],
    ['git’s entry gone', (_: string, admin: string) => rmSync(admin, { recursive: true })],
  ])('is built again: %s', async (_, damage) => {
    const { sh } = lab()
    const s = await slot()
    must(await s.prepare(s.first))
    damage(s.path, sh(s.path, 'rev-parse', '--absolute-git-dir'))
    must(await s.prepare(s.second))
    s.is(s.second)
  })

  it('never builds over something else', async () => {
    const { write } = lab()
    const s = await slot()
    write(join(s.path, 'precious'), 'x')
    expect(codeOf(await s.prepare(s.first))).toBe('E_NOT_A_WORKTREE')
    expect(codeOf(await s.prepare('nowhere'))).toBe('E_NO_COMMIT')
    expect(readFileSync(join(s.path, 'precious'), 'utf8')).toBe('x')
  })
})
