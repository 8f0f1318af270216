/**
 * Conflicts and reds go home, rung by rung: the same session, a fresh worker, the Refinery's own session, a person. Real
 * git, real tmux, real processes.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, makeTown, must, nothingLeft } from '../support/town.ts'

/** Does what the line says, which ends with `gt done`, and leaves. */
async function handsIn(puppet: Puppet, line: string): Promise<void> {
  const said = await puppet.sh(`${line} && gt done`)
  expect(said.code, said.out).toBe(0)
  await puppet.exit(0)
}

const runsOf = async (town: TestTown, bead: string): Promise<Answer[]> => (await town.show(bead)).runs

/** A town in which `line.txt` was changed under the hands of the worker of the bead that is answered. */
async function aConflict(town: TestTown): Promise<{ bead: string; first: Puppet; landed: string; call: Answer }> {
  const bead = await town.bead('Two', '')
  const call = town.start('sling', bead, 'app', '--wait')
  const first = await town.puppets.next(bead)
  const other = await town.bead('One', '')
  await must(town.gt('sling', other, 'app'))
  await handsIn(await town.puppets.next(other), 'echo one > line.txt && git commit -qam one')
  await until('the first landing', () => town.landings().length === 1)
  return { bead, first, landed: other, call }
}

const SETTINGS = { 'workers.rounds': '1' }

it('hands a conflict on: same session, a fresh worker, the Refinery’s session, which lands it', async () => {
  const town = await makeTown({ agent: 'puppet', files: { 'line.txt': 'base\n' }, set: SETTINGS })
  const { bead, first, landed, call } = await aConflict(town)
  await handsIn(first, 'echo two > line.txt && git commit -qam two')

  // The same session, with evidence; it cannot mend it.
  const again = await town.puppets.next(bead)
  expect([again.run, again.cwd, again.round]).toEqual([first.run, first.cwd, 2])
  await handsIn(again, 'echo more > more.txt && git add -A && git commit -qm more')

  // A fresh worker: told why, and where the commits are; it looks at them and does no better.
  const fresh = await town.puppets.next(bead)
  expect(fresh.run).not.toBe(first.run)
  expect([fresh.round, fresh.env.GT_ROLE]).toEqual([1, 'polecat'])
  const ref = `refs/gt/archive/${first.run}`
  for (const fact of [ref, 'did not land', 'line.txt', 'git cherry-pick']) expect(fresh.brief).toContain(fact)
  expect(readFileSync(fresh.env.GT_EVIDENCE!, 'utf8')).toContain('line.txt')
  expect((await fresh.sh(`git log --format=%s origin/main..${ref}`)).out).toBe('more\ntwo\n')
  expect((await fresh.sh('cat line.txt')).out, 'it begins at the present target').toBe('one\n')
  expect((await town.show(bead)).metadata.gt).toMatchObject({
    attempts: 2,
    handover: { run: first.run, ref, to: 'worker' },
  })
  await handsIn(fresh, 'git reset -q --hard HEAD~1 && echo three > line.txt && git commit -qam three')
  const last = await town.puppets.next(bead)
  expect([last.run, last.round]).toEqual([fresh.run, 2])
  await handsIn(last, 'echo four > line.txt && git commit -qam four')

  // The Refinery's own session: one merge.
  const merger = await town.puppets.next(bead)
  expect([merger.agent, merger.env.GT_ROLE, merger.round]).toEqual(['app/refinery', 'refinery', 1])
  expect(merger.cwd).toBe(join(town.root, 'app', 'refinery', `merge-${merger.run}`))
  const head = (await runsOf(town, bead)).find((run) => run.fence === fresh.run).head
  const words = ['You are app/refinery, the Refinery of app', `Merge ${head} into this branch`, 'what both sides want']
  for (const fact of [...words, `refs/gt/archive/${fresh.run}`, 'line.txt']) expect(merger.brief).toContain(fact)
  for (const [shape, ...args] of [
    ['polecat list', 'polecat', 'list'],
    ['peek', 'peek', 'app/refinery'],
    ['run show', 'run', 'show', 'app/refinery'],
    ['status', 'status'],
  ] as const) {
    const data = await must(town.gt(...args))
    expect(SHAPES[shape]!.safeParse(data).error, shape).toBeUndefined()
    expect(JSON.stringify(data)).toContain('refinery')
  }
  expect((await must(town.gt('attach', 'app/refinery'))).argv.join(' ')).toContain(`app-refinery-${merger.run}`)
  await handsIn(merger, `git merge -q ${head}; echo both > line.txt && git add -A && git commit -qm both`)

  expect((await call.ended).code).toBe(0)
  expect(town.onMain('line.txt')).toBe('both')
  expect(await flawsOfMain(town, [landed, bead])).toEqual([])
  const { metadata, runs } = await town.show(bead)
  expect(metadata.gt.handover).toBeUndefined()
  expect(runs.map((run: Answer) => [run.state, run.attempt])).toEqual([
    ['failed', 1],
    ['failed', 2],
    ['finished', 3],
  ])
  await nothingLeft(town)
  expect(existsSync(merger.cwd), 'its worktree is gone like any other').toBe(false)
}, 120_000)

