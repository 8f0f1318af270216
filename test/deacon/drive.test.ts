/**
 * A dead agent is noticed by event, and by the next pass alone: real tmux, real processes, and a driver in this very
 * process, so that one of the two ways can be closed.
 */
import { afterEach, expect, it, vi } from 'vitest'
import type { Action } from '../../src/deacon/actions.ts'
import type { DriveOptions } from '../../src/deacon/drive.ts'
import { drive } from '../../src/deacon/drive.ts'
import { openTown } from '../../src/kernel/town.ts'
import { onDeaths } from '../../src/town/deaths.ts'
import { until } from '../support/gt.ts'
import type { TestTown } from '../support/town.ts'
import { kill, makeTown, must } from '../support/town.ts'

let stop: () => Promise<void> = async () => {}
afterEach(async () => {
  // Before the town is closed: that ends whoever drives it.
  await stop()
  vi.unstubAllEnvs()
})

/** Drives the town until the test is over; answers what it does, as it does it. */
async function driven(town: TestTown, more: Partial<DriveOptions>): Promise<string[]> {
  // Our own calls go to the town's tmux and git, like those of its processes.
  for (const name of ['HOME', 'TMUX_TMPDIR', 'TMPDIR']) vi.stubEnv(name, town.env[name]!)
  const open = await openTown(town.env, town.root)
  if (open.kind === 'error') throw new Error(open.failure.message)
  const did: string[] = []
  const end = new AbortController()
  const options = { until: () => false, signal: end.signal, onAction: (action: Action) => void did.push(action.do) }
  const driving = drive(open.value, { ...options, ...more }).finally(() => open.value.ledger.close())
  stop = async () => {
    end.abort()
    await driving
  }
  return did
}

/** Slings a bead to a puppet, while nobody drives, and waits until it works; answers the puppet's process, and the one that stands for it. */
async function aWorker(town: TestTown): Promise<{ bead: string; pid: number; stands: number }> {
  const bead = await town.bead('Deadly work', '')
  await must(town.gt('sling', bead, 'app'))
  const { pid } = await town.puppets.next(bead)
  await until('work to begin', async () => (await town.show(bead)).runs[0]?.state === 'working')
  const { process } = (await town.show(bead)).runs[0]
  return { bead, pid, stands: process.pid }
}

it('notices a dead agent by event', async () => {
  const set = { 'deacon.heartbeat': '1h', 'deacon.radar': '1h', 'workers.attempts': '1' }
  const town = await makeTown({ agent: 'puppet', set })
  const { bead, pid, stands } = await aWorker(town)
  const told: number[] = []
  let looksWithoutPass = 0
  const did = await driven(town, {
    until: () => {
      looksWithoutPass = 0
      return false
    },
    deaths: (watched, listener, ms) =>
      onDeaths(
        () => {
          looksWithoutPass++
          return watched()
        },
        (dead) => {
          told.push(dead.pid)
          listener(dead)
        },
        ms,
      ),
  })
  await until('the driver to sleep', () => looksWithoutPass > 20)
  expect([told, did]).toEqual([[], []])
  kill(pid)
  await until('its end in the ledger', () => did.includes('lose'))
  expect(told).toEqual([stands])
  expect(['failed', 'lost']).toContain((await town.show(bead)).runs[0].state)
})

it('notices a dead agent without any event, by the next pass', async () => {
  const town = await makeTown({ agent: 'puppet', set: { 'deacon.heartbeat': '1s', 'workers.attempts': '1' } })
  const { bead, pid } = await aWorker(town)
  const did = await driven(town, { deaths: () => ({ stop: () => {} }) })
  kill(pid)
  await until('its end in the ledger', () => did.includes('lose'))
  expect(['failed', 'lost']).toContain((await town.show(bead)).runs[0].state)
})
