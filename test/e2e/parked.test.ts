/**
 * A worker that can only wait parks: its session and everything it started end, it takes no slot, and once what it waited for
 * is over a fresh session goes on in the same worktree, told what came. Real tmux, real processes.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { SHAPES } from '../../src/cli/shapes.ts'
import type { Action } from '../../src/deacon/actions.ts'
import { drive } from '../../src/deacon/drive.ts'
import { openTown } from '../../src/kernel/town.ts'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import type { TestTown } from '../support/town.ts'
import { kill, makeTown, must } from '../support/town.ts'

const lastRun = async (town: TestTown, bead: string): Promise<Answer> => (await town.show(bead)).runs.at(-1)

let stop: () => Promise<void> = async () => {}
afterEach(async () => {
  // Before the town is closed: that ends whoever drives it.
  await stop()
  vi.unstubAllEnvs()
})

/** Parks a worker; waits until its session is gone and nothing with its fence is left. */
async function parks(town: TestTown, puppet: Puppet, line: string): Promise<Answer> {
  const said = await puppet.sh(line)
  expect(said, said.out).toMatchObject({ code: 0 })
  expect(SHAPES.park!.safeParse(JSON.parse(said.out).data).error).toBeUndefined()
  await puppet.gone
  return until('its end to be written down', async () => {
    const run = await lastRun(town, puppet.bead)
    return run.state === 'parked' && run.process === undefined && run
  })
}

it('parks on a command and a timer, costs nothing, survives the daemon, and comes back with words and files', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'workers.max': '1', 'permissions.mode': 'acceptEdits' } })
  const bead = await town.bead('Waits', '')
  const clock = join(town.dir, 'open')
  // No daemon yet, and nobody waits: its session ends all the same.
  await must(town.gt('sling', bead, 'app'))
  const puppet = await town.puppets.next(bead)
  await until('work to begin', async () => (await lastRun(town, bead)).state === 'working')

  // A command would run outside the worker's permission mode, and a gate is not opened by who waits for it.
  const refused = await puppet.sh('gt gate create --command true --json')
  expect([refused.code, refused.out]).toEqual([2, expect.stringContaining('E_PERMISSIONS')])
  expect((await puppet.sh('gt park --json')).out).toContain('E_NOTHING_TO_WAIT_FOR')
  const command = await must(town.gt('gate', 'create', '--command', `test -f ${clock}`, '--blocks', bead))
  expect((await puppet.sh(`gt gate open ${command.id} --json`)).out).toContain('E_NOT_FOR_AGENTS')
  const timer = JSON.parse((await puppet.sh('gt gate create --timer 1s --json')).out).data

  await puppet.sh('echo one > one.txt && git add -A && git commit -qm one && echo loose > loose.txt')
  const child = await puppet.fork()
  const notes = 'one.txt is done; two.txt is next'
  const run = await parks(town, puppet, `gt park --json ${command.id} ${timer.id} --notes "${notes}"`)
  expect(run).toMatchObject({ state: 'parked', fence: puppet.run, parked: { gates: [command.id, timer.id] } })
  expect(town.processes().some((row) => row.pid === child)).toBe(false)
  const only = (): string[] => town.processes().map((row) => readFileSync(`/proc/${row.pid}/cmdline`, 'utf8'))
  expect(only().filter((line) => line.includes('puppet-agent'))).toEqual([])
  expect((await town.show(bead)).standing).toBe('parked')

  // Its slot is somebody else's: there is only one.
  const { pid } = await must(town.gt('up'))
  const other = await town.bead('Other work', '')
  town.start('sling', other, 'app')
  const second = await town.puppets.next(other)
  await until('the other to work', async () => (await lastRun(town, other)).state === 'working')
  kill(pid)
  await until('the timer to be over', () => Date.now() > Date.parse(timer.created_at) + 1_000)
  await must(town.gt('up'))
  await until('the timer to be open', async () => (await town.show(timer.id)).status === 'closed')
  expect((await lastRun(town, bead)).state).toBe('parked')
  const { waits } = await must(town.gt('gate', 'list', '--rig', 'app'))
  expect(waits).toMatchObject([{ id: command.id, parked: [{ run: puppet.run }], blocks: [bead] }])

  // Open, and still without a slot: it waits for the other to hand in.
  writeFileSync(clock, '')
  const [looked] = await must(town.gt('gate', 'check', command.id))
  expect(looked).toMatchObject({ verdict: 'open', changed: true })
  expect((await lastRun(town, bead)).state).toBe('parked')
  await second.sh('echo 2 > other.txt && git add -A && git commit -qm other && gt done')
  const back = await town.puppets.next(bead)
  expect(back).toMatchObject({ run: puppet.run, cwd: puppet.cwd, agent: puppet.agent })
  expect(back.brief).toContain('two.txt is next')
  expect(back.brief).toContain(`${command.id} (command`)
  expect(existsSync(join(back.cwd, 'loose.txt'))).toBe(true)
  await until('work to go on', async () => (await lastRun(town, bead)).state === 'working')
  await back.sh('rm loose.txt; echo two > two.txt && git add -A && git commit -qm two && gt done')
  await must(town.gt('sling', bead, 'app', '--wait'))
  const { runs, metadata } = await town.show(bead)
  expect([runs.length, runs[0].sessions, metadata.gt.attempts]).toEqual([1, 2, 1])
  expect(town.onMain('one.txt')).toBe('one')
}, 90_000)

it('parked for two hours by a moved clock: no process, no call, no start; then one fresh session', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'deacon.heartbeat': '1h' } })
  const bead = await town.bead('Waits long', '')
  for (const name of ['HOME', 'TMUX_TMPDIR', 'TMPDIR']) vi.stubEnv(name, town.env[name]!)
  const open = await openTown(town.env, town.root)
  if (open.kind === 'error') throw new Error(open.failure.message)
  const here = open.value
  let ahead = 0
  here.now = () => new Date(Date.now() + ahead)
  const did: string[] = []
  let passes = 0
  const end = new AbortController()
  const driving = drive(here, {
    signal: end.signal,
    until: () => {
      passes++
      return false
    },
    onAction: (action: Action) => void did.push(action.do),
  }).finally(() => here.ledger.close())
  stop = async () => {
    end.abort()
    await driving
  }
  await must(town.gt('sling', bead, 'app'))
  const puppet = await town.puppets.next(bead)
  await parks(town, puppet, 'gt park --json --until 2h --notes "look again"')
  await until('the driver to come to rest', () => did.includes('end-session'))
  did.length = 0
  for (const minutes of [30, 60, 90, 119]) {
    ahead = minutes * 60_000
    const before = passes
    // Something else happens in the town, so that the driver looks at its new clock.
    here.ledger.write({ by: 'test', why: 'time passes', ops: [] })
    await town.bead('Not slung', '')
    await until('a pass of the plan', () => passes > before + 1)
    // The driver is in this very process; what it calls comes and goes.
    const server = town.tmuxServer()
    const puppets = town.processes().filter(({ pid, ppid }) => pid !== server && ppid !== process.pid)
    expect([minutes, did, puppets, town.puppets.all.length]).toEqual([minutes, [], [], 1])
  }
  ahead = 2 * 3_600_000 + 60_000
  await town.bead('Not slung either', '')
  const back = await town.puppets.next(bead)
  expect(did.filter((one) => one !== 'unpark')).toEqual(['check-gate'])
  expect(back.brief).toContain('look again')
  expect(back).toMatchObject({ run: puppet.run, cwd: puppet.cwd })
}, 60_000)
