import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changedFiles, mergeCandidate, patchesPresent } from '../../src/git/merge.ts'
import { addNote, readNote } from '../../src/git/notes.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()
const author = { name: 'gp/polecats/toast', email: 'toast@gt' }

/** A repository with `main`, and a way to commit files on any branch of it. */
function story(files?: Record<string, string>) {
  const { sh, write, project } = lab()
  const path = project('story', files)
  const gitDir = join(path, '.git')
  return {
    path,
    gitDir,
    id: (rev: string): string => sh(path, 'rev-parse', rev),
    commit(branch: string, from: string, changes: Record<string, string>, message = branch): string {
      sh(path, 'checkout', '-q', '-B', branch, from)
      for (const [file, text] of Object.entries(changes)) write(join(path, file), text)
      sh(path, 'add', '-A')
      sh(path, 'commit', '-q', '--allow-empty', '-m', message)
      return sh(path, 'rev-parse', 'HEAD')
    },
  }
}

describe('mergeCandidate', () => {
  it('merges without touching any ref or file', async () => {
    const { sh } = lab()
    const s = story()
    const head = s.commit('side', 'main', { 'c.txt': 'c\n' })
    const onto = s.commit('main', 'main', { 'a.txt': 'newer\n' })
    const refs = sh(s.path, 'for-each-ref')
    const order = {
      gitDir: s.gitDir,
      onto,
      head,
      message: 'Land it\n\nBody "with" $(quotes)',
      author,
      mode: 'merge',
    } as const
    const merged = must(await mergeCandidate({ ...order, date: '2026-01-02T03:04:05.678Z' }))
    if (merged.kind !== 'clean') throw new Error(merged.kind)
    expect(sh(s.path, 'log', '-1', '--format=%P|%an <%ae>|%cI|%B', merged.commit)).toBe(
      `${onto} ${head}|gp/polecats/toast <toast@gt>|2026-01-02T03:04:05+00:00|Land it\n\nBody "with" $(quotes)\n`,
    )
    expect(sh(s.path, 'ls-tree', '-r', '--name-only', merged.tree)).toBe('a.txt\nb.txt\nc.txt')
    expect(sh(s.path, 'show', `${merged.commit}:a.txt`)).toBe('newer')
    expect(sh(s.path, 'for-each-ref')).toBe(refs)
    expect(sh(s.path, 'status', '--porcelain', '-uall')).toBe('')
    expect(must(await mergeCandidate({ ...order, date: '2026-01-02T03:04:05Z' }))).toEqual(merged)
  })

  it('squashes to one commit, and sees when nothing is left to bring', async () => {
    const { sh } = lab()
    const s = story()
    s.commit('side', 'main', { 'c.txt': 'c\n' })
    const head = s.commit('side', 'side', { 'd.txt': 'd\n' })
    const onto = s.id('main')
    const merged = must(await mergeCandidate({ gitDir: s.gitDir, onto, head, message: 'm', author, mode: 'squash' }))
    if (merged.kind !== 'clean') throw new Error(merged.kind)
    expect(sh(s.path, 'log', '-1', '--format=%P', merged.commit)).toBe(onto)
    const again = { gitDir: s.gitDir, onto: merged.commit, head, message: 'm', author }
    expect(must(await mergeCandidate({ ...again, mode: 'squash' }))).toEqual({ kind: 'already' })
    expect(must(await mergeCandidate({ ...again, head: onto, mode: 'merge' }))).toEqual({ kind: 'already' })
  })

  it('names the files of a conflict, hostile ones as they are', async () => {
    const s = story(Object.fromEntries([...HOSTILE_NAMES, 'calm'].map((name) => [name, 'base\n'])))
    const changes = (text: string) => Object.fromEntries(HOSTILE_NAMES.map((name) => [name, text]))
    const head = s.commit('side', 'main', { ...changes('theirs\n'), calm: 'theirs\n' })
    const onto = s.commit('main', 'main', changes('ours\n'))
    const merged = must(await mergeCandidate({ gitDir: s.gitDir, onto, head, message: 'm', author, mode: 'merge' }))
    if (merged.kind !== 'conflict') throw new Error(merged.kind)
    expect([...merged.files].sort()).toEqual([...HOSTILE_NAMES].sort())
    expect(merged.detail).toContain('CONFLICT (content): Merge conflict in $(touch pwned)')
    expect(merged.detail.length).toBeLessThanOrEqual(2048)
    expect(merged.detail).not.toContain('calm')
  })

  it('reports a deletion against a change as a conflict', async () => {
    const { sh } = lab()
    const s = story()
    const head = s.commit('side', 'main', { 'a.txt': 'changed\n' })
    sh(s.path, 'checkout', '-q', 'main')
    sh(s.path, 'rm', '-q', 'a.txt')
    const onto = s.commit('main', 'HEAD', {})
    const merged = must(await mergeCandidate({ gitDir: s.gitDir, onto, head, message: 'm', author, mode: 'merge' }))
    expect(merged).toMatchObject({
      kind: 'conflict',
      files: ['a.txt'],
      detail: expect.stringContaining('modify/delete'),
    })
  })

  it('takes any author as data, and refuses what cannot be merged', async () => {
    const { sh } = lab()
    const s = story()
    const head = s.commit('side', 'main', { 'c.txt': 'c\n' })
    const onto = s.commit('main', 'main', { 'd.txt': 'd\n' })
    const order = { gitDir: s.gitDir, onto, head, message: '', author, mode: 'merge' } as const
    for (const name of ['', ' ', '<>', 'a\nb', '...', '🙂']) {
      const merged = must(await mergeCandidate({ ...order, author: { name, email: name } }))
      if (merged.kind !== 'clean') throw new Error(merged.kind)
      expect(sh(s.path, 'log', '-1', '--format=%an', merged.commit)).not.toBe('')
    }
    expect(codeOf(await mergeCandidate({ ...order, head: 'f'.repeat(40) }))).toBe('E_GIT')
    expect(codeOf(await mergeCandidate({ ...order, head: '--help' }))).toBe('E_NO_COMMIT')
    expect(codeOf(await mergeCandidate({ ...order, date: 'yesterday' }))).toBe('E_DATE')
    sh(s.path, 'checkout', '-q', '--orphan', 'island')
    sh(s.path, 'commit', '-q', '-m', 'island')
    expect(codeOf(await mergeCandidate({ ...order, head: s.id('island') }))).toBe('E_UNRELATED')
  })
})

