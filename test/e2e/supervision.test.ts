/** The Deacon and the Witness at work: the dead are noticed, nothing of theirs is lost, and a town that is down is down. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Answer } from '../support/gt.ts'
import { until } from '../support/gt.ts'
import type { Puppet } from '../support/puppet.ts'
import type { TestTown } from '../support/town.ts'
import { flawsOfMain, kill, leftovers, makeTown, must, nothingLeft } from '../support/town.ts'

/** Every file of the ledger outside its git folder, with size and time of the last change. */
function ledgerFiles(town: TestTown): string {
  const folder = join(town.root, '.beads')
  const names = readdirSync(folder, { recursive: true }).map(String)
  const own = names.filter((name) => name !== '.git' && !name.startsWith('.git/'))
  return own.map((name) => [name, statSync(join(folder, name)).size, statSync(join(folder, name)).mtimeMs]).join('\n')
}

/** Leaves committed, staged and loose work behind. */
async function leaveWork(puppet: Puppet): Promise<void> {
  const said = await puppet.sh(
    'echo committed > a.txt && git add a.txt && git commit -qm a && echo staged > b.txt && git add b.txt && echo loose > c.txt',
  )
  expect(said).toMatchObject({ code: 0 })
}

it('notices dead agents, keeps their work, counts attempts and asks a person after three', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const { pid } = await must(town.gt('up'))
  const bead = await town.bead('Deadly work', '')
  await must(town.gt('sling', bead, 'app'))
  const dead: Puppet[] = []
  for (const attempt of [1, 2, 3]) {
    const puppet = await town.puppets.next(bead)
    dead.push(puppet)
    const { metadata } = await until('work to begin', async () => {
      const now = await town.show(bead)
      return now.runs.at(-1).state === 'working' && now
    })
    expect(metadata.gt.attempts).toBe(attempt)
    await leaveWork(puppet)
    // A child that outlives its parent, and has to be ended by force.
    if (attempt === 1) await puppet.fork()
    kill(puppet.pid)
  }
  const needs = await until('a person to be asked', async () => (await town.show(bead)).metadata.gt.needs)
  // Three different workers died of it.
  expect(needs.cause).toBe('poison')
  for (const { run } of dead) expect(needs.text).toContain(`gt restore ${run}`)

  const { runs, standing } = await town.show(bead)
  expect(standing).toBe('needs_human')
  expect(runs.map((run: Answer) => [run.fence, run.attempt])).toEqual(dead.map((puppet, n) => [puppet.run, n + 1]))
  for (const run of runs) {
    expect(['lost', 'failed']).toContain(run.state)
    expect(run.reason).toContain("the agent's process ended (exit code 137)")
  }
  expect(new Set(dead.map((puppet) => puppet.cwd)).size).toBe(3)
  await nothingLeft(town, pid)
  for (const puppet of dead) {
    const to = join(town.dir, `back-${puppet.run}`)
    await must(town.gt('restore', puppet.run, '--to', to))
    expect(['a.txt', 'b.txt', 'c.txt'].map((name) => readFileSync(join(to, name), 'utf8'))).toEqual([
      'committed\n',
      'staged\n',
      'loose\n',
    ])
    expect(town.git(to, 'log', '--format=%s')).toContain('a\nfirst')
  }
  // A person's sling starts the count afresh; without it nothing is launched any more.
  expect(town.puppets.all).toHaveLength(3)
  await must(town.gt('sling', bead, 'app'))
  const fourth = await town.puppets.next(bead)
  expect((await town.show(bead)).metadata.gt.attempts).toBe(1)
  await fourth.sh('echo x > x.txt && git add -A && git commit -qm x && gt done')
  await fourth.exit(0)
  await must(town.gt('sling', bead, 'app', '--wait'))
  expect(await flawsOfMain(town, [bead])).toEqual([])
}, 90_000)

it('counts an agent that ends by itself without a word as a failed attempt', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'workers.attempts': '1' } })
  const bead = await town.bead('Silent work', '')
  const call = town.start('sling', bead, 'app', '--wait')
  const puppet = await town.puppets.next(bead)
  await until('work to begin', async () => (await town.show(bead)).runs[0]?.state === 'working')
  await puppet.exit(7)
  const end = await call.ended
  expect(end.code).toBe(2)
  expect(end.error?.message).toContain('exit code 7')
  expect((await town.show(bead)).runs[0].state).toBe('failed')
})

it('goes up once however often it is told, goes down whole, and goes on afterwards', async () => {
  const town = await makeTown({ agent: 'puppet' })
  const ups = [await must(town.gt('up')), await must(town.gt('up')), await must(town.gt('up'))]
  expect(ups.map((up) => up.started)).toEqual([true, false, false])
  expect(new Set(ups.map((up) => up.pid)).size).toBe(1)
  const [a, b] = [await town.bead('One', ''), await town.bead('Two', '')]
  await must(town.gt('sling', a, b, 'app'))
  const [one, two] = [await town.puppets.next(a), await town.puppets.next(b)]
  await leaveWork(one)
  await one.fork()
  await two.stubborn()
  await two.fork()

  await must(town.gt('down'))
  expect(town.processes()).toEqual([])
  expect(town.tmuxServer()).toBeUndefined()
  await must(town.gt('down'))
  // Nobody is left who could start anything: no process, and both beads still slung for the next time.
  expect(town.puppets.all).toHaveLength(2)
  for (const bead of [a, b]) {
    expect((await town.show(bead)).standing).toBe('waiting')
    expect((await town.show(bead)).metadata.gt.attempts).toBe(0)
  }
  await must(town.gt('restore', one.run, '--to', join(town.dir, 'back')))
  expect(readFileSync(join(town.dir, 'back', 'c.txt'), 'utf8')).toBe('loose\n')

  await must(town.gt('up'))
  for (const bead of [a, b]) {
    const puppet = await town.puppets.next(bead)
    await puppet.sh('echo $GT_BEAD > $GT_BEAD && git add -A && git commit -qm x && gt done')
    await puppet.exit(0)
  }
  await must(town.gt('sling', a, b, 'app', '--wait'))
  expect(await flawsOfMain(town, [a, b])).toEqual([])
}, 90_000)

it('ends itself when the town is gone, and writes nothing while nothing happens', async () => {
  const town = await makeTown({ set: { 'deacon.heartbeat': '1s' } })
  const { pid } = await must(town.gt('up'))
  const bead = await town.bead('Write', 'echo x > x.txt')
  await must(town.gt('sling', bead, 'app', '--wait'))
  await nothingLeft(town, pid)
  // Idle: several heartbeats later the ledger is byte for byte what it was (law 7), and nobody was started.
  const ledger = (): string => ledgerFiles(town)
  await until('the last commit of the ledger', async () => {
    const before = ledger()
    await delay(1_500)
    return before === ledger()
  })
  const before = ledger()
  await delay(4_000)
  expect(ledger()).toBe(before)
  expect(leftovers(town, pid)).toEqual([])

  renameSync(town.root, `${town.root}-moved`)
  await until('the daemon to end', () => town.processes().length === 0)
  expect(existsSync(town.root)).toBe(false)
  rmSync(`${town.root}-moved`, { recursive: true })
}, 90_000)
