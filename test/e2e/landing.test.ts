/** How a group of changes reaches the target: strategies, trailers, refusals, and kills at every durable step. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findProgram } from '../../src/agents/preset.ts'
import { queueOf } from '../support/queue.ts'
import { afterRecords } from '../support/records.ts'
import { flawsOfMain, kill, makeTown, must } from '../support/town.ts'

const OTHER = 'Jo Other <jo@example.org>'

it.each(['squash', 'rebase'] as const)(
  'lands as %s: one straight line, with bead, worker and co-author',
  async (strategy) => {
    const town = await makeTown({ remote: 'bare', set: { 'rig.app.landing.strategy': strategy } })
    const queue = queueOf(town)
    const base = town.git(town.remote, 'rev-parse', 'main')
    // Two commits by two people on one branch, and a second branch that is tested with it.
    const first = queue.commit(base, { 'a.txt': '1\n' }, 'First half', OTHER)
    const one = queue.submit({ base: first, files: { 'a.txt': '2\n' }, title: 'Count to two' })
    queue.ledger.write({
      by: 'test',
      why: 'the branch began at main',
      ops: [{ op: 'set', id: one.request, path: ['metadata', 'gt', 'merge', 'base'], value: base }],
    })
    const two = queue.submit({ files: { 'b.txt': 'b\n' } })
    await must(town.gt('refinery', 'run', 'app'))
    for (const each of [one, two]) expect(queue.merge(each).state).toBe('landed')

    const log = town.git(town.remote, 'log', '--format=%H %P', `${base}..main`).split('\n')
    expect(log).toHaveLength(strategy === 'squash' ? 2 : 3)
    for (const line of log) expect(line.split(' ')).toHaveLength(2)
    expect(town.onMain('a.txt')).toBe('2')
    const { commit, landing } = queue.merge(one)
    const message = town.git(town.remote, 'show', '-s', '--format=%B', commit!)
    expect(message).toContain(`Bead: ${one.bead}`)
    expect(message).toMatch(/^Worker: app\/polecats\/w1$/m)
    if (strategy === 'squash') {
      expect(message).toContain(`Co-authored-by: ${OTHER}`)
      expect(message.split('\n')[0]).toBe(`Count to two (${one.bead})`)
    } else {
      const authors = town.git(town.remote, 'log', '--reverse', '--format=%an|%s', `${base}..main`).split('\n')
      expect(authors.slice(0, 2)).toEqual(['Jo Other|First half', `app/polecats/w1|Work of ${one.bead}`])
    }
    // Both landed in one step, to a tree that was tested; each of the two commits verifies as part of it.
    expect(landing).toBe(town.git(town.remote, 'rev-parse', 'main'))
    expect(town.tested()).toContain(town.git(town.remote, 'rev-parse', 'main^{tree}'))
    for (const { request } of [one, two]) {
      const verified = await must(town.gt('mq', 'verify', queue.merge({ request }).commit!))
      expect(verified).toMatchObject({ verified: true, landing })
    }
    queue.close()
  },
  60_000,
)

it('lands what only a replay commit by commit can merge', async () => {
  const town = await makeTown({ remote: 'bare', files: { 'list.txt': 'a\nb\nc\n' } })
  const queue = queueOf(town)
  const base = town.git(town.remote, 'rev-parse', 'main')
  // The branch took a fix that main has too, in other surroundings by now: a plain merge of the ends conflicts.
  const fix = queue.commit(base, { 'list.txt': 'a\nB\nc\n' }, 'Fix b')
  const one = queue.submit({ base: fix, files: { 'list.txt': 'a\nB\nc\nd\n' } })
  queue.ledger.write({
    by: 'test',
    why: 'the branch began at main',
    ops: [{ op: 'set', id: one.request, path: ['metadata', 'gt', 'merge', 'base'], value: base }],
  })
  town.git(town.project, 'pull', '-q', 'origin', 'main')
  for (const text of ['a\nB\nc\n', 'a\nB!\nc\n']) {
    writeFileSync(join(town.project, 'list.txt'), text)
    town.git(town.project, 'commit', '-qam', 'Fix b, and then more')
  }
  town.git(town.project, 'push', '-q', 'origin', 'main')
  await must(town.gt('refinery', 'run', 'app'))
  expect(queue.merge(one).state).toBe('landed')
  expect(town.onMain('list.txt')).toBe('a\nB!\nc\nd')
  queue.close()
}, 60_000)

it('lands only the first in line with --once', async () => {
  const town = await makeTown({ remote: 'bare' })
  const queue = queueOf(town)
  const [low, urgent] = [queue.submit({ files: { a: 'a' } }), queue.submit({ files: { b: 'b' }, priority: 1 })]
  expect(await must(town.gt('refinery', 'run', 'app', '--once'))).toMatchObject({ left: 1 })
  expect([queue.merge(urgent).state, queue.merge(low).state]).toEqual(['landed', 'queued'])
  expect(await must(town.gt('refinery', 'run', 'app'))).toMatchObject({ left: 0 })
  queue.close()
}, 60_000)

it('keeps the line when the remote will not have us, tells a person once, and goes on by itself', async () => {
  const town = await makeTown({ remote: 'bare' })
  const queue = queueOf(town)
  const made = [queue.submit({ files: { a: 'a' } }), queue.submit({ files: { b: 'b' } })]
  // Reading works; whoever pushes is told what a server without write access says.
  const bin = join(town.dir, 'bin')
  mkdirSync(bin)
  const real = findProgram('git', town.env.PATH)
  writeFileSync(
    join(bin, 'git'),
    `#!/bin/sh\nfor word; do if [ "$word" = push ]; then echo "fatal: Authentication failed for 'x'" >&2; exit 128; fi; done\nexec ${real.kind === 'ok' ? real.value : 'git'} "$@"\n`,
  )
  chmodSync(join(bin, 'git'), 0o755)
  const { PATH } = town.env
  town.env.PATH = `${bin}:${PATH}`
  const refused = await town.gt('refinery', 'run', 'app')
  expect([refused.code, refused.error?.code]).toEqual([2, 'E_REMOTE_AUTH'])
  expect(made.map((one) => queue.merge(one).state)).toEqual(['queued', 'queued'])
  expect((await must(town.gt('status'))).needs_you).toMatchObject([{ bead: made[0]!.bead, cause: 'remote' }])
  town.env.PATH = PATH
  await must(town.gt('refinery', 'run', 'app'))
  expect(made.map((one) => queue.merge(one).state)).toEqual(['landed', 'landed'])
  expect((await must(town.gt('status'))).needs_you).toEqual([])
  // What was tested before is not tested again.
  expect(town.tested().size).toBe(1)
  queue.close()
}, 60_000)

it('tries one by one what the remote refused together, and holds only the one that is in the way', async () => {
  const town = await makeTown({ remote: 'bare' })
  const hook = join(town.remote, 'hooks', 'pre-receive')
  writeFileSync(
    hook,
    '#!/bin/sh\nwhile read -r old new ref; do if git ls-tree -r --name-only "$new" | grep -q forbidden; then echo "no forbidden files here" >&2; exit 1; fi; done\n',
  )
  chmodSync(hook, 0o755)
  const queue = queueOf(town)
  const good = [queue.submit({ files: { a: 'a' } }), queue.submit({ files: { c: 'c' } })]
  const refused = queue.submit({ files: { forbidden: '' } })
  const late = queue.submit({ files: { d: 'd' } })
  await must(town.gt('refinery', 'run', 'app'))
  expect(queue.merge(refused)).toMatchObject({ state: 'held', held_for: 'refused' })
  expect(queue.merge(refused).reason).toContain('no forbidden files here')
  for (const one of [...good, late]) expect(queue.merge(one).state).toBe('landed')
  expect(
    await flawsOfMain(
      town,
      [...good, late].map(({ bead }) => bead),
    ),
  ).toEqual([])
  queue.close()
}, 60_000)

it('survives kill -9 after any durable step: no change lost or landed twice, main always a tested tree', async () => {
  const town = await makeTown({ remote: 'bare', gate: 'test ! -e bad' })
  const queue = queueOf(town)
  const beads: string[] = []
  const every = Number(process.env.GT_TEST_CRASH_EVERY ?? 5)
  for (let n = 1; n <= 24; n += every) {
    const good = [0, 1, 2].map((k) => queue.submit({ files: { [`f${n}-${k}`]: `${k}` } }))
    const bad = queue.submit({ files: { bad: `${n}` } })
    const call = town.start('refinery', 'run', 'app')
    const killer = afterRecords(town, n, () => kill(call.pid))
    await call.ended
    killer.stop()
    await must(town.gt('refinery', 'run', 'app'))
    for (const one of good) expect(queue.merge(one)).toMatchObject({ state: 'landed' })
    expect(queue.merge(bad)).toMatchObject({ state: 'red', returns: 1 })
    beads.push(...good.map(({ bead }) => bead))
  }
  expect(await flawsOfMain(town, beads)).toEqual([])
  const slots = town.git(join(town.root, 'app', 'repo.git'), 'worktree', 'list', '--porcelain')
  expect(slots.match(/refinery\/slot-/g)).toHaveLength(1)
  expect(readFileSync(join(town.root, '.gt', 'gates', 'app.log'), 'utf8')).not.toBe('')
  queue.close()
}, 240_000)
