import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { clashes } from '../../src/git/radar.ts'
import { codeOf, HOSTILE_NAMES, must, useLab } from './helpers.ts'

const lab = useLab()

/** A repository (its folder has a hostile name too) with a branch per entry, each on top of `main`. */
function branches(base: Record<string, string>, changed: Record<string, Record<string, string>>) {
  const { sh, write, project } = lab()
  const path = project('a: "b\\c', base)
  const ids: Record<string, string> = {}
  for (const [branch, files] of Object.entries(changed)) {
    sh(path, 'checkout', '-q', '-b', branch, 'main')
    for (const [file, text] of Object.entries(files)) write(join(path, file), text)
    sh(path, 'add', '-A')
    sh(path, 'commit', '-q', '-m', branch)
    ids[branch] = sh(path, 'rev-parse', 'HEAD')
  }
  return { path, gitDir: join(path, '.git'), ids }
}

describe('clashes', () => {
  it('names the pairs that conflict, with their files, and leaves nothing behind', async () => {
    const { sh } = lab()
    const base = { a: 'base\n', b: 'base\n', c: 'base\n' }
    const { path, gitDir, ids } = branches(base, {
      one: { a: 'one\n', b: 'one\n' },
      two: { a: 'two\n', b: 'two\n' },
      three: { b: 'three\n' },
      four: { c: 'four\n' },
    })
    const [one, two, three, four] = Object.values(ids) as [string, string, string, string]
    const before = sh(path, 'count-objects', '-v')
    const pairs: [string, string][] = [
      [four, one],
      [one, two],
      [one, four],
      [three, two],
      [one, one],
      ['two', 'one'],
      [two, four],
    ]
    expect(must(await clashes({ gitDir, pairs }))).toEqual([
      { a: one, b: two, files: ['a', 'b'] },
      { a: three, b: two, files: ['b'] },
      { a: 'two', b: 'one', files: ['a', 'b'] },
    ])
    expect(sh(path, 'count-objects', '-v')).toBe(before)
    expect(must(await clashes({ gitDir, pairs: [] }))).toEqual([])
  })

  it('gives hostile file names as they are', async () => {
    const all = (text: string) => Object.fromEntries(HOSTILE_NAMES.map((name) => [name, text]))
    const { gitDir, ids } = branches(all('base\n'), { one: all('one\n'), two: all('two\n') })
    const pairs: [string, string][] = [
      [ids.one!, ids.two!],
      [ids.two!, ids.one!],
    ]
    const found = must(await clashes({ gitDir, pairs }))
    expect(found).toHaveLength(2)
    for (const { files } of found) expect([...files].sort()).toEqual([...HOSTILE_NAMES].sort())
  })

  it('loses no pair to one that cannot be tried', async () => {
    const { sh } = lab()
    const { path, gitDir, ids } = branches(
      { a: 'base\n' },
      { one: { a: 'one\n' }, two: { a: 'two\n' }, three: { b: 'b\n' } },
    )
    sh(path, 'checkout', '-q', '--orphan', 'island')
    sh(path, 'commit', '-q', '-m', 'island')
    const [one, two, three] = Object.values(ids) as [string, string, string]
    const island = sh(path, 'rev-parse', 'island')
    const lost = 'f'.repeat(40)
    const clash = { a: one, b: two, files: ['a'] }
    const pairs: [string, string][] = [
      [island, one],
      [one, two],
      [one, three],
      [three, island],
      [one, lost],
      ['--help', one],
      ['nowhere\n', one],
      [one, two],
      [island, island],
      [two, island],
    ]
    expect(must(await clashes({ gitDir, pairs }))).toEqual([
      { a: island, b: one, files: [], why: 'They have no common history.' },
      clash,
      { a: three, b: island, files: [], why: 'They have no common history.' },
      { a: one, b: lost, files: [], why: expect.stringContaining('not something we can merge') },
      { a: '--help', b: one, files: [], why: 'There is no commit --help.' },
      { a: 'nowhere\n', b: one, files: [], why: 'There is no commit nowhere\n.' },
      clash,
      { a: two, b: island, files: [], why: 'They have no common history.' },
    ])
    expect(codeOf(await clashes({ gitDir: '/nowhere', pairs }))).toBe('E_GIT')
  })

  it('answers for hundreds of pairs by one process', async () => {
    const changed = Object.fromEntries(
      Array.from({ length: 25 }, (_, n) => [`b${n}`, { [`f${n % 5}`]: `${n}\n` }] as const),
    )
    const base = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`f${n}`, 'base\n']))
    const { gitDir, ids } = branches(base, changed)
    const all = Object.values(ids)
    const pairs = all.flatMap((a, n) => all.slice(n + 1).map((b): [string, string] => [a, b]))
    const begun = performance.now()
    const found = must(await clashes({ gitDir, pairs }))
    expect(performance.now() - begun).toBeLessThan(5000)
    expect(pairs).toHaveLength(300)
    expect(found).toHaveLength(50)
  })
})
