import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  checkOutFiles,
  inspectWorktree,
  listWorktrees,
  registerWorktree,
  removeWorktree,
  sweepTrash,
  verifyWorktree,
} from '../../src/git/worktrees.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()
const MAIN = 'refs/remotes/origin/main'

describe('registering and checking out', () => {
  it('thirty: registered one by one, filled in parallel', async () => {
    const { root, sh, rig, project } = lab()
    const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`d${n % 10}/f${n}.txt`, `${n}\n`]))
    const gitDir = await rig(project('big', files))
    const base = sh(gitDir, 'rev-parse', MAIN)
    const names = Array.from({ length: 30 }, (_, n) => `run-${n}`)
    const place = (name: string): string => join(root, 'town', 'polecats', name)
    for (const name of names) must(await registerWorktree({ gitDir, path: place(name), branch: `gt/${name}`, base }))
    for (const done of await Promise.all(names.map((name) => checkOutFiles({ path: place(name) })))) must(done)
    for (const name of names) must(await verifyWorktree({ gitDir, path: place(name), branch: `gt/${name}`, base }))
    expect(must(await listWorktrees(gitDir)).map((entry) => entry.branch)).toEqual(
      expect.arrayContaining(names.map((name) => `gt/${name}`)),
    )
  })

  it('hostile file names and a hostile place are just names', async () => {
    const { root, sh, rig, project } = lab()
    const gitDir = await rig(project('names', Object.fromEntries(HOSTILE_NAMES.map((name) => [name, name]))))
    const base = sh(gitDir, 'rev-parse', MAIN)
    const path = join(root, 'a "place":\nwith $(x)', '-dash')
    must(await registerWorktree({ gitDir, path, branch: 'gt/a"b$(x)', base }))
    must(await checkOutFiles({ path }))
    must(await verifyWorktree({ gitDir, path, branch: 'gt/a"b$(x)', base }))
    for (const name of HOSTILE_NAMES) expect(readFileSync(join(path, name), 'utf8')).toBe(name)
    for (const name of HOSTILE_NAMES) lab().write(join(path, `${name}2`), 'new')
    const seen = must(await inspectWorktree({ path, base }))
    expect([...seen.dirty].sort()).toEqual(HOSTILE_NAMES.map((name) => `${name}2`).sort())
    expect(must(await listWorktrees(gitDir))[0]?.path).toBe(path)
    await must(await removeWorktree({ gitDir, path })).deleted
    expect(await listWorktrees(gitDir)).toEqual({ kind: 'empty' })
  })

  it('refuses what is taken or malformed, and leaves no branch behind', async () => {
    const { root, sh, rig, server, worktree, write } = lab()
    const gitDir = await rig(server())
    await worktree(gitDir, 'one')
    const path = join(root, 'town', 'polecats', 'two')
    const order = { gitDir, path, branch: 'gt/two', base: MAIN }
    expect(codeOf(await registerWorktree({ ...order, branch: 'gt/one' }))).toBe('E_BRANCH_EXISTS')
    for (const branch of ['-b', 'a..b', 'x y', '', 'a\nb', 'x.lock']) {
      expect(codeOf(await registerWorktree({ ...order, branch }))).toBe('E_BRANCH')
    }
    expect(codeOf(await registerWorktree({ ...order, base: 'nowhere' }))).toBe('E_NO_COMMIT')
    expect(codeOf(await registerWorktree({ ...order, path: 'relative' }))).toBe('E_PATH')
    write(join(path, 'file'), 'x')
    expect(codeOf(await registerWorktree(order))).toBe('E_EXISTS')
    write(join(root, 'blocker'), 'a file, so that no folder can be made below it')
    expect((await registerWorktree({ ...order, path: join(root, 'blocker', 'below', 'two') })).kind).toBe('error')
    expect(sh(gitDir, 'for-each-ref', '--format=%(refname)', 'refs/heads')).toBe('refs/heads/gt/one')
    expect(must(await listWorktrees(gitDir))).toHaveLength(1)
  })

  it('checking out again completes and overwrites nothing', async () => {
    const { rig, server, worktree, write } = lab()
    const gitDir = await rig(server())
    const path = await worktree(gitDir, 'one')
    write(join(path, 'a.txt'), 'an agent was here\n')
    must(await checkOutFiles({ path }))
    expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe('an agent was here\n')
  })

  it('submodules come along, several at once', async () => {
    const { root, sh, rig, project } = lab()
    const library = project('library', { 'lib.txt': 'lib\n' })
    const source = project()
    sh(source, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library, 'deps/my lib')
    sh(source, 'commit', '-q', '-m', 'submodule')
    const gitDir = await rig(source)
    const base = sh(gitDir, 'rev-parse', MAIN)
    const paths = ['one', 'two', 'three'].map((name) => join(root, 'town', name))
    for (const [n, path] of paths.entries()) must(await registerWorktree({ gitDir, path, branch: `gt/${n}`, base }))
    for (const done of await Promise.all(paths.map((path) => checkOutFiles({ path })))) must(done)
    for (const [n, path] of paths.entries()) {
      expect(readFileSync(join(path, 'deps/my lib/lib.txt'), 'utf8')).toBe('lib\n')
      must(await verifyWorktree({ gitDir, path, branch: `gt/${n}`, base }))
    }
  })

  it('submodules from local folders are refused when the rig’s remote is not local', async () => {
    const { root, sh, rig, project } = lab()
    const library = project('library')
    const source = project()
    sh(source, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library, 'deps')
    sh(source, 'commit', '-q', '-m', 'submodule')
    const gitDir = await rig(source)
    sh(gitDir, 'config', 'remote.origin.url', 'https://example.invalid/x.git')
    const path = join(root, 'town', 'one')
    must(await registerWorktree({ gitDir, path, branch: 'gt/one', base: MAIN }))
    expect(codeOf(await checkOutFiles({ path }))).toBe('E_SUBMODULES')
  })
})

