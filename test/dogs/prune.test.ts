/** The chores `prune` and `compact`: what is old gets smaller, and can still be read. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ChangeInput } from '../../src/beads/change.ts'
import { gtPath } from '../../src/kernel/runs.ts'
import { makeTown, must } from '../support/town.ts'
import { DAY, done, HOUR, inside, leaveWork, orphan, quickTown } from './support.ts'

it('old journals are packed and the trail says what it said; archives go after dogs.keep_work, unless wanted', async () => {
  const town = await makeTown()
  const bead = await town.bead('Lands', 'echo x > x.txt')
  const [{ run }] = await must(town.gt('sling', bead, 'app', '--wait'))
  const { path, fence } = orphan(town)
  leaveWork(town, path)
  const soon = await inside(town, 2 * HOUR)
  await done(soon, 'archive')
  for (let n = 0; n < 14; n++) {
    const value = `${n}`.padEnd(150_000, 'x')
    const input: ChangeInput = { by: 'test', why: `note ${n}`, ops: [{ op: 'set', id: bead, path: ['notes'], value }] }
    expect(soon.ledger.write(input).kind).toBe('ok')
    expect(soon.ledger.roll().kind).toBe('ok')
  }
  const told = async (): Promise<unknown> => [
    await must(town.gt('trail', bead)),
    await must(town.gt('why', bead)),
    (await must(town.gt('log', '--limit', '500'))).filter(({ by }: { by: string }) => by !== 'dog'),
  ]
  const before = await told()
  expect((await done(soon, 'prune')).did).toBe(0)
  const packed = await done(await inside(town, 2 * DAY), 'prune')
  expect(packed.lines).toEqual([expect.stringMatching(/^packed \d+ journals/)])
  const names = readdirSync(join(town.root, '.beads', 'journal'))
  expect(names.filter((name) => name.endsWith('.pack'))).toHaveLength(1)
  expect(names).not.toContain('00000001.log')
  expect(await told()).toEqual(before)
  const { checks } = (await town.gt('doctor')).data
  expect(checks.find(({ id }: { id: string }) => id === 'ledger.records').verdict).toBe('good')
  // What it wrote about itself is no reason to go on.
  expect((await done(await inside(town, 4 * DAY), 'prune')).did).toBe(0)

  const repo = join(town.root, 'app', 'repo.git')
  const git = (...args: string[]): string => town.git(town.root, '-C', repo, ...args)
  const kept = (): string[] =>
    git('for-each-ref', '--format=%(refname:lstrip=3)', 'refs/gt/archive').split('\n').filter(Boolean).sort()
  const commit = git('rev-parse', `refs/gt/archive/${fence}`)
  expect((await done(await inside(town, 89 * DAY), 'prune')).did).toBe(0)
  expect(kept()).toEqual([fence, run].sort())

  // Open again: what its run left may still be wanted.
  const later = await inside(town, 92 * DAY)
  const reopen: ChangeInput = {
    by: 'person',
    why: 'again',
    ops: [
      { op: 'set', id: bead, path: ['status'], value: 'open' },
      { op: 'unset', id: bead, path: gtPath('outcome') },
    ],
  }
  expect(later.ledger.write(reopen)).toMatchObject({ value: { applied: true } })
  expect((await done(later, 'prune')).lines).toEqual([
    `app: gave up refs/gt/archive/${fence} (kept long enough, never landed as it was); its commit was ${commit}`,
  ])
  expect(kept()).toEqual([run])
  // Whoever has the commit's name gets it back until git collects it, and its branch was never ours to take.
  expect(git('show', `${commit}:c.txt`)).toBe('loose')
  expect(git('branch', '--list', 'gt/*')).toContain(fence)

  await must(town.gt('bead', 'close', bead))
  expect((await done(later, 'prune')).lines).toEqual([expect.stringContaining('all of it is in the target')])
  expect(kept()).toEqual([])
}, 90_000)

it('beads that closed long ago move to the archive of their month, and every command finds them', async () => {
  const town = await quickTown()
  const [old, open] = [town.bead('Old'), town.bead('Open')]
  await must(town.gt('bead', 'close', old))
  expect((await done(await inside(town, 6 * DAY), 'compact')).did).toBe(0)
  const later = await inside(town, 8 * DAY)
  expect(await done(later, 'compact')).toMatchObject({ did: 1 })
  expect(later.ledger.state.beads.has(old)).toBe(false)
  expect(readdirSync(join(town.root, '.beads', 'archive'))).toHaveLength(1)
  expect((await must(town.gt('bead', 'show', old))).title).toBe('Old')
  expect((await must(town.gt('bead', 'ready'))).map(({ id }: { id: string }) => id)).toEqual([open])
  expect((await must(town.gt('trail', old))).length).toBeGreaterThan(1)
  expect(await done(later, 'compact')).toMatchObject({ did: 0 })
})
