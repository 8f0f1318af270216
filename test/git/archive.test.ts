import { chmodSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { archiveWorktree, hasArchive, restoreArchive } from '../../src/git/archive.ts'
import { inspectWorktree, removeWorktree } from '../../src/git/worktrees.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()
const MAIN = 'refs/remotes/origin/main'

interface Scene {
  gitDir: string
  path: string
  order: { gitDir: string; path: string; fence: string; why: string; branch: string }
  /** Archives, removes, restores elsewhere: the whole way of a run's left-overs. */
  thereAndBack(): Promise<{ to: string; branch: string; dirty: number }>
}

async function scene(files?: Record<string, string>): Promise<Scene> {
  const { root, rig, server, worktree } = lab()
  const gitDir = await rig(server('server.git', files))
  const path = await worktree(gitDir, 'toast')
  const order = { gitDir, path, fence: 'k3x9', why: 'the agent died\nwith a line end', branch: 'gt/toast' }
  return {
    gitDir,
    path,
    order,
    async thereAndBack() {
      const archived = must(await archiveWorktree(order))
      await must(await removeWorktree({ gitDir, path })).deleted
      const to = join(root, 'restored')
      const back = must(await restoreArchive({ gitDir, fence: order.fence, to }))
      expect(back.path).toBe(to)
      return { to, branch: back.branch, dirty: archived.dirty }
    },
  }
}

describe('an archive brings back', () => {
  it('commits and dirty files of a killed worker, as they lay there', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'c.txt'), 'committed\n')
    sh(s.path, 'add', '-A')
    sh(s.path, 'commit', '-q', '-m', 'work')
    const head = sh(s.path, 'rev-parse', 'HEAD')
    write(join(s.path, 'a.txt'), 'changed\n')
    write(join(s.path, 'new/deep/file'), 'untracked\n')
    rmSync(join(s.path, 'b.txt'))
    writeFileSync(join(s.path, 'run.sh'), '#!/bin/sh\n')
    chmodSync(join(s.path, 'run.sh'), 0o755)
    symlinkSync('does/not/exist', join(s.path, 'link'))
    const { to, branch, dirty } = await s.thereAndBack()
    expect(branch).toBe('gt/restored/k3x9')
    expect(dirty).toBe(5)
    expect(sh(to, 'log', '-1', '--format=%H %s')).toBe(`${head} work`)
    expect(readFileSync(join(to, 'a.txt'), 'utf8')).toBe('changed\n')
    expect(readFileSync(join(to, 'new/deep/file'), 'utf8')).toBe('untracked\n')
    expect(existsSync(join(to, 'b.txt'))).toBe(false)
    const seen = must(await inspectWorktree({ path: to, base: MAIN }))
    expect([...seen.dirty].sort()).toEqual(['a.txt', 'b.txt', 'link', 'new/deep/file', 'run.sh'])
    expect(sh(to, 'ls-files', '--stage', '-o', '-z', 'link').replaceAll('\0', '')).toBe('link')
    expect(sh(s.gitDir, 'ls-tree', 'refs/gt/archive/k3x9', 'run.sh', 'link').replaceAll(/ [0-9a-f]{40}/g, '')).toBe(
      '120000 blob\tlink\n100755 blob\trun.sh',
    )
  })

  it('hostile names, byte for byte', async () => {
    const s = await scene()
    for (const name of HOSTILE_NAMES)
      writeFileSync(join(s.path, name), Buffer.from([0, 13, 10, 255, ...Buffer.from(name)]))
    const { to } = await s.thereAndBack()
    for (const name of HOSTILE_NAMES) {
      expect(readFileSync(join(to, name))).toEqual(Buffer.from([0, 13, 10, 255, ...Buffer.from(name)]))
    }
  })

  it('names that are not even UTF-8', async () => {
    const s = await scene()
    const name = Buffer.concat([Buffer.from(`${s.path}/caf`), Buffer.from([0xe9])])
    writeFileSync(name, 'latin')
    const { to } = await s.thereAndBack()
    expect(readFileSync(Buffer.concat([Buffer.from(`${to}/caf`), Buffer.from([0xe9])]), 'utf8')).toBe('latin')
  })

  it('a clean worktree: the ref is HEAD itself', async () => {
    const { sh } = lab()
    const s = await scene()
    const head = sh(s.path, 'rev-parse', 'HEAD')
    expect(must(await archiveWorktree(s.order))).toEqual({ ref: 'refs/gt/archive/k3x9', commit: head, head, dirty: 0 })
    const { to } = await s.thereAndBack()
    expect(sh(to, 'status', '--porcelain', '-uall')).toBe('')
  })

  it('what stood in the middle of a conflicted merge, the other side too', async () => {
    const { sh, tryGit, write } = lab()
    const s = await scene()
    sh(s.path, 'checkout', '-q', '-b', 'other')
    write(join(s.path, 'a.txt'), 'other\n')
    sh(s.path, 'commit', '-q', '-am', 'other')
    const other = sh(s.path, 'rev-parse', 'HEAD')
    sh(s.path, 'checkout', '-q', 'gt/toast')
    write(join(s.path, 'a.txt'), 'mine\n')
    sh(s.path, 'commit', '-q', '-am', 'mine')
    expect(tryGit(s.path, 'merge', other).code).toBe(1)
    const text = readFileSync(join(s.path, 'a.txt'), 'utf8')
    const { to } = await s.thereAndBack()
    expect(readFileSync(join(to, 'a.txt'), 'utf8')).toBe(text)
    expect(sh(s.gitDir, 'merge-base', '--is-ancestor', other, 'refs/gt/archive/k3x9')).toBe('')
  })

  it('what stood in the middle of a rebase: HEAD, files, and the branch as it was before', async () => {
    const { sh, tryGit, write } = lab()
    const s = await scene()
    const commit = (file: string, text: string): string => {
      write(join(s.path, file), text)
      sh(s.path, 'add', '-A')
      sh(s.path, 'commit', '-q', '-m', text)
      return sh(s.path, 'rev-parse', 'HEAD')
    }
    sh(s.path, 'checkout', '-q', '-b', 'upstream')
    commit('a.txt', 'upstream')
    sh(s.path, 'checkout', '-q', 'gt/toast')
    commit('c.txt', 'one')
    const tip = commit('a.txt', 'two')
    expect(tryGit(s.path, 'rebase', 'upstream').code).toBe(1)
    const head = sh(s.path, 'rev-parse', 'HEAD')
    // Without being told the branch: the rebase itself says where it began.
    const { branch: _, ...nameless } = s.order
    const archived = must(await archiveWorktree(nameless))
    expect(archived.head).toBe(head)
    sh(s.gitDir, 'update-ref', '-d', 'refs/heads/gt/toast')
    for (const kept of [tip, head]) sh(s.gitDir, 'merge-base', '--is-ancestor', kept, archived.ref)
    expect(sh(s.gitDir, 'show', `${archived.ref}:a.txt`)).toContain('<<<<<<<')
  })

  it('commits on a branch that HEAD has left, detached', async () => {
    const { sh } = lab()
    const s = await scene()
    sh(s.path, 'commit', '-q', '--allow-empty', '-m', 'on the branch')
    const tip = sh(s.path, 'rev-parse', 'HEAD')
    sh(s.path, 'checkout', '-q', '--detach', MAIN)
    sh(s.path, 'commit', '-q', '--allow-empty', '-m', 'detached')
    const detached = sh(s.path, 'rev-parse', 'HEAD')
    const archived = must(await archiveWorktree(s.order))
    expect(archived).toMatchObject({ head: detached, dirty: 0 })
    for (const kept of [tip, detached]) sh(s.gitDir, 'merge-base', '--is-ancestor', kept, archived.ref)
  })

  it('a branch without any commit', async () => {
    const { sh, write } = lab()
    const s = await scene()
    sh(s.path, 'checkout', '-q', '--orphan', 'fresh')
    write(join(s.path, 'new'), 'x')
    const archived = must(await archiveWorktree(s.order))
    expect(sh(s.gitDir, 'show', `${archived.ref}:new`)).toBe('x')
  })

  it('what was staged, when the file says something else by now', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'a.txt'), 'staged\n')
    sh(s.path, 'add', 'a.txt')
    write(join(s.path, 'a.txt'), 'later\n')
    const archived = must(await archiveWorktree(s.order))
    expect(sh(s.gitDir, 'show', `${archived.ref}:a.txt`)).toBe('later')
    expect(sh(s.gitDir, 'show', `${archived.ref}^2:a.txt`)).toBe('staged')
    expect(sh(s.gitDir, 'log', '-1', '--format=%ct', `${archived.ref}^2`)).toBe('0')
    expect(must(await archiveWorktree(s.order)).commit).toBe(archived.commit)
  })

  it('files that git was told not to look at', async () => {
    const { sh, write } = lab()
    const s = await scene()
    sh(s.path, 'update-index', '--assume-unchanged', 'a.txt')
    sh(s.path, 'update-index', '--skip-worktree', 'b.txt')
    write(join(s.path, 'a.txt'), 'hidden a\n')
    write(join(s.path, 'b.txt'), 'hidden b\n')
    const { to } = await s.thereAndBack()
    expect(readFileSync(join(to, 'a.txt'), 'utf8')).toBe('hidden a\n')
    expect(readFileSync(join(to, 'b.txt'), 'utf8')).toBe('hidden b\n')
  })

  it('a change made in the same instant as the index, of the same size', async () => {
    const { sh } = lab()
    const s = await scene()
    const { utimesSync, statSync } = await import('node:fs')
    const file = join(s.path, 'a.txt')
    const admin = sh(s.path, 'rev-parse', '--absolute-git-dir')
    const at = new Date(Math.floor(Date.now() / 1000) * 1000 - 5000)
    utimesSync(file, at, at)
    sh(s.path, '-c', 'core.trustctime=false', 'update-index', '--refresh')
    sh(s.path, 'config', 'core.trustctime', 'false')
    writeFileSync(file, 'b\n')
    utimesSync(file, at, at)
    utimesSync(join(admin, 'index'), at, at)
    expect(statSync(file).mtimeMs).toBe(statSync(join(admin, 'index')).mtimeMs)
    const archived = must(await archiveWorktree(s.order))
    expect(sh(s.gitDir, 'show', `${archived.ref}:a.txt`)).toBe('b')
  })

  it('the content of nested repositories, with commits or without', async () => {
    const { root, sh, write, project } = lab()
    const s = await scene()
    project('town/polecats/toast/nested one', { 'in.txt': 'in\n', '.gitignore': 'skip\n', 'new\nline': 'n' })
    write(join(s.path, 'nested one', 'dirty.txt'), 'dirty\n')
    write(join(s.path, 'nested one', 'skip'), 'skipped\n')
    sh(root, 'init', '-q', join(s.path, 'unborn'))
    write(join(s.path, 'unborn', 'x.txt'), 'x\n')
    // One entry that git cannot add must not cost the others their proper way in.
    write(join(s.path, '.gitattributes'), 'crlf.txt text\n')
    write(join(s.path, 'crlf.txt'), 'c\r\n')
    const { to } = await s.thereAndBack()
    expect(readFileSync(join(to, 'nested one/in.txt'), 'utf8')).toBe('in\n')
    expect(readFileSync(join(to, 'nested one/dirty.txt'), 'utf8')).toBe('dirty\n')
    expect(readFileSync(join(to, 'nested one/new\nline'), 'utf8')).toBe('n')
    expect(readFileSync(join(to, 'unborn/x.txt'), 'utf8')).toBe('x\n')
    expect(sh(s.gitDir, 'cat-file', '-s', 'refs/gt/archive/k3x9:crlf.txt')).toBe('2')
    expect(existsSync(join(to, 'nested one/skip'))).toBe(false)
  })

  it('changes inside a submodule; an untouched one stays a submodule', async () => {
    const { root, sh, rig, project, write, worktree } = lab()
    const library = project('library', { 'lib.txt': 'lib\n' })
    const source = project()
    for (const name of ['touched', 'untouched'])
      sh(source, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library, name)
    sh(source, 'commit', '-q', '-m', 'submodules')
    const gitDir = await rig(source)
    const path = await worktree(gitDir, 'toast')
    write(join(path, 'touched', 'lib.txt'), 'changed\n')
    const archived = must(await archiveWorktree({ gitDir, path, fence: 'f1', why: 'test' }))
    expect(sh(gitDir, 'show', `${archived.ref}:touched/lib.txt`)).toBe('changed')
    expect(sh(gitDir, 'ls-tree', archived.ref, 'untouched')).toMatch(/^160000/)
    expect(root).not.toBe('')
  })

  it('files whose filter is not installed', async () => {
    const { sh, write } = lab()
    const s = await scene()
    sh(s.path, 'config', 'filter.broken.clean', 'false')
    sh(s.path, 'config', 'filter.broken.required', 'true')
    write(join(s.path, '.gitattributes'), '*.bin filter=broken\n')
    write(join(s.path, 'x.bin'), 'x\n')
    write(join(s.path, 'y.txt'), 'y\n')
    const archived = must(await archiveWorktree(s.order))
    expect(sh(s.gitDir, 'show', `${archived.ref}:x.bin`)).toBe('x')
    expect(sh(s.gitDir, 'show', `${archived.ref}:y.txt`)).toBe('y')
  })
})

