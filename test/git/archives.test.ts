import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { archiveWorktree } from '../../src/git/archive.ts'
import { dropArchive, isElsewhere, listArchives } from '../../src/git/archives.ts'
import { must, useLab } from './helpers.ts'

const lab = useLab()

it('lists what is archived with the time of the archive, not of the agent’s commit; unknown once git forgot it', async () => {
  const { rig, server, worktree, sh, write } = lab()
  const gitDir = await rig(server())
  expect(must(await listArchives(gitDir))).toEqual([])
  const path = await worktree(gitDir, 'toast')
  const old = { GIT_COMMITTER_DATE: '@1000000000 +0000', GIT_AUTHOR_DATE: '@1000000000 +0000' }
  Object.assign(process.env, old)
  sh(path, 'commit', '-q', '--allow-empty', '-m', 'of long ago')
  for (const name of Object.keys(old)) delete process.env[name]
  const before = Math.floor(Date.now() / 1000) * 1000
  const { commit } = must(await archiveWorktree({ gitDir, path, fence: 'k3x9', why: 'test' }))
  const [kept] = must(await listArchives(gitDir))
  expect(kept).toMatchObject({ fence: 'k3x9', ref: 'refs/gt/archive/k3x9', commit })
  expect(kept!.at).toBeGreaterThanOrEqual(before)
  expect(kept!.at).toBeLessThanOrEqual(Date.now())
  // Archived again, later: the last time counts.
  write(join(path, 'new'), 'x')
  const again = must(await archiveWorktree({ gitDir, path, fence: 'k3x9', why: 'test' }))
  expect(must(await listArchives(gitDir))).toMatchObject([{ commit: again.commit }])
  rmSync(join(gitDir, 'logs', 'refs', 'gt'), { recursive: true })
  expect(must(await listArchives(gitDir))).toEqual([
    { fence: 'k3x9', ref: 'refs/gt/archive/k3x9', commit: again.commit },
  ])
})

it('gives one up only as it was seen, and knows what is in the target too', async () => {
  const { rig, server, worktree, sh, write } = lab()
  const gitDir = await rig(server())
  const path = await worktree(gitDir, 'toast')
  must(await archiveWorktree({ gitDir, path, fence: 'clean', why: 'test' }))
  write(join(path, 'new'), 'x')
  must(await archiveWorktree({ gitDir, path, fence: 'dirty', why: 'test' }))
  const [clean, dirty] = must(await listArchives(gitDir))
  const main = ['refs/remotes/origin/main']
  expect(await isElsewhere(gitDir, clean!.commit, main)).toBe(true)
  expect(await isElsewhere(gitDir, dirty!.commit, main)).toBe(false)
  expect(await isElsewhere(gitDir, clean!.commit, ['refs/remotes/origin/none'])).toBe(false)
  expect(must(await dropArchive(gitDir, { ...dirty!, commit: clean!.commit }))).toBe(false)
  expect(sh(gitDir, 'rev-parse', dirty!.ref)).toBe(dirty!.commit)
  expect(must(await dropArchive(gitDir, dirty!))).toBe(true)
  expect(must(await listArchives(gitDir)).map(({ fence }) => fence)).toEqual(['clean'])
})