describe('verifying', () => {
  it('notices each thing that is not as ordered', async () => {
    const { root, sh, rig, server, project, worktree, write } = lab()
    const gitDir = await rig(server())
    const path = await worktree(gitDir, 'one')
    const base = sh(gitDir, 'rev-parse', MAIN)
    const order = { gitDir, path, branch: 'gt/one', base }
    must(await verifyWorktree(order))
    expect(codeOf(await verifyWorktree({ ...order, path: join(path, 'missing') }))).toBe('E_WORKTREE')
    write(join(path, 'sub', 'x'), '')
    expect(codeOf(await verifyWorktree({ ...order, path: join(path, 'sub') }))).toBe('E_WORKTREE')
    expect(codeOf(await verifyWorktree(order))).toBe('E_WORKTREE')
    sh(path, 'clean', '-qfd')
    must(await verifyWorktree(order))
    expect(codeOf(await verifyWorktree({ ...order, branch: 'gt/two' }))).toBe('E_WORKTREE')
    sh(path, 'commit', '-q', '--allow-empty', '-m', 'x')
    expect(codeOf(await verifyWorktree(order))).toBe('E_WORKTREE')
    sh(path, 'checkout', '-q', '--detach', base)
    expect(codeOf(await verifyWorktree(order))).toBe('E_WORKTREE')
    const foreign = project('foreign')
    sh(foreign, 'checkout', '-q', '-b', 'gt/one')
    sh(foreign, 'fetch', '-q', gitDir, base)
    sh(foreign, 'reset', '-q', '--hard', base)
    expect(codeOf(await verifyWorktree({ ...order, path: foreign }))).toBe('E_WORKTREE')
    expect(root).not.toBe('')
  })
})

