import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findTown, gitAbove, paths, tmuxSocket } from '../../src/town/paths.ts'
import { folder } from './folder.ts'

function town(dir: string): string {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'town.toml'), 'schema = 1\nname = "t"\n')
  return dir
}

function gitInit(dir: string): void {
  mkdirSync(dir, { recursive: true })
  execFileSync('git', ['init', '-q', dir], { env: { PATH: process.env.PATH, HOME: dir } })
}

function deep(...parts: string[]): string {
  const dir = join(...parts)
  mkdirSync(dir, { recursive: true })
  return dir
}

describe('findTown', () => {
  it('takes GT_TOWN before anything else', () => {
    const dir = folder()
    const [a, b] = [town(join(dir, 'a')), town(join(dir, 'b'))]
    expect(findTown({ GT_TOWN: a, HOME: dir }, b)).toEqual({ kind: 'ok', value: a })
  })

  it('does not fall back when GT_TOWN is wrong', () => {
    const dir = town(folder())
    expect(findTown({ GT_TOWN: join(dir, 'gone'), HOME: dir }, dir)).toMatchObject({
      kind: 'error',
      failure: { code: 'E_GT_TOWN', message: `GT_TOWN is set to ${dir}/gone, but no town is there.` },
    })
    expect(findTown({ GT_TOWN: '.', HOME: dir }, dir)).toMatchObject({
      kind: 'error',
      failure: { code: 'E_GT_TOWN', message: 'GT_TOWN must be an absolute path, not `.`.' },
    })
  })

  it('reads an empty GT_TOWN as not set', () => {
    const dir = town(folder())
    expect(findTown({ GT_TOWN: '' }, dir)).toEqual({ kind: 'ok', value: dir })
  })

  it('walks up from where the command was typed', () => {
    const dir = town(folder())
    expect(findTown({}, deep(dir, 'gp', 'crew', 'ann', 'src'))).toEqual({ kind: 'ok', value: dir })
  })

  it('answers the canonical root, whichever link led there', () => {
    const dir = folder()
    town(join(dir, 'real'))
    symlinkSync(join(dir, 'real'), join(dir, 'link'))
    expect(findTown({}, join(dir, 'link'))).toEqual({ kind: 'ok', value: join(dir, 'real') })
    expect(findTown({ GT_TOWN: join(dir, 'link') }, dir)).toEqual({ kind: 'ok', value: join(dir, 'real') })
  })

  it('falls back to ~/gt', () => {
    const home = folder()
    town(join(home, 'gt'))
    expect(findTown({ HOME: home }, deep(home, 'elsewhere'))).toEqual({ kind: 'ok', value: join(home, 'gt') })
  })

  it('is empty where there is none', () => {
    const home = folder()
    deep(home, 'gt')
    expect(findTown({ HOME: home }, home)).toEqual({ kind: 'empty' })
    expect(findTown({}, home)).toEqual({ kind: 'empty' })
  })

  it("passes over a project's own town.toml and finds the town around it", () => {
    const dir = town(folder())
    const worktree = join(dir, 'gp', 'polecats', 'toast-1')
    gitInit(worktree)
    town(worktree)
    town(join(worktree, 'examples'))
    expect(findTown({}, join(worktree, 'examples'))).toEqual({ kind: 'ok', value: dir })
  })

  it('never takes settings from a cloned project', () => {
    const home = folder()
    const clone = join(home, 'clone')
    gitInit(clone)
    town(clone)
    expect(findTown({ HOME: home }, clone)).toMatchObject({ kind: 'error', failure: { code: 'E_INSIDE_GIT' } })
    town(join(home, 'gt'))
    expect(findTown({ HOME: home }, clone)).toEqual({ kind: 'ok', value: join(home, 'gt') })
  })

  it('does not call a folder it could not look into empty', () => {
    const home = folder()
    symlinkSync(join(home, 'gt'), join(home, 'gt'))
    expect(findTown({ HOME: home }, home)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('ELOOP') })
  })

  it('is unknown where the current folder is gone', () => {
    expect(findTown({}, join(folder(), 'gone')).kind).toBe('unknown')
  })
})

it('sees a git work tree above a folder, in both of its forms', () => {
  const dir = folder()
  gitInit(join(dir, 'repo'))
  expect(gitAbove(deep(dir, 'repo', 'a', 'b'))).toBe(join(dir, 'repo'))
  writeFileSync(join(deep(dir, 'linked', 'x'), '..', '.git'), 'gitdir: ../repo/.git/worktrees/linked\n')
  expect(gitAbove(join(dir, 'linked', 'x'))).toBe(join(dir, 'linked'))
  expect(gitAbove(deep(dir, 'free'))).toBeUndefined()
})

it('knows where things lie', () => {
  const at = paths({ root: '/t' })
  expect({ ...at, rig: at.rig('gp') }).toMatchInlineSnapshot(`
    {
      "beads": "/t/.beads",
      "logs": "/t/.gt/logs",
      "mayor": "/t/mayor",
      "rig": {
        "crew": "/t/gp/crew",
        "dir": "/t/gp",
        "polecats": "/t/gp/polecats",
        "refinery": "/t/gp/refinery",
        "repo": "/t/gp/repo.git",
        "toml": "/t/gp/rig.toml",
      },
      "root": "/t",
      "runs": "/t/.gt/runs",
      "runtime": "/t/.gt",
      "tmuxConf": "/t/.gt/tmux.conf",
      "toml": "/t/town.toml",
    }
  `)
})

describe('tmuxSocket', () => {
  it('is the same name for ever for the same root', () => {
    // Values of 32-bit FNV-1a, so that a change of the hash, which would orphan running towns, is noticed.
    expect(tmuxSocket('/nowhere/gt')).toBe('gt-gt-33b499')
    expect(tmuxSocket('/nowhere/else/gt')).not.toBe(tmuxSocket('/nowhere/gt'))
  })

  it('is one name for all links to a root', () => {
    const dir = folder()
    deep(dir, 'real')
    symlinkSync(join(dir, 'real'), join(dir, 'link'))
    expect(tmuxSocket(join(dir, 'link'))).toBe(tmuxSocket(join(dir, 'real')))
  })

  it('is short and plain whatever the folder is called', () => {
    for (const name of ['a b:c/../$(x)', 'é'.repeat(80), '---', 'x'.repeat(300), '\n']) {
      expect(tmuxSocket(`/nowhere/${name}`)).toMatch(/^gt-[A-Za-z0-9_-]{1,20}-[0-9a-f]{6}$/)
    }
  })
})