describe('archiving disturbs nothing', () => {
  it('neither index nor files nor branch, and a held index.lock does not stop it', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'a.txt'), 'changed\n')
    sh(s.path, 'add', 'a.txt')
    write(join(s.path, 'new'), 'x')
    const admin = sh(s.path, 'rev-parse', '--absolute-git-dir')
    const before = readFileSync(join(admin, 'index'))
    const status = sh(s.path, 'status', '--porcelain', '-uall')
    const after = readFileSync(join(admin, 'index'))
    expect(after.equals(before)).toBe(true)
    write(join(admin, 'index.lock'), 'held')
    expect(must(await archiveWorktree(s.order)).dirty).toBe(2)
    expect(readFileSync(join(admin, 'index')).equals(before)).toBe(true)
    expect(readFileSync(join(admin, 'index.lock'), 'utf8')).toBe('held')
    rmSync(join(admin, 'index.lock'))
    expect(sh(s.path, 'status', '--porcelain', '-uall')).toBe(status)
  })

  it('again is the same archive; more work is a new one that keeps the first', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'first'), '1')
    const first = must(await archiveWorktree(s.order))
    expect(must(await archiveWorktree(s.order))).toEqual(first)
    rmSync(join(s.path, 'first'))
    write(join(s.path, 'second'), '2')
    const second = must(await archiveWorktree(s.order))
    expect(second.commit).not.toBe(first.commit)
    sh(s.gitDir, 'merge-base', '--is-ancestor', first.commit, second.ref)
    expect(must(await hasArchive(s.order))).toBe(second.commit)
  })
})

