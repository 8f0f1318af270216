/** Stopping: one run whatever it does, everything at once and on again, and a town that goes down in order. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ProcessRow } from '../../src/town/process-table.ts'
import { environmentOf } from '../../src/town/process-table.ts'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, makeTown, must } from '../support/town.ts'

/** Processes of one run, wherever they are. */
const ofRun = (town: TestTown, run: string): ProcessRow[] =>
  town.processes().filter(({ pid }) => environmentOf(pid).includes(`GT_RUN=${run}`))

const working = (town: TestTown, bead: string): Promise<unknown> =>
  until('work to begin', async () => (await town.show(bead)).runs.at(-1)?.state === 'working')

const handIn = async (puppet: Puppet): Promise<void> => {
  const said = await puppet.sh('echo $GT_BEAD > $GT_BEAD && git add -A && git commit -qm x && gt done')
  expect(said).toMatchObject({ code: 0 })
  await puppet.exit(0)
}

it('stops one run in less than ten seconds, though its tool takes no notice of signals, and keeps its work', async () => {
  const town = await makeTown({ agent: 'puppet' })
  await must(town.gt('up'))
  const bead = await town.bead('Endless', '')
  await must(town.gt('sling', bead, 'app'))
  const puppet = await town.puppets.next(bead)
  await working(town, bead)
  await puppet.stubborn()
  await puppet.fork()
  const cut = expect(
    puppet.sh('echo loose > loose.txt; trap "" TERM INT HUP; while :; do sleep 0.2; done'),
  ).rejects.toThrow('ended before it answered')
  await until('the tool call', () => existsSync(join(puppet.cwd, 'loose.txt')))
  const begun = Date.now()
  const stop = town.start('stop', bead, '--reason', 'wrong bead')
  await until('the end of the whole tree', () => ofRun(town, puppet.run).length === 0)
  expect(Date.now() - begun).toBeLessThan(10_000)
  await cut
  expect((await stop.ended).data).toMatchObject({ fence: puppet.run, state: 'stopped', reason: 'wrong bead' })
  await must(town.gt('restore', puppet.run, '--to', join(town.dir, 'back')))
  expect(readFileSync(join(town.dir, 'back', 'loose.txt'), 'utf8')).toBe('loose\n')
  expect((await town.gt('stop')).code).toBe(64)
  expect((await town.gt('stop', bead, '--all')).code).toBe(64)
}, 60_000)

it('freezes every agent and every gate where it stands, and lets them go on from there', async () => {
  // The first run fails once it is let go on, as a test with a clock of its own would.
  const wait = 'while [ ! -e "$HOME/go" ]; do sleep 0.1; done'
  const gate = `if mkdir "$HOME/once" 2>/dev/null; then ${wait}; exit 1; fi`
  const town = await makeTown({ agent: 'puppet', gate })
  const { pid: daemon } = await must(town.gt('up'))
  await must(town.gt('mayor', 'start'))
  const mayor = await until('the Mayor', () => town.puppets.all.find((one) => one.agent === 'mayor'))
  const [a, b, c] = [await town.bead('A', ''), await town.bead('B', ''), await town.bead('C', '')]
  await must(town.gt('sling', a, b, c, 'app'))
  const [one, two, three] = [await town.puppets.next(a), await town.puppets.next(b), await town.puppets.next(c)]
  await handIn(one)
  // Its state is written down before its first process is there.
  const gates = () =>
    town.processes().filter(({ pid }) => environmentOf(pid).some((entry) => entry.startsWith('GASTOWN_SLOT=')))
  await until('the gate', () => gates().length > 0)
  await Promise.all([b, c].map((bead) => working(town, bead)))
  await two.fork()
  const ticks = join(two.cwd, 'ticks')
  void two.sh('while :; do printf x >> ticks; sleep 0.02; done').catch(() => {})
  await until('the tool call', () => existsSync(ticks))

  // From inside the town's own runtime: neither it nor who calls may stand.
  const said = await mayor.sh('gt stop --all --reason "too hot" --json')
  expect(said.code, said.out).toBe(0)
  const { data } = JSON.parse(said.out)
  expect(data).toMatchObject({ reason: 'too hot', refused: [] })
  expect(Object.keys(data.by).sort()).toEqual([two.agent, three.agent, 'gates'].sort())
  const agents = [two, three].flatMap(({ run }) => ofRun(town, run))
  const parents = new Set(
    town
      .processes()
      .filter(({ ppid }) => ppid === town.tmuxServer())
      .map(({ pid }) => pid),
  )
  expect(agents.length).toBeGreaterThan(4)
  for (const row of agents) expect(row.stopped ?? false, environmentOf(row.pid).join(' ')).toBe(!parents.has(row.pid))
  const slot = gates()
  expect(slot.length).toBeGreaterThan(0)
  expect(slot.every((row) => row.stopped)).toBe(true)
  for (const pid of [daemon, mayor.pid, town.tmuxServer()]) {
    expect(
      town.processes().find((row) => row.pid === pid),
      `${pid}`,
    ).toMatchObject({ pid })
    expect(town.processes().find((row) => row.pid === pid)!.stopped, `${pid}`).toBeUndefined()
  }
  const before = readFileSync(ticks, 'utf8')
  expect((await must(town.gt('status'))).hold).toEqual({ reason: 'too hot', frozen: true })
  expect(readFileSync(ticks, 'utf8')).toBe(before)

  // One frozen run can be ended, by itself; a worker and the Mayor may not let the town go on.
  await must(town.gt('stop', three.run))
  await three.gone
  expect(ofRun(town, three.run)).toEqual([])
  expect((await mayor.sh('gt thaw --json')).out).toContain('E_NOT_FOR_AGENTS')

  writeFileSync(join(town.dir, 'home', 'go'), '')
  const thawed = await must(town.gt('thaw'))
  expect(thawed).toMatchObject({ lifted: true, refused: [] })
  expect(Object.keys(thawed.by).sort()).toEqual([two.agent, 'gates'].sort())
  await until('the tool to go on', () => readFileSync(ticks, 'utf8').length > before.length)
  await until('the landing', async () => (await town.show(a)).standing === 'landed')
  // A green run is noted with its merge request when its slot is swept, which may be after the landing.
  const tests = await until('the note of its run', async () => (await town.show(a)).mergeRequest.tests)
  expect(tests.map((test: Answer) => test.outcome)).toEqual(['pass'])
  expect(town.processes().filter((row) => row.stopped)).toEqual([])
  expect(await must(town.gt('thaw'))).toEqual({ lifted: false, by: {}, processes: 0, refused: [] })

  // Frozen again, the town goes down whole, and stays held until a person says otherwise.
  await must(town.gt('stop', '--all'))
  await must(town.gt('down'))
  expect(town.processes()).toEqual([])
  expect((await must(town.gt('up'))).held).toBe('everything is frozen, gt stop --all')
  await must(town.gt('thaw'))
  expect((await must(town.gt('status'))).hold).toBeNull()
}, 120_000)

