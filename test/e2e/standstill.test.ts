/** Workers that stand still: helped step by step, never ended, and a person is asked when nothing else helps. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, makeTown, must } from '../support/town.ts'

/** Minutes become seconds. */
const QUICK = {
  'witness.idle_after': '1s',
  'witness.step': '3s',
  'witness.dialog': '2s',
  'witness.detecting': '300ms',
  'witness.agent': 'puppet',
  'deacon.heartbeat': '1s',
}

/** A worker with hooks, at its first prompt. */
async function worker(town: TestTown, bead: string): Promise<Puppet> {
  const puppet = await town.puppets.next(bead)
  await puppet.hook('SessionStart', { source: 'startup' })
  await until('work to begin', async () => (await lastRun(town, bead)).state === 'working')
  // On a busy machine the start itself may have looked like a dialog.
  await until('no question from its start', async () => (await needsOf(town, bead)) === undefined)
  return puppet
}

const lastRun = async (town: TestTown, bead: string): Promise<Answer> => (await town.show(bead)).runs.at(-1)
const needsOf = async (town: TestTown, bead: string): Promise<Answer> => (await town.show(bead)).metadata.gt.needs
const asked = (town: TestTown, bead: string): Promise<Answer> =>
  until('a person to be asked', async () => (await needsOf(town, bead)) ?? false)

async function handIn(puppet: Puppet): Promise<void> {
  await puppet.hook('UserPromptSubmit')
  expect(await puppet.sh('echo $GT_BEAD > $GT_BEAD && git add -A && git commit -qm x && gt done')).toMatchObject({
    code: 0,
  })
  // What lands at once takes its session with it.
  await puppet.gone
}

it('reminds a worker that ended its turn, asks the Witness, passes its answer on, and then asks a person', async () => {
  const town = await makeTown({ agent: 'hooked', set: QUICK })
  await must(town.gt('up'))
  const bead = await town.bead('Idle work', '')
  town.start('sling', bead, 'app')
  const puppet = await worker(town, bead)
  await puppet.hook('Stop')

  // One line is typed; what it is about comes by the hook of that line, once (law 9).
  const wake = await until('the wake-up line', () => puppet.typed[0])
  expect(wake.text).toContain(bead)
  expect(wake.heard).toContain('gt decline')
  await puppet.hook('Stop')

  // The question is a bead of its own, on the hook of a session that is started for it.
  const witness = await until('the Witness', () => town.puppets.all.find((one) => one.agent === 'app/witness'))
  expect(witness.brief).toContain(puppet.run)
  expect(await witness.sh(`gt run show ${puppet.run}`)).toMatchObject({ code: 0 })
  // Its session goes with the answer, at times before it could tell us.
  const answer = witness.sh('gt done --message "It waits for a lock of the package manager."')
  await Promise.allSettled([answer, witness.gone])
  const told = await until('the answer', () => puppet.typed[1])
  expect(told.heard).toContain('It waits for a lock')
  await puppet.hook('Stop')

  const needs = await asked(town, bead)
  expect(needs).toMatchObject({ cause: 'stuck', text: expect.stringContaining('gt attach app/polecats/toast') })
  expect(puppet.typed).toHaveLength(2)
  expect((await town.show(witness.bead)).standing).toBe('done')
  // It goes on: nobody is asked any more, and it lands.
  await puppet.hook('PostToolUse')
  await until('the question to be taken back', async () => (await needsOf(town, bead)) === undefined)
  await handIn(puppet)
  await must(town.gt('sling', bead, 'app', '--wait'))
  expect(await flawsOfMain(town, [bead])).toEqual([])
  expect((await town.show(bead)).runs).toHaveLength(1)
  const why = await must(town.gt('why', bead))
  expect(JSON.stringify(why)).toContain('stuck-idle')
}, 90_000)

it('asks a person, and no model, where a half-typed line keeps the reminder out', async () => {
  const town = await makeTown({ agent: 'hooked', set: QUICK })
  await must(town.gt('up'))
  const bead = await town.bead('Idle behind a draft', '')
  town.start('sling', bead, 'app')
  const puppet = await worker(town, bead)
  const line = '─'.repeat(40)
  await puppet.show(`${line}\n❯ half a wish\n${line}`)
  await puppet.hook('Stop')
  expect(await asked(town, bead)).toMatchObject({
    cause: 'stuck',
    text: expect.stringMatching(/could not be woken\. .*half-typed line.*half a wish/s),
  })
  expect(puppet.typed).toEqual([])
  expect(town.puppets.all).toHaveLength(1)
}, 60_000)

