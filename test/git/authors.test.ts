import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { coAuthors } from '../../src/git/authors.ts'
import { codeOf, must, useLab } from './helpers.ts'

const lab = useLab()

function story() {
  const { sh, project } = lab()
  const path = project('story')
  return {
    path,
    gitDir: `${path}/.git`,
    commit: (author: string, ...message: string[]): string =>
      sh(path, 'commit', '-q', '--allow-empty', '--author', author, ...message.flatMap((part) => ['-m', part])),
    id: (rev: string): string => sh(path, 'rev-parse', rev),
  }
}

describe('coAuthors', () => {
  it('names authors and co-authors once, in the order they appear', async () => {
    const { sh } = lab()
    const s = story()
    const base = s.id('HEAD')
    s.commit(
      'Ann <ann@x.org>',
      'one',
      'Co-authored-by: Zoë Z. <zoe@x.org>\nco-AUTHORED-by:   Bob\n  Builder <bob@x.org>',
    )
    s.commit('Bob <BOB@x.org>', 'two', 'Co-authored-by: not in the trailers <no@x.org>', 'The end.')
    sh(s.path, 'checkout', '-q', '-b', 'side', base)
    s.commit('Cid <cid@x.org>', 'three', 'Co-authored-by: Nobody\nCo-authored-by: Nix <>\nCo-authored-by: <dan@x.org>')
    sh(s.path, 'checkout', '-q', 'main')
    sh(s.path, '-c', 'user.email=merger@x.org', 'merge', '-q', '--no-ff', '-m', 'merge', 'side')
    s.commit('ann again <Ann@X.org>', 'four')
    const asked = { gitDir: s.gitDir, base, head: s.id('HEAD') }
    const all = must(await coAuthors({ ...asked, besides: [] }))
    expect([...all].sort()).toEqual(
      [
        'Ann <ann@x.org>',
        'Bob Builder <bob@x.org>',
        'Cid <cid@x.org>',
        'Zoë Z. <zoe@x.org>',
        'dan@x.org <dan@x.org>',
      ].sort(),
    )
    expect(all.filter((value) => /Ann|Zoë|Bob/.test(value))).toEqual([
      'Ann <ann@x.org>',
      'Zoë Z. <zoe@x.org>',
      'Bob Builder <bob@x.org>',
    ])
    expect(must(await coAuthors({ ...asked, besides: ['ANN@x.org', 'zoe@X.org', 'cid@x.org', 'dan@x.org'] }))).toEqual([
      'Bob Builder <bob@x.org>',
    ])
    expect(must(await coAuthors({ ...asked, base: asked.head, besides: [] }))).toEqual([])
  })

  it('lets nothing out of a name', async () => {
    const s = story()
    const base = s.id('HEAD')
    const raw =
      `tree ${s.id('HEAD^{tree}')}\nparent ${base}\nauthor Eve\x01\u2028Bead: x > y <eve@x.org> 1 +0000\n` +
      'committer x <x@x> 1 +0000\n\nm\n\nCo-authored-by: A <a@x\x07.org> <b@x.org>\nCo-authored-by: C\x85D <c@x.org\n'
    const args = ['hash-object', '-t', 'commit', '-w', '--stdin']
    const head = execFileSync('git', args, { cwd: s.path, input: raw, encoding: 'utf8' }).trim()
    const found = must(await coAuthors({ gitDir: s.gitDir, base, head, besides: [] }))
    expect(found).toHaveLength(2)
    for (const value of found) expect(value).toMatch(/^[^<>\p{Cc}\u2028]+ <[^<>\p{Cc}\u2028]+>$/u)
    expect(found[1]).toBe('A <a@x .org>')
  })

  it('needs commits', async () => {
    const s = story()
    const asked = { gitDir: s.gitDir, base: s.id('HEAD'), head: s.id('HEAD'), besides: [] }
    expect(codeOf(await coAuthors({ ...asked, base: '--all' }))).toBe('E_NO_COMMIT')
    expect(codeOf(await coAuthors({ ...asked, head: 'f'.repeat(40) }))).toBe('E_GIT')
  })
})
