import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { byNumber, closePull, look, openOrFind, update } from '../../src/forge/pull-request.ts'
import { standingOf } from '../../src/forge/standing.ts'
import { codeOf, must, useLab } from '../git/helpers.ts'
import { scriptedGh, workshop } from './helpers.ts'

const lab = useLab()
const WORDS = { base: 'main', title: 'T', body: 'B' }
const HOSTILE = [
  '"double" \'single\' `id` $(touch pwned) $HOME \\',
  '--draft',
  '-x',
  '@/etc/passwd',
  'two\nlines\r\n\tand é 🎉',
  '-',
]

describe('opening', () => {
  it('opens one, and finds it again', async () => {
    const { forge, at, push } = workshop(lab())
    const head = push('gt/x', 'x')
    const first = must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x', draft: true }))
    expect(first).toEqual({ number: 1, url: expect.stringMatching(/\/pull\/1$/), base: 'main', created: true })
    expect(must(await openOrFind({ ...at, ...WORDS, title: 'other', branch: 'gt/x' }))).toEqual({
      ...first,
      created: false,
    })
    expect(forge.pulls()).toMatchObject([{ number: 1, title: 'T', body: 'B', branch: 'gt/x', head, draft: true }])
    expect(forge.calls('create')).toHaveLength(1)
  })

  it('opens one only when two ask at once', async () => {
    const { forge, at, push } = workshop(lab())
    push('gt/x', 'x')
    const ask = () => openOrFind({ ...at, ...WORDS, branch: 'gt/x' })
    const both = (await Promise.all([ask(), ask(), ask()])).map(must)
    expect(both.map((one) => one.number)).toEqual([1, 1, 1])
    expect(both.filter((one) => one.created)).toHaveLength(1)
    expect(forge.pulls()).toHaveLength(1)
  })

  it('looks again when gh says that it exists already', async () => {
    const pulls = '[{"number":5,"url":"https://h/o/n/pull/5","headRefOid":"x","baseRefName":"main"}]'
    const dir = join(lab().root, 'bin')
    const made = `echo 'a pull request for branch "gt/x" into branch "main" already exists:' >&2; : > ${dir}/made; exit 1`
    const env = scriptedGh(
      dir,
      `if [ "$2" = create ]; then ${made}; fi\nif [ -e ${dir}/made ]; then echo '${pulls}'; else echo '[]'; fi`,
    )
    const found = must(await openOrFind({ repo: 'o/n', env, ...WORDS, branch: 'gt/x' }))
    expect(found).toEqual({ number: 5, url: 'https://h/o/n/pull/5', base: 'main', created: false })
  })

  it('passes over a fork with the same branch, and prefers the base it was asked for', async () => {
    const { forge, at, push, remote } = workshop(lab())
    push('gt/x', 'x')
    lab().sh(remote, 'branch', 'release', 'main')
    forge.fork('gt/x', 'main')
    const release = must(await openOrFind({ ...at, ...WORDS, base: 'release', branch: 'gt/x' }))
    expect(release).toMatchObject({ number: 2, created: true })
    // Pointed elsewhere by a person, it is still the pull request of this branch.
    expect(must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))).toMatchObject({ number: 2, base: 'release' })
    expect(must(await byNumber({ ...at, number: 1 }))).toMatchObject({ branch: 'gt/x', fork: true })
  })

  it('opens another after the first was closed', async () => {
    const { at, push } = workshop(lab())
    push('gt/x', 'x')
    must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))
    must(await closePull({ ...at, number: 1, comment: 'no' }))
    expect(must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))).toMatchObject({ number: 2, created: true })
  })

  it('says what gh said when there is nothing to open one for', async () => {
    const { at, remote } = workshop(lab())
    expect(codeOf(await openOrFind({ ...at, ...WORDS, branch: 'gone' }))).toBe('E_GH')
    lab().sh(remote, 'branch', 'same', 'main')
    const same = await openOrFind({ ...at, ...WORDS, branch: 'same' })
    expect(same).toMatchObject({ failure: { code: 'E_GH', message: expect.stringContaining('No commits between') } })
  })
})

it.each(HOSTILE)('brings words over byte for byte: %j', async (words) => {
  const { forge, at, push } = workshop(lab())
  push('gt/$(x)', 'x')
  must(await openOrFind({ ...at, branch: 'gt/$(x)', base: 'main', title: words, body: words }))
  expect(forge.pulls()).toMatchObject([{ title: words, body: words, draft: false }])
  must(await update({ ...at, number: 1, title: `${words}2`, body: `${words}\n` }))
  must(await closePull({ ...at, number: 1, comment: words }))
  expect(forge.pulls()).toMatchObject([{ title: `${words}2`, body: `${words}\n`, comments: [words], state: 'CLOSED' }])
})

it('knows the branch behind a number', async () => {
  const { at, push } = workshop(lab())
  const head = push('gt/x', 'x')
  const { url } = must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))
  const named = must(await byNumber({ ...at, number: 1 }))
  expect(named).toEqual({ number: 1, url, state: 'OPEN', branch: 'gt/x', head, base: 'main', fork: false })
  expect(codeOf(await byNumber({ ...at, number: 2 }))).toBe('E_GH')
})