it('asks a person about a dialog at the start, with the screen, and types nothing into it', async () => {
  const town = await makeTown({ agent: 'hooked', set: { ...QUICK, 'workers.start_timeout': '6s' } })
  await must(town.gt('up'))
  const bead = await town.bead('Dialog', '')
  town.start('sling', bead, 'app')
  const puppet = await town.puppets.next(bead)
  await puppet.show('Do you trust the files in this folder?\n❯ 1. No, exit\n  2. Yes, I trust this folder')
  const needs = await asked(town, bead)
  expect(needs).toMatchObject({ cause: 'dialog', text: expect.stringContaining('Yes, I trust this folder') })
  expect(puppet.typed).toEqual([])
  // A person takes longer than the time to start: nothing is given up, and their answer is seen.
  await until(
    'the time to start to be over',
    async () => Date.now() - Date.parse((await lastRun(town, bead)).since) > 7_000,
  )
  expect((await lastRun(town, bead)).state).toBe('starting')
  await puppet.hook('SessionStart', { source: 'startup' })
  await until('the question to be taken back', async () => (await needsOf(town, bead)) === undefined)
  expect((await lastRun(town, bead)).state).toBe('working')
  await handIn(puppet)
  await must(town.gt('sling', bead, 'app', '--wait'))
}, 60_000)

it('asks a person about a permission at work, and takes it back with the answer', async () => {
  const town = await makeTown({ agent: 'hooked', set: QUICK })
  await must(town.gt('up'))
  const bead = await town.bead('Permission', '')
  town.start('sling', bead, 'app')
  const puppet = await worker(town, bead)
  await puppet.hook('Notification:permission_prompt')
  await puppet.show('Do you want to proceed?\n❯ 1. Yes\n  2. No')
  expect(await asked(town, bead)).toMatchObject({
    cause: 'dialog',
    text: expect.stringContaining('Do you want to proceed?'),
  })
  expect(puppet.typed).toEqual([])
  await puppet.hook('PostToolUse')
  await until('the question to be taken back', async () => (await needsOf(town, bead)) === undefined)
}, 60_000)

it('moves work to a fresh session with its notes; nothing is lost, announced or started twice', async () => {
  const town = await makeTown({ agent: 'hooked' })
  await must(town.gt('up'))
  const bead = await town.bead('Long work', '')
  town.start('sling', bead, 'app')
  const first = await worker(town, bead)
  await first.sh('echo one > one.txt && git add -A && git commit -qm one && echo loose > loose.txt')
  expect(await first.sh('gt handoff "one.txt is done; two.txt is next"')).toMatchObject({ code: 0 })
  await first.hook('Stop')
  const second = await town.puppets.next(bead)
  await first.gone
  expect(second).toMatchObject({ run: first.run, cwd: first.cwd, agent: first.agent })
  expect(second.brief).toContain('two.txt is next')
  expect(second.args).toContain('--session-id')
  await second.hook('SessionStart', { source: 'startup' })
  expect(readFileSync(join(second.cwd, 'loose.txt'), 'utf8')).toBe('loose\n')
  await until('work to go on', async () => (await lastRun(town, bead)).state === 'working')
  // Compaction says only "go on".
  const again = await second.hook('SessionStart', { source: 'compact' })
  expect(again.out).toContain('do not start over')
  await handIn(second)
  await must(town.gt('sling', bead, 'app', '--wait'))
  const { runs, metadata } = await town.show(bead)
  expect([runs.length, runs[0].sessions, metadata.gt.attempts]).toEqual([1, 2, 1])
  expect(town.onMain('one.txt')).toBe('one')
  expect(town.puppets.all).toHaveLength(2)
}, 60_000)

