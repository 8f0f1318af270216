/**
 * kill -9 at any moment (laws 1 to 4 and 6). The moments are the durable writes: a helper watches the journal and kills right
 * after its n-th new record. There is no hook for this in the product; what is killed is what users run.
 *
 * All rounds of a scenario share one town, so that what an earlier crash left behind would trip a later one.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import { afterRecords, records } from '../support/records.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, makeTown, must, nothingLeft } from '../support/town.ts'

/** One bead that lands at once, and one that its gate refuses in the first round. */
async function twoBeads(town: TestTown, name: string): Promise<[string, string]> {
  return [
    await town.bead(`Good ${name}`, `echo ${name} > good-${name}.txt`),
    await town.bead(`Mended ${name}`, `if [ $GT_ROUND = 1 ]; then echo bad; else echo mended; fi > state-${name}.txt`),
  ]
}
const GATE = '! grep -qs bad state-*.txt'

/** Everything that has to be true once all beads are landed. */
async function settled(town: TestTown, beads: string[], daemon?: number): Promise<void> {
  await nothingLeft(town, daemon)
  expect(await flawsOfMain(town, beads)).toEqual([])
  for (const bead of beads) {
    const { standing, runs } = await town.show(bead)
    expect([bead, standing]).toEqual([bead, 'landed'])
    expect(runs.filter((run: Answer) => run.state === 'finished')).toHaveLength(1)
  }
  expect(town.git(town.remote, 'fsck', '--no-dangling')).toBe('')
}

/** Every how many records a sling is killed; 1 tries each, and takes four minutes. */
const every = Number(process.env.GT_TEST_CRASH_EVERY ?? 16)

it(
  'survives kill -9 of a waiting sling after any of its records',
  async () => {
    const town = await makeTown({ gate: GATE, set: { 'workers.attempts': '5' } })
    const beads = await twoBeads(town, 'undisturbed')
    const before = records(town)
    await must(town.gt('sling', ...beads, 'app', '--wait'))
    const length = records(town) - before
    expect(length).toBeGreaterThan(20)

    let killed = 0
    for (let n = 1; n <= length; n += every) {
      const pair = await twoBeads(town, String(n))
      const call = town.start('sling', ...pair, 'app', '--wait')
      const killer = afterRecords(town, n, () => call.kill())
      const end = await call.ended
      killer.stop()
      // A run may take a few records less than the undisturbed one; then it ended by itself, and well.
      expect(['SIGKILL', 0]).toContain(end.signal ?? end.code)
      if (end.signal === 'SIGKILL') killed++
      // Every other time the daemon goes on with it, otherwise the next waiting sling does.
      const daemon = n % (2 * every) === 1
      if (daemon) await must(town.gt('up'))
      await must(town.gt('sling', ...pair, 'app', '--wait'))
      if (daemon) await must(town.gt('deacon', 'stop'))
      beads.push(...pair)
    }
    expect(killed).toBeGreaterThan(length / every / 2)
    await settled(town, beads)
  },
  800_000 / every,
)

it('survives kill -9 of the daemon after any of its records', async () => {
  const town = await makeTown({ gate: GATE, set: { 'workers.attempts': '5' } })
  const beads: string[] = []
  let { pid } = await must(town.gt('up'))
  for (const n of every === 1 ? [1, 4, 9, 14, 19, 25, 32] : [1, 9, 19, 32]) {
    const pair = await twoBeads(town, String(n))
    const doomed = pid
    const killer = afterRecords(town, n, () => kill(doomed))
    await must(town.gt('sling', ...pair, 'app'))
    await until('the daemon to be killed', () => !town.processes().some((row) => row.pid === doomed))
    killer.stop()
    ;({ pid } = await must(town.gt('up')))
    expect(pid).not.toBe(doomed)
    await must(town.gt('sling', ...pair, 'app', '--wait'))
    beads.push(...pair)
  }
  await settled(town, beads, pid)
}, 120_000)

it('survives kill -9 of tmux’s server while agents work', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const { pid } = await must(town.gt('up'))
  const beads = [await town.bead('One', ''), await town.bead('Two', '')]
  await must(town.gt('sling', ...beads, 'app'))
  const first = [await town.puppets.next(beads[0]), await town.puppets.next(beads[1])]
  for (const bead of beads)
    await until('work to begin', async () => (await town.show(bead)).runs[0]?.state === 'working')
  await first[0]!.sh('echo loose > loose.txt')
  // No session leads to these any more, and they take no notice of the hang-up.
  await first[0]!.fork()
  kill(town.tmuxServer()!)
  for (const [n, bead] of beads.entries()) {
    // No fault of theirs: the same run goes on where it was.
    const puppet = await town.puppets.next(bead)
    expect(puppet).toMatchObject({ run: first[n]!.run, cwd: first[n]!.cwd })
    expect((await town.show(bead)).metadata.gt.attempts).toBe(1)
    await puppet.sh('echo $GT_BEAD > $GT_BEAD && git add -A && git commit -qm x && gt done')
    await puppet.exit(0)
  }
  await must(town.gt('sling', ...beads, 'app', '--wait'))
  await settled(town, beads, pid)
  expect(town.onMain('loose.txt')).toBe('loose')
}, 90_000)

it('survives kill -9 of `gt done` at any moment: the work is handed in once, or not yet', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const beads: string[] = []
  const handIn = async (
    name: string,
    crash: (puppet: Awaited<ReturnType<typeof town.puppets.next>>) => Promise<unknown>,
  ) => {
    const bead = await town.bead(name, '')
    beads.push(bead)
    await must(town.gt('sling', bead, 'app'))
    const puppet = await town.puppets.next(bead)
    await puppet.sh('echo $GT_BEAD > $GT_BEAD && git add -A && git commit -qm x')
    await crash(puppet)
    expect((await puppet.sh('gt done')).code).toBe(0)
    await puppet.exit(0)
    const { mergeRequest, runs } = await town.show(bead)
    expect([mergeRequest.state, runs.map((run: Answer) => run.state)]).toEqual(['queued', ['submitted']])
  }
  // Spread over the life of the process; which step each one hits does not matter for what must hold afterwards.
  for (const ms of [0, 60, 120, 200]) await handIn(`After ${ms} ms`, (puppet) => puppet.killed('gt done', ms))
  await handIn('Right after its record', async (puppet) => {
    const doomed = () =>
      town.processes().filter((row) => readFileSync(`/proc/${row.pid}/cmdline`, 'utf8').split('\0')[2] === 'done')
    afterRecords(town, 1, () => doomed().map((row) => kill(row.pid)))
    await puppet.sh('gt done')
  })
  expect((await must(town.gt('mq', 'list'))).queue).toHaveLength(beads.length)
  await must(town.gt('sling', ...beads, 'app', '--wait'))
  await settled(town, beads)
}, 90_000)

it('ends a gate that outlives its driver, and tests again before anything lands', async () => {
  // The first gate run never ends by itself and takes no notice of signals; the second has nothing to wait for.
  const hang = 'mkdir "$HOME/first" 2>/dev/null && { trap "" TERM INT HUP; while :; do sleep 0.1; done; }; true'
  const town = await makeTown({ gate: hang })
  const bead = await town.bead('Write', 'echo x > x.txt')
  const call = town.start('sling', bead, 'app', '--wait')
  await until('the gate', () => existsSync(join(town.dir, 'home', 'first')))
  call.kill()
  await call.ended
  expect((await town.show(bead)).mergeRequest.state).toBe('testing')
  await must(town.gt('sling', bead, 'app', '--wait'))
  await settled(town, [bead])
}, 60_000)