describe('a damaged worktree', () => {
  it('without its .git file is archived all the same', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'new'), 'x')
    rmSync(join(s.path, '.git'))
    rmSync(join(s.path, 'b.txt'))
    const archived = must(await archiveWorktree(s.order))
    expect(archived.dirty).toBe(2)
    expect(sh(s.gitDir, 'show', `${archived.ref}:new`)).toBe('x')
    expect(sh(s.gitDir, 'show', `${archived.head}:b.txt`)).toBe('b')
  })

  it('that git has forgotten is archived by its branch', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'new'), 'x')
    renameSync(s.path, `${s.path}.away`)
    sh(s.gitDir, 'worktree', 'prune', '--expire=now')
    renameSync(`${s.path}.away`, s.path)
    const archived = must(await archiveWorktree(s.order))
    expect(archived.dirty).toBe(1)
    expect(sh(s.gitDir, 'show', `${archived.ref}:new`)).toBe('x')
    const { branch: _, ...nameless } = s.order
    expect(codeOf(await archiveWorktree({ ...nameless, fence: 'other' }))).toBe('E_ARCHIVE')
  })

  it('that is gone altogether keeps its commits, and is never taken for "all files deleted"', async () => {
    const { sh } = lab()
    const s = await scene()
    sh(s.path, 'commit', '-q', '--allow-empty', '-m', 'work')
    const head = sh(s.path, 'rev-parse', 'HEAD')
    rmSync(s.path, { recursive: true })
    expect(must(await archiveWorktree(s.order))).toMatchObject({ commit: head, dirty: 0 })
  })

  it('that is gone after it was archived, as when its removal was cut short, adds nothing to what was kept', async () => {
    const { sh, write } = lab()
    const s = await scene()
    sh(s.path, 'commit', '-q', '--allow-empty', '-m', 'work')
    write(join(s.path, 'loose'), 'x')
    const kept = must(await archiveWorktree(s.order))
    renameSync(s.path, `${s.path}.trash`)
    expect(must(await archiveWorktree(s.order))).toEqual(kept)
    // A commit that came since is something new; what was kept stays behind it.
    renameSync(`${s.path}.trash`, s.path)
    sh(s.path, 'commit', '-q', '--allow-empty', '-m', 'more')
    const head = sh(s.path, 'rev-parse', 'HEAD')
    rmSync(s.path, { recursive: true })
    const more = must(await archiveWorktree(s.order))
    expect(more.head).toBe(head)
    expect(sh(s.gitDir, 'merge-base', '--is-ancestor', kept.commit, more.commit)).toBe('')
  })

  it('with a broken index is read from its files', async () => {
    const { sh, write } = lab()
    const s = await scene()
    write(join(s.path, 'a.txt'), 'changed\n')
    writeFileSync(join(sh(s.path, 'rev-parse', '--absolute-git-dir'), 'index'), 'torn')
    const archived = must(await archiveWorktree(s.order))
    expect(archived.dirty).toBe(1)
    expect(sh(s.gitDir, 'show', `${archived.ref}:a.txt`)).toBe('changed')
  })

  it('that was registered and never filled has nothing to add', async () => {
    const { root, rig, server, sh } = lab()
    const gitDir = await rig(server())
    const path = join(root, 'town', 'one')
    const { registerWorktree } = await import('../../src/git/worktrees.ts')
    must(await registerWorktree({ gitDir, path, branch: 'gt/one', base: MAIN }))
    expect(must(await archiveWorktree({ gitDir, path, fence: 'f', why: 'unfilled' }))).toMatchObject({
      commit: sh(gitDir, 'rev-parse', MAIN),
      dirty: 0,
    })
  })
})