it('goes down in order: waits for what runs, says what is left, and leaves no hold behind however it ends', async () => {
  const town = await makeTown({ agent: 'puppet' })
  await must(town.gt('up'))
  const bead = await town.bead('Last work', '')
  await must(town.gt('sling', bead, 'app'))
  const puppet = await town.puppets.next(bead)
  await working(town, bead)
  const hold = join(town.root, 'hold')
  const held = (): Promise<unknown> => until('the hold', () => existsSync(hold))

  const short = await town.gt('down', '--drain', '--timeout', '1s')
  expect(short).toMatchObject({ code: 75, error: { code: 'E_TIMEOUT' }, data: { runs: [puppet.run], queue: [] } })
  expect(short.error?.message).toContain('1 worker')
  expect(existsSync(hold)).toBe(false)

  const interrupted = town.start('down', '--drain')
  await held()
  expect((await must(town.gt('status'))).hold.reason).toContain('going down')
  expect((await town.gt('down', '--drain')).error?.code).toBe('E_BUSY')
  interrupted.kill('SIGINT')
  expect(await interrupted.ended).toMatchObject({ code: 75, error: { code: 'E_INTERRUPTED' } })
  expect(existsSync(hold)).toBe(false)

  const killed = town.start('down', '--drain')
  await held()
  killed.kill('SIGKILL')
  await killed.ended
  expect((await must(town.gt('status'))).hold).toBeNull()
  await must(town.gt('up'))
  expect(existsSync(hold)).toBe(false)

  const called = town.start('down', '--drain')
  await held()
  await must(town.gt('up'))
  expect(await called.ended).toMatchObject({ code: 75, error: { code: 'E_CALLED_OFF' } })
  expect(ofRun(town, puppet.run).length).toBeGreaterThan(0)

  const drain = town.start('down', '--drain')
  await held()
  await handIn(puppet)
  expect(await drain.ended).toMatchObject({ code: 0, data: { runs: [] } })
  expect(town.processes()).toEqual([])
  expect(existsSync(hold)).toBe(false)
  expect((await town.show(bead)).standing).toBe('landed')
  expect(await flawsOfMain(town, [bead])).toEqual([])
}, 120_000)

it('down is down: a sling that waits for its turn and a provisioning step end with the daemon', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'rig.app.provision.run': 'touch "$HOME/begun"; sleep 1000' } })
  await must(town.gt('up'))
  const bead = await town.bead('Slow to start', '')
  const call = town.start('sling', bead, 'app', '--wait')
  await until('the provisioning', () => existsSync(join(town.dir, 'home', 'begun')))
  await must(town.gt('down'))
  expect(await call.ended).toMatchObject({ code: 75, error: { code: 'E_DOWN' } })
  expect(town.processes()).toEqual([])
  expect(town.puppets.all).toEqual([])
  expect((await town.show(bead)).standing).toBe('waiting')
}, 60_000)

it('says that a stopped sling holds up the town, and gt up lets it go on', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const bead = await town.bead('Paused', '')
  const sling = town.start('sling', bead, 'app', '--wait')
  const puppet = await town.puppets.next(bead)
  await working(town, bead)
  // Ctrl-Z: it lives and holds its lease, so nobody else drives.
  sling.kill('SIGSTOP')
  await handIn(puppet)
  const [waits] = await must(town.gt('attend'))
  expect(waits).toMatchObject({ cause: 'daemon', title: `Process ${sling.pid} drives the town, and is stopped` })
  expect([waits.behind.ids, waits.answers[0].argv]).toEqual([[bead], ['gt', 'up']])
  await must(town.gt('up'))
  expect((await sling.ended).data).toMatchObject([{ bead, state: 'landed' }])
  expect(await must(town.gt('attend'))).toEqual([])
}, 60_000)
