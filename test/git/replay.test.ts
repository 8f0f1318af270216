import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withTrailers } from '../../src/git/commit-bytes.ts'
import { type Replay, replay } from '../../src/git/replay.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()
const committer = { name: 'gt refinery', email: 'refinery@gt' }

/** A repository with `main`, and a way to commit files on any branch of it; null removes a file. */
function story(files: Record<string, string> = { 'a.txt': 'a\n', 'b.txt': 'b\n' }) {
  const { sh, write, project } = lab()
  const path = project('story', files)
  const gitDir = join(path, '.git')
  const id = (rev: string): string => sh(path, 'rev-parse', rev)
  return {
    path,
    gitDir,
    id,
    commit(branch: string, from: string, changes: Record<string, string | null>, ...more: string[]): string {
      sh(path, 'checkout', '-q', '-B', branch, from)
      for (const [file, text] of Object.entries(changes)) {
        if (text === null) sh(path, 'rm', '-q', '--', file)
        else write(join(path, file), text)
      }
      sh(path, 'add', '-A')
      sh(path, 'commit', '-q', '--allow-empty', '-m', branch, ...more)
      return id('HEAD')
    },
    order(onto: string, head: string, base = 'main') {
      return { gitDir, onto: id(onto), head: id(head), base: id(base), committer }
    },
    /** The bytes of a commit, one character each. */
    raw: (rev: string): string => execFileSync('git', ['cat-file', 'commit', rev], { cwd: path, encoding: 'latin1' }),
  }
}

function clean(answer: Replay): Extract<Replay, { kind: 'clean' }> {
  if (answer.kind !== 'clean') expect.fail(JSON.stringify(answer))
  return answer
}

const lines = (changes: Record<number, string> = {}): string =>
  Array.from({ length: 20 }, (_, n) => `${changes[n] ?? `line ${n}`}\n`).join('')