describe('refusals', () => {
  it('a bad fence, an unknown archive, a target that is not empty', async () => {
    const { root, write } = lab()
    const s = await scene()
    for (const fence of ['', '../x', 'a b', '-x', 'a/b', 'x\n']) {
      expect(codeOf(await archiveWorktree({ ...s.order, fence }))).toBe('E_FENCE')
    }
    expect(await hasArchive(s.order)).toEqual({ kind: 'empty' })
    expect(await archiveWorktree({ gitDir: s.gitDir, path: join(root, 'no'), fence: 'x', why: '' })).toEqual({
      kind: 'empty',
    })
    expect(codeOf(await restoreArchive({ ...s.order, to: join(root, 'new') }))).toBe('E_NO_ARCHIVE')
    must(await archiveWorktree(s.order))
    write(join(root, 'full', 'precious'), 'x')
    expect(codeOf(await restoreArchive({ ...s.order, to: join(root, 'full') }))).toBe('E_EXISTS')
    expect(readFileSync(join(root, 'full', 'precious'), 'utf8')).toBe('x')
  })

  it('restoring twice gives two branches', async () => {
    const { root } = lab()
    const s = await scene()
    must(await archiveWorktree(s.order))
    must(await restoreArchive({ ...s.order, to: join(root, 'one') }))
    expect(must(await restoreArchive({ ...s.order, to: join(root, 'two') })).branch).toBe('gt/restored/k3x9-2')
  })
})
