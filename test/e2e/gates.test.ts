/** Gates that misbehave, gates that are shared, and gates that only some changes have to wait for. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGt, until } from '../support/gt.ts'
import { queueOf } from '../support/queue.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, makeTown, must } from '../support/town.ts'

const lines = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
const runsOf = (town: TestTown): number => lines(join(town.dir, 'gates.log')).length

/** Replaces the one gate of the rig by tables of rig.toml. */
function setGates(town: TestTown, tables: string): void {
  const file = join(town.root, 'app', 'rig.toml')
  const text = readFileSync(file, 'utf8').replace(/^gate = .*$/m, '')
  writeFileSync(file, `${text}\n${tables}`)
}

describe('a gate that', () => {
  it('hangs on one change costs that change its place, and nobody else', async () => {
    const town = await makeTown({ remote: 'bare' })
    setGates(
      town,
      `[[gates]]\nname = "test"\nrun = '''git rev-parse 'HEAD^{tree}' >> ${town.dir}/gates.log; if [ -e hang ]; then trap "" TERM; sleep 1000; fi'''\ntimeout = "1s"\n`,
    )
    const queue = queueOf(town)
    const good = [queue.submit({ files: { a: 'a' } }), queue.submit({ files: { b: 'b' } })]
    const hanging = queue.submit({ files: { hang: '' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(
      await flawsOfMain(
        town,
        good.map(({ bead }) => bead),
      ),
    ).toEqual([])
    expect(queue.merge(hanging)).toMatchObject({
      state: 'red',
      reason: expect.stringContaining('did not end within 1 s'),
    })
    queue.close()
  }, 60_000)

  it('forks a daemon leaves none behind', async () => {
    const pids = '"$HOME/daemon.pid"'
    const town = await makeTown({
      gate: `setsid sh -c 'echo $$ >> ${pids}; exec sleep 1000' >/dev/null 2>&1 & sleep 0.3`,
    })
    const queue = queueOf(town)
    const one = queue.submit({ files: { a: 'a' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one).state).toBe('landed')
    const started = lines(join(town.dir, 'home', 'daemon.pid')).map(Number)
    expect(started.length).toBeGreaterThan(0)
    expect(town.processes().filter(({ pid }) => started.includes(pid))).toEqual([])
    queue.close()
  }, 60_000)

  it('prints 100 MB is read to its end, kept in part, and judged by its exit code', async () => {
    const town = await makeTown()
    setGates(
      town,
      `[[gates]]\nname = "loud"\nrun = '''git rev-parse 'HEAD^{tree}' >> ${town.dir}/gates.log; head -c 104857600 /dev/zero | tr '\\\\0' 'x'; echo; echo the end'''\noutput_mb = 2\n`,
    )
    const queue = queueOf(town)
    const one = queue.submit({ files: { a: 'a' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one).state).toBe('landed')
    const [{ commit }] = await must(town.gt('mq', 'show', one.request)).then((shown) => [shown])
    const log = join(town.root, '.gt', 'logs', 'gates', `${commit.slice(0, 12)}-loud.log`)
    expect(statSync(log).size).toBeLessThanOrEqual(2 * 1024 * 1024)
    queue.close()
  }, 60_000)

  it('cannot run on one change only is that change’s fault, and goes home with it', async () => {
    const town = await makeTown({
      files: { 'check.sh': 'exit 0\n' },
      gate: 'test -e check.sh || exit 127; sh check.sh',
    })
    const queue = queueOf(town)
    const breaking = queue.submit({ files: { 'check.sh': null } })
    const good = queue.submit({ files: { a: 'a' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(good).state).toBe('landed')
    expect(queue.merge(breaking)).toMatchObject({ state: 'red', gate: { outcome: 'could_not_run', exit_code: 127 } })
    queue.close()
  }, 60_000)
})

describe('a red target', () => {
  it('freezes its queue behind one urgent bead, lets a repair through, and thaws by itself', async () => {
    const town = await makeTown({ remote: 'bare', gate: 'test ! -e broken', files: { broken: '' } })
    const queue = queueOf(town)
    const waiting = [queue.submit({ files: { a: 'a' } }), queue.submit({ files: { b: 'b' } })]
    await must(town.gt('refinery', 'run', 'app'))
    const parked = { state: 'could_not_run', held_for: 'red-target' }
    for (const one of waiting) expect(queue.merge(one)).toMatchObject(parked)
    const alarms = () => [...queue.ledger.state.beads.values()].filter((bead) => bead.labels?.includes('gt:red-target'))
    expect(alarms()).toMatchObject([{ status: 'open', priority: 0, issue_type: 'bug' }])
    const { needs_you } = await must(town.gt('status'))
    expect(needs_you).toMatchObject([{ bead: alarms()[0]!.id, cause: 'red-target' }])
    // Looked at again, nothing changes: no second bead, no gate run before its time.
    const before = runsOf(town)
    await must(town.gt('refinery', 'run', 'app'))
    queue.ledger.refresh()
    expect([alarms().length, runsOf(town)]).toEqual([1, before])

    // An urgent change that does not help goes home; one that does lands on the red target.
    const vain = queue.submit({ files: { c: 'c' }, priority: 0 })
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(vain)).toMatchObject({
      state: 'red',
      rule: 'the target is red, and with this change it still is',
    })
    const repair = queue.submit({ files: { broken: null }, priority: 0 })
    await must(town.gt('refinery', 'run', 'app'))
    for (const one of [repair, ...waiting]) expect(queue.merge(one).state).toBe('landed')
    queue.ledger.refresh()
    expect(alarms()).toMatchObject([{ status: 'closed' }])
    expect(
      await flawsOfMain(
        town,
        [repair, ...waiting].map(({ bead }) => bead),
      ),
    ).toEqual([])
    queue.close()
  }, 60_000)

  it('is over with the landing of the last that waited, when it was the gate that was wrong', async () => {
    const town = await makeTown({ remote: 'bare', gate: 'false' })
    const queue = queueOf(town)
    const one = queue.submit({ files: { a: 'a' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one).held_for).toBe('red-target')
    town.set('rig.app.gate', 'true')
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one).state).toBe('landed')
    expect((await must(town.gt('status'))).needs_you).toEqual([])
    queue.close()
  }, 60_000)

  it('thaws when somebody mends it elsewhere', async () => {
    const town = await makeTown({ remote: 'bare', gate: 'test ! -e broken', files: { broken: '' } })
    const queue = queueOf(town)
    const one = queue.submit({ files: { a: 'a' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one).held_for).toBe('red-target')
    town.git(town.project, 'rm', '-q', 'broken')
    town.git(town.project, 'commit', '-qm', 'Mend')
    town.git(town.project, 'push', '-q', 'origin', 'main')
    await must(town.gt('refinery', 'run', 'app'))
    expect(queue.merge(one).state).toBe('landed')
    queue.close()
  }, 60_000)
})

describe('results are remembered by content', () => {
  it('a worker’s own green run makes its landing free, and a red one is not believed twice', async () => {
    const town = await makeTown({ agent: 'puppet', gate: 'test ! -e bad' })
    const bead = await town.bead('Careful', '')
    await must(town.gt('sling', bead, 'app'))
    const puppet = await town.puppets.next(bead)
    await puppet.sh('echo x > x.txt; touch bad; git add -A; git commit -qm x')
    const red = await puppet.sh('gt gate run --json')
    expect([red.code, JSON.parse(red.out).error.code]).toEqual([1, 'E_GATE_RED'])
    await puppet.sh('git rm -q bad; git commit -qm "not bad"')
    expect((await puppet.sh('echo y > y.txt; gt gate run --json')).out).toContain('E_UNCOMMITTED')
    const green = await puppet.sh('rm y.txt; gt gate run --merged --json')
    expect(JSON.parse(green.out).data).toMatchObject({ verdict: 'pass', gates: [{ remembered: false }] })
    const before = runsOf(town)
    expect(JSON.parse((await puppet.sh('gt gate run --json')).out).data.gates[0].remembered).toBe(true)
    await puppet.sh('gt done')
    await puppet.exit(0)
    await must(town.gt('sling', bead, 'app', '--wait'))
    expect(runsOf(town)).toBe(before)
    expect(await flawsOfMain(town, [bead])).toEqual([])
    expect((await must(town.gt('mq', 'stats')))[0].gate_minutes_saved).toBeGreaterThan(0)
  }, 60_000)

  it('a person’s run in their own clone counts too, unless the rig believes the Refinery only', async () => {
    const town = await makeTown({ remote: 'bare' })
    const queue = queueOf(town)
    const mine = async (name: string): Promise<void> => {
      town.git(town.project, 'checkout', '-q', '--detach', 'origin/main')
      writeFileSync(join(town.project, name), 'x')
      town.git(town.project, 'add', '-A')
      town.git(town.project, 'commit', '-qm', name)
      const place = { cwd: town.project, env: { ...town.env, GT_TOWN: town.root } }
      expect((await startGt(['gate', 'run', '--rig', 'app'], place).ended).data).toMatchObject({ verdict: 'pass' })
    }
    town.git(town.project, 'fetch', '-q', 'origin')
    await mine('a')
    const before = runsOf(town)
    queue.submit({ files: { a: 'x' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(runsOf(town)).toBe(before)

    town.set('rig.app.refinery.shared', 'false')
    town.git(town.project, 'fetch', '-q', 'origin')
    await mine('b')
    queue.submit({ files: { b: 'x' } })
    await must(town.gt('refinery', 'run', 'app'))
    expect(runsOf(town)).toBe(before + 2)
    expect(town.landings()).toHaveLength(2)
    queue.close()
  }, 60_000)

  it('changes in different places do not wait for each other', async () => {
    const town = await makeTown({ remote: 'bare', files: { 'app.txt': '', 'web.txt': '' } })
    // The gate of one place stays until it is let go; the other's is quick.
    setGates(
      town,
      ['app', 'web']
        .map(
          (name) =>
            `[[gates]]\nname = "${name}"\npaths = ["${name}*"]\nrun = '''echo ${name} >> ${town.dir}/lanes.log; if [ ${name} = app ] && [ -e appnew ]; then while [ ! -e ${town.dir}/go ]; do sleep 0.05; done; fi'''\n`,
        )
        .join('\n'),
    )
    town.set('rig.app.refinery.slots', '2')
    const queue = queueOf(town)
    const slow = queue.submit({ files: { appnew: '1' } })
    const quick = queue.submit({ files: { webnew: '1' } })
    const call = town.start('refinery', 'run', 'app')
    await until('the quick one to land', () => queue.merge(quick).state === 'landed')
    expect(queue.merge(slow).state).toBe('testing')
    writeFileSync(join(town.dir, 'go'), '')
    expect((await call.ended).code).toBe(0)
    expect(queue.merge(slow).state).toBe('landed')
    // Each content of a place was tested once, although the tree as a whole changed underneath.
    expect(lines(join(town.dir, 'lanes.log')).filter((name) => name === 'app').length).toBeLessThanOrEqual(2)
    for (const commit of town.landings()) expect((await town.gt('mq', 'verify', commit)).code).toBe(0)
    queue.close()
  }, 60_000)
})

it('what is under test can be taken back, and a driver that dies there leaves a clean line', async () => {
  const town = await makeTown({ gate: 'if [ -e slow ]; then while [ ! -e "$HOME/go" ]; do sleep 0.05; done; fi' })
  const queue = queueOf(town)
  const [first, second] = [queue.submit({ files: { slow: '' } }), queue.submit({ files: { b: 'b' } })]
  const call = town.start('refinery', 'run', 'app')
  await until('the gate', () => queue.merge(first).state === 'testing' && runsOf(town) > 0)
  await must(town.gt('reject', first.request, '--reason', 'on second thoughts'))
  // The group that held it is void; the other is tested without it, with the gate still closed for the first.
  await until('the other to land', () => queue.merge(second).state === 'landed')
  expect(queue.merge(first)).toMatchObject({ state: 'red', reason: expect.stringContaining('on second thoughts') })
  expect((await call.ended).code).toBe(0)

  const third = queue.submit({ files: { slow: '' } })
  const doomed = town.start('refinery', 'run', 'app')
  await until('the gate again', () => queue.merge(third).state === 'testing')
  kill(doomed.pid)
  await doomed.ended
  expect(queue.merge(third).state).toBe('testing')
  writeFileSync(join(town.dir, 'home', 'go'), '')
  await must(town.gt('refinery', 'run', 'app'))
  expect(queue.merge(third).state).toBe('landed')
  expect(await flawsOfMain(town, [second.bead, third.bead])).toEqual([])
  queue.close()
}, 60_000)