describe('replay', () => {
  it('builds the commits anew on another one, and touches no ref or file', async () => {
    const { sh } = lab()
    const s = story()
    s.commit('side', 'main', { 'c.txt': 'c\n' }, '-m', 'Body "with" $(quotes)', '--date', '2020-01-02T03:04:05+0530')
    s.commit('side', 'side', { 'd.txt': 'd\n' }, '--author', 'Émile X <e@x.org>')
    const onto = s.commit('target', 'main', { 'a.txt': 'newer\n' })
    const before = [sh(s.path, 'for-each-ref'), sh(s.path, 'status', '--porcelain', '-uall')]
    const order = { ...s.order('target', 'side'), date: '2026-01-02T03:04:05.678Z' }
    const made = clean(must(await replay(order)))
    expect(made.commits).toHaveLength(2)
    expect(made.commit).toBe(made.commits[1])
    expect(sh(s.path, 'log', '-1', '--format=%P|%an <%ae>|%ai|%cn <%ce>|%cI|%B', made.commits[0]!)).toBe(
      `${onto}|Person <person@example.org>|2020-01-02 03:04:05 +0530|gt refinery <refinery@gt>|2026-01-02T03:04:05+00:00|` +
        'side\n\nBody "with" $(quotes)\n',
    )
    expect(sh(s.path, 'log', '-1', '--format=%P|%an <%ae>', made.commit)).toBe(`${made.commits[0]}|Émile X <e@x.org>`)
    expect(sh(s.path, 'rev-parse', `${made.commit}^{tree}`)).toBe(made.tree)
    expect(sh(s.path, 'show', `${made.tree}:a.txt`)).toBe('newer')
    expect([sh(s.path, 'for-each-ref'), sh(s.path, 'status', '--porcelain', '-uall')]).toEqual(before)
    sh(s.path, 'fsck', '--strict', '--no-dangling')
    expect(must(await replay({ ...order, date: '2026-01-02T03:04:05Z' }))).toEqual(made)
    expect(clean(must(await replay({ ...order, date: '2026-01-02T03:04:06Z' }))).commit).not.toBe(made.commit)
  })

  it('keeps messages and authors byte for byte, whatever their encoding', async () => {
    const s = story()
    s.commit('target', 'main', { 'a.txt': 'newer\n' })
    const messages = [
      Buffer.from('caf\xe9\n\n  indented\t\n\n\n\n# no comment\n---\nend', 'latin1'),
      Buffer.from(''),
      Buffer.from('\n\nlate subject 🙂\r\nx\n\n', 'utf8'),
    ]
    let tip = s.id('main')
    for (const [n, message] of messages.entries()) {
      const tree = s.id(`${s.commit('scratch', tip, { [`new-${n}`]: `${n}\n` })}^{tree}`)
      const object = Buffer.concat([
        Buffer.from(
          `tree ${tree}\nparent ${tip}\nauthor M\xfcller, J. <m@x> 1577934245 -0000\ncommitter x <x@x> 1577934245 +0000\n` +
            `encoding ISO-8859-1\ngpgsig -----BEGIN\n author no <no@no> 1 +0000\n -----END\n\n`,
          'latin1',
        ),
        message,
      ])
      const args = ['hash-object', '-t', 'commit', '-w', '--stdin']
      tip = execFileSync('git', args, { cwd: s.path, input: object, encoding: 'utf8' }).trim()
    }
    const made = clean(must(await replay({ ...s.order('target', tip), date: '2026-01-02T03:04:05Z' })))
    for (const [n, commit] of made.commits.entries()) {
      const raw = s.raw(commit)
      expect(raw).toContain('\nauthor M\xfcller, J. <m@x> 1577934245 -0000\n')
      expect(raw).toContain('\nencoding ISO-8859-1\n\n')
      expect(raw).not.toContain('gpgsig')
      expect(raw.slice(raw.indexOf('\n\n') + 2)).toBe(messages[n]!.toString('latin1'))
    }
  })

  it('drops what adds nothing, and says when nothing is left', async () => {
    const { sh } = lab()
    const s = story()
    const one = s.commit('side', 'main', { 'c.txt': 'c\n' })
    s.commit('side', 'side', {})
    s.commit('side', 'side', { 'd.txt': 'd\n' })
    s.commit('target', 'main', { 'a.txt': 'newer\n' })
    sh(s.path, 'cherry-pick', one)
    const made = clean(must(await replay(s.order('target', 'side'))))
    expect(made.commits).toHaveLength(1)
    expect(sh(s.path, 'diff', '--name-only', 'target', made.commit)).toBe('d.txt')
    expect(must(await replay(s.order(made.commit, 'side')))).toEqual({ kind: 'already' })
    expect(must(await replay(s.order('side', 'side')))).toEqual({ kind: 'already' })
    expect(must(await replay(s.order('target', 'main', 'side')))).toEqual({ kind: 'already' })
  })

  it('drops a commit that is there and was built on since', async () => {
    const { sh } = lab()
    const s = story()
    const one = s.commit('side', 'main', { 'a.txt': 'one\n' })
    s.commit('side', 'side', { 'd.txt': 'd\n' })
    s.commit('target', 'main', { 'z.txt': 'z\n' })
    sh(s.path, 'cherry-pick', one)
    s.commit('target', 'target', { 'a.txt': 'one, and changed since\n' })
    const made = clean(must(await replay(s.order('target', 'side'))))
    expect(made.commits).toHaveLength(1)
    expect(sh(s.path, 'show', `${made.commit}:a.txt`)).toBe('one, and changed since')
  })

  it('leaves out what the target can reach, also when the base lies before it', async () => {
    const s = story()
    const one = s.commit('side', 'main', { 'c.txt': 'c\n' })
    s.commit('side', 'side', { 'd.txt': 'd\n' })
    s.commit('target', one, { 'a.txt': 'newer\n' })
    expect(clean(must(await replay(s.order('target', 'side')))).commits).toHaveLength(1)
  })

  it('names the commit and the files of a conflict', async () => {
    const s = story(Object.fromEntries([...HOSTILE_NAMES, 'calm'].map((name) => [name, 'base\n'])))
    const changes = (text: string) => Object.fromEntries(HOSTILE_NAMES.map((name) => [name, text]))
    s.commit('side', 'main', { calm: 'changed\n' })
    const at = s.commit('side', 'side', changes('theirs\n'))
    s.commit('side', 'side', { calm: 'again\n' })
    s.commit('target', 'main', changes('ours\n'))
    const answer = must(await replay(s.order('target', 'side')))
    if (answer.kind !== 'conflict') expect.fail(answer.kind)
    expect(answer.at).toBe(at)
    expect([...answer.files].sort()).toEqual([...HOSTILE_NAMES].sort())
    expect(answer.detail).toContain('CONFLICT (content): Merge conflict in $(touch pwned)')
    expect(answer.detail.length).toBeLessThanOrEqual(2048)
  })

  it('speaks of commits that exist when a file is gone', async () => {
    const s = story()
    const at = s.commit('side', 'main', { 'a.txt': 'theirs\n' })
    const onto = s.commit('target', 'main', { 'a.txt': null })
    expect(must(await replay(s.order('target', 'side')))).toEqual({
      kind: 'conflict',
      at,
      files: ['a.txt'],
      detail: expect.stringContaining(`deleted in ${onto} and modified in ${at}`),
    })
  })

  it('does not flatten a merge, nor take a root for a change', async () => {
    const { sh } = lab()
    const s = story()
    s.commit('target', 'main', { 'a.txt': 'newer\n' })
    s.commit('other', 'main', { 'o.txt': 'o\n' })
    s.commit('side', 'main', { 'c.txt': 'c\n' })
    sh(s.path, 'merge', '-q', '--no-ff', '-m', 'merged', 'other')
    s.commit('side', 'side', { 'd.txt': 'd\n' })
    expect(must(await replay(s.order('target', 'side')))).toEqual({ kind: 'merges' })
    expect(clean(must(await replay(s.order('target', 'side', 'side^')))).commits).toHaveLength(1)
    sh(s.path, 'checkout', '-q', '--orphan', 'island')
    sh(s.path, 'commit', '-q', '-m', 'island')
    expect(must(await replay(s.order('target', 'island')))).toEqual({ kind: 'merges' })
  })

  it('adds trailers once, and takes any committer as data', async () => {
    const { sh } = lab()
    const s = story()
    s.commit('side', 'main', { 'c.txt': 'c\n' }, '-m', 'Bead: gp-a\nReviewed-by: R <r@x>')
    s.commit('side', 'side', { 'd.txt': 'd\n' })
    s.commit('target', 'main', { 'a.txt': 'newer\n' })
    const order = { ...s.order('target', 'side'), trailers: 'Bead: gp-a\nWorker: gp/tößt\n' }
    const made = clean(must(await replay(order)))
    const message = (commit: string): string => sh(s.path, 'log', '-1', '--format=%B', commit)
    expect(message(made.commits[0]!)).toBe('side\n\nBead: gp-a\nReviewed-by: R <r@x>\nWorker: gp/tößt\n')
    expect(message(made.commits[1]!)).toBe('side\n\nBead: gp-a\nWorker: gp/tößt\n')
    expect(sh(s.path, 'log', '-1', '--format=%(trailers:key=Worker,valueonly)', made.commit)).toBe('gp/tößt\n')
    for (const name of ['', ' ', '<>', 'a\nb <x> 1 +0000\nparent', '...', '🙂']) {
      const again = clean(must(await replay({ ...order, committer: { name, email: name } })))
      expect(sh(s.path, 'log', '-1', '--format=%cn', again.commit)).not.toBe('')
      expect(sh(s.path, 'log', '-1', '--format=%P', again.commit)).toBe(again.commits[0])
      sh(s.path, 'fsck', '--strict', '--no-dangling')
    }
  })

  it('refuses what is no commit and no date', async () => {
    const s = story()
    const head = s.commit('side', 'main', { 'c.txt': 'c\n' })
    const order = s.order('main', head)
    expect(codeOf(await replay({ ...order, head: 'f'.repeat(40) }))).toBe('E_GIT')
    expect(codeOf(await replay({ ...order, onto: '--help' }))).toBe('E_NO_COMMIT')
    expect(codeOf(await replay({ ...order, date: 'yesterday' }))).toBe('E_DATE')
    expect(codeOf(await replay({ ...order, date: '1960-01-01T00:00:00Z' }))).toBe('E_DATE')
    expect(codeOf(await replay({ ...order, gitDir: '/nowhere' }))).toBe('E_GIT')
  })

  it('ends in the tree that `git rebase` makes, or in a conflict where it does', async () => {
    const { sh, tryGit } = lab()
    const s = story({ f: lines(), g: lines(), h: lines() })
    s.commit('target', 'main', { f: lines({ 0: 'target' }), g: lines({ 10: 'target' }) })
    s.commit('target', 'target', { h: null, moved: lines({ 1: 'moved' }) })
    const branches: Record<string, Record<string, string | null>[]> = {
      apart: [{ f: lines({ 19: 'x' }) }, { f: lines({ 19: 'y' }) }, { n: 'new\n' }],
      back: [{ f: lines({ 5: 'x' }) }, { f: lines() }, { g: lines({ 19: 'x' }) }],
      renamed: [{ h: lines({ 19: 'x' }) }, { g: null, gg: lines({ 0: 'x' }) }],
      same: [{ g: lines({ 10: 'target' }) }, { n: 'new\n' }],
      clash: [{ n: 'new\n' }, { f: lines({ 0: 'mine' }) }, { m: 'm\n' }],
      gone: [{ f: null }, { n: 'new\n' }],
    }
    const outcomes: string[] = []
    for (const [branch, commits] of Object.entries(branches)) {
      for (const [n, changes] of commits.entries()) s.commit(branch, n === 0 ? 'main' : branch, changes)
      const answer = must(await replay(s.order('target', branch)))
      outcomes.push(`${branch} ${answer.kind}`)
      if (tryGit(s.path, 'rebase', '-q', 'target', branch).code === 0) {
        expect(clean(answer).tree).toBe(s.id('HEAD^{tree}'))
        expect(sh(s.path, 'rev-list', '--count', 'target..HEAD')).toBe(`${clean(answer).commits.length}`)
      } else {
        const at = s.id('REBASE_HEAD')
        sh(s.path, 'rebase', '--abort')
        expect(answer).toMatchObject({ kind: 'conflict', at })
      }
    }
    expect(outcomes).toEqual([
      'apart clean',
      'back clean',
      'renamed clean',
      'same clean',
      'clash conflict',
      'gone conflict',
    ])
  })
})

describe('withTrailers', () => {
  it.each([
    ['', '\n\nA: 1\n'],
    ['subject', 'subject\n\nA: 1\n'],
    ['A: 1\n', 'A: 1\n\nA: 1\n'],
    ['subject\n\nbody\n\n\n', 'subject\n\nbody\n\nA: 1\n'],
    ['subject\n\nB: 2\n', 'subject\n\nB: 2\nA: 1\n'],
    ['subject\n\nB: 2\n  more\n', 'subject\n\nB: 2\n  more\nA: 1\n'],
    ['subject\n\nsee B: 2\nand C: 3\n', 'subject\n\nsee B: 2\nand C: 3\n\nA: 1\n'],
    ['subject\n\nsome text\nSigned-off-by: x <x>\n', 'subject\n\nsome text\nSigned-off-by: x <x>\nA: 1\n'],
    ['subject\n\nB: 2\r\nA: 1\r\n\n', 'subject\n\nB: 2\r\nA: 1\r\n\n'],
  ])('%j', (message, expected) => {
    expect(withTrailers(message, 'A: 1\n\nA: 1\n')).toBe(expected)
    expect(withTrailers(expected, 'A: 1')).toBe(expected)
    expect(withTrailers(message, '\n')).toBe(message)
  })
})
