import { chmodSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pushBranch } from '../../src/git/branches.ts'
import { codeOf, must, useLab } from './helpers.ts'

const lab = useLab()
const BRANCH = 'gt/pr/gp-a'

/** A rig of this remote with two commits that are not there, neither on top of the other. */
async function ready(remote: string) {
  const { sh, tryGit, rig } = lab()
  const gitDir = await rig(remote)
  const main = sh(gitDir, 'rev-parse', 'refs/remotes/origin/main')
  const make = (message: string): string => sh(gitDir, 'commit-tree', '-m', message, '-p', main, `${main}^{tree}`)
  const at = (where: string, ref: string): string | null => {
    const found = tryGit(where, 'rev-parse', '--verify', '--quiet', ref)
    return found.code === 0 ? found.text.trim() : null
  }
  return {
    gitDir,
    main,
    one: make('one'),
    two: make('two'),
    push: (to: string | null, expected: string | null, branch = BRANCH) => pushBranch({ gitDir, branch, to, expected }),
    there: () => at(remote, `refs/heads/${BRANCH}`),
    here: () => at(gitDir, `refs/remotes/origin/${BRANCH}`),
  }
}

const remotes: [string, () => string][] = [
  ['a server', () => lab().server()],
  [
    'a person’s own repository, on another branch',
    () => {
      const person = lab().project('it’s "mine" $(x)')
      lab().sh(person, 'checkout', '-q', '-b', 'elsewhere')
      return person
    },
  ],
]

describe.each(remotes)('pushBranch to %s', (_, makeRemote) => {
  it('creates, moves and deletes a branch, each as often as one likes', async () => {
    const { sh } = lab()
    const remote = makeRemote()
    const { one, two, push, there, here, main } = await ready(remote)
    const steps: [string | null, string | null][] = [
      [one, null],
      [two, one],
      [main, two],
      [null, main],
      [null, null],
    ]
    for (const [to, expected] of steps) {
      for (let time = 1; time <= 2; time++) {
        expect(must(await push(to, expected))).toEqual({ kind: 'done' })
        expect([there(), here()]).toEqual([to, to])
      }
    }
    expect(sh(remote, 'rev-parse', 'main')).toBe(main)
    if (existsSync(join(remote, '.git'))) expect(sh(remote, 'status', '--porcelain', '-uall')).toBe('')
  })

  it('answers "moved" when the branch is not where it was expected, and forces nothing', async () => {
    const { sh } = lab()
    const remote = makeRemote()
    const { one, two, main, push, there } = await ready(remote)
    expect(must(await push(two, one))).toEqual({ kind: 'moved', now: null })
    must(await push(one, null))
    sh(remote, 'update-ref', `refs/heads/${BRANCH}`, main)
    expect(must(await push(two, one))).toEqual({ kind: 'moved', now: main })
    expect(must(await push(two, null))).toEqual({ kind: 'moved', now: main })
    expect(must(await push(null, one))).toEqual({ kind: 'moved', now: main })
    expect(must(await push(null, null))).toEqual({ kind: 'moved', now: main })
    expect(there()).toBe(main)
    expect(must(await push(main, one))).toEqual({ kind: 'done' })
  })

  it('has one winner', async () => {
    const { sh } = lab()
    const { gitDir, main, push, there } = await ready(makeRemote())
    const rivals = Array.from({ length: 4 }, (_unused, n) =>
      sh(gitDir, 'commit-tree', '-m', `${n}`, '-p', main, `${main}^{tree}`),
    )
    const answers = await Promise.all(rivals.map((to) => push(to, null)))
    const won = rivals.filter((_unused, n) => must(answers[n]!).kind === 'done')
    expect(won).toEqual([there()])
  })
})

describe('pushBranch', () => {
  it('hands on what the server’s hook says', async () => {
    const { server, write } = lab()
    const remote = server()
    const { one, push, there } = await ready(remote)
    write(join(remote, 'hooks', 'pre-receive'), '#!/bin/sh\necho "no branches on Fridays" >&2\nexit 1\n')
    chmodSync(join(remote, 'hooks', 'pre-receive'), 0o755)
    expect(must(await push(one, null))).toEqual({
      kind: 'refused',
      reason: expect.stringContaining('no branches on Fridays'),
    })
    expect(there()).toBeNull()
  })

  it('leaves a branch that a person has checked out, whatever is set there, and runs no hook of his', async () => {
    const { root, sh, project, write } = lab()
    const person = project()
    const { one, two, push, there } = await ready(person)
    for (const hook of ['pre-receive', 'update', 'post-receive', 'post-update', 'push-to-checkout']) {
      write(join(person, '.git', 'hooks', hook), `#!/bin/sh\ntouch '${join(root, 'fired')}'\n`)
      chmodSync(join(person, '.git', 'hooks', hook), 0o755)
    }
    must(await push(one, null))
    sh(person, 'checkout', '-q', BRANCH)
    sh(person, 'config', 'receive.denyCurrentBranch', 'updateInstead')
    sh(person, 'config', 'receive.denyDeleteCurrent', 'ignore')
    expect(must(await push(two, one))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('checked out'),
    })
    expect(must(await push(null, one))).toMatchObject({ kind: 'refused' })
    expect(there()).toBe(one)
    expect(existsSync(join(root, 'fired'))).toBe(false)
  })

  it('pushes no tag, and runs no hook of ours', async () => {
    const { root, sh, server, write } = lab()
    const remote = server()
    const { gitDir, one, push } = await ready(remote)
    write(join(gitDir, 'hooks', 'pre-push'), `#!/bin/sh\ntouch '${join(root, 'fired')}'\nexit 1\n`)
    chmodSync(join(gitDir, 'hooks', 'pre-push'), 0o755)
    sh(gitDir, 'tag', '-a', '-m', 'mine', 'v1', one)
    expect(must(await push(one, null))).toEqual({ kind: 'done' })
    expect(existsSync(join(root, 'fired'))).toBe(false)
    expect(sh(remote, 'tag')).toBe('')
  })

  it('takes no name that git would read otherwise, and says when the remote is gone', async () => {
    const { server } = lab()
    const remote = server()
    const { one, push } = await ready(remote)
    for (const name of ['', 'a:b', '*', 'a..b', 'a b', '../x', 'x.lock', '@{-1}']) {
      expect(codeOf(await push(one, null, name))).toBe('E_REF')
    }
    expect(codeOf(await push(one, 'main'))).toBe('E_REF')
    expect(codeOf(await push('f'.repeat(40), null))).toBe('E_NO_COMMIT')
    rmSync(remote, { recursive: true })
    expect(codeOf(await push(one, null))).toBe('E_REMOTE_NOT_FOUND')
  })
})
