import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { remoteHead } from '../../src/git/land.ts'
import {
  cloneBare,
  defaultBranch,
  fetchRemote,
  isAncestor,
  PUSH_IS_NOT_FOR_AGENTS,
  remoteUrl,
  resolveCommit,
  treeOf,
} from '../../src/git/repository.ts'
import { codeOf, must, useLab } from './helpers.ts'

const lab = useLab()

describe('cloneBare', () => {
  it('takes a person’s checkout, with remote branches only and nothing shared', async () => {
    const { root, sh, project } = lab()
    const source = project('it’s a "project"')
    sh(source, 'branch', 'side')
    const gitDir = await lab().rig(source)
    expect(sh(gitDir, 'for-each-ref', '--format=%(refname)')).toBe('refs/remotes/origin/main\nrefs/remotes/origin/side')
    expect(sh(gitDir, 'rev-parse', '--is-bare-repository')).toBe('true')
    expect(must(await remoteUrl({ gitDir }))).toBe(source)
    expect(existsSync(join(gitDir, 'objects/info/alternates'))).toBe(false)
    const files = readdirSync(join(gitDir, 'objects'), { recursive: true, withFileTypes: true }).filter((f) =>
      f.isFile(),
    )
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect(statSync(join(file.parentPath, file.name)).nlink).toBe(1)
    expect(existsSync(join(gitDir, 'hooks'))).toBe(false)
    expect(readdirSync(join(root, 'town'))).toEqual(['repo.git'])
  })

  it('makes an agent’s own push fail with a sentence it can act on', async () => {
    const { tryGit, server, rig, worktree } = lab()
    const remote = server()
    const gitDir = await rig(remote)
    const path = await worktree(gitDir, 'toast')
    const pushed = tryGit(path, 'push', 'origin', 'HEAD:refs/heads/mine')
    expect(pushed.code).not.toBe(0)
    expect(pushed.text).toContain(PUSH_IS_NOT_FOR_AGENTS)
    expect(await remoteHead({ gitDir, branch: 'mine' })).toEqual({ kind: 'empty' })
  })

  it('survives an agent that switches per-worktree configuration on', async () => {
    const { sh, rig, server, worktree } = lab()
    const gitDir = await rig(server())
    const path = await worktree(gitDir, 'toast')
    sh(path, 'config', 'extensions.worktreeConfig', 'true')
    sh(path, 'config', '--worktree', 'x.y', 'z')
    expect(sh(path, 'status', '--porcelain', '-uall')).toBe('')
    expect(sh(gitDir, 'rev-parse', '--is-bare-repository')).toBe('true')
  })

  it('two at once: one makes it, the other is told that it is there', async () => {
    const { root, project } = lab()
    const where = { from: project(), to: join(root, 'town', 'repo.git') }
    const both = await Promise.all([cloneBare(where), cloneBare(where)])
    expect(both.map((one) => (one.kind === 'ok' ? 'ok' : one.failure.code)).sort()).toEqual(['E_EXISTS', 'ok'])
    expect(readdirSync(join(root, 'town'))).toEqual(['repo.git'])
  })

  it('refuses what it cannot clone, says why, and leaves nothing behind', async () => {
    const { root, sh, write, project } = lab()
    const to = join(root, 'town', 'repo.git')
    sh(root, 'init', '-q', 'empty')
    write(join(root, 'plain', 'file'), 'x')
    project('outer')
    write(join(root, 'outer', 'sub', 'file'), 'x')
    expect(codeOf(await cloneBare({ from: join(root, 'missing'), to }))).toBe('E_REMOTE_NOT_FOUND')
    expect(codeOf(await cloneBare({ from: join(root, 'plain'), to }))).toBe('E_REMOTE_NOT_FOUND')
    expect(codeOf(await cloneBare({ from: join(root, 'outer', 'sub'), to }))).toBe('E_REMOTE_NOT_FOUND')
    const none = await cloneBare({ from: join(root, 'empty'), to })
    expect(none).toMatchObject({ failure: { code: 'E_REMOTE_EMPTY', hint: expect.stringContaining('First commit') } })
    expect(codeOf(await cloneBare({ from: 'https://127.0.0.1:1/x.git', to }))).toBe('E_REMOTE_UNREACHABLE')
    expect(existsSync(join(root, 'town')) ? readdirSync(join(root, 'town')) : []).toEqual([])
  })

  it('never writes over what is there', async () => {
    const { root, write, project } = lab()
    write(join(root, 'town', 'repo.git', 'precious'), 'x')
    expect(codeOf(await cloneBare({ from: project(), to: join(root, 'town', 'repo.git') }))).toBe('E_EXISTS')
    expect(readFileSync(join(root, 'town', 'repo.git', 'precious'), 'utf8')).toBe('x')
  })

  it('runs no hook and copies none, whatever the person’s template has', async () => {
    const { root, sh, write, server, rig, worktree } = lab()
    const hook = `#!/bin/sh\ntouch ${join(root, 'fired')}\n`
    for (const name of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      write(join(root, 'template', 'hooks', name), hook)
      sh(root, 'config', '--global', 'init.templateDir', join(root, 'template'))
    }
    const remote = server()
    const { chmodSync, rmSync } = await import('node:fs')
    for (const name of readdirSync(join(root, 'template', 'hooks')))
      chmodSync(join(root, 'template', 'hooks', name), 0o755)
    sh(root, 'config', '--global', 'core.hooksPath', join(root, 'template', 'hooks'))
    sh(root, 'init', '-q', 'probe')
    sh(join(root, 'probe'), 'commit', '-q', '--allow-empty', '-m', 'x')
    expect(existsSync(join(root, 'fired'))).toBe(true)
    rmSync(join(root, 'fired'))
    const gitDir = await rig(remote)
    await worktree(gitDir, 'toast')
    expect(existsSync(join(root, 'fired'))).toBe(false)
  })
})