it('types nothing to a worker that a limit stopped, starts nobody else on its account, and goes on in time', async () => {
  const town = await makeTown({ agent: 'hooked', set: { ...QUICK, 'witness.stagger': '50ms' } })
  await must(town.gt('up'))
  const [one, two] = [await town.bead('One', ''), await town.bead('Two', '')]
  town.start('sling', one, 'app')
  const puppet = await worker(town, one)
  const resets = new Date(Date.now() + 3_600_000).toISOString().slice(11, 16)
  await puppet.hook('StopFailure', {
    error: 'rate_limit',
    last_assistant_message: `You've hit your 5-hour limit · resets ${resets} (UTC)`,
  })
  const run = await until('the limit to be noticed', async () => {
    const now = await lastRun(town, one)
    return now.state === 'rate_limited' && now
  })
  expect(run.limit).toMatchObject({ is: 'quota', times: 1 })
  town.start('sling', two, 'app')
  const why = await until('the reason to be shown', async () => {
    const { waiting } = await must(town.gt('status'))
    return waiting.find((row: Answer) => row.bead === two)?.reason
  })
  expect(why).toContain('limit')
  // Ten times as long as an idle worker is left alone: it is not reminded, and costs no attempt.
  await until('some passes of the plan', () => Date.now() - Date.parse(run.since) > 1_500)
  expect(puppet.typed).toEqual([])
  expect(town.puppets.all).toHaveLength(1)
  // It goes on by itself, as the client does when its limit resets.
  await puppet.hook('UserPromptSubmit')
  await until('work to go on', async () => (await lastRun(town, one)).state === 'working')
  const other = await town.puppets.next(two)
  expect((await town.show(one)).metadata.gt.attempts).toBe(1)
  await other.hook('SessionStart', { source: 'startup' })
  // A refusal of the moment is another thing: it is woken after its rest.
  await puppet.hook('StopFailure', {
    error: 'rate_limit',
    last_assistant_message: 'API Error: Request rejected (429) · slow down',
  })
  await until('the refusal to be noticed', async () => (await lastRun(town, one)).limit?.is === 'throttled')
  expect(puppet.typed).toEqual([])
}, 90_000)

it('brings back what a reboot interrupted: same run, directory and conversation, no attempt counted', async () => {
  const town = await makeTown({ agent: 'hooked' })
  const { pid } = await must(town.gt('up'))
  const beads = [await town.bead('One', ''), await town.bead('Two', '')]
  town.start('sling', ...beads, 'app')
  const before = [await worker(town, beads[0]!), await worker(town, beads[1]!)]
  await before[0]!.sh('echo loose > loose.txt')
  // As a reboot does: everything is gone at once.
  kill(pid)
  kill(town.tmuxServer()!)
  for (const puppet of before) kill(puppet.pid)
  await Promise.all(before.map((puppet) => puppet.gone))

  await must(town.gt('up'))
  for (const [n, bead] of beads.entries()) {
    const puppet = await town.puppets.next(bead)
    const old = before[n]!
    expect(puppet).toMatchObject({ run: old.run, cwd: old.cwd, agent: old.agent })
    await puppet.hook('SessionStart', { source: 'resume' })
    if (n === 0) expect(existsSync(join(puppet.cwd, 'loose.txt'))).toBe(true)
    await handIn(puppet)
  }
  await must(town.gt('sling', ...beads, 'app', '--wait'))
  for (const bead of beads) {
    const { runs, metadata } = await town.show(bead)
    expect([runs.length, runs[0].sessions, metadata.gt.attempts]).toEqual([1, 2, 1])
  }
  expect(town.puppets.all).toHaveLength(4)
  expect(await flawsOfMain(town, beads)).toEqual([])
}, 90_000)

it('lets a stale worker change nothing, and says so politely', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const bead = await town.bead('Stale', '')
  town.start('sling', bead, 'app')
  await must(town.gt('up'))
  const puppet = await town.puppets.next(bead)
  await until('work to begin', async () => (await lastRun(town, bead)).state === 'working')
  const stale = { ...puppet.env }
  await must(town.gt('run', 'stop', puppet.run))
  const before = await must(town.gt('bead', 'list'))
  for (const args of [
    ['bead', 'create', 'From the grave'],
    ['progress', 'still here'],
    ['ask', 'what now?'],
    ['handoff', 'notes'],
  ]) {
    const call = await townAs(town, stale, args)
    expect([call.code, call.error?.code], args.join(' ')).toEqual([1, 'E_STALE_FENCE'])
  }
  expect(await must(town.gt('bead', 'list'))).toEqual(before)
  expect((await townAs(town, stale, ['bead', 'show', bead])).code).toBe(0)
}, 60_000)

async function townAs(town: TestTown, env: NodeJS.ProcessEnv, args: string[]) {
  const { startGt } = await import('../support/gt.ts')
  return startGt(args, {
    cwd: town.root,
    env: { ...town.env, GT_TOWN: env.GT_TOWN, GT_RUN: env.GT_RUN, GT_AGENT: env.GT_AGENT, GT_ROLE: env.GT_ROLE },
  }).ended
}