describe('changedFiles', () => {
  it('lists both names of a rename, and is empty without a difference', async () => {
    const { sh } = lab()
    const s = story({ 'old\nname': 'same content\n', b: 'b' })
    sh(s.path, 'mv', '--', 'old\nname', '-new')
    const head = s.commit('side', 'main', {})
    expect([...must(await changedFiles(s.gitDir, 'main', head))].sort()).toEqual(['-new', 'old\nname'])
    expect(await changedFiles(s.gitDir, head, head)).toEqual({ kind: 'empty' })
    expect((await changedFiles(s.gitDir, 'nowhere', head)).kind).toBe('error')
  })
})

describe('patchesPresent', () => {
  const numbered = Object.fromEntries(['1', '2', '3', '4'].map((n) => [n, `${n}\n`]))

  it('finds the patch that a rebase dropped', async () => {
    const { sh } = lab()
    const s = story(numbered)
    const base = s.id('main')
    const c1 = s.commit('side', 'main', { '1': 'one\n' }, 'c1')
    const c2 = s.commit('side', 'side', { '2': 'two\n' }, 'c2')
    const c3 = s.commit('side', 'side', { '3': 'three\n' }, 'c3')
    s.commit('target', 'main', { '4': 'else\n' })
    sh(s.path, 'cherry-pick', c1, c3)
    const asked = { gitDir: s.gitDir, base, head: c3 }
    expect(must(await patchesPresent({ ...asked, target: s.id('target') }))).toEqual({ missing: [c2] })
    sh(s.path, 'cherry-pick', c2)
    expect(must(await patchesPresent({ ...asked, target: s.id('target') }))).toEqual({ missing: [] })
    s.commit('target', 'target', { '1': 'changed since\n' })
    expect(must(await patchesPresent({ ...asked, target: s.id('target') }))).toEqual({ missing: [] })
  })

  it('accepts a merge and a squash, not a revert', async () => {
    const { sh } = lab()
    const s = story(numbered)
    const base = s.id('main')
    s.commit('side', 'main', { '1': 'one\n' })
    const head = s.commit('side', 'side', { '2': 'two\n' })
    const onto = s.commit('main', 'main', { '4': 'else\n' })
    for (const mode of ['merge', 'squash'] as const) {
      const made = must(await mergeCandidate({ gitDir: s.gitDir, onto, head, message: 'm', author, mode }))
      if (made.kind !== 'clean') throw new Error(made.kind)
      expect(must(await patchesPresent({ gitDir: s.gitDir, base, head, target: made.commit }))).toEqual({ missing: [] })
      if (mode === 'merge') continue
      sh(s.path, 'checkout', '-q', '--detach', made.commit)
      sh(s.path, 'revert', '--no-edit', made.commit)
      expect(must(await patchesPresent({ gitDir: s.gitDir, base, head, target: s.id('HEAD') })).missing).toHaveLength(2)
    }
    expect(must(await patchesPresent({ gitDir: s.gitDir, base, head, target: onto })).missing).toHaveLength(2)
  })

  it('does not let a merge commit of the source go unseen', async () => {
    const { sh, write } = lab()
    const s = story(numbered)
    const base = s.id('main')
    s.commit('one', 'main', { '1': 'one\n' })
    s.commit('side', 'main', { '2': 'two\n' })
    sh(s.path, 'merge', '-q', '--no-commit', '--no-ff', 'one')
    write(join(s.path, '3'), 'only in the merge\n')
    sh(s.path, 'add', '-A')
    sh(s.path, 'commit', '-q', '-m', 'evil')
    const head = s.id('HEAD')
    sh(s.path, 'checkout', '-q', '-b', 'target', base)
    sh(s.path, 'cherry-pick', 'one', 'side^1')
    expect(must(await patchesPresent({ gitDir: s.gitDir, base, head, target: s.id('target') }))).toEqual({
      missing: [head],
    })
  })
})

describe('notes', () => {
  it('keep a receipt byte for byte, and can be replaced', async () => {
    const s = story()
    const at = { gitDir: s.gitDir, commit: s.id('main') }
    expect(await readNote(at)).toEqual({ kind: 'empty' })
    const text = '\n\n{"tree":"x"}  \n# not a comment\n\n\nüñ\n\n'
    must(await addNote({ ...at, text }))
    expect(must(await readNote(at))).toBe(text)
    must(await addNote({ ...at, text: 'second' }))
    expect(must(await readNote(at))).toBe('second')
    expect((await readNote({ ...at, commit: 'f'.repeat(40) })).kind).not.toBe('ok')
    expect((await readNote({ gitDir: join(s.path, 'missing'), commit: at.commit })).kind).toBe('error')
  })

  it('written by several at once are all kept', async () => {
    const s = story()
    const ids = Array.from({ length: 6 }, (_, n) => s.commit('main', 'main', { n: `${n}` }))
    for (const done of await Promise.all(ids.map((commit) => addNote({ gitDir: s.gitDir, commit, text: commit }))))
      must(done)
    for (const commit of ids) expect(must(await readNote({ gitDir: s.gitDir, commit }))).toBe(commit)
  })
})
