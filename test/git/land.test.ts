import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareAndSwapRef, publish, remoteHead } from '../../src/git/land.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()
const MAIN = 'refs/remotes/origin/main'

/** A rig of this remote with a tested commit on top of main; `files` are what it changes. */
async function ready(remote: string, files: Record<string, string> = { 'a.txt': 'landed\n', 'new.txt': 'new\n' }) {
  const { sh, rig, worktree, write } = lab()
  const gitDir = await rig(remote)
  const expected = sh(gitDir, 'rev-parse', MAIN)
  const path = await worktree(gitDir, 'toast')
  for (const [file, text] of Object.entries(files)) write(join(path, file), text)
  sh(path, 'add', '-A', '-f')
  sh(path, 'commit', '-q', '-m', 'work')
  const commit = sh(path, 'rev-parse', 'HEAD')
  return { gitDir, path, order: { gitDir, branch: 'main', commit, expected } }
}

/** Every file below a folder, git's own left out, as one comparable value. */
function content(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!path.startsWith(join(folder, '.git')) && entry.isFile()) files[path] = readFileSync(path, 'latin1')
  }
  return files
}

describe('publish to a server', () => {
  it('moves the branch to exactly the commit, and says so only then', async () => {
    const { sh, server } = lab()
    const remote = server()
    const { gitDir, order } = await ready(remote)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(sh(remote, 'rev-parse', 'main')).toBe(order.commit)
    expect(sh(gitDir, 'rev-parse', MAIN)).toBe(order.commit)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('answers "moved" when somebody was faster, and forces nothing', async () => {
    const { root, sh, server } = lab()
    const remote = server()
    const { order } = await ready(remote)
    sh(root, 'clone', '-q', remote, 'rival')
    sh(join(root, 'rival'), 'commit', '-q', '--allow-empty', '-m', 'rival')
    sh(join(root, 'rival'), 'push', '-q', 'origin', 'HEAD:main')
    const now = sh(remote, 'rev-parse', 'main')
    expect(must(await publish(order))).toEqual({ kind: 'moved', now })
    expect(sh(remote, 'rev-parse', 'main')).toBe(now)
  })

  it('recognises its commit when others have built on it since', async () => {
    const { root, sh, server } = lab()
    const remote = server()
    const { order } = await ready(remote)
    must(await publish(order))
    sh(root, 'clone', '-q', remote, 'next')
    sh(join(root, 'next'), 'commit', '-q', '--allow-empty', '-m', 'next')
    sh(join(root, 'next'), 'push', '-q', 'origin', 'HEAD:main')
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('never rewinds', async () => {
    const { sh, server } = lab()
    const remote = server()
    const { gitDir, path, order } = await ready(remote)
    must(await publish(order))
    expect(codeOf(await publish({ gitDir, branch: 'main', commit: order.expected, expected: order.commit }))).toBe(
      'E_NOT_A_DESCENDANT',
    )
    sh(path, 'checkout', '-q', '--orphan', 'island')
    sh(path, 'commit', '-q', '-m', 'island')
    expect(codeOf(await publish({ ...order, commit: sh(path, 'rev-parse', 'HEAD'), expected: order.commit }))).toBe(
      'E_NOT_A_DESCENDANT',
    )
    expect(sh(remote, 'rev-parse', 'main')).toBe(order.commit)
  })

  it('hands on what the server’s hook says', async () => {
    const { sh, server, write } = lab()
    const remote = server()
    write(join(remote, 'hooks', 'pre-receive'), '#!/bin/sh\necho "main is protected on Fridays" >&2\nexit 1\n')
    chmodSync(join(remote, 'hooks', 'pre-receive'), 0o755)
    const { order } = await ready(remote)
    const answer = must(await publish(order))
    expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringContaining('protected on Fridays') })
    expect(answer).not.toHaveProperty('local_changes')
    expect(sh(remote, 'rev-parse', 'main')).toBe(order.expected)
  })

  it('that is gone is an error; a branch that is gone is refused', async () => {
    const { sh, server } = lab()
    const remote = server()
    const { order } = await ready(remote)
    sh(remote, 'branch', '-m', 'main', 'other')
    expect(must(await publish(order))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('no branch main'),
    })
    rmSync(remote, { recursive: true })
    expect(codeOf(await publish(order))).toBe('E_REMOTE_NOT_FOUND')
  })

  it('pushes no tag and runs no hook of the person', async () => {
    const { root, sh, server, write } = lab()
    const remote = server()
    const { gitDir, order } = await ready(remote)
    write(join(root, 'hooks', 'pre-push'), `#!/bin/sh\ntouch '${join(root, 'fired')}'\nexit 1\n`)
    chmodSync(join(root, 'hooks', 'pre-push'), 0o755)
    sh(root, 'config', '--global', 'core.hooksPath', join(root, 'hooks'))
    sh(gitDir, 'tag', '-a', '-m', 'mine', 'v1', order.commit)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(existsSync(join(root, 'fired'))).toBe(false)
    expect(sh(remote, 'tag')).toBe('')
  })
})

describe('publish to a person’s own checkout', () => {
  it('brings its files along, as a pull would', async () => {
    const { sh, project } = lab()
    const person = project('it’s "mine" $(x)')
    const { order } = await ready(
      person,
      Object.fromEntries([...HOSTILE_NAMES.map((name) => [name, name]), ['a.txt', 'landed\n']]),
    )
    const config = readFileSync(join(person, '.git', 'config'), 'utf8')
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(sh(person, 'rev-parse', 'HEAD')).toBe(order.commit)
    expect(sh(person, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main')
    expect(sh(person, 'status', '--porcelain', '-uall')).toBe('')
    for (const name of HOSTILE_NAMES) expect(readFileSync(join(person, name), 'utf8')).toBe(name)
    expect(readFileSync(join(person, '.git', 'config'), 'utf8')).toBe(config)
    expect(readdirSync(join(person, '.git', 'hooks')).every((name) => name.endsWith('.sample'))).toBe(true)
    expect(sh(person, 'stash', 'list')).toBe('')
  })

  it('leaves uncommitted work that does not overlap exactly as it is', async () => {
    const { sh, project, write } = lab()
    const person = project('mine', { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n', '.gitignore': 'ignored\n' })
    write(join(person, 'b.txt'), 'staged, then\n')
    sh(person, 'add', 'b.txt')
    write(join(person, 'b.txt'), 'changed again\n')
    write(join(person, 'c.txt'), 'unstaged\n')
    write(join(person, 'untracked'), 'u')
    write(join(person, 'ignored'), 'i')
    const { order } = await ready(person)
    const before = content(person)
    const status = sh(person, 'status', '--porcelain', '-uall')
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(content(person)).toEqual({
      ...before,
      [join(person, 'a.txt')]: 'landed\n',
      [join(person, 'new.txt')]: 'new\n',
    })
    expect(sh(person, 'status', '--porcelain', '-uall')).toBe(status)
    expect(sh(person, 'show', ':b.txt')).toBe('staged, then')
  })

  it.each([
    ['a changed file', { 'a.txt': 'mine\n' }, []],
    ['a staged file', { 'a.txt': 'mine\n' }, ['a.txt']],
    ['an untracked file', { 'new.txt': 'mine\n' }, []],
    ['an ignored file', { '.env': 'my secret\n' }, []],
    ['an ignored file where a folder lands', { logs: 'mine\n' }, []],
  ])('refuses to land over %s, and keeps it', async (_, mine, staged) => {
    const { sh, project, write } = lab()
    const person = project('mine', { 'a.txt': 'a\n', '.gitignore': '.env\nlogs\n' })
    const { order } = await ready(person, {
      'a.txt': 'landed\n',
      'new.txt': 'new\n',
      '.env': 'theirs\n',
      'logs/x': 'x\n',
    })
    for (const [file, text] of Object.entries(mine)) write(join(person, file), text)
    for (const file of staged) sh(person, 'add', file)
    const before = content(person)
    const status = sh(person, 'status', '--porcelain', '-uall')
    const answer = must(await publish(order))
    expect(answer).toMatchObject({ kind: 'refused', local_changes: true })
    expect((answer as { reason: string }).reason).toContain(Object.keys(mine)[0])
    expect(content(person)).toEqual(before)
    expect(sh(person, 'rev-parse', 'HEAD')).toBe(order.expected)
    expect(sh(person, 'status', '--porcelain', '-uall')).toBe(status)
    for (const file of Object.keys(mine)) rmSync(join(person, file))
    sh(person, 'reset', '-q', '--hard')
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('is not irritated by a file that was only touched', async () => {
    const { project } = lab()
    const person = project()
    const { order } = await ready(person)
    const { utimesSync } = await import('node:fs')
    utimesSync(join(person, 'a.txt'), 1, 1)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('finishes what a kill cut short between the files and the branch', async () => {
    const { sh, project } = lab()
    const person = project()
    const { gitDir, order } = await ready(person)
    sh(person, 'fetch', '-q', '--no-write-fetch-head', gitDir, order.commit)
    sh(person, 'read-tree', '-u', '-m', 'HEAD', order.commit)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(sh(person, 'status', '--porcelain', '-uall')).toBe('')
  })

  it('asks to try again while its index is locked', async () => {
    const { sh, project, write } = lab()
    const person = project()
    const { order } = await ready(person)
    write(join(person, '.git', 'index.lock'), '')
    expect(await publish(order)).toMatchObject({ failure: { code: 'E_TARGET_BUSY', exit: 75 } })
    expect(sh(person, 'rev-parse', 'HEAD')).toBe(order.expected)
    rmSync(join(person, '.git', 'index.lock'))
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('moves only the branch when another one is checked out', async () => {
    const { sh, project } = lab()
    const person = project()
    const { order } = await ready(person)
    sh(person, 'checkout', '-q', '-b', 'elsewhere')
    const before = content(person)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(content(person)).toEqual(before)
    expect(sh(person, 'rev-parse', 'main')).toBe(order.commit)
    expect(sh(person, 'status', '--porcelain', '-uall')).toBe('')
  })

  it('finds the branch in a linked worktree of the person', async () => {
    const { root, sh, project, write } = lab()
    const person = project()
    const { order } = await ready(person)
    sh(person, 'checkout', '-q', '-b', 'elsewhere')
    sh(person, 'worktree', 'add', '-q', join(root, 'linked'), 'main')
    write(join(root, 'linked', 'new.txt'), 'mine')
    expect(must(await publish(order))).toMatchObject({ kind: 'refused', local_changes: true })
    rmSync(join(root, 'linked', 'new.txt'))
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
    expect(readFileSync(join(root, 'linked', 'a.txt'), 'utf8')).toBe('landed\n')
    expect(sh(join(root, 'linked'), 'status', '--porcelain', '-uall')).toBe('')
  })

  it('keeps out of an unfinished rebase or merge', async () => {
    const { sh, tryGit, project, write } = lab()
    const person = project()
    write(join(person, 'b.txt'), 'two\n')
    sh(person, 'checkout', '-q', '-b', 'side')
    sh(person, 'commit', '-q', '-am', 'side')
    sh(person, 'checkout', '-q', 'main')
    write(join(person, 'b.txt'), 'three\n')
    sh(person, 'commit', '-q', '-am', 'main')
    const { order } = await ready(person)
    for (const verb of ['rebase', 'merge']) {
      expect(tryGit(person, verb, 'side').code).toBe(1)
      const before = content(person)
      expect(must(await publish(order))).toMatchObject({ kind: 'refused', local_changes: true })
      expect(content(person)).toEqual(before)
      sh(person, verb, '--abort')
    }
    expect(sh(person, 'rev-parse', 'main')).toBe(order.expected)
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('keeps out of one that stands still with nothing to resolve', async () => {
    const { sh, tryGit, project } = lab()
    const person = project()
    sh(person, 'branch', 'side')
    sh(person, 'commit', '-q', '--allow-empty', '-m', 'one')
    sh(person, 'commit', '-q', '--allow-empty', '-m', 'two')
    const { order } = await ready(person)
    expect(tryGit(person, 'rebase', '--force-rebase', '--keep-empty', '--exec', 'false', 'side').code).toBe(1)
    expect(must(await publish(order))).toMatchObject({ kind: 'refused', reason: expect.stringContaining('a rebase') })
    sh(person, 'rebase', '--abort')
    sh(person, 'checkout', '-q', 'side')
    sh(person, 'commit', '-q', '--allow-empty', '-m', 'side')
    sh(person, 'checkout', '-q', 'main')
    sh(person, 'merge', '-q', '--no-ff', '--no-commit', 'side')
    expect(must(await publish(order))).toMatchObject({ kind: 'refused', reason: expect.stringContaining('MERGE_HEAD') })
    sh(person, 'merge', '--abort')
    expect(must(await publish(order))).toEqual({ kind: 'landed' })
  })

  it('answers "moved" when the person committed, and runs none of their hooks', async () => {
    const { root, sh, project, write } = lab()
    const person = project()
    const { order, gitDir, path } = await ready(person)
    for (const name of ['post-receive', 'pre-receive', 'update', 'post-merge', 'post-checkout', 'post-update']) {
      write(join(person, '.git', 'hooks', name), `#!/bin/sh\ntouch '${join(root, 'fired')}'\nexit 1\n`)
      chmodSync(join(person, '.git', 'hooks', name), 0o755)
    }
    sh(person, 'commit', '-q', '--allow-empty', '-m', 'mine')
    const now = sh(person, 'rev-parse', 'HEAD')
    expect(must(await publish(order))).toEqual({ kind: 'moved', now })
    sh(path, 'fetch', '-q', 'origin')
    sh(path, 'merge', '-q', '-m', 'again', 'origin/main')
    const commit = sh(path, 'rev-parse', 'HEAD')
    expect(must(await publish({ gitDir, branch: 'main', commit, expected: now }))).toEqual({ kind: 'landed' })
    expect(existsSync(join(root, 'fired'))).toBe(false)
    expect(lstatSync(join(person, '.git', 'hooks', 'update')).isFile()).toBe(true)
  })
})

describe('compareAndSwapRef', () => {
  it('creates, moves and deletes only from what is expected', async () => {
    const { sh, server, rig } = lab()
    const gitDir = await rig(server())
    const one = sh(gitDir, 'rev-parse', MAIN)
    const two = sh(
      gitDir,
      '-c',
      'user.name=x',
      '-c',
      'user.email=x',
      'commit-tree',
      '-m',
      'two',
      '-p',
      one,
      `${one}^{tree}`,
    )
    const ref = 'refs/heads/gt/queue/main'
    const swap = (to: string | null, expected: string | null) => compareAndSwapRef({ gitDir, ref, to, expected })
    expect(must(await swap(two, one))).toEqual({ kind: 'moved', now: null })
    expect(must(await swap(one, null))).toEqual({ kind: 'swapped' })
    expect(must(await swap(two, null))).toEqual({ kind: 'moved', now: one })
    expect(must(await swap(two, one))).toEqual({ kind: 'swapped' })
    expect(must(await swap(null, one))).toEqual({ kind: 'moved', now: two })
    expect(must(await swap(null, two))).toEqual({ kind: 'swapped' })
    expect(codeOf(await compareAndSwapRef({ gitDir, ref: 'HEAD', to: one, expected: null }))).toBe('E_REF')
    lab().write(join(gitDir, `${ref}.lock`), '')
    expect(await swap(one, null)).toMatchObject({ failure: { code: 'E_REF_BUSY', exit: 75 } })
  })

  it('has one winner', async () => {
    const { sh, server, rig } = lab()
    const gitDir = await rig(server())
    const one = sh(gitDir, 'rev-parse', MAIN)
    const rivals = Array.from({ length: 8 }, (_, n) =>
      sh(gitDir, '-c', 'user.name=x', '-c', 'user.email=x', 'commit-tree', '-m', `${n}`, '-p', one, `${one}^{tree}`),
    )
    const answers = await Promise.all(
      rivals.map((to) => compareAndSwapRef({ gitDir, ref: 'refs/gt/x', to, expected: null })),
    )
    expect(answers.filter((answer) => answer.kind === 'ok' && answer.value.kind === 'swapped')).toHaveLength(1)
    expect((await remoteHead({ gitDir, branch: 'main' })).kind).toBe('ok')
  })
})