describe('inspecting', () => {
  it('tells head, branch, commits and everything uncommitted', async () => {
    const { sh, rig, server, worktree, write } = lab()
    const gitDir = await rig(server())
    const path = await worktree(gitDir, 'one')
    const base = sh(gitDir, 'rev-parse', MAIN)
    expect(must(await inspectWorktree({ path, base }))).toEqual({
      head: base,
      branch: 'gt/one',
      commits: 0,
      dirty: [],
      toplevel: path,
    })
    write(join(path, 'c.txt'), 'c')
    sh(path, 'add', '-A')
    sh(path, 'commit', '-q', '-m', 'c')
    write(join(path, 'new/deep/d.txt'), 'd')
    write(join(path, 'a.txt'), 'changed')
    sh(path, 'mv', 'b.txt', 'renamed.txt')
    write(join(path, '.gitignore'), 'ignored\n')
    write(join(path, 'ignored'), 'x')
    const seen = must(await inspectWorktree({ path, base }))
    expect(seen).toMatchObject({ head: sh(path, 'rev-parse', 'HEAD'), branch: 'gt/one', commits: 1 })
    expect([...seen.dirty].sort()).toEqual(['.gitignore', 'a.txt', 'b.txt', 'new/deep/d.txt', 'renamed.txt'])
    sh(path, 'checkout', '-q', '--detach')
    expect(must(await inspectWorktree({ path, base })).branch).toBeNull()
    sh(path, 'checkout', '-q', '--orphan', 'fresh')
    expect((await inspectWorktree({ path, base })).kind).toBe('unknown')
    expect(await inspectWorktree({ path: join(path, 'nothing'), base })).toEqual({ kind: 'empty' })
  })

  it('works beside a held index.lock and does not write to the index', async () => {
    const { sh, rig, server, worktree, write } = lab()
    const gitDir = await rig(server())
    const path = await worktree(gitDir, 'one')
    const admin = sh(path, 'rev-parse', '--absolute-git-dir')
    const before = readFileSync(join(admin, 'index'))
    utimesSync(join(path, 'a.txt'), 1, 1)
    expect(must(await inspectWorktree({ path, base: MAIN })).dirty).toEqual([])
    expect(readFileSync(join(admin, 'index')).equals(before)).toBe(true)
    write(join(admin, 'index.lock'), '')
    expect(must(await inspectWorktree({ path, base: MAIN })).dirty).toEqual([])
  })
})

describe('removing', () => {
  it('is gone at once, its branch stays, its files follow', async () => {
    const { sh, root, rig, server, worktree } = lab()
    const gitDir = await rig(server())
    const path = await worktree(gitDir, 'one')
    await worktree(gitDir, 'two')
    sh(gitDir, 'worktree', 'lock', path)
    const removal = must(await removeWorktree({ gitDir, path }))
    expect(existsSync(path)).toBe(false)
    expect(must(await listWorktrees(gitDir)).map((entry) => entry.branch)).toEqual(['gt/two'])
    must(await removal.deleted)
    expect(readdirSync(join(root, 'town', 'polecats'))).toEqual(['two'])
    expect(sh(gitDir, 'rev-parse', '--verify', 'refs/heads/gt/one')).not.toBe('')
    must(await removeWorktree({ gitDir, path }))
  })

  it('leaves alone the entry of another worktree whose disk is away', async () => {
    const { root, rig, server, worktree } = lab()
    const gitDir = await rig(server())
    const one = await worktree(gitDir, 'one')
    const two = await worktree(gitDir, 'two')
    const { renameSync, rmSync } = await import('node:fs')
    renameSync(two, join(root, 'away'))
    rmSync(one, { recursive: true })
    must(await removeWorktree({ gitDir, path: one }))
    expect(must(await listWorktrees(gitDir))).toMatchObject([{ path: two, prunable: true }])
  })

  it('refuses a folder that is not ours, and a link', async () => {
    const { root, rig, server, project, worktree } = lab()
    const gitDir = await rig(server())
    const stranger = project('stranger')
    expect(codeOf(await removeWorktree({ gitDir, path: stranger }))).toBe('E_NOT_A_WORKTREE')
    const path = await worktree(gitDir, 'one')
    symlinkSync(path, join(root, 'link'))
    cpSync(path, join(root, 'copy'), { recursive: true })
    expect(codeOf(await removeWorktree({ gitDir, path: join(root, 'copy') }))).toBe('E_NOT_A_WORKTREE')
    expect(codeOf(await removeWorktree({ gitDir, path: join(root, 'link') }))).toBe('E_NOT_A_WORKTREE')
    expect(existsSync(join(path, 'a.txt')) && existsSync(join(stranger, 'a.txt'))).toBe(true)
  })

  it('sweeps what an ending process left aside', async () => {
    const { root, write } = lab()
    write(join(root, 'polecats', '.trash-one-1234', 'deep', 'file'), 'x')
    write(join(root, 'polecats', 'live', 'file'), 'x')
    expect(must(await sweepTrash(join(root, 'polecats')))).toBe(1)
    expect(readdirSync(join(root, 'polecats'))).toEqual(['live'])
  })
})
