/** Where the next worker of a molecule starts from: whatever became of the target and of the one before, nothing done is lost. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Bead } from '../../src/beads/bead.ts'
import type { Run } from '../../src/beads/facts.ts'
import { archiveWorktree } from '../../src/git/archive.ts'
import { fetchRemote } from '../../src/git/repository.ts'
import { removeWorktree } from '../../src/git/worktrees.ts'
import type { OpenTown } from '../../src/kernel/town.ts'
import { carryOn } from '../../src/polecats/carry-on.ts'
import { must, useLab } from '../git/helpers.ts'
import { aBead, aRun, at, stateOf } from '../kernel/support.ts'

const lab = useLab()

interface Scene {
  gitDir: string
  server: string
  /** A worker with this fence comes (where the town would have it start), works, and dies. */
  life(fence: string, work: (path: string) => void): Promise<void>
  /** Where the next one would start, checked out; and the base that it would have. */
  next(): Promise<{ path: string; start: string; base: string; tip: string }>
  /** Somebody else's commit on main. */
  push(file: string, content: string): void
}

/** A molecule of one step, done by the first run, or by none. */
async function scene(done = true): Promise<Scene> {
  const { root, rig, server: serve, sh, worktree, write } = lab()
  const server = serve()
  const gitDir = await rig(server)
  const runs: Record<string, Run> = {}
  const state = stateOf()
  const town = { ledger: { state }, paths: { rig: () => ({ repo: gitDir }) } } as unknown as OpenTown
  const molecule = { formula: 'f', version: 1, vars: {}, kind: 'molecule' as const, at: at(0), by: 'person' }
  const bead = (): Bead => aBead('gp-a', {}, { runs, molecule })
  const step = { of: 'gp-a', name: 's', n: 1, ...(done && { run: 'first' }) }
  state.beads.set('gp-a.1', aBead('gp-a.1', { status: 'closed' }, { step }))
  const starting = async (run: Run) => {
    must(await fetchRemote({ gitDir }))
    const tip = sh(gitDir, 'rev-parse', 'refs/remotes/origin/main')
    const { start, base } = must(await carryOn(town, bead(), run, tip))
    return { path: await worktree(gitDir, run.fence, run.branch, start), start, base, tip }
  }
  let count = 0
  return {
    gitDir,
    server,
    async life(fence, work) {
      const run = aRun(fence, 'gp-a', { claimed_at: at(++count) })
      const { path } = await starting(run)
      work(path)
      must(await archiveWorktree({ gitDir, path, fence, why: 'it died', branch: run.branch }))
      await must(await removeWorktree({ gitDir, path })).deleted
      sh(gitDir, 'update-ref', '-d', `refs/heads/${run.branch}`)
      runs[fence] = { ...run, state: 'lost' }
    },
    next: () => starting(aRun('next', 'gp-a', { claimed_at: at(99) })),
    push(file, content) {
      const clone = join(root, `clone-${++count}`)
      sh(root, 'clone', '-q', server, clone)
      write(join(clone, file), content)
      sh(clone, 'add', '-A')
      sh(clone, 'commit', '-qm', `${file} by somebody else`)
      sh(clone, 'push', '-q')
    },
  }
}

const commit =
  (file: string, content = 'mine\n') =>
  (path: string) => {
    lab().write(join(path, file), content)
    lab().sh(path, 'add', '-A')
    lab().sh(path, 'commit', '-qm', file)
  }
const has = (path: string, ...files: string[]): boolean[] => files.map((file) => existsSync(join(path, file)))

it('begins with what was committed, without what was not', async () => {
  const s = await scene()
  await s.life('first', (path) => {
    commit('one.txt')(path)
    lab().write(join(path, 'half.txt'), 'half\n')
    lab().write(join(path, 'staged.txt'), 'staged\n')
    lab().sh(path, 'add', 'staged.txt')
  })
  const { path, base, tip } = await s.next()
  expect(has(path, 'one.txt', 'half.txt', 'staged.txt')).toEqual([true, false, false])
  expect(base).toBe(tip)
})

it('begins at the beginning when no step was done', async () => {
  const s = await scene(false)
  await s.life('first', commit('one.txt'))
  const { start, base, tip } = await s.next()
  expect([start, base]).toEqual([tip, tip])
})

it('begins at the beginning when nothing was archived', async () => {
  const { start, base, tip } = await (await scene()).next()
  expect([start, base]).toEqual([tip, tip])
})

it('takes the present target along when that moved meanwhile', async () => {
  const s = await scene()
  await s.life('first', commit('one.txt'))
  s.push('theirs.txt', 'theirs\n')
  const { path, base, tip } = await s.next()
  expect(has(path, 'one.txt', 'theirs.txt')).toEqual([true, true])
  expect(base).toBe(tip)
})

it('begins on the old ground where the two conflict', async () => {
  const s = await scene()
  await s.life('first', commit('a.txt'))
  s.push('a.txt', 'theirs\n')
  const { path, base, tip } = await s.next()
  expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe('mine\n')
  expect(base).toBe(lab().sh(s.gitDir, 'rev-parse', `${tip}^`))
})

it('goes on from the one who went on, though it did nothing, and through any number of them', async () => {
  const s = await scene()
  await s.life('first', commit('one.txt'))
  s.push('theirs.txt', 'theirs\n')
  await s.life('second', () => {})
  await s.life('third', commit('three.txt'))
  s.push('more.txt', 'more\n')
  await s.life('fourth', (path) => lab().write(join(path, 'half.txt'), 'half\n'))
  const { path, base, tip } = await s.next()
  expect(has(path, 'one.txt', 'three.txt', 'theirs.txt', 'more.txt', 'half.txt')).toEqual([
    true,
    true,
    true,
    true,
    false,
  ])
  expect(base).toBe(tip)
})

it('finds the branch of a worker that stood elsewhere when it died', async () => {
  const s = await scene()
  await s.life('first', (path) => {
    commit('one.txt')(path)
    lab().sh(path, 'checkout', '-q', '--detach', 'origin/main')
  })
  s.push('one.txt', 'theirs\n')
  await s.life('second', (path) => {
    commit('two.txt')(path)
    // Stops in the middle: HEAD stands on their commit, what is ours is on the branch.
    expect(lab().tryGit(path, 'rebase', 'origin/main').code).toBe(1)
  })
  const { path } = await s.next()
  expect(has(path, 'one.txt', 'two.txt')).toEqual([true, true])
  expect(readFileSync(join(path, 'one.txt'), 'utf8')).toBe('mine\n')
})

it('archives twice and still knows the commits', async () => {
  const s = await scene()
  await s.life('first', (path) => {
    commit('one.txt')(path)
    lab().write(join(path, 'half.txt'), 'half\n')
  })
  const { gitDir } = s
  const again = await lab().worktree(gitDir, 'again', 'gt/again', 'refs/gt/archive/first^')
  lab().write(join(again, 'late.txt'), 'late\n')
  must(await archiveWorktree({ gitDir, path: again, fence: 'first', why: 'once more' }))
  const { path } = await s.next()
  expect(has(path, 'one.txt', 'half.txt', 'late.txt')).toEqual([true, false, false])
})

it('begins anew once all of it has landed', async () => {
  const s = await scene()
  await s.life('first', (path) => {
    commit('one.txt')(path)
    lab().sh(path, 'push', '-q', s.server, 'HEAD:main')
  })
  const { start, base, tip } = await s.next()
  expect([start, base]).toEqual([tip, tip])
})