it('closes with a word, once', async () => {
  const { forge, at, push } = workshop(lab())
  push('gt/x', 'x')
  must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))
  must(await closePull({ ...at, number: 1, comment: 'landed otherwise' }))
  must(await closePull({ ...at, number: 1, comment: 'again' }))
  expect(forge.pulls()).toMatchObject([{ state: 'CLOSED', comments: ['landed otherwise'] }])
  expect(standingOf(must(await look({ ...at, number: 1 })), { head: 'x' })).toEqual({ is: 'closed' })
})

it('sees a whole life: pending, red, mended, changes asked for, looked at again, merged', async () => {
  const { forge, at, push, remote } = workshop(lab())
  let head = push('gt/x', 'x')
  must(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))
  const standing = async () => standingOf(must(await look({ ...at, number: 1 })), { head })
  expect(await standing()).toEqual({ is: 'ready' })
  forge.check(1, 'test', 'PENDING')
  expect(await standing()).toEqual({ is: 'waiting', for: 'checks: test' })
  forge.check(1, 'test', 'FAILURE')
  expect(await standing()).toMatchObject({ is: 'checks-failed', names: ['test'] })
  forge.check(1, 'test', 'SUCCESS')
  expect(await standing()).toEqual({ is: 'ready' })

  const before = head
  const now = push('gt/x', 'y')
  expect(await standing()).toEqual({ is: 'head-moved', now })
  head = now
  expect(before).not.toBe(now)
  forge.review(1, 'CHANGES_REQUESTED', 'Please rename x.', 'ann')
  const asked = await standing()
  expect(asked).toMatchObject({ is: 'changes-requested', by: 'ann', evidence: expect.stringContaining('rename x') })
  head = push('gt/x', 'z')
  expect(await standing()).toMatchObject({ is: 'waiting', for: expect.stringContaining('second look by ann') })
  forge.review(1, 'APPROVED', '', 'ann')
  expect(await standing()).toEqual({ is: 'ready' })

  const commit = forge.merge(1)
  expect(lab().sh(remote, 'rev-parse', 'main', 'main^2').split('\n')).toEqual([commit, head])
  expect(await standing()).toEqual({ is: 'merged', commit })
  expect(codeOf(await closePull({ ...at, number: 1, comment: 'late' }))).toBe('E_GH')
})

it('sees a squash, a conflict, a missing review, and a branch that somebody pushed to the base', async () => {
  const { forge, at, push, clone, remote } = workshop(lab())
  const heads = ['a', 'b', 'c'].map((name) => push(`gt/${name}`, name === 'c' ? 'c.txt' : 'a.txt', name))
  for (const name of ['a', 'b', 'c']) must(await openOrFind({ ...at, ...WORDS, branch: `gt/${name}` }))
  const standing = async (n: number) => standingOf(must(await look({ ...at, number: n })), { head: heads[n - 1]! })
  forge.set('require', 'on')
  expect(await standing(1)).toEqual({ is: 'waiting', for: 'a review' })
  forge.set('require', 'off')
  const commit = forge.merge(1, 'squash')
  expect(lab().sh(remote, 'rev-list', '--count', 'main')).toBe('2')
  expect(await standing(1)).toEqual({ is: 'merged', commit })
  expect(await standing(2)).toEqual({ is: 'waiting', for: 'its conflict with main to be resolved' })
  lab().sh(clone, 'fetch', '-q')
  lab().sh(clone, 'checkout', '-q', '-B', 'main', 'origin/main')
  lab().sh(clone, 'merge', '-q', '--no-edit', 'gt/c')
  lab().sh(clone, 'push', '-q', 'origin', 'main')
  expect(await standing(3)).toMatchObject({ is: 'merged' })
  lab().sh(clone, 'push', '-q', '--delete', 'origin', 'gt/b')
  expect(await standing(2)).toEqual({ is: 'closed' })
})

describe('trouble', () => {
  const all = (at: { repo: string; env: NodeJS.ProcessEnv }) => [
    openOrFind({ ...at, ...WORDS, branch: 'gt/x' }),
    update({ ...at, number: 1, title: 'T', body: 'B' }),
    byNumber({ ...at, number: 1 }),
    closePull({ ...at, number: 1, comment: 'c' }),
    look({ ...at, number: 1 }),
  ]
  const codes = async (at: { repo: string; env: NodeJS.ProcessEnv }) => (await Promise.all<any>(all(at))).map(codeOf)

  it('of logging in, of the network and of a missing gh is told apart', async () => {
    const { forge, at } = workshop(lab())
    forge.set('auth', 'off')
    expect(new Set(await codes(at))).toEqual(new Set(['E_GH_AUTH']))
    forge.set('net', 'off')
    expect(new Set(await codes(at))).toEqual(new Set(['E_GH_UNREACHABLE']))
    expect(new Set(await codes({ ...at, env: { PATH: '/nowhere' } }))).toEqual(new Set(['E_NO_GH']))
    expect(forge.pulls()).toEqual([])
  })

  it('of a broken answer is never an empty one', async () => {
    for (const answer of ['', 'null', '{', '{}', '[{}]', '[{"number":"1"}]', '<html>']) {
      const at = { repo: 'o/n', env: scriptedGh(join(lab().root, 'bin'), `printf '%s' '${answer}'`) }
      expect(codeOf(await look({ ...at, number: 1 }))).toBe('E_GH')
      expect(codeOf(await byNumber({ ...at, number: 1 }))).toBe('E_GH')
      expect(codeOf(await openOrFind({ ...at, ...WORDS, branch: 'gt/x' }))).toBe('E_GH')
    }
  })
})