describe('the remote', () => {
  it('names its own default branch', async () => {
    const { root, sh, server, rig } = lab()
    const remote = server()
    sh(remote, 'branch', '-m', 'main', 'trunk/next')
    sh(remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk/next')
    const gitDir = await rig(remote)
    expect(must(await defaultBranch({ gitDir }))).toBe('trunk/next')
    sh(remote, 'symbolic-ref', 'HEAD', 'refs/heads/unborn')
    expect(must(await defaultBranch({ gitDir }))).toBe('trunk/next')
    sh(remote, 'branch', 'second', 'trunk/next')
    expect((await defaultBranch({ gitDir })).kind).toBe('unknown')
    sh(root, 'init', '-q', '--bare', 'blank.git')
    expect((await defaultBranch({ gitDir, remote: join(root, 'blank.git') })).kind).toBe('empty')
  })

  it('is fetched: new commits, new branches, deleted branches', async () => {
    const { root, sh, server, rig } = lab()
    const remote = server()
    sh(remote, 'branch', 'old', 'main')
    const gitDir = await rig(remote)
    sh(root, 'clone', '-q', remote, 'elsewhere')
    sh(join(root, 'elsewhere'), 'commit', '-q', '--allow-empty', '-m', 'second')
    sh(join(root, 'elsewhere'), 'push', '-q', 'origin', 'HEAD:main', 'HEAD:old/nested', ':old')
    must(await fetchRemote({ gitDir }))
    expect(sh(gitDir, 'for-each-ref', '--format=%(refname) %(subject)')).toBe(
      'refs/remotes/origin/main second\nrefs/remotes/origin/old/nested second',
    )
  })

  it('fetched from many sides at once ends well', async () => {
    const { sh, server, project, root, rig } = lab()
    project('elsewhere')
    const remote = server()
    const gitDir = await rig(remote)
    sh(root, 'clone', '-q', remote, 'third')
    sh(join(root, 'third'), 'commit', '-q', '--allow-empty', '-m', 'more')
    sh(join(root, 'third'), 'push', '-q', 'origin', 'HEAD:main')
    const all = await Promise.all(Array.from({ length: 6 }, () => fetchRemote({ gitDir })))
    for (const one of all) must(one)
    expect(must(await resolveCommit(gitDir, 'refs/remotes/origin/main'))).toBe(sh(remote, 'rev-parse', 'main'))
  })

  it('that is gone is an error, never empty', async () => {
    const { server, rig } = lab()
    const remote = server()
    const gitDir = await rig(remote)
    const { rmSync } = await import('node:fs')
    rmSync(remote, { recursive: true })
    expect(codeOf(await fetchRemote({ gitDir }))).toBe('E_REMOTE_NOT_FOUND')
    expect(codeOf(await defaultBranch({ gitDir }))).toBe('E_REMOTE_NOT_FOUND')
    expect(codeOf(await remoteHead({ gitDir, branch: 'main' }))).toBe('E_REMOTE_NOT_FOUND')
    expect(must(await resolveCommit(gitDir, 'refs/remotes/origin/main'))).toMatch(/^[0-9a-f]{40}$/)
  })

  it('is asked for one branch exactly', async () => {
    const { sh, server, rig } = lab()
    const remote = server()
    sh(remote, 'branch', 'x/refs/heads/main', 'main')
    sh(remote, 'branch', '-m', 'main', 'other')
    const gitDir = await rig(remote)
    expect((await remoteHead({ gitDir, branch: 'main' })).kind).toBe('empty')
  })
})

describe('revisions', () => {
  it('resolve, or are empty, or are an error', async () => {
    const { root, sh, server, rig } = lab()
    const gitDir = await rig(server())
    const id = sh(gitDir, 'rev-parse', 'refs/remotes/origin/main')
    expect(must(await resolveCommit(gitDir, id.slice(0, 8)))).toBe(id)
    expect(must(await treeOf(gitDir, id))).toBe(sh(gitDir, 'rev-parse', `${id}^{tree}`))
    for (const rev of ['nothing', 'f'.repeat(40), '-x', '--all', 'a b']) {
      expect(await resolveCommit(gitDir, rev)).toEqual({ kind: 'empty' })
    }
    expect(codeOf(await resolveCommit(join(root, 'missing.git'), 'HEAD'))).toBe('E_GIT')
  })

  it('know their ancestors, and an absent commit is an error', async () => {
    const { sh, project, rig } = lab()
    const source = project()
    sh(source, 'commit', '-q', '--allow-empty', '-m', 'second')
    const gitDir = await rig(source)
    const [b, a] = sh(gitDir, 'rev-list', 'refs/remotes/origin/main').split('\n') as [string, string]
    expect(must(await isAncestor(gitDir, a, b))).toBe(true)
    expect(must(await isAncestor(gitDir, b, a))).toBe(false)
    expect(must(await isAncestor(gitDir, a, a))).toBe(true)
    expect((await isAncestor(gitDir, 'f'.repeat(40), a)).kind).toBe('error')
  })
})