it('asks a person once the Refinery’s session failed too, and loses nothing', async () => {
  const town = await makeTown({
    agent: 'puppet',
    gate: '! test -e bad.txt',
    set: { 'workers.rounds': '0', 'workers.attempts': '2' },
  })
  const bead = await town.bead('Never good', '')
  const call = town.start('sling', bead, 'app', '--wait')
  const seen: Puppet[] = []
  for (const agent of [/polecats/, /polecats/, /^app\/refinery$/]) {
    const puppet = await town.puppets.next(bead)
    expect(puppet.agent).toMatch(agent)
    seen.push(puppet)
    await handsIn(
      puppet,
      'echo $GT_RUN > bad.txt && git add -A && git commit -qm bad; echo loose > loose.txt; git add -A; git commit -qm loose',
    )
  }
  const end = await call.ended
  expect(end.code).toBe(2)
  const { metadata, runs, mergeRequest } = await town.show(bead)
  const { needs, handover, slung } = metadata.gt
  expect(needs.cause).toBe('red')
  expect(needs.text).toContain(`gt restore ${seen[2]!.run}`)
  expect(needs.text).toContain(`gt sling ${bead} app`)
  expect([slung.rig, handover.run, handover.to]).toEqual(['app', seen[2]!.run, 'worker'])
  expect(runs.map((run: Answer) => [run.state, run.attempt])).toEqual([1, 2, 3].map((n) => ['failed', n]))
  expect(mergeRequest).toMatchObject({ state: 'rejected' })
  expect(town.landings()).toEqual([])
  for (const { run } of seen) {
    const to = join(town.dir, `back-${run}`)
    await must(town.gt('restore', run, '--to', to))
    expect(readFileSync(join(to, 'bad.txt'), 'utf8')).toBe(`${run}\n`)
    expect(readFileSync(join(to, 'loose.txt'), 'utf8')).toBe('loose\n')
  }
  // What a person is told to type works: a fresh worker, who knows of it all.
  const second = town.start('sling', bead, 'app', '--wait')
  const fresh = await town.puppets.next(bead)
  expect(fresh.agent).toMatch(/polecats/)
  expect(fresh.brief).toContain(`refs/gt/archive/${seen[2]!.run}`)
  await handsIn(fresh, 'echo good > good.txt && git add -A && git commit -qm good')
  expect((await second.ended).code).toBe(0)
  expect(await flawsOfMain(town, [bead])).toEqual([])
}, 120_000)

it('tells a person when nobody can be the Refinery', async () => {
  const town = await makeTown({
    agent: 'puppet',
    gate: '! test -e bad.txt',
    set: { 'workers.rounds': '0', 'workers.attempts': '1', 'rig.app.refinery.agent': 'nobody' },
  })
  const bead = await town.bead('Never good', '')
  const call = town.start('sling', bead, 'app', '--wait')
  await handsIn(await town.puppets.next(bead), 'echo x > bad.txt && git add -A && git commit -qm bad')
  expect((await call.ended).code).toBe(2)
  const { needs, handover } = (await town.show(bead)).metadata.gt
  expect([needs.cause, handover.to]).toEqual(['refinery', 'refinery'])
  expect(needs.text).toContain('nobody')
}, 60_000)

it('survives kill -9 of the driver between the archive and the hand-over', async () => {
  const town = await makeTown({ agent: 'puppet', gate: '! test -e bad.txt', set: { 'workers.rounds': '0' } })
  const bead = await town.bead('Good at the second try', '')
  const repo = join(town.root, 'app', 'repo.git')
  const { pid } = await must(town.gt('up'))
  await must(town.gt('sling', bead, 'app'))
  const first = await town.puppets.next(bead)
  const archive = join(repo, 'refs', 'gt', 'archive', first.run)
  await first.sh('echo bad > bad.txt && git add -A && git commit -qm bad && gt done')
  await first.exit(0)
  // Between the two lies one call of git, so nothing slower than this would hit.
  for (const end = Date.now() + 40_000; !existsSync(archive) && Date.now() < end; ) await delay(1)
  kill(pid)
  await until('the end of the daemon', () => !town.processes().some((row) => row.pid === pid))
  const kept = readFileSync(archive, 'utf8')
  // Nearly always it was between the two; should the driver have been quicker, what follows holds all the same.
  expect(['submitted', 'failed']).toContain((await runsOf(town, bead))[0].state)
  const call = town.start('sling', bead, 'app', '--wait')
  const fresh = await town.puppets.next(bead)
  expect(fresh.run).not.toBe(first.run)
  expect(readFileSync(archive, 'utf8'), 'archived again it is the same').toBe(kept)
  await handsIn(fresh, 'echo good > good.txt && git add -A && git commit -qm good')
  expect((await call.ended).code).toBe(0)
  expect((await runsOf(town, bead)).map((run) => run.state)).toEqual(['failed', 'finished'])
  expect(town.claims()).toHaveLength(2)
  expect(await flawsOfMain(town, [bead])).toEqual([])
  await nothingLeft(town)
}, 60_000)
